"""Equal errors have equal fingerprints, whatever names, numbers and times are in their messages; others differ."""

from __future__ import annotations

import time
import uuid
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.flakiness import fingerprint, normalised

_NAMES = st.text(st.characters(categories=("Lu", "Ll", "Nd", "Zs")), max_size=20)
_WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=8).filter(
    lambda word: set(word) - set("abcdef")  # a word that could be a hexadecimal number may be taken for one
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "pokemon/25 could not be reached: it was refused, after 4 attempts at http://127.0.0.1:41234/pokemon/25/.",
            "pokemon/151 could not be reached: it was refused, after 1 attempt at https://example.org/pokemon/151.",
        ),
        ("Status '500' (int) should be '200' (int).", "Status '404' (int) should be '200' (int)."),
        ("It took 0.353 s, at most 250 ms are allowed.", "It took 2 s, at most 1 min is allowed.".replace("is", "are")),
        ("types[0].slot: expected integer, came 'one'", "types[12].slot: expected integer, came 'two'"),
        (
            "Run 0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11 has 3 errors",
            "Run 11111111-2222-3333-4444-555555555555 has 1 error",
        ),
        ("open since 2026-08-08 12:30:01 UTC", "open since 2027-01-31 02:03:04 UTC"),
        ("File /home/ann/suites/one.robot is gone", "File C:\\work\\two.robot is gone"),
        ("1 != 2", "-4.5e3 != 1,351"),
        ("Body 4088ba285022 is unknown", "Body 1f6c0d5b7a11 is unknown"),
    ],
)
def test_the_same_error_in_other_tests_is_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)
    assert fingerprint(one) == fingerprint(other)


def test_other_errors_are_others() -> None:
    messages = [
        "",
        "pokemon/25 answered 404 Not Found where 200 was expected, after 1 attempt at http://api/pokemon/25.",
        "pokemon/25 answered 500 Internal Server Error where 200 was expected, after 4 attempts at http://api/pokemon/25.",
        "pokemon/25 could not be reached: the connection was refused, after 4 attempts at http://api/pokemon/25.",
        "pokemon/25 could not be read: the body is empty, expected JSON, after 1 attempt at http://api/pokemon/25.",
        "types[0].slot: expected integer",
        "stats[0].effort: expected integer",
        "It's broken.",
        "It isn't broken.",
        "Setup failed:\nIt's broken.",
        "No keyword with name 'Get Pokmon' found.",
        "Variable '${POKEMON}' not found.",
    ]
    assert len({fingerprint(message) for message in messages}) == len(messages)


def test_an_apostrophe_begins_no_quotation() -> None:
    assert normalised("Pokemon's slot isn't what the tester's list says") == (
        "Pokemon's slot isn't what the tester's list says"
    )


@settings(max_examples=300)
@given(st.text(max_size=400))
def test_what_is_normalised_stays_as_it_is(message: str) -> None:
    once = normalised(message)
    assert normalised(once) == once
    assert len(fingerprint(message)) == 12


@settings(max_examples=300)
@given(st.text("0123456789abcdefx-+.,:/'\"<>[] TZs\n", max_size=200))
def test_whatever_numbers_and_quotes_are_made_of_is_normalised_once(message: str) -> None:
    assert normalised(normalised(message)) == normalised(message)


@settings(max_examples=200)
@given(
    st.lists(_WORDS, min_size=1, max_size=8),
    st.tuples(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12)),
    st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)),
    st.tuples(_NAMES, _NAMES),
    st.tuples(st.uuids(), st.uuids()),
    st.tuples(st.datetimes(), st.datetimes()),
)
def test_what_varies_makes_no_difference(
    words: list[str],
    numbers: tuple[int, int],
    seconds: tuple[float, float],
    names: tuple[str, str],
    ids: tuple[uuid.UUID, uuid.UUID],
    times: tuple[datetime, datetime],
) -> None:
    def message(which: int) -> str:
        return (
            f"{' '.join(words)}: {numbers[which]} of '{names[which]}' in {seconds[which]:.3f} s, run {ids[which]}, "
            f"since {times[which].isoformat(' ', 'seconds')} at http://host:{abs(numbers[which]) % 65536}/x?y={ids[0]}"
        )

    assert normalised(message(0)) == normalised(message(1))


@settings(max_examples=200)
@given(st.lists(_WORDS, min_size=1, max_size=8), st.lists(_WORDS, min_size=1, max_size=8))
def test_words_make_the_difference(one: list[str], other: list[str]) -> None:
    assert (fingerprint(" ".join(one)) == fingerprint(" ".join(other))) == (one == other)


@pytest.mark.parametrize(
    "part", ["'", '"', "1", "a/", "1.", "1:", "://", "a://", "<n> ", "1 s, ", "0x", "-", "f0", "\u2018", "1, "]
)
def test_a_message_that_is_made_to_take_long_does_not(part: str) -> None:
    started = time.process_time()
    fingerprint(part * 100_000)
    assert time.process_time() - started < 1.0  # some milliseconds where nothing else runs
