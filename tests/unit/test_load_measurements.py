"""What is counted while a load goes on: whoever counts it, in whichever second, it adds up."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.exchange import FailureType
from observatory.load import BUCKETS, Counting, Measurements, Trouble
from observatory.load.latencies import Latencies
from observatory.load.measurements import OTHER_MESSAGES, UNREACHED

ENDED = st.tuples(
    st.integers(0, 2),  # which process
    st.booleans(),  # whether it hands over afterwards
    st.sampled_from(["pokemon", "type", "pokemon list"]),
    st.floats(1_000, 1_010),
    st.floats(0.0001, 20),
    st.integers(0, 10_000),
    st.none() | st.sampled_from(sorted(FailureType)),
)


def measured_of(*countings: Counting) -> Measurements:
    measured = Measurements()
    for counting in countings:
        measured.add(counting.take())
    return measured


def one(latency: float = 0.1, trouble: FailureType | None = None, message: str = "it was so") -> Counting:
    counting = Counting()
    counting.ended("pokemon", 1000.5, latency, 10, Trouble(trouble, message) if trouble else None)
    return counting


@given(st.lists(ENDED, max_size=60))
def test_requests_add_up_over_processes_seconds_and_endpoints(ended: list[tuple[Any, ...]]) -> None:
    measured, countings = Measurements(), [Counting() for _ in range(3)]
    for process, hands_over, endpoint, at, latency, size, failure in ended:
        trouble = Trouble(failure, "it was so") if failure else None
        countings[process].ended(endpoint, at, latency, size, trouble)
        if hands_over:
            measured.add(countings[process].take())
    for counting in countings:
        measured.add(counting.take())

    failures = [each for each in ended if each[6]]
    timed = [each[4] for each in ended if each[6] not in UNREACHED]
    whole = measured.whole()
    assert (whole.requests, whole.failures, whole.size) == (len(ended), len(failures), sum(each[5] for each in ended))
    assert len(whole.latencies) == sum(whole.buckets) == len(timed)
    assert whole.seconds == pytest.approx(sum(timed))
    assert whole.unreached == sum(each[6] in UNREACHED or each[6] == "timeout" for each in ended)
    by_second = Counter(int(each[3]) for each in ended)
    assert {second: moment.requests for second, moment in measured.moments.items()} == by_second
    assert sum(moment.failures for moment in measured.moments.values()) == len(failures)
    assert sum(moment.requests for moment in measured.moments.values()) == len(ended)
    assert {name: cell.requests for name, cell in measured.endpoints.items()} == Counter(each[2] for each in ended)
    assert measured.troubles == Counter((each[2], each[6].value, "it was so") for each in failures)


@given(st.lists(st.floats(0.0001, 20), min_size=1))
def test_the_buckets_count_latencies_by_the_first_bound_they_do_not_exceed(latencies: list[float]) -> None:
    counting = Counting()
    for latency in latencies:
        counting.ended("pokemon", 0, latency, 0, None)
    buckets = measured_of(counting).whole().buckets
    for number, bound in enumerate([*BUCKETS, math.inf]):
        assert sum(buckets[: number + 1]) == sum(latency <= bound for latency in latencies)


@pytest.mark.parametrize("failure", sorted(UNREACHED))
def test_a_failure_that_nobody_answered_has_no_latency(failure: FailureType) -> None:
    whole = measured_of(one(0.1, failure)).whole()
    assert (whole.requests, whole.failures, whole.unreached) == (1, 1, 1)
    assert len(whole.latencies) == sum(whole.buckets) == whole.seconds == 0


def test_a_timeout_has_the_latency_that_was_waited_and_is_no_reach() -> None:
    whole = measured_of(one(10.0, FailureType.TIMEOUT)).whole()
    assert (len(whole.latencies), whole.unreached) == (1, 1)
    assert whole.latencies.longest == pytest.approx(10, rel=0.001)


@pytest.mark.parametrize("failure", sorted(set(FailureType) - UNREACHED - {FailureType.TIMEOUT}))
def test_an_answer_that_is_wrong_has_a_latency_and_is_a_reach(failure: FailureType) -> None:
    whole = measured_of(one(0.3, failure)).whole()
    assert (len(whole.latencies), whole.failures, whole.unreached) == (1, 1, 0)


def test_what_was_taken_is_not_there_a_second_time() -> None:
    counting = one()
    counting.scheduled(1000)
    counting.sent(1000, 0.1)
    assert measured_of(counting).whole().requests == 1
    assert counting.take() == {"cells": [], "troubles": [], "scheduled": [], "sent": [], "late": b"", "last": 0.0}


def test_arrivals_add_up_by_second_with_how_late_they_were() -> None:
    one_process, other = Counting(), Counting()
    one_process.scheduled(1000.2, 3)
    one_process.sent(1000.4, 0.01)
    other.scheduled(1001.9)
    other.sent(1001.9, 0.5)
    other.sent(1000.9, -0.2)  # the clock was not so exact
    measured = measured_of(one_process, other)
    assert (measured.scheduled, measured.sent, len(measured.late)) == (4, 3, 3)
    assert (measured.at(1000).scheduled, measured.at(1000).sent) == (3, 2)
    assert (measured.at(1001).scheduled, measured.at(1001).sent) == (1, 1)
    assert measured.late.longest == pytest.approx(0.5, rel=0.001)


def test_a_hundred_messages_are_told_apart_in_a_process() -> None:
    counting = Counting()
    for number in range(250):
        counting.ended("pokemon", 0, 0.1, 0, Trouble(FailureType.STATUS, f"message {number}"))
    troubles = measured_of(counting).troubles
    assert len(troubles) == 101
    assert troubles["pokemon", "status", OTHER_MESSAGES] == 150
    assert troubles["pokemon", "status", "message 99"] == 1


def test_a_hundred_messages_are_told_apart_in_all_seconds_and_processes() -> None:
    measured = Measurements()
    for second in range(30):
        counting = Counting()
        for number in range(50):
            counting.ended("pokemon", second, 0.1, 0, Trouble(FailureType.MODEL, f"{second} {number}"))
        counting.ended("pokemon", second, 0.1, 0, Trouble(FailureType.MODEL, "each time"))
        measured.add(counting.take())
    assert len(measured.troubles) == 101
    assert measured.troubles["pokemon", "model", "each time"] == 30
    assert measured.troubles.total() == 30 * 51


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_the_seconds_of_another_clock_are_moved_to_those_of_this_one(behind: int, other: int) -> None:
    measured = Measurements()
    for offset in (behind, other):
        counting = Counting()
        at = 1000.25 - offset  # so its own clock says
        counting.scheduled(at)
        counting.sent(at, 0.0)
        counting.ended("pokemon", at, 0.1, 10, None)
        measured.add(counting.take(), offset)
    assert set(measured.moments) == {1000}
    moment = measured.at(1000)
    assert (moment.requests, moment.scheduled, moment.sent, len(moment.latencies())) == (2, 2, 2, 2)
    assert measured.last == 1000.25


def test_the_last_is_the_one_that_ended_last_in_any_process() -> None:
    assert Measurements().last == 0
    early, late = Counting(), Counting()
    early.ended("pokemon", 1000.5, 0.1, 10, None)
    late.ended("pokemon", 1002.75, 0.1, 10, Trouble(FailureType.TIMEOUT, "so it was"))
    assert measured_of(late, early, Counting()).last == 1002.75


def test_a_second_that_was_settled_keeps_its_percentiles_and_lets_its_latencies_go() -> None:
    measured = measured_of(one(0.1), one(0.3))
    moment = measured.at(1000)
    longest = moment.latencies().longest
    measured.settle(1001)
    assert (moment.longest, moment.requests, moment.taken) == (longest, 2, [])
    assert moment.p50 == pytest.approx(0.1, rel=0.001)
    measured.add(one(5.0).take())  # it came too late to have a part in them
    measured.settle(1001)
    assert (moment.longest, moment.requests) == (longest, 3)


def test_a_second_that_may_go_on_is_not_settled() -> None:
    measured = measured_of(one(0.1))
    measured.settle(1000)
    assert measured.at(1000).longest is None
    assert len(measured.at(1000).latencies()) == 1


@given(st.lists(st.floats(1e-6, 3600), min_size=1, max_size=200))
def test_a_percentile_is_within_a_thousandth_of_the_truth(latencies: list[float]) -> None:
    found = Latencies()
    for latency in latencies:
        found.add(latency)
    ordered = sorted(latencies)
    assert found.longest == pytest.approx(ordered[-1], rel=0.0015, abs=1e-6)
    for percent in (50, 90, 95, 99, 100):
        true = ordered[-(-len(ordered) * percent // 100) - 1]
        assert found.percentile(percent) == pytest.approx(true, rel=0.0015, abs=1e-6)


@given(st.lists(st.floats(1e-6, 100), max_size=50), st.lists(st.floats(1e-6, 100), max_size=50))
def test_histograms_are_merged_and_sent_without_loss(mine: list[float], theirs: list[float]) -> None:
    one, other, both = Latencies(), Latencies(), Latencies()
    for latency in mine:
        one.add(latency)
        both.add(latency)
    for latency in theirs:
        other.add(latency)
        both.add(latency)
    one.merge(Latencies.of(other.written()))
    assert len(one) == len(both)
    assert [one.percentile(p) for p in (1, 50, 95, 99, 100)] == [both.percentile(p) for p in (1, 50, 95, 99, 100)]


def test_of_no_latencies_nothing_is_said() -> None:
    none = Latencies()
    assert (none.percentile(95), none.longest) == (None, None)


@pytest.mark.parametrize("latency", [-1.0, 0.0, 1e9])
def test_a_latency_out_of_range_counts_as_its_end(latency: float) -> None:
    found = Latencies()
    found.add(latency)
    assert found.longest == pytest.approx(1e-6 if latency <= 0 else 3600, rel=0.001)


@pytest.mark.parametrize("written", [b"", b"rubbish", b"HISTFAAAA"])
def test_what_is_no_histogram_is_refused(written: bytes) -> None:
    with pytest.raises(ValueError, match=r"^These \d+ bytes are no histogram of latencies"):
        Latencies.of(written)
