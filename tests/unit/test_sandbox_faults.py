"""The board of faults: who is struck, how often, and what a fault may be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Fault, FaultError, Faults, Kind


def struck(board: Faults, requests: int, subject: str = "pokemon/1") -> list[bool]:
    return [bool(board.draw(subject)) for _ in range(requests)]


def test_an_empty_board_strikes_nobody() -> None:
    assert Faults().draw("pokemon/1") == ()


def test_a_fault_strikes_until_cleared() -> None:
    board = Faults()
    injection = board.inject(Fault(kind=Kind.RESET))
    assert struck(board, 3) == [True, True, True]
    board.clear()
    assert struck(board, 2) == [False, False]
    assert (injection.fired, injection.is_active, board.active()) == (3, False, ())


def test_a_fault_strikes_the_next_requests() -> None:
    board = Faults()
    injection = board.inject(Fault(kind=Kind.RESET, times=2))
    assert struck(board, 4) == [True, True, False, False]
    assert (injection.fired, injection.is_active, board.active()) == (2, False, ())


@pytest.mark.parametrize(("share", "every"), [(0.5, 2), (0.2, 5), (0.1, 10), (1.0, 1)])
def test_a_share_is_spread_evenly(share: float, every: int) -> None:
    board = Faults()
    board.inject(Fault(kind=Kind.RESET, share=share))
    assert struck(board, 40) == [number % every == 0 for number in range(1, 41)]


@settings(max_examples=200)
@given(share=st.floats(0.001, 1), requests=st.integers(1, 500))
def test_a_share_is_never_off_by_more_than_one_request(share: float, requests: int) -> None:
    board = Faults()
    injection = board.inject(Fault(kind=Kind.RESET, share=share))
    struck(board, requests)
    assert injection.seen == requests
    assert abs(injection.fired - share * requests) <= 1


def test_a_share_can_end_after_some_times() -> None:
    board = Faults()
    board.inject(Fault(kind=Kind.RESET, share=0.5, times=2))
    assert struck(board, 6) == [False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("only", "subject", "is_concerned"),
    [
        ("", "pokemon/25", True),
        ("pokemon", "pokemon/25", True),
        ("pokemon", "pokemon", True),
        ("pokemon", "pokemon-species/25", False),
        ("pokemon/25", "pokemon/25", True),
        ("pokemon/25", "pokemon/25/encounters", True),
        ("pokemon/25", "pokemon/251", False),
        ("type", "pokemon/25", False),
    ],
)
def test_a_fault_can_be_limited(only: str, subject: str, is_concerned: bool) -> None:
    board = Faults()
    injection = board.inject(Fault(kind=Kind.RESET, only=only))
    assert bool(board.draw(subject)) is is_concerned
    assert injection.seen == is_concerned


def test_latency_comes_on_top_and_the_first_other_fault_wins() -> None:
    board = Faults()
    late, dropped, failed = (board.inject(Fault(kind=kind)) for kind in (Kind.LATENCY, Kind.RESET, Kind.STATUS))
    assert [fault.kind for fault in board.draw("pokemon/1")] == [Kind.LATENCY, Kind.RESET]
    assert (late.fired, dropped.fired, failed.seen) == (1, 1, 0)


def test_the_board_counts_right_for_many_threads() -> None:
    board = Faults()
    injection = board.inject(Fault(kind=Kind.RESET, share=0.25))
    with ThreadPoolExecutor(8) as pool:
        fired = sum(sum(result) for result in pool.map(lambda _: struck(board, 250), range(8)))
    assert (injection.seen, injection.fired, fired) == (2000, 500, 500)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({}, "A fault needs a kind: one of latency, status"),
        ({"kind": "flood"}, "A fault's kind cannot be 'flood'; give one of latency"),
        ({"kind": ["reset"]}, "A fault's kind cannot be ['reset']; give one of latency"),
        ({"kind": "reset", "often": 3}, "A fault has no field 'often'; it has kind, times"),
        ({"kind": "reset", "times": 0}, "A fault's times cannot be 0; give a whole number above 0."),
        ({"kind": "reset", "times": True}, "A fault's times cannot be True"),
        ({"kind": "reset", "share": 0}, "A fault's share cannot be 0; give a number above 0, at most 1."),
        ({"kind": "reset", "share": 1.1}, "A fault's share cannot be 1.1"),
        ({"kind": "reset", "share": float("nan")}, "A fault's share cannot be nan"),
        ({"kind": "reset", "only": 25}, "A fault's only cannot be 25"),
        ({"kind": "latency", "seconds": -1}, "A fault's seconds cannot be -1"),
        ({"kind": "latency", "seconds": "1"}, "A fault's seconds cannot be '1'"),
        ({"kind": "status", "status": 99}, "A fault's status cannot be 99; give a status from 200 to 599."),
        ({"kind": "status", "status": 600}, "A fault's status cannot be 600"),
        ({"kind": "rate_limited", "retry_after": 0.5}, "A fault's retry_after cannot be 0.5"),
        ({"kind": "rate_limited", "as_date": 1}, "A fault's as_date cannot be 1; give true or false."),
        ({"kind": "content_type", "content_type": "a\r\nb"}, "A fault's content_type cannot be"),
        ({"kind": "slow_drip", "pieces": 0}, "A fault's pieces cannot be 0"),
        (
            {"kind": "oversized", "size": 1},
            "A fault's size cannot be 1; give a number of bytes, at least 16.",
        ),
        ({"kind": "malformed", "field": ""}, "A fault's field cannot be ''"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_a_sentence(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FaultError, match=re.escape(sentence)):
        Fault.parse(told)


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "latency", "seconds": 0.2, "times": 3},
        {"kind": "status", "status": 500, "share": 0.2, "only": "pokemon/25"},
        {"kind": "malformed", "field": "weight", "value": None},
        {"kind": "reset"},
    ],
)
def test_a_fault_is_told_as_it_was_read(told: dict[str, Any]) -> None:
    assert Fault.parse(told).told() == told
