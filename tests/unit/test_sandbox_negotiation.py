"""Which form of a body a client gets."""

from __future__ import annotations

import gzip

import brotli
import pytest

from sandbox.answer import Answer, Answers, not_found
from sandbox.api import Shelf
from sandbox.negotiation import fit, preferred_encoding
from sandbox.source import Meta

LONG = b'{"text":"' + b"ab" * 2000 + b'"}'
answers = Answers(Meta("abc", "0"))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (b"gzip", b"gzip"),
        (b"br", b"br"),
        (b"gzip, deflate, br", b"br"),
        (b"GZIP;q=0.5, br;q=0.1", b"gzip"),
        (b"br;q=0, gzip", b"gzip"),
        (b"*", b"br"),
        (b"*;q=0.1, gzip", b"gzip"),
        (b"gzip;q=0", None),
        (b"gzip;q=much", None),
        (b"identity", None),
        (b"deflate", None),
        (b"", None),
    ],
)
def test_the_client_chooses_the_encoding(accepted: bytes, encoding: bytes | None) -> None:
    assert preferred_encoding(accepted) == encoding


def test_a_compressed_body_is_the_body_and_has_no_length() -> None:
    for encoding, decode in ((b"gzip", gzip.decompress), (b"br", brotli.decompress)):
        response = fit(answers.document(LONG), "GET", [(b"accept-encoding", encoding)])
        assert decode(response.body) == LONG
        assert (b"content-encoding", encoding) in response.headers
        assert b"content-length" not in dict(response.headers)


def test_a_body_is_compressed_once() -> None:
    answer = answers.document(LONG)
    first, second = (fit(answer, "GET", [(b"accept-encoding", b"gzip")]) for _ in range(2))
    assert first.body is second.body


def test_a_short_body_is_sent_as_it_is() -> None:
    response = fit(answers.document(b"{}"), "GET", [(b"accept-encoding", b"gzip")])
    assert response.body == b"{}"
    assert (b"content-length", b"2") in response.headers


def test_head_tells_the_length_of_the_plain_body() -> None:
    response = fit(answers.document(LONG), "HEAD", [(b"accept-encoding", b"gzip")])
    assert (b"content-length", b"%d" % len(LONG)) in response.headers


@pytest.mark.parametrize("form", ['W/"{}"', '"{}"', 'W/"other", W/"{}"', "*"])
def test_a_known_version_is_not_sent_again(form: str) -> None:
    answer = answers.document(LONG)
    assert answer.etag is not None
    named = form.format(answer.etag.removeprefix("W/").strip('"')).encode()
    response = fit(answer, "GET", [(b"if-none-match", named)])
    assert (response.status, response.body) == (304, b"")
    assert {b"content-type", b"content-length", b"content-encoding"}.isdisjoint(dict(response.headers))


def test_what_is_not_there_is_never_known_already() -> None:
    assert fit(not_found(), "GET", [(b"if-none-match", b"*")]).status == 404


def test_two_bodies_have_two_tags() -> None:
    assert answers.document(b"{}").etag != answers.document(b"[]").etag
    assert answers.document(b"{}").etag == answers.document(b"{}").etag


def test_the_shelf_keeps_what_was_used_last() -> None:
    shelf = Shelf(capacity=10)
    for key in "abc":
        shelf.put(key, Answer(200, {}, b"1234"))
        shelf.get("a")
    assert [shelf.get(key) is not None for key in "abc"] == [True, False, True]
