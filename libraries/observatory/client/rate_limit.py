"""The rate limit: how many requests may leave in a window of time."""

from __future__ import annotations

import math
from collections import deque
from threading import Lock
from typing import Protocol

from observatory.client.clock import SYSTEM_CLOCK, Clock


class RateLimiter(Protocol):
    """Whoever says when the next request may leave."""

    def reserve(self) -> float:
        """Take the next place and give the seconds to wait until it; whoever asked waits, then sends."""
        ...


class ProcessRateLimiter:
    """At most `max_requests` places in any window of `time_window` seconds, for all threads of this process.

    The n-th place lies at least a whole window after the (n - `max_requests`)-th, so there is no moment at
    which twice the number could leave, as there is with counters that are emptied at the full minute.
    Places are given in the order of asking. One call costs the same however many went before.
    """

    def __init__(self, max_requests: int = 100, time_window: float = 60.0, clock: Clock = SYSTEM_CLOCK) -> None:
        """Begin with every place free.

        Raises:
            ValueError: a number is not above 0.
        """
        if max_requests < 1 or not time_window > 0:
            raise ValueError(
                f"A rate limit of {max_requests} requests in {time_window} seconds lets nothing through; "
                "give numbers above 0."
            )
        self._window = time_window
        self._clock = clock
        self._lock = Lock()
        self._places: deque[float] = deque(maxlen=max_requests)

    def reserve(self) -> float:
        """Take the next place and give the seconds to wait until it; 0 when it is now."""
        with self._lock:
            now = self._clock.monotonic()
            place = now
            if len(self._places) == self._places.maxlen:
                place = max(now, self._places[0] + self._window, self._places[-1])
            wait = place - now
            if now + wait < place:
                # The difference was rounded down: the request would leave a hair too early.
                wait = math.nextafter(wait, math.inf)
            # Not `place`: whoever sleeps as told may wake a rounding after it, and the next window begins there.
            self._places.append(now + wait)
            return wait

    async def acquire(self) -> float:
        """Take the next place, wait until it, and give the seconds that were waited."""
        wait = self.reserve()
        if wait > 0:
            await self._clock.sleep_async(wait)
        return wait

    def reset(self) -> None:
        """Forget what was taken, as if nothing had been sent yet."""
        with self._lock:
            self._places.clear()
