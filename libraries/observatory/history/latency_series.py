"""A series as the history has it: its runs as they were judged, its baselines by version, and what goes on from there.

A series is the runs of one kind against one target, from one host and shard.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.json import encode
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.latency import (
    WINDOW,
    Baseline,
    Course,
    Evidence,
    KnownRun,
    Percentiles,
    Reference,
    Said,
    Times,
    Verdict,
)

# Requests of a batch are slower than single ones, so they are measured against their own.
_TIMES = """
SELECT run_id::text, endpoint, resource || CASE WHEN in_batch THEN ' in a batch' ELSE '' END, elapsed_seconds
FROM latency_samples
WHERE run_id = ANY(%(runs)s) AND left_out = '' AND elapsed_seconds > 0
  AND (%(endpoint)s IS NULL OR endpoint = %(endpoint)s)
"""

# Of late, and as many as a baseline needs where a suite runs once a month.
_KNOWN = """
SELECT run_id, started_at, verdict FROM (
    SELECT verdict.run_id, verdict.started_at, verdict.verdict,
           row_number() OVER (ORDER BY verdict.started_at DESC, verdict.run_id) AS age
    FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = verdict.run_id
    WHERE (target_id, host, shard, kind) = (%(target_id)s, %(host)s, %(shard)s, %(kind)s)
      AND verdict.endpoint = %(endpoint)s AND verdict.run_id IS DISTINCT FROM %(without)s) AS known
WHERE started_at > %(since)s OR age <= %(least)s
ORDER BY started_at, run_id
"""

_BASELINES = """
SELECT id, endpoint, number, p50, p95, p99, samples, runs, first_run_at, last_run_at, calculated_at, valid_from,
       not_before, accepted_at, accepted_by, reason, reference
FROM performance_baselines
WHERE (target_id, host, shard, kind) = (%(target_id)s, %(host)s, %(shard)s, %(kind)s)
  AND valid_until IS NULL
"""

_EVIDENCE = """
SELECT DISTINCT ON (verdict.endpoint) verdict.endpoint, verdict.baseline_id, verdict.evidence
FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = verdict.run_id
WHERE (target_id, host, shard, kind) = (%(target_id)s, %(host)s, %(shard)s, %(kind)s)
  AND verdict.run_id IS DISTINCT FROM %(without)s
ORDER BY verdict.endpoint, verdict.id DESC
"""

_END_BASELINE = """
UPDATE performance_baselines SET valid_until = %(valid_from)s
WHERE (target_id, host, shard, kind) = (%(target_id)s, %(host)s, %(shard)s, %(kind)s)
  AND endpoint = %(endpoint)s AND number < %(number)s AND valid_until IS NULL
"""

_BASELINE = """
INSERT INTO performance_baselines
    (target_id, host, shard, kind, endpoint, number, p50, p95, p99, samples, runs, first_run_at, last_run_at,
     calculated_at, valid_from, not_before, accepted_at, accepted_by, reason, reference)
VALUES (%(target_id)s, %(host)s, %(shard)s, %(kind)s, %(endpoint)s, %(number)s, %(p50)s, %(p95)s, %(p99)s,
        %(samples)s, %(runs)s, %(first_run_at)s, %(last_run_at)s, %(learnt_at)s, %(valid_from)s, %(not_before)s,
        %(accepted_at)s, %(accepted_by)s, %(reason)s, %(reference)s)
ON CONFLICT (target_id, host, shard, kind, endpoint, number) DO UPDATE SET
    p50 = excluded.p50, p95 = excluded.p95, p99 = excluded.p99, samples = excluded.samples, runs = excluded.runs,
    first_run_at = excluded.first_run_at, last_run_at = excluded.last_run_at,
    calculated_at = excluded.calculated_at, reference = excluded.reference
RETURNING id
"""

_VERDICT = """
INSERT INTO latency_verdicts
    (run_id, endpoint, started_at, requests, p50, p95, p99, baseline_id, verdict, effect, low, high, since,
     runs_since, way, slow, usually_slow, known_runs, evidence)
VALUES (%(run_id)s, %(endpoint)s, %(started_at)s, %(requests)s, %(p50)s, %(p95)s, %(p99)s, %(baseline_id)s,
        %(verdict)s, %(effect)s, %(low)s, %(high)s, %(since)s, %(runs)s, %(way)s, %(slow)s, %(usually_slow)s,
        %(known)s, %(evidence)s)
ON CONFLICT (run_id, endpoint) DO NOTHING
"""

_WINDOWS_BACK = 4  # windows of runs that are known
_LEAST_KNOWN = 60  # runs of an endpoint


class Key(NamedTuple):
    """What tells one series from another."""

    target_id: int
    host: str
    shard: str
    kind: str


class Acceptance(NamedTuple):
    """Who accepts how fast an endpoint is, and why; `anyway` also when no change is proved."""

    by: str
    reason: str
    anyway: bool = False


class StoredSeries:
    """A series as the history has it: its past, and a course that goes on from what was judged last."""

    def __init__(
        self, cursor: Cursor, key: Key, at: datetime, window: timedelta = WINDOW, without: uuid.UUID | None = None
    ) -> None:
        """Read where the series is; the next run begins `at` this time.

        A run that goes on may have been judged, because one of its processes had ended: it is left out by `without`.
        """
        self._cursor = cursor
        self._values = {
            **key._asdict(),
            "since": at - _WINDOWS_BACK * window,
            "least": _LEAST_KNOWN,
            "without": without,
        }
        self._known: dict[str, list[KnownRun]] = {}
        self._ids: dict[tuple[str, int], int] = {}
        baselines = self._baselines()
        self._stored = dict(baselines)
        self.course = Course(self, baselines, self._evidence(), window)

    def known(self, endpoint: str) -> Sequence[KnownRun]:
        """The judged runs of an endpoint, in the order in which they began."""
        if endpoint not in self._known:
            self._cursor.execute(_KNOWN, {**self._values, "endpoint": endpoint})
            self._known[endpoint] = [
                KnownRun(str(run), at, Verdict(verdict)) for run, at, verdict in self._cursor.fetchall()
            ]
        return self._known[endpoint]

    def times(self, endpoint: str, runs: Sequence[KnownRun]) -> Sequence[Times]:
        """The requests of some of them."""
        began = {run.run: run.at for run in runs}
        found = read_times(self._cursor, began, endpoint)
        return [found[run.run][endpoint] for run in runs if endpoint in found.get(run.run, {})]

    def judge(self, run: Mapping[str, Times]) -> dict[str, Said]:
        """Judge the next run, and store what is said of it."""
        said = self.course.judge(run)
        for endpoint, each in said.items():
            times = run[endpoint]
            self._store_baseline(endpoint)
            values = {
                "run_id": times.run,
                "endpoint": endpoint,
                "started_at": times.at,
                "requests": len(times.requests),
                **times.percentiles._asdict(),
                "baseline_id": self._ids[endpoint, each.baseline.number] if each.baseline else None,
                **{name: getattr(each.judgement, name) for name in ("effect", "low", "high", "since", "runs")},
                **{name: getattr(each.judgement, name) for name in ("slow", "usually_slow")},
                "verdict": each.judgement.verdict.value,
                "way": each.judgement.way.value if each.judgement.since else "",
                "known": each.known,
                "evidence": _text(self.course.evidence.get(endpoint, Evidence()).as_json()),
            }
            self._cursor.execute(_VERDICT, values)
            known = KnownRun(times.run, times.at, each.judgement.verdict)
            if endpoint in self._known:
                self._known[endpoint].append(known)
                self._known[endpoint].sort(key=lambda run: run.at)
        return said

    def said_of(self, cursor: Cursor, run: Mapping[str, Times]) -> dict[str, Said]:
        """What would be said of a run, without a trace of it."""
        self._cursor = cursor
        before = dict(self.course.evidence)
        said = self.course.judge(run)
        self.course.evidence.clear()
        self.course.evidence.update(before)
        return said

    def accept(self, endpoint: str, times: Times, acceptance: Acceptance) -> Baseline | None:
        """Take the level that an endpoint changed to for usual from now on; None when there is nothing to accept."""
        is_wanted = self.course.is_changed(endpoint) or acceptance.anyway
        if endpoint not in self.course.baselines or not is_wanted:
            return None
        self.course.accept(endpoint, times, acceptance.by, acceptance.reason)
        self._store_baseline(endpoint)
        return self.course.baselines[endpoint]

    def _baselines(self) -> dict[str, Baseline]:
        self._cursor.execute(_BASELINES, self._values)
        found = {}
        for row in self._cursor.fetchall():
            identity, endpoint, number, p50, p95, p99, samples, runs, first, last, learnt, valid, *rest = row
            not_before, accepted_at, accepted_by, reason, reference = rest
            self._ids[endpoint, number] = identity
            found[endpoint] = Baseline(
                endpoint=endpoint,
                number=number,
                reference=Reference.of(reference),
                percentiles=Percentiles(p50, p95, p99),
                samples=samples,
                runs=runs,
                first_run_at=first,
                last_run_at=last,
                valid_from=valid,
                learnt_at=learnt,
                not_before=not_before,
                accepted_at=accepted_at,
                accepted_by=accepted_by,
                reason=reason,
            )
        return found

    def _evidence(self) -> dict[str, Evidence]:
        """What the runs so far proved against the baseline that holds; against another one it says nothing."""
        self._cursor.execute(_EVIDENCE, self._values)
        current = {self._ids[endpoint, each.number]: endpoint for endpoint, each in self._stored.items()}
        return {endpoint: Evidence.of(values) for endpoint, of, values in self._cursor.fetchall() if of in current}

    def _store_baseline(self, endpoint: str) -> None:
        held = self.course.baselines.get(endpoint)
        if held is None or self._stored.get(endpoint) is held:
            return
        values = {
            **self._values,
            **{name: getattr(held, name) for name in Baseline.__slots__ if name not in ("reference", "percentiles")},
            **held.percentiles._asdict(),
            "reference": _text(held.reference.as_json()),
        }
        self._cursor.execute(_END_BASELINE, values)
        self._cursor.execute(_BASELINE, values)
        (identity,) = self._cursor.fetchone() or (0,)
        self._ids[endpoint, held.number] = identity
        self._stored[endpoint] = held


def read_times(
    cursor: Cursor, began: Mapping[str, datetime], endpoint: str | None = None
) -> dict[str, dict[str, Times]]:
    """The requests of some runs that are held against baselines, by run and endpoint; of one endpoint, or of all."""
    cursor.execute(_TIMES, {"runs": [uuid.UUID(run) for run in began], "endpoint": endpoint})
    found: dict[str, dict[str, list[tuple[str, float]]]] = {}
    for run_id, of, resource, seconds in cursor.fetchall():
        found.setdefault(run_id, {}).setdefault(of, []).append((resource, seconds))
    return {
        run: {of: Times(run, began[run], of, requests) for of, requests in by_endpoint.items()}
        for run, by_endpoint in found.items()
    }


def _text(values: Any) -> str:
    return encode(values, order="sorted").decode()
