"""Two real loads of one Locust, watched by a real Prometheus from the first second to the last."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from observatory.errors import ObservatoryError
from observatory.load import LoadReport
from tests.load_process import PATIENCE, LoadProcess, free_port, locust, until
from tests.prometheus_server import Prometheus, prometheus, tool

_WORKERS: Final = 2
_FIRST: Final = {"user_count": "60", "spawn_rate": "60", "profile": "", "run_time": "5s"}
_SECOND: Final = {"user_count": "1", "spawn_rate": "1", "profile": "", "run_time": "3s", "rate": "20"}
"""What is filled in on Locust's page: a closed model first, then an open one."""


@dataclass(frozen=True, slots=True)
class WatchedLoad:
    """What there is of both loads, which were started from Locust's page, when they are over.

    The first is of sixty users, from two worker processes, on the stand-in. The second is of twenty arrivals a second
    on a server that always fails, which counted how many it `answered`. `began`, `between` and `ended` are the times,
    in seconds since 1970, before, between and after them. `pages` are those of the metrics, by when they were taken.
    `listening` tells of each process of Locust whether it listened on their port, the master first. `late` is a load
    whose port for them was taken. `results` is the folder with what is left of the second.
    """

    prometheus: Prometheus
    first: LoadReport
    second: LoadReport
    answered: int
    began: float
    between: float
    ended: float
    pages: dict[str, str]
    listening: list[bool]
    late: LoadProcess
    results: Path
    database_url: str


@contextmanager
def watch_load(folder: Path, database_url: str) -> Iterator[WatchedLoad]:
    """Let two loads go on, and keep the Prometheus that watched them."""
    tool("promtool")
    page, web = free_port(), free_port()
    ports = ["--metrics-port", str(page), "--web-port", str(web)]
    # For as long as a request may take, Locust's workers are away after a load.
    environment = {"DATABASE_URL": database_url, "OBSERVATORY_TIMEOUT": "3"}
    with (
        prometheus(folder, f"127.0.0.1:{page}") as asked,
        _failing_server() as (failing, answered),
        httpx.Client(trust_env=False, timeout=10) as client,
        locust(folder / "load", *ports, *_master(), "--target", "embedded", **environment) as load,
    ):

        def start(form: dict[str, str]) -> None:
            until(lambda: asked.value("sum(pokeapi_load_workers)") == _WORKERS, "the workers are there")
            client.post(f"http://127.0.0.1:{web}/swarm", data=form).raise_for_status()

        def text() -> str:
            return client.get(f"http://127.0.0.1:{page}/metrics").raise_for_status().text

        until(lambda: asked.value("sum(pokeapi_load_workers)") is not None, "Prometheus sees the page")
        began, pages = time.time(), {"idle": text()}
        start(_FIRST)
        late_options = ["--headless", "--run-time", "1s", "--host", f"{failing}/late", "--metrics-port", str(page)]
        with locust(folder / "late", *late_options, **environment) as late:
            until(lambda: (asked.value("sum(pokeapi_load_requests_total)") or 0) > 0, "Prometheus sees requests")
            pages["running"], listening = text(), _listening(load, page)
            first = _judged(load)
            asked.wait_for("sum(pokeapi_load_requests_total)", first.total.requests)
            between = time.time()
            start({**_SECOND, "host": f"{failing}/second"})
            second = _judged(load, after=first)
            asked.wait_for("sum(pokeapi_load_requests_total)", first.total.requests + second.total.requests)
            ended = time.time()
            load.process.terminate()
            load.wait()
            late.wait()
            yield WatchedLoad(
                *(asked, first, second, answered["second"], began, between, ended, pages, listening, late),
                *(load.results, database_url),
            )


def _master() -> list[str]:
    """The options of a master that does not meet another one at its port."""
    port = str(free_port())
    bound = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
    return ["--processes", str(_WORKERS), *bound]


def _judged(load: LoadProcess, after: LoadReport | None = None) -> LoadReport:
    """The next report of a load that has its verdict, which is the last thing that happens to it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            report = load.report
        except ObservatoryError:  # there is none yet
            report = None
        if report is not None and report.verdict is not None and (after is None or report.id != after.id):
            return report
        time.sleep(0.05)
    raise AssertionError(f"no verdict within {PATIENCE:g} s:\n{load.printed}")


def _listening(load: LoadProcess, port: int) -> list[bool]:
    """Whether each process of Locust listens on a port, the one that conducts first."""

    def ports(process: psutil.Process) -> set[int]:
        return {each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN}

    load.family()
    return [port in ports(process) for process in load.locusts()]


@contextmanager
def _failing_server() -> Iterator[tuple[str, Counter[str]]]:
    """A server that answers 503, with how many requests it answered below each folder; lists are not counted."""
    answered: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if "?" not in self.path:
                answered[self.path.split("/")[1]] += 1
            self.send_response(503)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", answered
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
