"""What the health page asks of the history: runs with what came of their tests, failing tests, latencies, drift."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.data_drift import DataChangeGroup, from_json
from observatory.history.drift_queries import ROLLED_BACK
from observatory.history.lessons import UNTAUGHT

_TARGETS = """
SELECT target.id, target.name, max(run.started_at) AS newest,
       max(run.started_at) FILTER (WHERE run.kind IN ('robot', 'pabot'))
FROM targets AS target JOIN runs AS run ON run.target_id = target.id
GROUP BY target.id, target.name
ORDER BY max(run.started_at) FILTER (WHERE run.kind IN ('robot', 'pabot')) DESC NULLS LAST, newest DESC, target.name
"""

# What a run asked beside its target, such as a stand-in with faults, has a row of its own, and writes no log.
# An attempt that follows another one of its run is a retry, and what came of the last one counts.
_RUNS = """
WITH last_attempts AS (
    SELECT DISTINCT ON (attempt.run_id, attempt.test_name)
        attempt.run_id, attempt.status,
        attempt.status = 'FAIL' AND (attempt.cause <> '' OR attempt.quarantined) AS excused
    FROM test_attempts AS attempt JOIN runs AS run ON run.id = attempt.run_id
    WHERE run.target_id = %(target_id)s AND run.started_at >= %(since)s
    ORDER BY attempt.run_id, attempt.test_name, attempt.started_at DESC, attempt.id
), counts AS (
    SELECT run_id, count(*) FILTER (WHERE status = 'PASS') AS passed, count(*) FILTER (WHERE excused) AS excused,
           count(*) FILTER (WHERE status = 'FAIL' AND NOT excused) AS failed,
           count(*) FILTER (WHERE status = 'SKIP') AS skipped
    FROM last_attempts GROUP BY run_id
)
SELECT run.id, run.kind, run.started_at, run.finished_at, coalesce(counts.passed, 0), coalesce(counts.failed, 0),
       coalesce(counts.skipped, 0), coalesce(counts.excused, 0), run.host, run.shard, run.git_revision,
       run.api_revision, run.log,
       run.log IS NOT NULL AND EXISTS (
           SELECT FROM runs AS later JOIN targets ON targets.id = later.target_id
           WHERE later.log = run.log AND later.started_at > run.started_at AND targets.name <> ALL(%(companions)s)
       ),
       load.profile, load.shape, load.ending, load.outcome, load.requests, load.p95
FROM runs AS run LEFT JOIN counts ON counts.run_id = run.id LEFT JOIN load_runs AS load ON load.run_id = run.id
WHERE run.target_id = %(target_id)s AND run.started_at >= %(since)s
ORDER BY run.started_at DESC, run.id
"""

_LATEST_TESTS = """
SELECT DISTINCT ON (attempt.test_name) attempt.test_name, attempt.status, attempt.started_at, attempt.message,
       attempt.cause, attempt.fingerprint, attempt.quarantined
FROM test_attempts AS attempt JOIN runs AS run ON run.id = attempt.run_id
WHERE run.target_id = %(target_id)s AND run.started_at >= %(since)s
ORDER BY attempt.test_name, attempt.started_at DESC, attempt.id
"""

_FAILING_SINCE = """
SELECT wanted.name, min(attempt.started_at), count(DISTINCT attempt.run_id)
FROM unnest(%(names)s) AS wanted(name)
LEFT JOIN LATERAL (
    SELECT max(passed.started_at) AS at
    FROM test_attempts AS passed JOIN runs AS run ON run.id = passed.run_id
    WHERE passed.test_name = wanted.name AND passed.status = 'PASS' AND run.target_id = %(target_id)s
) AS last_pass ON true
JOIN test_attempts AS attempt ON attempt.test_name = wanted.name AND attempt.status = 'FAIL'
    AND attempt.started_at > coalesce(last_pass.at, '-infinity')
JOIN runs AS run ON run.id = attempt.run_id AND run.target_id = %(target_id)s
GROUP BY wanted.name
"""

_VERDICTS = """
SELECT run.host, run.shard, run.kind, verdict.endpoint, verdict.run_id, verdict.started_at, verdict.requests,
       verdict.p50, verdict.p95, verdict.p99, verdict.verdict, verdict.effect, verdict.low, verdict.high,
       verdict.since, verdict.runs_since, verdict.way, verdict.slow, verdict.usually_slow, verdict.known_runs
FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = verdict.run_id
WHERE run.target_id = %(target_id)s AND run.started_at >= %(since)s
ORDER BY verdict.started_at, verdict.run_id
"""

_BASELINES = """
SELECT host, shard, kind, endpoint, number, p50, p95, p99, samples, runs, first_run_at, last_run_at,
       valid_from, valid_until, accepted_by, reason
FROM performance_baselines
WHERE target_id = %(target_id)s AND (valid_until IS NULL OR valid_until >= %(since)s)
ORDER BY number
"""

_REQUESTS = """
SELECT count(*), count(DISTINCT run_id) FROM (
    SELECT sample.run_id
    FROM latency_samples AS sample JOIN runs AS run ON run.id = sample.run_id
    WHERE run.target_id = %(target_id)s AND run.started_at >= %(since)s
    LIMIT 100000
) AS measured
"""

_DATA_CHANGES = """
SELECT found_at, endpoint, path, kind, about, count, resources, examples, part
FROM data_changes
WHERE target_id = %(target_id)s AND found_at >= %(since)s
ORDER BY found_at DESC, cardinality(resources) DESC, count DESC, endpoint, path, about LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class WatchedTarget:
    """A target that was ever watched, with when its newest run began; `newest_robot` is that of suites, if any."""

    id: int
    name: str
    newest: datetime
    newest_robot: datetime | None


@dataclass(frozen=True, slots=True)
class LoadLine:
    """What came of a load; `p95` in seconds, None when nobody answered."""

    profile: str
    shape: str
    ending: str
    outcome: str
    requests: int
    p95: float | None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run and what came of its tests, each counted once by its last attempt.

    `excused` are those whose failure does not count: something of ours caused it, or they are in quarantine.
    `finished_at` is None when it is still going on or was killed. `is_overwritten` says that a later run wrote its
    log to the same place. `load` is what came of it when it was a load.
    """

    id: uuid.UUID
    kind: str
    started_at: datetime
    finished_at: datetime | None
    passed: int
    failed: int
    skipped: int
    excused: int
    host: str
    shard: str
    git_revision: str | None
    api_revision: str | None
    log: str | None
    is_overwritten: bool
    load: LoadLine | None = None

    @property
    def tests(self) -> int:
        """How many tests it ran."""
        return self.passed + self.failed + self.skipped + self.excused


@dataclass(frozen=True, slots=True)
class LatestTest:
    """What came of a test when it was last run; `cause` and `fingerprint` as in `TestAttemptEntry`."""

    name: str
    status: str
    at: datetime
    message: str
    cause: str = ""
    fingerprint: str = ""
    quarantined: bool = False

    @property
    def fails(self) -> bool:
        """Whether it failed, by its own fault or the API's, and not in quarantine."""
        return self.status == "FAIL" and not self.cause and not self.quarantined


@dataclass(frozen=True, slots=True)
class Series:
    """What is compared with each other: runs of one kind, on one host and shard, asking one endpoint."""

    host: str
    shard: str
    kind: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What was judged of the latency of a series in one run; percentiles in seconds, effects as fractions.

    `way`, `slow` and `usually_slow` are as in a `Judgement`, `known_runs` is how many runs were known before.
    """

    series: Series
    run_id: uuid.UUID
    at: datetime
    requests: int
    p50: float
    p95: float
    p99: float
    verdict: str
    effect: float | None
    low: float | None
    high: float | None
    since: datetime | None
    runs_since: int | None
    way: str = ""
    slow: float | None = None
    usually_slow: float | None = None
    known_runs: int = 0

    @property
    def is_suspected(self) -> bool:
        """Whether it differs by more than noise within the run, which the runs so far do not prove."""
        return self.verdict == "steady" and (self.low or 0) * (self.high or 0) > 0


@dataclass(frozen=True, slots=True)
class KnownBaseline:
    """A version of what is usual for a series; percentiles in seconds, of `samples` requests in `runs` runs."""

    series: Series
    number: int
    p50: float
    p95: float
    p99: float
    samples: int
    runs: int
    first_run_at: datetime
    last_run_at: datetime
    valid_from: datetime
    valid_until: datetime | None
    accepted_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataChangeFound:
    """A change of data and when it was found."""

    at: datetime
    group: DataChangeGroup


def watched_targets(connection: Connection) -> list[WatchedTarget]:
    """All targets that have a run; the one first whose suites ran last."""
    return [WatchedTarget(*row) for row in _rows(connection, _TARGETS, {})]


def runs_since(connection: Connection, target_id: int, since: datetime) -> list[RunLine]:
    """The runs of a target that began since then, the newest first."""
    rows = _rows(connection, _RUNS, {"target_id": target_id, "since": since, "companions": list(UNTAUGHT)})
    return [_run_line(*row) for row in rows]


def latest_tests(connection: Connection, target_id: int, since: datetime) -> list[LatestTest]:
    """Each test of the runs that began since then, as it ended last."""
    rows = _rows(connection, _LATEST_TESTS, {"target_id": target_id, "since": since})
    return [LatestTest(*row) for row in rows]


def failing_since(connection: Connection, target_id: int, names: Sequence[str]) -> dict[str, tuple[datetime, int]]:
    """Since when tests have failed without a pass, and in how many runs; by their names."""
    if not names:
        return {}
    rows = _rows(connection, _FAILING_SINCE, {"target_id": target_id, "names": list(names)})
    return {name: (at, runs) for name, at, runs in rows}


def verdicts_since(connection: Connection, target_id: int, since: datetime) -> list[RunVerdict]:
    """What was judged of the latency in runs that began since then, the oldest first."""
    rows = _rows(connection, _VERDICTS, {"target_id": target_id, "since": since})
    return [RunVerdict(Series(*row[:4]), uuid.UUID(str(row[4])), *row[5:]) for row in rows]


def baselines_since(connection: Connection, target_id: int, since: datetime) -> list[KnownBaseline]:
    """The baselines that held at any time since then, the oldest first."""
    rows = _rows(connection, _BASELINES, {"target_id": target_id, "since": since})
    return [KnownBaseline(Series(*row[:4]), *row[4:]) for row in rows]


def requests_since(connection: Connection, target_id: int, since: datetime) -> tuple[int, int]:
    """How many requests were measured in runs that began since then, and in how many runs."""
    ((requests, runs),) = _rows(connection, _REQUESTS, {"target_id": target_id, "since": since})
    return requests, runs


def data_changes_since(connection: Connection, target_id: int, since: datetime, most: int) -> list[DataChangeFound]:
    """What changed in the data since then, the newest first; no more than `most` places."""
    names = ("endpoint", "path", "kind", "about", "count", "resources", "examples", "part")
    found = []
    for at, *row in _rows(connection, _DATA_CHANGES, {"target_id": target_id, "since": since, "most": most}):
        values = dict(zip(names, row, strict=True))
        if values["kind"] != ROLLED_BACK:
            subject = f"{values['endpoint']} {values['part']}".strip()
            found += [DataChangeFound(at, group) for group in from_json([{**values, "endpoint": subject}])]
    return found


def _run_line(run_id: object, *row: Any) -> RunLine:
    told, of_load = row[:13], row[13:]
    line = RunLine(uuid.UUID(str(run_id)), *told)
    return line if of_load[0] is None else replace(line, load=LoadLine(*of_load))


def _rows(connection: Connection, statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
