"""What is asked of the history about loads: those of a kind, to compare with, and the latest, for a table."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.history.entries import storable
from observatory.load.report import Ending, LoadModel, LoadPlan, PastLoad

# Of a load that was broken off, the numbers are of its beginning.
_PAST: Final = """
SELECT run.started_at, load.outcome, load.requests, load.failures, load.throughput, load.p50, load.p95, load.p99
FROM load_runs AS load
JOIN runs AS run ON run.id = load.run_id
JOIN targets AS target ON target.id = run.target_id
WHERE target.name = %(target)s AND run.host = %(host)s AND run.started_at < %(before)s AND load.ending = %(ending)s
    AND (load.profile, load.shape, load.model, load.visitor) = (%(profile)s, %(shape)s, %(model)s, %(visitor)s)
    AND load.planned_seconds IS NOT DISTINCT FROM %(planned_seconds)s
    AND CASE WHEN load.model = %(open)s THEN load.rate = %(rate)s ELSE load.users = %(users)s END
ORDER BY run.started_at DESC, run.id LIMIT %(most)s
"""

_LOADS: Final = """
SELECT load.run_id, target.name, run.host, run.started_at, run.git_revision, load.profile, load.shape, load.model,
       load.visitor, load.users, load.rate, load.planned_seconds, load.seconds, load.ending, load.outcome,
       load.requests, load.failures, load.throughput, load.p50, load.p90, load.p95, load.p99, load.longest,
       load.scheduled, load.sent, load.processes
FROM load_runs AS load
JOIN runs AS run ON run.id = load.run_id
JOIN targets AS target ON target.id = run.target_id
WHERE %(target)s::text IS NULL OR target.name = %(target)s
ORDER BY run.started_at DESC, run.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class RememberedLoad:
    """A load as the history has it: where and when, what was planned, and what came of it.

    `seconds` is how long it lasted, latencies are seconds and None when nobody answered, `throughput` is requests a
    second; `rate`, `scheduled` and `sent` are None in the closed model, `planned_seconds` when it was to go on until
    somebody stops it.
    """

    run_id: uuid.UUID
    target: str
    host: str
    started_at: datetime
    git_revision: str | None
    profile: str
    shape: str
    model: str
    visitor: str
    users: int
    rate: float | None
    planned_seconds: float | None
    seconds: float
    ending: str
    outcome: str
    requests: int
    failures: int
    throughput: float
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    longest: float | None
    scheduled: int | None
    sent: int | None
    processes: int


def past_loads(connection: Connection, plan: LoadPlan, host: str, before: datetime, most: int = 10) -> list[PastLoad]:
    """The loads of the same kind that began before a time, the latest first, at most so many.

    Of the same kind are those on the same target from the same host with the same profile, shape, model, visitor and
    time, and as many users, or arrivals a second in the open model; and only those that came to their planned end.
    """
    values = {
        "target": storable(plan.target),
        "host": storable(host),
        "before": before,
        "ending": Ending.FINISHED.value,
        "profile": storable(plan.profile),
        "shape": storable(plan.shape),
        "model": plan.model.value,
        "visitor": storable(plan.visitor),
        "open": LoadModel.OPEN.value,
        "rate": plan.rate,
        "users": plan.users,
        "planned_seconds": plan.seconds,
        "most": most,
    }
    return [PastLoad(*row) for row in _rows(connection, _PAST, values)]


def loads(connection: Connection, target: str | None = None, most: int = 20) -> list[RememberedLoad]:
    """The latest loads on a target, or on all, the newest first, however they ended."""
    rows = _rows(connection, _LOADS, {"target": target, "most": most})
    return [RememberedLoad(*row) for row in rows]


def _rows(connection: Connection, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
