"""A clock for tests: it moves on when somebody waits for it, and nobody has to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes by being slept through; `sleeps` are the seconds of each sleep, in order."""

    def __init__(self, start: datetime = START) -> None:
        """Begin at `start`, with no time passed."""
        self.sleeps: list[float] = []
        self._start = start
        self._passed = 0.0
        self._lock = Lock()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._passed += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def set(self, passed: float) -> None:
        """Let it be so many seconds after the start, to the last bit."""
        with self._lock:
            self._passed = passed

    def advance(self, seconds: float) -> None:
        """Let time pass that nobody asked for."""
        with self._lock:
            self._passed += seconds
