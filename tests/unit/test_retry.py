"""How often, and after which waits, a request is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from observatory.client.fault import Again, Fault
from observatory.client.retry import RetryPlan, RetryRules
from observatory.exchange import FailureType

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
BROKEN = Fault(FailureType.SERVER_ERROR, "answered 503", Again.AFTER_A_WHILE)
LIMITED = Fault(FailureType.RATE_LIMITED, "answered 429", Again.WHEN_ALLOWED)
LOST = Fault(FailureType.STATUS, "answered 404")


def plan(jitter: float = 0.0, method: str = "GET", rules: RetryRules | None = None) -> RetryPlan:
    return RetryPlan(rules or RetryRules(), lambda: jitter, method)


def waits(plan: RetryPlan, fault: Fault | None, times: int, retry_after: str | None = None) -> list[float | None]:
    return [plan.wait_after(fault, retry_after, NOW) for _ in range(times)]


def test_a_broken_answer_is_tried_three_more_times_after_one_two_and_four_seconds() -> None:
    assert waits(plan(), BROKEN, 5) == [1.0, 2.0, 4.0, None, None]


def test_a_429_without_retry_after_is_tried_five_more_times_the_last_two_after_eight_seconds() -> None:
    assert waits(plan(), LIMITED, 6) == [1.0, 2.0, 4.0, 8.0, 8.0, None]


def test_the_jitter_is_added_to_each_wait() -> None:
    assert waits(plan(jitter=0.25), BROKEN, 3) == [1.25, 2.25, 4.25]


def test_retry_after_is_kept_to_the_second_without_jitter() -> None:
    assert waits(plan(jitter=0.9), LIMITED, 2, "7") == [7.0, 7.0]


def test_a_broken_retry_after_falls_back_to_our_own_waits() -> None:
    assert waits(plan(), LIMITED, 2, "soon") == [1.0, 2.0]


def test_retry_after_on_anything_but_a_429_changes_nothing() -> None:
    assert waits(plan(), BROKEN, 1, "30") == [1.0]


def test_the_two_kinds_of_retries_are_counted_apart() -> None:
    mixed = plan()
    assert waits(mixed, BROKEN, 3) == [1.0, 2.0, 4.0]
    assert waits(mixed, LIMITED, 5) == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert waits(mixed, BROKEN, 1) == [None]


def test_neither_a_good_answer_nor_a_lost_cause_is_tried_again() -> None:
    assert waits(plan(), None, 1) == [None]
    assert waits(plan(), LOST, 1) == [None]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_been_carried_out_is_not_sent_twice(method: str) -> None:
    assert waits(plan(method=method), BROKEN, 1) == [None]
    assert waits(plan(method=method), LIMITED, 1) == [1.0]


def test_with_a_shorter_pause_all_waits_of_our_own_are_shorter() -> None:
    short = RetryRules(pause=0.1)
    assert waits(plan(jitter=0.5, rules=short), BROKEN, 3) == pytest.approx([0.15, 0.25, 0.45])
    assert waits(plan(rules=short), LIMITED, 1, "7") == [7.0], "what the server asks for stays"
    assert waits(plan(jitter=0.5, rules=RetryRules(pause=0.0)), BROKEN, 3) == [0.0, 0.0, 0.0]


def test_no_retries_means_none() -> None:
    assert waits(plan(rules=RetryRules(0, 0)), BROKEN, 1) == [None]
    assert waits(plan(rules=RetryRules(0, 0)), LIMITED, 1) == [None]
