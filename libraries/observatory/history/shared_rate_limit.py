"""One rate limit for all processes, and for all machines that share the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg2

from observatory.client import RateLimiter
from observatory.errors import HistoryError
from observatory.history.database import Database

_TRY_AGAIN = 30.0  # seconds after which a database that was away is asked again


class SharedRateLimiter:
    """Reserves requests to one target in PostgreSQL, so that at most `max_requests` leave in any `time_window` seconds.

    While the database is away, `fallback` limits this process alone; `report` is told once, in one sentence.
    """

    def __init__(
        self,
        database: Database,
        target: str,
        max_requests: int,
        time_window: float,
        *,
        fallback: RateLimiter,
        report: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Remember the limit; the database is first asked by the first `reserve`."""
        self._database = database
        self._arguments = (target, max_requests, f"{time_window} seconds")
        self._fallback = fallback
        self._report = report
        self._monotonic = monotonic
        self._ask_again_at = 0.0
        self._told = False
        # A batch reserves on many threads at once; one after the other they need one connection, and one of them
        # finds out that the database is away.
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Reserve the next request and give the seconds to wait before it may leave."""
        with self._lock:
            return self._reserve()

    def _reserve(self) -> float:
        if self._monotonic() < self._ask_again_at:
            return self._fallback.reserve()
        try:
            with self._database.transaction() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT reserve_request(%s, %s, %s)", self._arguments)
                row = cursor.fetchone()
        except (HistoryError, psycopg2.Error) as error:
            self._ask_again_at = self._monotonic() + _TRY_AGAIN
            if not self._told:
                self._told = True
                self._report(f"{error} Until it is back, the rate limit counts the requests of each process alone.")
            return self._fallback.reserve()
        return max(0.0, row[0]) if row else 0.0
