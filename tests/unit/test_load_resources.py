"""Which resources a load asks for: those of the API's own lists, whatever state these are in."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from load.question import Question
from load.resources import ENDPOINTS, Resources, learned, reader
from sandbox import Catalogue, Server
from sandbox.source import Listing
from tests.examples import as_bytes
from tests.raw_server import RawServer

ROOT = "http://127.0.0.1:8080/api/v2"
FIRST = {str(number) for number in range(1, 19)}
TOKEN = {"Authorization": "Bearer mine"}


def entry(resource: str) -> dict[str, str]:
    return {"name": "whatever", "url": f"https://pokeapi.co/api/v2/pokemon/{resource}/"}


def page(*resources: str) -> bytes:
    return as_bytes({"count": len(resources), "results": [entry(resource) for resource in resources]})


class Lists:
    """Gives one body for every address, and notes who asked."""

    def __init__(self, body: bytes = b"", error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._body = body
        self._error = error

    def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if self._error is not None:
            raise self._error
        return self._body


def asked_for(resources: Resources, endpoint: str = "pokemon") -> set[str]:
    """What is asked for, if one asks long enough."""
    return {resources.any_of(endpoint) for _ in range(500)}


def test_everything_that_the_list_names_is_asked_for() -> None:
    known = learned(ROOT, Lists(page("1", "25", "10001")))
    assert known == {endpoint: ["1", "25", "10001"] for endpoint in ENDPOINTS}
    resources = Resources(known, choose=Random(1))
    assert asked_for(resources) == {"1", "25", "10001"}
    assert resources.count("pokemon") == 3


def test_the_list_of_each_endpoint_is_read_once() -> None:
    lists = Lists(page("1", "2"))
    learned(ROOT, lists)
    assert lists.asked == [f"{ROOT}/{endpoint}/?limit=2000&offset=0" for endpoint in ENDPOINTS]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"results":null}',
        b'{"results":[{}]}',
        b'{"results":[7]}',
        b'{"results":[{"url":7}]}',
        b'{"count":1}',
        b"\xff",
    ],
)
def test_a_list_that_makes_no_sense_leaves_what_every_endpoint_has(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        known = learned(ROOT, Lists(body))
    assert [set(ids) for ids in known.values()] == [FIRST] * len(ENDPOINTS)
    assert len(caplog.messages) == len(ENDPOINTS)
    assert caplog.messages[0].startswith(f"The list at {ROOT}/pokemon could not be read (")
    assert caplog.messages[0].endswith("; asking for pokemon/1 to pokemon/18.")


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("odd"),
        httpx.ReadTimeout("odd"),
        httpx.RemoteProtocolError("odd"),
        httpx.DecodingError("odd"),
        httpx.InvalidURL("odd"),
        ValueError("odd"),
    ],
)
def test_a_list_that_cannot_be_had_leaves_what_every_endpoint_has(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(learned(ROOT, Lists(error=error))["type"]) == FIRST
    assert f"could not be read ({error})" in caplog.text


def test_a_list_that_cannot_be_had_is_told_without_the_password_of_its_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    word = "hidden"
    learned(f"http://someone:{word}@127.0.0.1:1/api/v2", Lists(error=httpx.ConnectError("refused")))
    assert "The list at http://127.0.0.1:1/api/v2/pokemon could not be read" in caplog.text
    assert word not in caplog.text


def test_an_empty_list_leaves_what_every_endpoint_has() -> None:
    assert set(learned(ROOT, Lists(page()))["pokemon"]) == FIRST


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(st.binary(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(as_bytes)))
def test_whatever_a_list_is_there_is_something_to_ask_for(body: bytes) -> None:
    assert Resources(learned(ROOT, Lists(body))).any_of("pokemon")


def test_what_a_recording_lacks_is_not_asked_for_again() -> None:
    known = {"pokemon": ["1", "2", "3"]}
    resources = Resources(known)
    resources.forget("pokemon", "2")
    assert asked_for(resources) == {"1", "3"}
    assert known == {"pokemon": ["1", "2", "3"]}, "what the other processes are told is another's"


def test_the_last_resource_stays() -> None:
    resources = Resources({"pokemon": ["1", "2"]})
    for resource in ("1", "2", "2", "99"):
        resources.forget("pokemon", resource)
    resources.forget("never asked for", "1")
    assert asked_for(resources) == {"2"}


@pytest.fixture
def read() -> Callable[[str], bytes]:
    return reader(5.0, TOKEN)


def test_the_lists_of_a_real_server_are_read(read: Callable[[str], bytes]) -> None:
    with Server(Catalogue()) as server:
        known = learned(server.base_url, read)
    listing = Catalogue().listing("type")
    assert isinstance(listing, Listing)
    assert sorted(known["type"]) == sorted(str(number) for number in set(listing.ids.values()))
    assert len(known["type"]) > 10


def test_a_server_that_is_not_there_is_no_end(read: Callable[[str], bytes], caplog: pytest.LogCaptureFixture) -> None:
    assert set(learned("http://127.0.0.1:1", read)["type"]) == FIRST
    assert "refused" in caplog.text


class Noting(BaseHTTPRequestHandler):
    """Answers as it is told, and notes what it was asked with."""

    status: ClassVar[int]
    location: ClassVar[str]
    seen: ClassVar[list[tuple[str, str | None]]]

    def do_GET(self) -> None:
        """Answer."""
        self.seen.append((self.path, self.headers.get("Authorization")))
        body = page("7")
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", f"{self.location}{self.path}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""


@contextmanager
def noting(status: int = 200, location: str = "") -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A server on loopback, with what it was asked and who asked."""
    seen: list[tuple[str, str | None]] = []
    handler = type("Answering", (Noting,), {"status": status, "location": location, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_token_is_told_to_the_server_that_it_is_for(read: Callable[[str], bytes]) -> None:
    with noting() as (address, seen):
        assert learned(address, read)["pokemon"] == ["7"]
    assert {token for _, token in seen} == {TOKEN["Authorization"]}
    assert len(seen) == len(ENDPOINTS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_list_that_is_redirected_is_no_list_and_nobody_else_gets_the_token(
    read: Callable[[str], bytes], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with noting() as (stranger, strangers), noting(status, stranger) as (address, seen):
        assert set(learned(address, read)["pokemon"]) == FIRST
    assert len(seen) == len(ENDPOINTS)
    assert strangers == []
    assert f"the answer is {status} " in caplog.text


def test_a_list_that_drips_is_not_waited_for() -> None:
    def drip(stream: socket.socket, number: int) -> bool:
        del number
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while server.pause(0.02):
            stream.sendall(b" ")
        return False

    server = RawServer(drip)
    with closing(server), pytest.raises(ValueError, match=r"^it did not come whole within 0\.2 s$"):
        reader(0.2, {})(f"http://127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("question", "path", "name"),
    [
        (Question("pokemon", "25"), "/pokemon/25/", "pokemon"),
        (Question("pokemon"), "/pokemon/?limit=20&offset=0", "pokemon list"),
        (Question("type", offset=40), "/type/?limit=20&offset=40", "type list"),
    ],
)
def test_a_question_knows_its_path_and_what_it_is_counted_as(question: Question, path: str, name: str) -> None:
    assert (question.path, question.name) == (path, name)
