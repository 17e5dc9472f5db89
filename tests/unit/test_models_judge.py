"""The judge: its sentences, what it remembers, and that broken bodies are verdicts and not exceptions."""

from __future__ import annotations

import gc
import hashlib

import pytest

from observatory.exchange import FieldError
from observatory.models import MODELS, WHOLE_BODY, Judge, Verdict, describe, judge
from tests.examples import POKEMON, as_bytes, copy_of

GOOD = as_bytes(POKEMON)
BAD = b'{"id": "one"}'


def hash_of(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def test_a_failure_names_each_field_what_was_expected_and_what_came() -> None:
    body = copy_of(POKEMON)
    body["types"][0]["slot"] = "one"
    del body["name"]
    assert describe("pokemon/1", judge(MODELS["pokemon"], as_bytes(body))) == (
        "pokemon/1 does not match its model in 2 fields: name should be present but was missing; "
        "types[0].slot should be integer but was 'one' (text)."
    )


def test_one_wrong_field_is_one_field() -> None:
    assert describe("type/1", Verdict(errors=(FieldError("id", "integer", "null"),))) == (
        "type/1 does not match its model in 1 field: id should be integer but was null."
    )


def test_the_same_error_in_many_items_is_told_once() -> None:
    errors = tuple(FieldError(f"moves[{number}].name", "text", "null") for number in range(300))
    assert describe("pokemon/1", Verdict(errors=errors)) == (
        "pokemon/1 does not match its model in 300 fields: "
        "moves[0].name should be text but was null (and 299 more of moves[].name)."
    )


def test_a_long_list_of_errors_is_cut_after_ten() -> None:
    sentence = describe("pokemon/1", judge(MODELS["pokemon"], b"{}"))
    assert sentence.startswith("pokemon/1 does not match its model in 21 fields: abilities should be present")
    assert sentence.count("should be") == 10
    assert sentence.endswith("; and 11 more.")


def test_an_accepted_body_is_described_with_what_is_unknown_to_its_model() -> None:
    assert describe("type/1", Verdict()) == "type/1 matches its model."
    assert describe("type/1", Verdict(unknown=("a", "b[].c"))) == (
        "type/1 matches its model and has 2 fields unknown to it: a, b[].c."
    )


@pytest.mark.parametrize(
    ("body", "expected", "seen"),
    [
        (b"", "JSON", "empty"),
        (b"<html>", "JSON", "'<html>' (expected value at line 1 column 1)"),
        (b'{"id": 1', "JSON", "'{\"id\": 1' (EOF while parsing an object at line 1 column 8)"),
        (b"\xff", "JSON", "'\ufffd' (expected value at line 1 column 1)"),
        (b"null", "an object", "null"),
        (b"[]", "an object", "an empty list"),
        (b'"text"', "an object", "'text' (text)"),
    ],
)
def test_a_body_that_is_no_object_is_one_error_of_the_whole(body: bytes, expected: str, seen: str) -> None:
    verdict = judge(MODELS["pokemon"], body)
    assert verdict.errors == (FieldError(WHOLE_BODY, expected, seen),)
    assert not verdict.accepted
    assert describe("pokemon/1", verdict) == (
        f"pokemon/1 does not match its model: it should be {expected} but was {seen}."
    )


def test_a_large_broken_body_is_never_printed_whole() -> None:
    for body in (
        b"x" * 200_000,
        b"[" * 200_000,
        b'{"id": ' + b"9" * 4000 + b', "name": "%s"}' % (b"n" * 200_000),
    ):
        sentence = describe("pokemon/1", judge(MODELS["pokemon"], body))
        assert len(sentence) < 1_000


def test_a_long_value_of_the_wrong_type_is_cut() -> None:
    body = POKEMON | {"id": "n" * 500, "height": None, "name": 10**400}
    assert {each.path: each.seen for each in judge(MODELS["pokemon"], as_bytes(body)).errors} == {
        "id": f"'{'n' * 40}'… (text of 500 characters)",
        "height": "null",
        "name": "a very large number (integer)",
    }


def test_judging_leaves_the_garbage_collector_as_it_was() -> None:
    assert gc.isenabled()
    judge(MODELS["pokemon"], GOOD)
    judge(MODELS["pokemon"], BAD)
    assert gc.isenabled()
    gc.disable()
    try:
        judge(MODELS["pokemon"], GOOD)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_accepted_content_is_not_judged_again() -> None:
    court = Judge()
    assert not court.accepts("pokemon", hash_of(GOOD))
    assert court.verdict("pokemon", "1", GOOD, hash_of(GOOD)) == Verdict()
    assert court.accepts("pokemon", hash_of(GOOD))
    # The hash stands for the body: had the body been read again, it would have been rejected.
    assert court.verdict("pokemon", "1", BAD, hash_of(GOOD)) == Verdict()


def test_what_was_unknown_is_told_each_time() -> None:
    court = Judge()
    body = as_bytes(POKEMON | {"zeal": 1})
    first = court.verdict("pokemon", "1", body, hash_of(body))
    assert first == Verdict(unknown=("zeal",))
    assert court.verdict("pokemon", "1", b"", hash_of(body)) == first


def test_a_content_accepted_by_one_model_is_still_judged_by_another() -> None:
    court = Judge()
    court.remember("pokemon", hash_of(BAD))
    verdict = court.verdict("type", "1", BAD, hash_of(BAD))
    assert verdict is not None
    assert not verdict.accepted


def test_a_rejected_content_is_not_remembered() -> None:
    court = Judge()
    for _ in range(2):
        verdict = court.verdict("pokemon", "1", BAD, hash_of(BAD))
        assert verdict is not None
        assert "id" in [each.path for each in verdict.errors]
        assert not court.accepts("pokemon", hash_of(BAD))


def test_history_can_say_which_contents_are_good() -> None:
    court = Judge()
    court.remember("pokemon", b"known", unknown=("zeal",))
    assert court.verdict("pokemon", "1", b"never read", b"known") == Verdict(unknown=("zeal",))


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    court = Judge(capacity=3)
    for name in (b"a", b"b", b"c", b"a", b"d"):
        court.remember("type", name)
    assert [name for name in (b"a", b"b", b"c", b"d") if court.accepts("type", name)] == [b"a", b"c", b"d"]


def test_an_address_without_a_model_has_no_verdict() -> None:
    assert Judge().verdict("berry", "1", b"{}", b"hash") is None


def test_what_is_remembered_again_pushes_nothing_out() -> None:
    court = Judge(capacity=3)
    for name in (b"a", b"b", b"c", b"b"):
        court.remember("type", name)
    assert all(court.accepts("type", name) for name in (b"a", b"b", b"c"))
