"""How latencies are judged in the history: finished runs in the order in which they began, by whoever asks first.

A lock lets one process judge at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from observatory.errors import ObservatoryError
from observatory.history.latency_series import Acceptance, Key, StoredSeries, read_times
from observatory.history.lessons import UNTAUGHT
from observatory.latency import WINDOW, Baseline, Said, Times

if TYPE_CHECKING:
    from observatory.history.database import Database

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('latency'))"

# A run is finished when it said so; one that was killed is, when it is an hour old.
_UNJUDGED = """
SELECT run.id, run.started_at, run.target_id, run.host, run.shard, run.kind
FROM runs AS run JOIN targets AS target ON target.id = run.target_id
WHERE target.name <> ALL(%(untaught)s) AND run.started_at < %(now)s + interval '5 minutes'
  AND (run.finished_at IS NOT NULL OR run.started_at < %(now)s - interval '1 hour')
  AND NOT EXISTS (SELECT FROM latency_verdicts AS verdict WHERE verdict.run_id = run.id)
  AND EXISTS (SELECT FROM latency_samples AS sample
              WHERE sample.run_id = run.id AND left_out = '' AND elapsed_seconds > 0)
ORDER BY run.started_at, run.id LIMIT %(most)s
"""

# The processes of a run end one after the other: what was judged before the last one did is judged again, as long as
# no other run of the series was judged since, and it is one of the latest.
_JUDGED_TOO_SOON = """
DELETE FROM latency_verdicts WHERE run_id IN (
    SELECT latest.id FROM (
        SELECT DISTINCT ON (run.target_id, run.host, run.shard, run.kind) run.id
        FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = verdict.run_id
        WHERE verdict.id > (SELECT max(id) - 2000 FROM latency_verdicts)
        ORDER BY run.target_id, run.host, run.shard, run.kind, verdict.id DESC) AS latest
    WHERE (SELECT count(*) FROM latency_samples AS sample
           WHERE sample.run_id = latest.id AND left_out = '' AND elapsed_seconds > 0)
        > (SELECT sum(requests) FROM latency_verdicts AS verdict WHERE verdict.run_id = latest.id))
"""

_MOST_AT_ONCE = 20  # runs that are judged in one transaction


def judge_finished(connection: Connection, now: datetime, most: int | None = None, window: timedelta = WINDOW) -> int:
    """Judge finished runs that were not judged yet, in the order in which they began; gives how many there were.

    What it says stands when the transaction is committed; `most` bounds it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_JUDGED_TOO_SOON)
        cursor.execute(_UNJUDGED, {"now": now, "untaught": list(UNTAUGHT), "most": most})
        runs = cursor.fetchall()
        series: dict[Key, StoredSeries] = {}
        for run_id, started_at, *key in runs:
            of = Key(*key)
            if of not in series:
                series[of] = StoredSeries(cursor, of, started_at, window)
            found = read_times(cursor, {str(run_id): started_at})
            series[of].judge(found.get(str(run_id), {}))
        return len(runs)


def judge_all(database: Database, now: datetime, window: timedelta = WINDOW) -> None:
    """Judge all finished runs, some at a time: no other process waits for long, and what was done stays done.

    Raises:
        HistoryError: the database cannot be reached.
        psycopg2.Error: a statement failed.
    """
    judged = _MOST_AT_ONCE
    while judged == _MOST_AT_ONCE:
        with database.transaction() as connection:
            judged = judge_finished(connection, now, _MOST_AT_ONCE, window)


class RunSoFar:
    """A run that goes on, as it can be judged by what it measured so far; what it is held against is read once."""

    def __init__(self, connection: Connection, run_id: uuid.UUID, window: timedelta = WINDOW) -> None:
        """Read what holds before the run."""
        self._run_id = run_id
        with connection.cursor() as cursor:
            self._series = _series_of(cursor, run_id, window)

    def judge(self, connection: Connection) -> dict[str, tuple[Times, Said]]:
        """What is said of each endpoint by what the run measured so far; nothing of it is stored."""
        with connection.cursor() as cursor:
            run = _times_of(cursor, self._run_id)
            said = self._series.said_of(cursor, run) if self._series is not None else {}
        return {endpoint: (run[endpoint], each) for endpoint, each in said.items()}


def accept_so_far(connection: Connection, run_id: uuid.UUID, endpoint: str, acceptance: Acceptance) -> Baseline | None:
    """Take the level that an endpoint has in a run that goes on, and in those before it that show the same, for usual.

    Gives None when nothing changed, or nothing is known yet: then there is nothing to accept.

    Raises:
        ObservatoryError: the endpoint was not measured in the run.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        run, series = _times_of(cursor, run_id), _series_of(cursor, run_id)
        if series is not None:
            series.course.judge(run)
        return _accept(run, series, endpoint, acceptance)


def accept_finished(
    connection: Connection, run_id: uuid.UUID, endpoint: str, acceptance: Acceptance
) -> Baseline | None:
    """Take the level for usual that an endpoint had in a run, the last that was judged of its series.

    Gives None when nothing changed, or nothing is known yet: then there is nothing to accept.

    Raises:
        ObservatoryError: the endpoint was not measured in the run.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        run, series = _times_of(cursor, run_id), _series_of(cursor, run_id, with_it=True)
        return _accept(run, series, endpoint, acceptance)


def _accept(
    run: Mapping[str, Times],
    series: StoredSeries | None,
    endpoint: str,
    acceptance: Acceptance,
) -> Baseline | None:
    if series is None or endpoint not in run:
        raise ObservatoryError(f"{endpoint} was not measured in this run, so there is nothing to accept.")
    return series.accept(endpoint, run[endpoint], acceptance)


def _times_of(cursor: Cursor, run_id: uuid.UUID) -> dict[str, Times]:
    """What a run measured so far, by endpoint."""
    cursor.execute("SELECT started_at FROM runs WHERE id = %s", (run_id,))
    row = cursor.fetchone()
    return {} if row is None else read_times(cursor, {str(run_id): row[0]}).get(str(run_id), {})


def _series_of(
    cursor: Cursor, run_id: uuid.UUID, window: timedelta = WINDOW, *, with_it: bool = False
) -> StoredSeries | None:
    """The series that a run belongs to, as it was before it or `with_it`; None when the history does not know it."""
    cursor.execute("SELECT started_at, target_id, host, shard, kind FROM runs WHERE id = %s", (run_id,))
    row = cursor.fetchone()
    if row is None:
        return None
    return StoredSeries(cursor, Key(*row[1:]), row[0], window, None if with_it else run_id)
