"""Real runs push to a real relay that a real Prometheus scrapes: what it shows is what the API was asked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psutil
import pytest

from tests.load_process import AWAY, until
from tests.prometheus_server import Prometheus, complaints, prometheus, tool
from tests.relay_process import FIRST_SHOWN, CountedApi, RelayProcess, relay
from tests.robot_command import LIBRARIES, Outcome, run_command

RUNS: Final = 6
TOTAL: Final = "sum(pokeapi_requests_total)"
INCREASE: Final = "sum(increase(pokeapi_requests_total[5m]))"
_PUSHED: Final = """# HELP pokeapi_requests_total Requests executed.
# TYPE pokeapi_requests_total counter
pokeapi_requests_total{endpoint="berry"} 3.0
"""


@dataclass
class Seen:
    """After each event: how often the API was asked by then, and the total and the increase that Prometheus shows."""

    asked: int
    total: float | None
    increase: float | None


@dataclass
class Story:
    """All that happened to one relay, in its order."""

    seen: dict[str, Seen] = field(default_factory=dict)
    away: Outcome | None = None
    first_scrape: dict[str, float] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)
    page: str = ""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    tool("promtool")
    folder = tmp_path_factory.mktemp("story")
    told = Story()
    with ExitStack() as stack:
        api = stack.enter_context(CountedApi())
        relayed = stack.enter_context(relay(folder / "relay"))
        watching = stack.enter_context(prometheus(folder, relayed.host))
        suites = _suites(folder)

        def note(event: str, more: int = 0) -> None:
            told.seen[event] = _settled(watching, api.asked + more)

        until(lambda: watching.value("count(pokeapi_requests_total)"), "Prometheus has seen the relay")
        for _ in range(RUNS):
            _pabot(folder, suites, api, relayed)
        note("six runs")
        told.exit_codes.append(relayed.stop())
        relayed.start()
        note("a restart")
        told.twice = [_push(relayed, "11111111-0000-0000-0000-000000000000") for _ in range(2)]
        note("a push sent twice", 3)
        relayed.stop(signal.SIGKILL)
        told.away = _robot(folder, suites / "one.robot", api, relayed)
        told.files["away"] = _waiting(folder)
        relayed.start()
        _robot(folder, suites / "two.robot", api, relayed)
        told.files["back"] = _waiting(folder)
        note("a push during a restart", 3)
        _kill_a_robot(folder, api, relayed)
        told.files["killed"] = _waiting(folder)
        _robot(folder, suites / "two.robot", api, relayed)
        told.files["after the kill"] = _waiting(folder)
        note("a process killed before its push", 3)
        told.page = relayed.page
        yield told


EVENTS: Final = (
    "six runs",
    "a restart",
    "a push sent twice",
    "a push during a restart",
    "a process killed before its push",
)


@pytest.mark.parametrize("event", EVENTS)
def test_the_total_is_what_the_api_was_asked(story: Story, event: str) -> None:
    assert story.seen[event].asked > 0
    assert story.seen[event].total == story.seen[event].asked


@pytest.mark.parametrize("event", EVENTS)
def test_the_increase_is_what_the_api_was_asked_within_a_hundredth(story: Story, event: str) -> None:
    assert story.seen[event].increase == pytest.approx(story.seen[event].asked, rel=0.01)


def test_a_push_that_comes_again_is_known(story: Story) -> None:
    assert story.twice == ["added", "known already: nothing was added"]


def test_a_run_without_its_relay_says_so_once_and_passes(story: Story) -> None:
    assert story.away is not None
    assert story.away.exit_code == 0
    assert story.away.console.count("was not reached") == 1
    assert "The numbers wait on the disk, and are sent with the next run." in story.away.console


def test_what_could_not_be_sent_waits_and_goes_with_the_next_run(story: Story) -> None:
    assert {event: len(files) for event, files in story.files.items()} == {
        "away": 1,
        "back": 0,
        "killed": 1,
        "after the kill": 0,
    }


def test_a_relay_that_is_told_to_stop_ends_well(story: Story) -> None:
    assert story.exit_codes == [0]


def test_prometheus_has_nothing_against_the_page(story: Story) -> None:
    assert complaints(story.page) == ""


def test_a_relay_that_never_answers_costs_all_processes_of_a_run_one_wait(tmp_path: Path) -> None:
    suites = _suites(tmp_path, 4)
    with CountedApi() as api, socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = _run(tmp_path, ["pabot", "--processes", "1", "--pabotlibport", "0"], suites, api, address)
    assert done.exit_code == 0
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("output.xml") if "pabot_results" in path.parts]
    assert len(texts) == 4
    # Robot writes a warning at its keyword and among the errors.
    assert sum("was not reached" in text for text in texts) == 1
    assert len(_waiting(tmp_path)) == 4


def test_without_a_relay_the_numbers_wait_for_one(tmp_path: Path) -> None:
    suites = _suites(tmp_path)
    with CountedApi() as api:
        done = _run(tmp_path, ["robot"], suites / "one.robot", api, "")
        assert "metrics relay" not in done.console
        with relay(tmp_path / "relay") as relayed:
            _robot(tmp_path, suites / "two.robot", api, relayed)
            assert _pushed(relayed) == 2
    assert "pokeapi_requests_total" in (tmp_path / "output" / "metrics.prom").read_text("utf-8")


def test_a_wrong_token_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    suites = _suites(tmp_path)
    ours = {"OBSERVATORY_METRICS_TOKEN": "the-relay-s-own"}  # pragma: allowlist secret
    theirs = {"OBSERVATORY_METRICS_TOKEN": "another-one"}  # pragma: allowlist secret
    with CountedApi() as api, relay(tmp_path / "relay", environment=ours) as relayed:
        refused = _run(tmp_path, ["robot"], suites / "one.robot", api, relayed.address, theirs)
        assert refused.exit_code == 0
        assert "answered with status 401" in refused.console
        assert "OBSERVATORY_METRICS_TOKEN" in refused.console
        assert "another-one" not in refused.messages
        _run(tmp_path, ["robot"], suites / "two.robot", api, relayed.address, ours)
        assert _pushed(relayed) == 2


def test_numbers_can_be_pushed_in_the_middle_and_none_counts_twice(tmp_path: Path) -> None:
    suite = tmp_path / "long.robot"
    steps = "    Get Resource    berry    1\n    Push Metrics\n    Get Resource    berry    2\n    Push Metrics\n"
    suite.write_text(f"{_HEAD}*** Test Cases ***\nLong\n{steps}    Get Resource    berry    3\n", encoding="utf-8")
    with CountedApi() as api, relay(tmp_path / "relay") as relayed:
        done = _robot(tmp_path, suite, api, relayed)
        assert done.exit_code == 0, done.console
        assert _pushed(relayed) == 3
        until(lambda: f" {float(api.asked)}" in _line(relayed, "pokeapi_requests_total", "berry"), "all are counted")
        assert api.asked == 3


def test_two_relays_do_not_share_a_file(tmp_path: Path) -> None:
    with relay(tmp_path) as _:
        second = [sys.executable, "-m", "observatory.commands", "relay", "--port", "0"]
        done = run_command([*second, "--state", str(tmp_path / "relay.sqlite3")], tmp_path)
    assert done.exit_code == 1
    assert "could not be opened" in done.console
    assert "Is another relay running with it" in done.console


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command([sys.executable, "-m", "observatory.commands", "relay", "--port", str(port)], tmp_path)
    assert done.exit_code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.console


_LIBRARIES: Final = [path for path in LIBRARIES if path.stem in ("PokeApiClient", "MetricsPusher")]
_HEAD: Final = "".join(["*** Settings ***\n", *(f"Library    {path}\n" for path in _LIBRARIES)])


def _suites(folder: Path, number: int = 2) -> Path:
    """Suites of one test each, that ask for berries."""
    suites = folder / "suites"
    suites.mkdir()
    for name, count in list(zip(("one", "two", "three", "four"), (7, 3, 2, 2), strict=True))[:number]:
        steps = "".join(f"    Get Resource    berry    {each}\n" for each in range(1, count + 1))
        (suites / f"{name}.robot").write_text(f"{_HEAD}*** Test Cases ***\n{name}\n{steps}", encoding="utf-8")
    return suites


def _run(
    folder: Path,
    command: list[str],
    suite: Path,
    api: CountedApi,
    address: str,
    environment: dict[str, str] | None = None,
) -> Outcome:
    settings = {"DATABASE_URL": AWAY, "OBSERVATORY_TARGET": api.address, "OBSERVATORY_METRICS_RELAY": address}
    full = [*command, "--outputdir", str(folder / "output"), str(suite)]
    return run_command(full, folder, {**settings, **(environment or {})})


def _pabot(folder: Path, suites: Path, api: CountedApi, relayed: RelayProcess) -> None:
    command = ["pabot", "--processes", "2", "--pabotlibport", "0"]
    assert _run(folder, command, suites, api, relayed.address).exit_code == 0


def _robot(folder: Path, suite: Path, api: CountedApi, relayed: RelayProcess) -> Outcome:
    return _run(folder, ["robot"], suite, api, relayed.address)


def _kill_a_robot(folder: Path, api: CountedApi, relayed: RelayProcess) -> None:
    """Let a run ask five times, and kill it while it waits for something."""
    steps = "".join(f"    Get Resource    berry    {each}\n" for each in range(1, 6))
    (folder / "killed.robot").write_text(f"{_HEAD}*** Test Cases ***\nK\n{steps}    Sleep    60s\n", encoding="utf-8")
    asked = api.asked
    own = {
        "OBSERVATORY_HOME": str(folder / "home"),
        "OBSERVATORY_RESULTS": str(folder / "results"),
        "OBSERVATORY_TARGET": api.address,
        "OBSERVATORY_METRICS_RELAY": relayed.address,
        "DATABASE_URL": AWAY,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "robot", "--outputdir", str(folder / "killed"), str(folder / "killed.robot")],
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: api.asked == asked + 5 and _written(folder) == 5, "the numbers of the run are on the disk")
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()


def _written(folder: Path) -> float:
    """How many requests the files that wait speak of."""
    lines = [
        line for name in _waiting(folder) for line in (folder / "home" / "metrics" / name).read_text().splitlines()
    ]
    return sum(float(line.split()[-1]) for line in lines if line.startswith("pokeapi_requests_total{"))


def _waiting(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "home" / "metrics").glob("*.prom"))


def _push(relayed: RelayProcess, push_id: str) -> str:
    assert uuid.UUID(push_id)
    address = f"{relayed.address}/metrics/job/observatory/push_id/{push_id}/target/elsewhere"
    return httpx.put(address, content=_PUSHED, headers={"Content-Type": "text/plain"}, trust_env=False).text


def _pushed(relayed: RelayProcess) -> int:
    health = json.loads(httpx.get(f"{relayed.address}/health", trust_env=False).text)
    added: int = health["pushes"].get("added", 0)
    return added


def _line(relayed: RelayProcess, name: str, endpoint: str) -> str:
    lines = relayed.page.splitlines()
    return next((line for line in lines if line.startswith(f'{name}{{endpoint="{endpoint}"')), "")


def _settled(watching: Prometheus, asked: int) -> Seen:
    """What Prometheus shows once it shows that many, or at the end of a wait that is long enough to."""
    deadline = time.monotonic() + 4 * FIRST_SHOWN
    while (total := watching.value(TOTAL)) != asked and time.monotonic() < deadline:
        time.sleep(0.2)
    # At a scrape, nothing has to be guessed of the time since the last one.
    at = watching.value("max(timestamp(pokeapi_requests_total))")
    return Seen(asked, total, watching.value(INCREASE, at))
