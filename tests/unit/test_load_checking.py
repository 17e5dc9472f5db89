"""What is wrong with an answer to a load: by type, and in words that are the same for all resources."""

from __future__ import annotations

import errno
import socket
import ssl
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

import gevent
import pytest
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError
from geventhttpclient.useragent import RetriesExceeded
from hypothesis import given
from hypothesis import strategies as st

from load.checking import Checker
from load.question import Question
from observatory.exchange import FailureType
from observatory.load import Trouble
from observatory.load.measurements import STARVED
from tests.examples import POKEMON, as_bytes, copy_of

JSON = {"content-type": "application/json; charset=utf-8"}
BULBASAUR = Question("pokemon", "1")
GOOD = as_bytes(POKEMON)


def checker(share: float = 1.0, chance: Callable[[], float] = lambda: 0.0) -> Checker:
    return Checker(share, 10.0, chance=chance)


def trouble(body: bytes, question: Question = BULBASAUR) -> Trouble | None:
    return checker().trouble(question, 200, JSON, body)


def found(body: bytes) -> Trouble:
    seen = trouble(body)
    assert seen is not None
    return seen


def changed(**fields: Any) -> bytes:
    return as_bytes({**POKEMON, **fields})


def test_a_good_answer_is_no_trouble() -> None:
    assert trouble(GOOD) is None


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (404, FailureType.STATUS, "it answered 404 Not Found where 200 was expected"),
        (302, FailureType.STATUS, "it answered 302 Found where 200 was expected"),
        (204, FailureType.STATUS, "it answered 204 No Content where 200 was expected"),
        (429, FailureType.RATE_LIMITED, "it answered 429 Too Many Requests where 200 was expected"),
        (500, FailureType.SERVER_ERROR, "it answered 500 Internal Server Error where 200 was expected"),
        (799, FailureType.SERVER_ERROR, "it answered 799 where 200 was expected"),
    ],
)
def test_another_status_is_told(status: int, kind: FailureType, message: str) -> None:
    assert checker().trouble(BULBASAUR, status, {}, b"") == Trouble(kind, message)


def test_what_a_recording_lacks_is_told_apart_from_what_the_api_lacks() -> None:
    lacks = checker().trouble(BULBASAUR, 404, {"x-observatory-not-recorded": "pokemon/1"}, b"")
    assert lacks is not None
    assert lacks.type is FailureType.NOT_RECORDED


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"content-type": "text/html"}, "the content type is 'text/html', expected application/json"),
        ({}, "the answer has no content type, expected application/json"),
    ],
)
def test_another_content_type_is_told(headers: dict[str, str], message: str) -> None:
    assert checker().trouble(BULBASAUR, 200, headers, GOOD) == Trouble(FailureType.CONTENT_TYPE, message)


@pytest.mark.parametrize("cut", [1, 20, 333, len(GOOD) - 1])
def test_broken_json_is_told_without_its_place(cut: int) -> None:
    seen = found(GOOD[:cut])
    assert seen.type is FailureType.INVALID_JSON
    assert seen.message.startswith("the body is not JSON (EOF while parsing ")
    assert not any(character.isdigit() for character in seen.message)


def test_an_empty_body_is_told() -> None:
    assert trouble(b"") == Trouble(FailureType.INVALID_JSON, "the body is empty, expected JSON")


def test_a_wrong_field_is_named() -> None:
    assert found(changed(height="seven")) == Trouble(FailureType.MODEL, "height should be integer but was text")


def test_a_missing_field_is_named() -> None:
    body = copy_of(POKEMON)
    del body["abilities"][1]["slot"]
    assert found(as_bytes(body)) == Trouble(FailureType.MODEL, "abilities[].slot should be present but was missing")


def test_the_other_wrong_fields_are_counted() -> None:
    one = found(changed(height="seven", weight=None))
    two = found(changed(height="seven", weight=None, name=7))
    assert one.message == "height should be integer but was text, and another field is wrong"
    assert two.message == "height should be integer but was text, and 2 more fields are wrong"


@pytest.mark.parametrize(
    ("one", "other", "was"),
    [
        ("seven", "eight", "text"),
        ("x" * 50, "y" * 60, "text"),
        ("a (b) c", "x\n(list)", "text"),
        ([1, 2], [1, 2, 3], "a list"),
        ({"a": 1}, {"a": 1, "b": 2}, "an object"),
        ([], [], "an empty list"),
        (None, None, "null"),
        (10**200, 10**201, "integer"),
    ],
)
def test_a_message_is_the_same_whatever_the_value_is(one: object, other: object, was: str) -> None:
    field, expected = ("height", "integer") if was == "text" else ("name", "text")
    messages = {found(changed(**{field: value})).message for value in (one, other)}
    assert messages == {f"{field} should be {expected} but was {was}"}


def test_a_message_is_the_same_whatever_the_item_of_a_list_is() -> None:
    bodies = []
    for item in (0, 1):
        body = copy_of(POKEMON)
        body["abilities"][item]["is_hidden"] = "no"
        bodies.append(as_bytes(body))
    assert {found(body).message for body in bodies} == {"abilities[].is_hidden should be true or false but was text"}


def test_a_body_that_is_no_object_is_told_as_a_whole() -> None:
    assert found(b"[1,2]") == Trouble(FailureType.MODEL, "(whole body) should be an object but was a list")


def test_a_page_of_a_list_is_held_against_its_own_model() -> None:
    page = {"count": 1, "next": None, "previous": None, "results": [{"name": "one", "url": "https://x/api/v2/type/1/"}]}
    assert trouble(as_bytes(page), Question("type")) is None
    seen = trouble(as_bytes({**page, "count": "one"}), Question("type"))
    assert seen == Trouble(FailureType.MODEL, "count should be integer but was text")


def test_what_no_model_knows_must_be_json_at_least() -> None:
    berry = Question("berry", "1")
    assert trouble(b'{"anything":1}', berry) is None
    seen = trouble(b"{", berry)
    assert seen is not None
    assert seen.type is FailureType.INVALID_JSON


def test_a_body_that_was_good_is_judged_once_whatever_the_chance() -> None:
    drawn: list[float] = []

    def chance() -> float:
        drawn.append(0.0)
        return 0.0

    each = checker(0.5, chance)
    assert [each.trouble(BULBASAUR, 200, JSON, GOOD) for _ in range(3)] == [None] * 3
    assert len(drawn) == 1


def test_a_body_that_was_bad_is_bad_each_time() -> None:
    each = checker()
    assert len({each.trouble(BULBASAUR, 200, JSON, changed(height=None)) for _ in range(3)}) == 1
    assert each.trouble(BULBASAUR, 200, JSON, changed(height=None)) is not None


def test_a_good_pokemon_is_no_good_type() -> None:
    each = checker()
    assert each.trouble(BULBASAUR, 200, JSON, GOOD) is None
    assert each.trouble(Question("type", "1"), 200, JSON, GOOD) is not None


CROSSED = FailureType.MODEL, "id should be the one that was asked for"


def test_an_answer_to_another_question_is_wrong_also_when_it_was_right_before() -> None:
    each = checker()
    assert each.trouble(BULBASAUR, 200, JSON, GOOD) is None
    assert each.trouble(Question("pokemon", "2"), 200, JSON, GOOD) == Trouble(*CROSSED)
    assert each.trouble(BULBASAUR, 200, JSON, GOOD) is None


def test_an_answer_to_another_question_is_wrong_also_when_it_is_the_first_one() -> None:
    assert trouble(GOOD, Question("pokemon", "151")) == Trouble(*CROSSED)


def test_who_asks_by_name_gets_the_one_of_that_name() -> None:
    assert trouble(GOOD, Question("pokemon", "bulbasaur")) is None
    assert trouble(GOOD, Question("pokemon", "ivysaur")) == Trouble(*CROSSED)


def test_a_page_of_a_list_is_about_no_resource() -> None:
    page = as_bytes({"count": 0, "next": None, "previous": None, "results": []})
    each = checker()
    assert [each.trouble(Question("pokemon", offset=offset), 200, JSON, page) for offset in (0, 20)] == [None, None]


def test_a_body_that_was_bad_is_bad_each_time_whatever_the_chance() -> None:
    drawn = iter([0.05, 0.9, 0.9])
    each = checker(0.1, lambda: next(drawn))
    seen = [each.trouble(BULBASAUR, 200, JSON, changed(height=None)) for _ in range(5)]
    assert None not in seen
    assert len(set(seen)) == 1


def test_what_is_remembered_of_bodies_has_an_end() -> None:
    each = checker()
    for number in range(10_050):
        assert each.trouble(Question("berry", "1"), 200, JSON, b"%d" % number) is None
    assert len(each._judged) == 10_000


@given(share=st.floats(0, 1), drawn=st.floats(0, 1, exclude_max=True))
def test_so_large_a_share_of_the_answers_is_held_against_its_model(share: float, drawn: float) -> None:
    seen = checker(share, lambda: drawn).trouble(BULBASAUR, 200, JSON, changed(height=None))
    assert (seen is not None) == (drawn < share)


def test_status_and_content_type_are_looked_at_even_when_no_answer_is_held_against_its_model() -> None:
    each = checker(0.0)
    assert each.trouble(BULBASAUR, 500, JSON, b"") is not None
    assert each.trouble(BULBASAUR, 200, {}, b"") is not None


@given(body=st.binary(max_size=80), status=st.sampled_from([200, 200, 200, 404, 503]))
def test_whatever_comes_is_judged_in_one_line(body: bytes, status: int) -> None:
    seen = checker().trouble(BULBASAUR, status, JSON, body)
    assert seen is not None
    assert seen.message.isprintable()
    assert len(seen.message) <= 400


UNANSWERED: list[tuple[BaseException, bool, FailureType, str]] = [
    (TimeoutError("timed out"), False, FailureType.TIMEOUT, "no complete answer came within 10 s"),
    (TimeoutError("timed out"), True, FailureType.TIMEOUT, "no complete answer came within 10 s"),
    (
        RetriesExceeded("http://x/api/v2/pokemon/1/", 0, original=TimeoutError("timed out")),
        False,
        FailureType.TIMEOUT,
        "no complete answer came within 10 s",
    ),
    (gevent.Timeout(), False, FailureType.TIMEOUT, "no complete answer came within 10 s"),
    (ConnectionRefusedError(111, "refused"), False, FailureType.CONNECTION, "the connection was refused"),
    (
        ConnectionResetError(104, "reset"),
        False,
        FailureType.CONNECTION,
        "the connection was reset before an answer came",
    ),
    (
        HTTPConnectionClosed("connection closed."),
        False,
        FailureType.CONNECTION,
        "the connection was reset before an answer came",
    ),
    *[
        (OSError(number, "odd"), False, FailureType.CONNECTION, STARVED)
        for number in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS)
    ],
    (
        socket.gaierror(-2, "Name or service not known"),
        False,
        FailureType.DNS,
        "the host name example.org has no address ([Errno -2] Name or service not known)",
    ),
    (
        ssl.SSLError(1, "wrong version number"),
        False,
        FailureType.TLS,
        "the TLS handshake failed (('wrong version number',))",
    ),
    (HTTPParseError("Expected HTTP/", 8), False, FailureType.TRUNCATED, "the answer is not HTTP, or was cut off"),
    (HTTPParseError("Incomplete response."), True, FailureType.TRUNCATED, "the answer is not HTTP, or was cut off"),
    (ConnectionResetError(104, "reset"), True, FailureType.TRUNCATED, "the answer is not HTTP, or was cut off"),
    (zlib.error("Error -3"), True, FailureType.INVALID_JSON, "the body is not what its Content-Encoding says"),
    (
        RetriesExceeded("http://x/api/v2/pokemon/1/", "odd"),
        False,
        FailureType.CONNECTION,
        "the connection failed (RetriesExceeded)",
    ),
]


@pytest.mark.parametrize(("error", "answered", "kind", "message"), UNANSWERED)
def test_why_there_is_no_answer_is_told(
    error: BaseException, kind: FailureType, message: str, *, answered: bool
) -> None:
    seen = checker().unanswered(error, "example.org", answered=answered)
    assert seen.type is kind
    if kind is not FailureType.TLS:
        assert seen.message == message
    else:
        assert seen.message.startswith("the TLS handshake failed (")


def test_a_certificate_that_is_not_trusted_is_told() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    seen = checker().unanswered(error, "example.org")
    assert seen == Trouble(FailureType.TLS, "its certificate is not trusted (self-signed certificate)")


class TestEveryTypeIsCovered:
    """Each type of failure that a load can meet is met above."""

    NOT_MET: ClassVar = {
        FailureType.OVERSIZED,  # a load reads whatever comes
        FailureType.REDIRECT,  # a redirect is not followed: its status is the failure
        FailureType.CIRCUIT_OPEN,  # nothing is kept from failing
        FailureType.ASSERTION,  # of users that somebody added
    }

    def test_of_answers_and_of_their_lack(self) -> None:
        of_answers = {
            FailureType.STATUS,
            FailureType.RATE_LIMITED,
            FailureType.SERVER_ERROR,
            FailureType.NOT_RECORDED,
            FailureType.CONTENT_TYPE,
            FailureType.INVALID_JSON,
            FailureType.MODEL,
        }
        of_their_lack = {kind for _, _, kind, _ in UNANSWERED}
        assert of_answers | of_their_lack | self.NOT_MET == set(FailureType)
