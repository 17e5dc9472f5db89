"""The machine's own time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from observatory.client import SystemClock


def test_the_wall_clock_is_aware_and_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_sleeping_takes_at_least_as_long_as_asked() -> None:
    clock = SystemClock()
    begun = clock.monotonic()
    clock.sleep(0.01)
    asyncio.run(clock.sleep_async(0.01))
    assert clock.monotonic() - begun >= 0.02
    assert abs(clock.monotonic() - time.monotonic()) < 5
