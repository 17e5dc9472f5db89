"""A history into which a test puts the latencies of runs, and what was judged of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from observatory.history import RunEntry
from observatory.history.database import Database
from observatory.history.entries import Entry, SampleEntry
from observatory.history.latency_store import judge_finished
from observatory.history.store import store
from tests.history_values import a_run, a_sample, rows
from tests.latency_values import noisy

FIRST = datetime(2026, 7, 1, 1, tzinfo=UTC)
BETWEEN = timedelta(hours=6)

_VERDICTS = """
SELECT verdict.*, baseline.number FROM latency_verdicts AS verdict
LEFT JOIN performance_baselines AS baseline ON baseline.id = verdict.baseline_id
WHERE verdict.endpoint = %s AND (%s::uuid IS NULL OR run_id = %s) ORDER BY verdict.started_at
"""


class LatencyHistory:
    """A history of runs that follow each other by six hours."""

    def __init__(self, database: Database) -> None:
        """Nothing is known yet."""
        self.database = database
        self.random = Random(1)
        self.number = 0

    def next_time(self) -> datetime:
        """When the next run begins."""
        self.number += 1
        return FIRST + (self.number - 1) * BETWEEN

    @property
    def now(self) -> datetime:
        """A time after all runs so far, and before the next."""
        return FIRST + (self.number - 1) * BETWEEN + timedelta(hours=2)

    def put(self, seconds: Mapping[str, Sequence[float]] | None = None, **values: Any) -> RunEntry:
        """Store a run that is over, with the seconds of its requests by endpoint, each to a resource of its own."""
        at, in_batch = values.pop("at", None) or self.next_time(), values.pop("in_batch", False)
        run = a_run("live", started_at=at, finished_at=at + timedelta(minutes=2))
        run = replace(run, **values)
        measured = {"pokemon": noisy(self.random, 10)} if seconds is None else seconds
        self.store([run, *samples(run, measured, in_batch=in_batch)])
        return run

    def put_many(self, amount: int, factor: float = 1.0, endpoint: str = "pokemon", **values: Any) -> list[RunEntry]:
        """Store some runs that are alike."""
        return [self.put({endpoint: noisy(self.random, 10, factor)}, **values) for _ in range(amount)]

    def store(self, entries: Iterable[Entry]) -> None:
        """Store entries as a writer does."""
        with self.database.transaction() as connection:
            store(connection, list(entries))

    def judge(self, now: datetime | None = None) -> int:
        """Judge what is finished; gives how many runs that were."""
        with self.database.transaction() as connection:
            return judge_finished(connection, now or self.now)

    def verdicts(self, endpoint: str = "pokemon", run: RunEntry | None = None) -> list[dict[str, Any]]:
        """What was judged of an endpoint, in the order of the runs."""
        run_id = run.id if run else None
        with self.database.transaction() as connection, connection.cursor() as cursor:
            cursor.execute(_VERDICTS, (endpoint, run_id, run_id))
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def words(self, endpoint: str = "pokemon") -> list[str]:
        """The verdicts alone."""
        return [each["verdict"] for each in self.verdicts(endpoint)]

    def versions(self, endpoint: str = "pokemon") -> list[tuple[Any, ...]]:
        """The versions of a baseline: number, from when, until when, samples, runs."""
        statement = (
            "SELECT number, valid_from, valid_until, samples, runs FROM performance_baselines "
            "WHERE endpoint = %s ORDER BY target_id, host, shard, kind, number"
        )
        return rows(self.database, statement, endpoint)


def samples(run: RunEntry, seconds: Mapping[str, Sequence[float]], **values: Any) -> list[SampleEntry]:
    """A sample for each of these times, by endpoint."""
    return [
        a_sample(
            run,
            id=uuid.uuid4(),
            endpoint=endpoint,
            resource=str(place),
            started_at=run.started_at + timedelta(milliseconds=place),
            elapsed=each,
            **values,
        )
        for endpoint, many in seconds.items()
        for place, each in enumerate(many, 1)
    ]
