"""What the history says of latencies while a run goes on: is this run slower than those before it?"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError

if TYPE_CHECKING:
    from observatory.history.database import Database
    from observatory.history.latency_queries import EarlierRun, Version
    from observatory.history.latency_series import Acceptance
    from observatory.history.latency_store import RunSoFar
    from observatory.latency import Baseline, Said, Times


@dataclass(frozen=True, slots=True)
class LatencyNow:
    """What a run measured of an endpoint so far, what is said of it, and what it is compared with.

    `earlier` are the runs of the same series before it, of late, and `versions` the baselines that held meanwhile, both
    in the order of time.
    """

    times: Times
    said: Said
    earlier: Sequence[EarlierRun]
    versions: Sequence[Version]


class Latency:
    """Asks the history about latencies; one for a process.

    `settle` waits until everything that was told is stored, and raises `HistoryError` when it cannot be.
    """

    def __init__(self, database: Database, settle: Callable[[], None], window: timedelta) -> None:
        """Ask nothing yet; `window` is the time whose runs make a baseline."""
        self._database = database
        self._settle = settle
        self._window = window
        self._so_far: dict[uuid.UUID, RunSoFar] = {}

    def now(self, run_id: uuid.UUID, endpoint: str) -> LatencyNow | None:
        """What a run measured of an endpoint so far, and what is said of it; None when it measured nothing.

        Finished runs that nobody judged yet are judged before.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.latency_queries import earlier_runs, versions
        from observatory.history.latency_store import RunSoFar, judge_all

        with self._asking(f"The latency of {endpoint} could not be judged"):
            if run_id not in self._so_far:
                judge_all(self._database, datetime.now(UTC), self._window)
            with self._database.transaction() as connection:
                if run_id not in self._so_far:
                    self._so_far[run_id] = RunSoFar(connection, run_id, self._window)
                found = self._so_far[run_id].judge(connection).get(endpoint)
                if found is None:
                    return None
                earlier, held = earlier_runs(connection, run_id, endpoint), versions(connection, run_id, endpoint)
        return LatencyNow(*found, earlier, held)

    def times(self, run_id: uuid.UUID, endpoint: str) -> Times | None:
        """What a run measured of an endpoint so far; None when it measured nothing.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.latency_series import read_times

        what_fails = f"The latency of {endpoint} could not be read"
        with self._asking(what_fails), self._database.transaction() as connection, connection.cursor() as cursor:
            found = read_times(cursor, {str(run_id): datetime.now(UTC)}, endpoint)
        return found.get(str(run_id), {}).get(endpoint)

    def accept(self, run_id: uuid.UUID, endpoint: str, acceptance: Acceptance) -> Baseline | None:
        """Take the level that an endpoint has in a run, and in those before it that show the same, for usual.

        Gives None when nothing changed, or nothing is known yet: then there is nothing to accept.

        Raises:
            HistoryError: the database cannot be reached.
            ObservatoryError: the endpoint was not measured in the run.
        """
        from observatory.history.latency_store import accept_so_far, judge_all

        with self._asking(f"The latency of {endpoint} could not be accepted"):
            judge_all(self._database, datetime.now(UTC), self._window)
            self._so_far.pop(run_id, None)
            with self._database.transaction() as connection:
                return accept_so_far(connection, run_id, endpoint, acceptance)

    @contextmanager
    def _asking(self, what_fails: str) -> Iterator[None]:
        self._settle()
        try:
            yield
        except psycopg2.Error as error:
            raise HistoryError(f"{what_fails}: {error}".strip()) from error
