"""The rate limit of one process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from observatory.client import ProcessRateLimiter
from tests.fake_clock import FakeClock


def test_the_first_requests_of_a_window_leave_at_once() -> None:
    limiter = ProcessRateLimiter(3, 60.0, FakeClock())
    assert [limiter.reserve() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_the_next_request_waits_for_a_whole_window_after_the_first() -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(2, 60.0, clock)
    limiter.reserve()
    clock.advance(20)
    limiter.reserve()
    clock.advance(10)
    assert limiter.reserve() == 30.0
    assert limiter.reserve() == 50.0


def test_requests_that_wait_keep_their_order_and_their_distance() -> None:
    limiter = ProcessRateLimiter(1, 10.0, FakeClock())
    assert [limiter.reserve() for _ in range(4)] == [0.0, 10.0, 20.0, 30.0]


def test_a_place_that_was_not_used_is_not_saved_up() -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(2, 60.0, clock)
    clock.advance(600)
    assert [limiter.reserve() for _ in range(3)] == [0.0, 0.0, 60.0]


def test_the_default_is_a_hundred_requests_a_minute() -> None:
    limiter = ProcessRateLimiter(clock=FakeClock())
    waits = [limiter.reserve() for _ in range(101)]
    assert waits == [0.0] * 100 + [60.0]


@pytest.mark.parametrize(("window", "first", "second"), [(60.0, 0.897, 16.297), (10.0, 1.592, 2.037)])
def test_a_wait_is_not_rounded_down(window: float, first: float, second: float) -> None:
    assert second + (first + window - second) < first + window, "the plain difference would be a hair too short"
    clock = FakeClock()
    limiter = ProcessRateLimiter(1, window, clock)
    clock.set(first)
    limiter.reserve()
    clock.set(second)
    assert second + limiter.reserve() >= first + window


def test_acquire_waits_and_says_how_long() -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(1, 5.0, clock)
    assert asyncio.run(limiter.acquire()) == 0.0
    assert asyncio.run(limiter.acquire()) == 5.0
    assert clock.sleeps == [5.0]


def test_reset_frees_every_place() -> None:
    limiter = ProcessRateLimiter(1, 60.0, FakeClock())
    limiter.reserve()
    limiter.reset()
    assert limiter.reserve() == 0.0


def test_threads_that_ask_at_once_get_different_places() -> None:
    limiter = ProcessRateLimiter(1, 1.0, FakeClock())
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: limiter.reserve(), range(200)))
    assert sorted(waits) == [float(place) for place in range(200)]


@pytest.mark.parametrize(("max_requests", "window"), [(0, 60.0), (-1, 60.0), (1, 0.0), (1, -1.0), (1, float("nan"))])
def test_a_limit_that_lets_nothing_through_is_refused(max_requests: int, window: float) -> None:
    with pytest.raises(ValueError, match="lets nothing through"):
        ProcessRateLimiter(max_requests, window)
