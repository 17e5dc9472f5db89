"""What is asked of the history about latencies: the runs before, as they were judged, and the baselines by version."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

_MOST_SHOWN = 60  # runs in a chart

_EARLIER = """
SELECT verdict.started_at, verdict.p50, verdict.p95, verdict.verdict
FROM runs AS this
JOIN runs AS run USING (target_id, host, shard, kind)
JOIN latency_verdicts AS verdict ON verdict.run_id = run.id
WHERE this.id = %(run_id)s AND run.id <> this.id AND verdict.endpoint = %(endpoint)s
ORDER BY verdict.started_at DESC LIMIT %(most)s
"""

_VERSIONS = """
SELECT baseline.valid_from, baseline.valid_until, baseline.p50, baseline.p95
FROM runs AS this JOIN performance_baselines AS baseline USING (target_id, host, shard, kind)
WHERE this.id = %(run_id)s AND baseline.endpoint = %(endpoint)s
ORDER BY baseline.number
"""

_BASELINES = """
SELECT target.name, baseline.endpoint, baseline.host, baseline.shard, baseline.kind, baseline.number, baseline.p50,
       baseline.p95, baseline.p99, baseline.samples, baseline.runs, baseline.valid_from, baseline.accepted_by,
       baseline.reason, verdict.run_id,
       CASE WHEN verdict.baseline_id = baseline.id THEN verdict.verdict END,
       CASE WHEN verdict.baseline_id = baseline.id THEN verdict.effect END
FROM performance_baselines AS baseline
JOIN targets AS target ON target.id = baseline.target_id
LEFT JOIN LATERAL (
    SELECT verdict.run_id, verdict.baseline_id, verdict.verdict, verdict.effect
    FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = verdict.run_id
    WHERE (run.target_id, run.host, run.shard, run.kind)
        = (baseline.target_id, baseline.host, baseline.shard, baseline.kind)
      AND verdict.endpoint = baseline.endpoint
    ORDER BY verdict.id DESC LIMIT 1
) AS verdict ON true
WHERE baseline.valid_until IS NULL
  AND (%(target)s::text IS NULL OR target.name = %(target)s)
  AND (%(endpoint)s::text IS NULL OR baseline.endpoint = %(endpoint)s)
  AND (%(host)s::text IS NULL OR baseline.host = %(host)s)
  AND (%(kind)s::text IS NULL OR baseline.kind = %(kind)s)
ORDER BY target.name, baseline.endpoint, baseline.host, baseline.shard, baseline.kind
"""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run of a series as it was judged: when it began, percentiles in seconds."""

    at: datetime
    p50: float
    p95: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a baseline: from when to when it held (None: it holds), percentiles in seconds."""

    valid_from: datetime
    valid_until: datetime | None
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class HeldBaseline:
    """The baseline of an endpoint that holds in a series, and what was said last; percentiles in seconds.

    `verdict` and `effect` are None until a run is held against it, as after a person accepted it.
    """

    target: str
    endpoint: str
    host: str
    shard: str
    kind: str
    number: int
    p50: float
    p95: float
    p99: float
    samples: int
    runs: int
    valid_from: datetime
    accepted_by: str
    reason: str
    last_run_id: uuid.UUID | None
    verdict: str | None
    effect: float | None


def earlier_runs(connection: Connection, run_id: uuid.UUID, endpoint: str) -> list[EarlierRun]:
    """The judged runs of the series that a run belongs to, without itself, the oldest first; of late, if many."""
    values = {"run_id": run_id, "endpoint": endpoint, "most": _MOST_SHOWN}
    return [EarlierRun(*row) for row in reversed(_rows(connection, _EARLIER, values))]


def versions(connection: Connection, run_id: uuid.UUID, endpoint: str) -> list[Version]:
    """All versions of the baseline of the series that a run belongs to, the oldest first."""
    return [Version(*row) for row in _rows(connection, _VERSIONS, {"run_id": run_id, "endpoint": endpoint})]


def held_baselines(
    connection: Connection,
    *,
    target: str | None = None,
    endpoint: str | None = None,
    host: str | None = None,
    kind: str | None = None,
) -> list[HeldBaseline]:
    """The baselines that hold, of all series, or only of a target, an endpoint, a host, a kind of run."""
    values = {"target": target, "endpoint": endpoint, "host": host, "kind": kind}
    return [HeldBaseline(*row) for row in _rows(connection, _BASELINES, values)]


def _rows(connection: Connection, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
