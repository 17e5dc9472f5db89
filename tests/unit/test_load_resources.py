"""Which resources a load asks for: those of the API's own lists, whatever state these are in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.client import BadStatusLine, IncompleteRead
from random import Random
from urllib.error import URLError

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from load.question import Question
from load.resources import Resources, reader
from sandbox import Catalogue, Server
from tests.examples import as_bytes

ROOT = "http://127.0.0.1:8080/api/v2"
FIRST = {str(number) for number in range(1, 19)}


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
    resources = Resources(ROOT, Lists(page("1", "25", "10001")), choose=Random(1))
    assert asked_for(resources) == {"1", "25", "10001"}
    assert resources.count("pokemon") == 3


def test_a_list_is_read_once_for_each_endpoint() -> None:
    lists = Lists(page("1", "2"))
    resources = Resources(ROOT, lists)
    for endpoint in ("pokemon", "type", "pokemon", "type"):
        resources.any_of(endpoint)
    assert lists.asked == [f"{ROOT}/pokemon/?limit=2000&offset=0", f"{ROOT}/type/?limit=2000&offset=0"]


@pytest.mark.parametrize(
    "body",
    [
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
        assert asked_for(Resources(ROOT, Lists(body))) == FIRST
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"The list at {ROOT}/pokemon/?limit=2000&offset=0 could not be read (")
    assert caplog.messages[0].endswith("; asking for pokemon/1 to pokemon/18.")


@pytest.mark.parametrize("error", [TimeoutError("odd"), BadStatusLine("odd"), IncompleteRead(b"odd"), URLError("odd")])
def test_a_list_that_cannot_be_had_leaves_what_every_endpoint_has(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert asked_for(Resources(ROOT, Lists(error=error))) == FIRST
    assert f"could not be read ({error})" in caplog.text


def test_an_empty_list_leaves_what_every_endpoint_has() -> None:
    assert asked_for(Resources(ROOT, Lists(page()))) == FIRST


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(st.binary(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(as_bytes)))
def test_whatever_a_list_is_there_is_something_to_ask_for(body: bytes) -> None:
    assert Resources(ROOT, Lists(body)).any_of("pokemon")


def test_what_a_recording_lacks_is_not_asked_for_again() -> None:
    resources = Resources(ROOT, Lists(page("1", "2", "3")))
    resources.any_of("pokemon")
    resources.forget("pokemon", "2")
    assert asked_for(resources) == {"1", "3"}


def test_the_last_resource_stays() -> None:
    resources = Resources(ROOT, Lists(page("1", "2")))
    resources.any_of("pokemon")
    for resource in ("1", "2", "2", "99"):
        resources.forget("pokemon", resource)
    resources.forget("never asked for", "1")
    assert asked_for(resources) == {"2"}


@pytest.fixture
def read() -> Callable[[str], bytes]:
    return reader(5.0, {"Authorization": "Bearer mine"})


def test_the_lists_of_a_real_server_are_read(read: Callable[[str], bytes]) -> None:
    with Server(Catalogue()) as server:
        resources = Resources(server.base_url, read)
        assert resources.count("type") == len(set(Catalogue().listing("type").ids.values())) > 10  # type: ignore[union-attr]


def test_a_server_that_is_not_there_is_no_end(read: Callable[[str], bytes], caplog: pytest.LogCaptureFixture) -> None:
    assert Resources("http://127.0.0.1:1", read).any_of("type") in FIRST
    assert "refused" in caplog.text


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
