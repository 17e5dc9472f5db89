"""Stories of loads: what is done to a load in a process of its own, told once for all tests that look at it.

A load takes seconds, most of them waiting. So the loads that the chosen tests of a module look at are begun together, a
few at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Server
from tests.load_process import LOCUST, OBSERVATORY, LoadProcess, free_port, until

AT_ONCE = 3
LONG = ("--profile", "quick", "--run-time", "60")
GENEROUS = ("--max-p95", "20 s")
"""The machine that these tests run on may be busy."""


@dataclass
class World:
    """What a story has at hand: a folder of its own, a server of ours, and the history's database."""

    folder: Path
    url: str
    postgres: str

    def observatory(self, *options: str, name: str = "run", **environment: str) -> LoadProcess:
        """`observatory load run`."""
        return LoadProcess(self.folder / name, [*OBSERVATORY, *options], environment)

    def locust(self, *options: str, name: str = "locust") -> LoadProcess:
        """`locust -f load/locustfile.py`."""
        return LoadProcess(self.folder / name, [*LOCUST, *options])

    def processes(self) -> list[str]:
        """Options for two processes that meet nobody else's; `observatory load run` does that by itself."""
        port = str(free_port())
        return ["--processes", "2", "--master-bind-port", port, "--master-port", port]


STORIES: dict[str, Callable[[World], Any]] = {}


def story(tell: Callable[[World], Any]) -> Any:
    """A fixture with the loads of a story, which is begun together with all that the chosen tests ask for."""
    STORIES[tell.__name__] = tell

    @pytest.fixture(scope="module", name=tell.__name__)
    def told(stories: dict[str, Future[Any]]) -> Any:
        return stories[tell.__name__].result()

    return told


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest, postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Any]]]:
    """The stories of the chosen tests, all of them begun."""
    folder = tmp_path_factory.mktemp("loads")
    chosen = {name for item in request.session.items if item.path == request.path for name in item.fixturenames}  # type: ignore[attr-defined]
    with Server() as server, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(tell, World(folder / name, server.base_url, postgres))
            for name, tell in STORIES.items()
            if name in chosen
        }


def page(address: str, **form: str) -> Any:
    """What Locust's page answers: the fields of its JSON, or its text; None when nobody answers."""
    try:
        answer = httpx.post(address, data=form) if form else httpx.get(address)
    except httpx.TransportError:
        return None
    return answer.json() if answer.text.startswith("{") else answer.text


def assert_clean(load: LoadProcess) -> None:
    """No process is left, and nothing was printed that is for programmers."""
    until(lambda: not load.left(), "all processes have ended", patience=15)
    assert "Traceback" not in load.printed
    assert "KeyboardInterrupt" not in load.printed
