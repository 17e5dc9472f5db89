"""However the requests come, no window holds more of them than the limit allows."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from observatory.client import ProcessRateLimiter
from tests.fake_clock import FakeClock

PAUSES = st.lists(st.floats(min_value=0, max_value=100, allow_subnormal=False), min_size=1, max_size=60)
LIMITS = st.integers(min_value=1, max_value=12)
WINDOWS = st.floats(min_value=0.001, max_value=120)
ROUNDING = 1e-9
"""Seconds; times are floats, and two of them differ by a rounding."""


def departures(pauses: list[float], limiter: ProcessRateLimiter, clock: FakeClock) -> list[float]:
    """When requests leave that are asked for after these pauses, none waiting for the one before."""
    leaving = []
    for pause in pauses:
        clock.advance(pause)
        leaving.append(clock.monotonic() + limiter.reserve())
    return leaving


@settings(max_examples=300)
@given(PAUSES, LIMITS, WINDOWS)
def test_no_window_ever_holds_more_than_the_limit(pauses: list[float], limit: int, window: float) -> None:
    clock = FakeClock()
    leaving = departures(pauses, ProcessRateLimiter(limit, window, clock), clock)
    for start in leaving:
        in_window = [moment for moment in leaving if start <= moment < start + window - ROUNDING]
        assert len(in_window) <= limit


@given(PAUSES, LIMITS, WINDOWS)
def test_requests_leave_in_the_order_of_asking_and_never_early(pauses: list[float], limit: int, window: float) -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(limit, window, clock)
    leaving = departures(pauses, limiter, clock)
    assert leaving == sorted(leaving)


@given(PAUSES, LIMITS, WINDOWS)
def test_nobody_waits_longer_than_the_limit_asks_for(pauses: list[float], limit: int, window: float) -> None:
    clock = FakeClock()
    leaving = departures(pauses, ProcessRateLimiter(limit, window, clock), clock)
    asked = 0.0
    for position, pause in enumerate(pauses):
        asked += pause
        earliest = leaving[position - limit] + window if position >= limit else 0.0
        assert abs(leaving[position] - max(asked, earliest)) <= ROUNDING


@given(PAUSES, LIMITS, WINDOWS)
@example([0.0, 1.3328566101839492, 3.00001, 0.0, 0.0], 2, 68.79612398572023)  # the wait is rounded up
def test_whoever_sleeps_as_told_does_not_wake_too_early(pauses: list[float], limit: int, window: float) -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(limit, window, clock)
    left: list[float] = []
    for pause in pauses:
        clock.advance(pause)
        wait = limiter.reserve()
        clock.sleep(wait)
        left.append(clock.monotonic())
        if len(left) > limit:
            assert left[-1] >= left[-1 - limit] + window
