"""Values and servers that tests of the metrics and of their relay are made from."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import unquote

from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from observatory.metrics import Metrics
from observatory.metrics.families import FAMILY_OF, Kind
from observatory.metrics.reading import Reading
from observatory.relay.reading import Sample, read_push
from observatory.relay.totals import Totals

Series = tuple[str, frozenset[tuple[str, str]]]
"""A series as Prometheus tells it from others: its name and its labels."""

PUSH = "/metrics/job/observatory"
HERE = "127.0.0.1"


def of(name: str, **labels: str) -> Series:
    """The series of a name and labels."""
    return name, frozenset(labels.items())


def sample(name: str, value: float, **labels: str) -> Sample:
    """One number of a push."""
    return Sample(name, tuple(sorted(labels.items())), value)


def requests(value: float, endpoint: str = "pokemon") -> Sample:
    """So many requests of an endpoint."""
    return sample("pokeapi_requests_total", value, endpoint=endpoint)


def pushed(metrics: Metrics, since: Reading | None = None) -> list[Sample]:
    """The numbers of a process as the relay reads them."""
    return read_push(metrics.read().text(since).encode())


def scraped(page: bytes) -> dict[Series, float]:
    """The series of a page; none stands on it twice, and the families are in one piece each."""
    found: dict[Series, float] = {}
    families: list[str] = []
    for family in text_string_to_metric_families(page.decode()):
        families.append(family.name)
        for each in family.samples:
            series = of(each.name, **each.labels)
            assert series not in found
            found[series] = each.value
    assert len(families) == len(set(families))
    return found


def shown(totals: Totals, now: float) -> dict[Series, float]:
    """What a scrape at `now` sees of the sums, the label of their target being one of theirs."""
    return {of(key.name, target=key.target, **dict(key.labels)): value for key, value in totals.shown(now)}


def total_of(totals: Totals, now: float, name: str = "pokeapi_requests_total", **labels: str) -> float:
    """The sum of all series of a name that have these labels, as a scrape at `now` sees them."""
    return sum(value for series, value in shown(totals, now).items() if _fits(series, name, labels))


def adds_up(series: Series) -> bool:
    """Whether a series may only rise."""
    return series[0] in FAMILY_OF and FAMILY_OF[series[0]].kind is not Kind.GAUGE


def _fits(series: Series, name: str, labels: Mapping[str, str]) -> bool:
    return series[0] == name and labels.items() <= dict(series[1]).items()


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def wait_for(is_so: Callable[[], object], what: str) -> None:
    """Wait a moment until another thread has made it so."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, f"it never was so: {what}"
        time.sleep(0.002)


class Answer(NamedTuple):
    """What a server said."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = {}


def asked(
    app: Starlette,
    method: str,
    path: str,
    *parts: bytes,
    headers: Mapping[str, str | bytes] | None = None,
    client: str | None = HERE,
    ends: bool = True,
    breaks_off: bool = False,
) -> Answer:
    """Ask a web service for a path as it stands, with a body in parts that may not end, or may break off."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if breaks_off:
        waiting.append({"type": "http.disconnect"})
    elif ends:
        waiting.append({"type": "http.request", "body": b"", "more_body": False})
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # nothing comes any more
        return waiting.pop(0)

    async def send(message: Any) -> None:
        said.append(message)

    given = [(name.lower().encode(), _bytes(value)) for name, value in (headers or {}).items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": b"",
        "root_path": "",
        "headers": given,
        "client": (client, 50000) if client else None,
        "server": (HERE, 8000),
    }
    asyncio.run(app(scope, receive, send))
    text = b"".join(message.get("body", b"") for message in said[1:]).decode()
    return Answer(said[0]["status"], text, {name.decode(): value.decode() for name, value in said[0]["headers"]})


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


@dataclass(frozen=True)
class Received:
    """A push as it came to a server."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the push."""
        return self.path.partition("/push_id/")[2].partition("/")[0]


Reply = Callable[[Received], "Answer | Iterator[bytes] | None"]
"""Answers a push; None breaks off, and bytes are sent as they come, whether they are HTTP or not."""


class Door:
    """A server on a real socket that lets a test answer pushes."""

    def __init__(self, reply: Reply) -> None:
        self.received: list[Received] = []
        self.over = threading.Event()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                push = Received(self.path, dict(self.headers), self.rfile.read(length))
                door.received.append(push)
                answer = reply(push)
                if isinstance(answer, Answer):
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.text.encode())
                elif answer is not None:
                    for part in answer:
                        self.wfile.write(part)
                        self.wfile.flush()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Say nothing: who asked may go whenever they like."""

        self._server = Quiet((HERE, 0), Handler)
        self.address = f"http://{HERE}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def door(reply: Reply) -> Iterator[Door]:
    """A server that a test answers for; at its end nobody pushes any more."""
    opened = Door(reply)
    try:
        yield opened
    finally:
        opened.close()
        for thread in threading.enumerate():
            if thread.name == "push":
                thread.join(5)


def through(app: Starlette) -> Reply:
    """Answers as a web service does."""
    return lambda push: asked(app, "PUT", push.path, push.body, headers=push.headers)
