"""How loads become rows, and how samples of others that were measured while a load went on are left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extras import execute_values

from observatory.history.entries import LOAD, LoadEntry, LoadNumbers, RunEntry, SampleEntry

_PLAN: Final = (
    *("run_id", "profile", "shape", "model", "visitor", "users", "rate", "planned_seconds", "seconds", "ending"),
    *("outcome", "scheduled", "sent", "processes"),
)
_NUMBERS: Final = ("requests", "failures", "throughput", "p50", "p90", "p95", "p99", "longest")

_LOAD: Final = """
INSERT INTO load_runs
    (run_id, profile, shape, model, visitor, users, rate, planned_seconds, seconds, ending, outcome, scheduled, sent,
     processes, requests, failures, throughput, p50, p90, p95, p99, longest)
VALUES %s ON CONFLICT (run_id) DO NOTHING
"""

_ENDPOINTS: Final = """
INSERT INTO load_endpoints
    (run_id, endpoint, requests, failures, throughput, p50, p90, p95, p99, longest)
VALUES %s ON CONFLICT (run_id, endpoint) DO NOTHING
"""

# A load that another process is about to store would not be seen by this one, nor the samples of this one by that.
# Who stores a load waits for those who store samples, and they for it; they do not wait for each other.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('load'))"
_MEANWHILE: Final = """
SELECT pg_advisory_xact_lock_shared(hashtext('load'));
SELECT id FROM runs
WHERE kind = 'load' AND finished_at >= %(first)s AND started_at <= %(last)s + make_interval(secs => %(longest)s)
"""

# A run that lasts longer than a day is not looked for; else all runs that there ever were would have to be.
_LEAVE_OUT: Final = """
UPDATE latency_samples AS sample SET left_out = 'load'
FROM runs AS load
JOIN targets AS target ON target.id = load.target_id
JOIN runs AS run ON run.target_id = load.target_id AND run.id <> load.id
    AND run.started_at BETWEEN load.started_at - interval '1 day' AND load.finished_at
WHERE load.id = ANY(%(loads)s::uuid[]) AND (run.host = load.host OR target.name !~ %(own)s)
    AND sample.run_id = run.id AND sample.left_out = '' AND sample.started_at <= load.finished_at
    AND sample.started_at + make_interval(secs => sample.elapsed_seconds) >= load.started_at
"""

_OWN: Final = r"^(embedded|faults|replay:.*|https?://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/.*)?)$"
"""Targets that are another server on each machine: a load there is felt on the same machine only."""


def store_loads(cursor: Cursor, loads: Sequence[LoadEntry]) -> None:
    """Write what came of loads, whose runs are stored; what was told of a load before stays."""
    once = {load.run_id: load for load in reversed(loads)}
    ordered = [once[run_id] for run_id in sorted(once)]
    if ordered:
        execute_values(cursor, _LOAD, [_load_row(load) for load in ordered])
    endpoints = [row for load in ordered for row in _endpoint_rows(load)]
    if endpoints:
        execute_values(cursor, _ENDPOINTS, endpoints)


def leave_out(cursor: Cursor, runs: Sequence[RunEntry], samples: Sequence[SampleEntry]) -> None:
    """Leave out what was measured while a load on the same target went on, whichever of them is told first.

    `runs` and `samples` are those that this transaction stored. What was said already of a run stays. Its lock is held
    until the transaction ends, which should be soon.
    """
    loads = {run.id for run in runs if run.kind == LOAD and run.finished_at is not None}
    if loads:
        cursor.execute(_LOCK)
    if samples:
        times = [sample.started_at for sample in samples]
        longest = max(sample.elapsed for sample in samples)
        cursor.execute(_MEANWHILE, {"first": min(times), "last": max(times), "longest": longest})
        loads.update(run_id for (run_id,) in cursor.fetchall())
    if loads:
        cursor.execute(_LEAVE_OUT, {"loads": sorted(loads), "own": _OWN})


def _load_row(load: LoadEntry) -> tuple[Any, ...]:
    return (*(getattr(load, name) for name in _PLAN), *_numbers(load.total))


def _endpoint_rows(load: LoadEntry) -> list[tuple[Any, ...]]:
    return [(load.run_id, numbers.endpoint, *_numbers(numbers)) for numbers in load.endpoints]


def _numbers(numbers: LoadNumbers) -> tuple[Any, ...]:
    return tuple(getattr(numbers, name) for name in _NUMBERS)
