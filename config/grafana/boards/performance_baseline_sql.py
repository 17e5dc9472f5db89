"""What the dashboard Performance Baseline asks of the history."""

from __future__ import annotations

from typing import Final

from config.grafana.history_sql import TARGET, chosen, log_lines, short_id

_OF_RUNS: Final = f"{TARGET} AND {chosen('run.host', 'host')}"
_OF_BASELINES: Final = f"{TARGET} AND {chosen('baseline.host', 'host')} AND {chosen('baseline.endpoint', 'endpoint')}"


def _series(endpoint: str, place: str) -> str:
    """What is compared with each other: an endpoint, asked by one kind of runs on one machine and shard."""
    shard = f"CASE WHEN {place}.shard <> '' THEN 'shard ' || {place}.shard END"
    return f"concat_ws(' ', {endpoint} || ',', {place}.kind, 'on', {place}.host, {shard})"


def _percentile(table: str) -> str:
    return (
        f"CASE ${{percentile:sqlstring}} WHEN 'P50' THEN {table}.p50 WHEN 'P99' THEN {table}.p99 ELSE {table}.p95 END"
    )


ENDPOINTS: Final = f"""
    SELECT DISTINCT verdict.endpoint
    FROM latency_verdicts AS verdict
    JOIN runs AS run ON run.id = verdict.run_id
    JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} ORDER BY verdict.endpoint LIMIT 200
"""

HOSTS: Final = f"""
    SELECT run.host FROM runs AS run JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} GROUP BY run.host ORDER BY max(run.started_at) DESC LIMIT 200
"""

# As on the health page: a machine that was not met for a week says nothing of now, and what a person accepted since
# the newest verdict holds.
_LATEST: Final = f"""
        SELECT verdict.*, {_series("verdict.endpoint", "verdict")} AS series,
               baseline.number, baseline.samples, baseline.runs AS baseline_runs, baseline.p50 AS usual_p50,
               baseline.p95 AS usual_p95, baseline.p99 AS usual_p99,
               CASE WHEN verdict.verdict IN ('regressed', 'improved') AND baseline.accepted_by <> ''
                         AND baseline.valid_from >= verdict.started_at THEN 'accepted'
                    WHEN verdict.verdict = 'regressed' THEN 'slower'
                    WHEN verdict.verdict = 'improved' THEN 'faster'
                    WHEN verdict.verdict = 'learning' THEN 'learning'
                    WHEN verdict.low * verdict.high > 0 THEN 'perhaps not as usual'
                    ELSE 'as usual' END AS said
        FROM (
            SELECT DISTINCT ON (run.host, run.shard, run.kind, verdict.endpoint)
                   run.target_id, run.host, run.shard, run.kind, run.finished_at, verdict.*,
                   max(verdict.started_at) OVER () AS newest
            FROM latency_verdicts AS verdict
            JOIN runs AS run ON run.id = verdict.run_id
            JOIN targets AS target ON target.id = run.target_id
            WHERE {_OF_RUNS} AND $__timeFilter(run.started_at) AND {chosen("verdict.endpoint", "endpoint")}
            ORDER BY run.host, run.shard, run.kind, verdict.endpoint, verdict.started_at DESC, verdict.run_id DESC
        ) AS verdict
        LEFT JOIN performance_baselines AS baseline
               ON (baseline.target_id, baseline.host, baseline.shard, baseline.kind, baseline.endpoint)
                  = (verdict.target_id, verdict.host, verdict.shard, verdict.kind, verdict.endpoint)
                  AND baseline.valid_until IS NULL
        WHERE verdict.started_at >= verdict.newest - interval '7 days'
"""


def number_of(word: str) -> str:
    """How many endpoints of machines are said to be so."""
    return f"""
    SELECT count(*) FILTER (WHERE said = '{word}') AS "Endpoints"
    FROM ({_LATEST}) AS latest
    HAVING count(*) > 0
"""


SAID: Final = f"""
    SELECT endpoint AS "Endpoint", said AS "Said", effect AS "Differs by", low AS "At least", high AS "At most",
           since AS "Since", runs_since AS "Runs since", nullif(way, '') AS "Way",
           p50 AS "P50", p95 AS "P95", p99 AS "P99",
           usual_p50 AS "Usual P50", usual_p95 AS "Usual P95", usual_p99 AS "Usual P99",
           number AS "Version", requests AS "Requests", known_runs AS "Known runs",
           concat_ws(' ', kind, 'on', host, nullif(shard, '')) AS "Where", started_at AS "Judged",
           {short_id("run_id")} AS "Run",
           {log_lines("run_id", "started_at", "coalesce(finished_at, started_at)")} AS "Log lines"
    FROM ({_LATEST}) AS latest
    ORDER BY array_position(ARRAY['slower', 'accepted', 'faster', 'perhaps not as usual', 'as usual'], said), series
    LIMIT 100
"""

DEVIATION: Final = f"""
    SELECT series AS "Endpoint", effect AS "Deviation"
    FROM ({_LATEST}) AS latest
    WHERE effect IS NOT NULL AND said <> 'accepted'
    ORDER BY effect DESC, series LIMIT 24
"""

RUN_BY_RUN: Final = f"""
    SELECT verdict.started_at AS time, {_series("verdict.endpoint", "run")} AS metric,
           {_percentile("verdict")} AS value
    FROM latency_verdicts AS verdict
    JOIN runs AS run ON run.id = verdict.run_id
    JOIN targets AS target ON target.id = run.target_id
    WHERE {_OF_RUNS} AND $__timeFilter(verdict.started_at) AND {chosen("verdict.endpoint", "endpoint")}
    ORDER BY verdict.started_at, metric
"""

USUAL_RUN_BY_RUN: Final = f"""
    SELECT verdict.started_at AS time, 'usual: ' || {_series("verdict.endpoint", "run")} AS metric,
           {_percentile("baseline")} AS value
    FROM latency_verdicts AS verdict
    JOIN performance_baselines AS baseline ON baseline.id = verdict.baseline_id
    JOIN runs AS run ON run.id = verdict.run_id
    JOIN targets AS target ON target.id = run.target_id
    WHERE {_OF_RUNS} AND $__timeFilter(verdict.started_at) AND {chosen("verdict.endpoint", "endpoint")}
    ORDER BY verdict.started_at, metric
"""

BASELINE_HISTORY: Final = f"""
    SELECT point.at AS time, {_series("baseline.endpoint", "baseline")} AS metric,
           {_percentile("baseline")} AS value
    FROM performance_baselines AS baseline
    JOIN targets AS target ON target.id = baseline.target_id
    CROSS JOIN LATERAL (VALUES
        (greatest(baseline.valid_from, $__timeFrom()::timestamptz)),
        (least(baseline.valid_until - interval '1 millisecond', $__timeTo()::timestamptz))
    ) AS point(at)
    WHERE {_OF_BASELINES} AND baseline.valid_from <= $__timeTo()
          AND coalesce(baseline.valid_until, 'infinity') > $__timeFrom()
    ORDER BY point.at, metric
"""

REGRESSIONS: Final = f"""
    SELECT verdict.started_at AS "Run began", verdict.endpoint AS "Endpoint", verdict.effect AS "Differs by",
           verdict.low AS "At least", verdict.high AS "At most", verdict.since AS "Since",
           verdict.runs_since AS "Runs since", nullif(verdict.way, '') AS "Way",
           verdict.p95 AS "P95", baseline.p95 AS "Usual P95", baseline.number AS "Version",
           concat_ws(' ', run.kind, 'on', run.host, nullif(run.shard, '')) AS "Where",
           left(run.api_revision, 10) AS "API revision", {short_id("verdict.run_id")} AS "Run",
           {log_lines("verdict.run_id", "run.started_at", "coalesce(run.finished_at, run.started_at)")} AS "Log lines"
    FROM latency_verdicts AS verdict
    JOIN runs AS run ON run.id = verdict.run_id
    JOIN targets AS target ON target.id = run.target_id
    LEFT JOIN performance_baselines AS baseline ON baseline.id = verdict.baseline_id
    WHERE {_OF_RUNS} AND $__timeFilter(verdict.started_at) AND {chosen("verdict.endpoint", "endpoint")}
          AND verdict.verdict = 'regressed'
    ORDER BY verdict.started_at DESC, verdict.endpoint LIMIT 100
"""

VERSIONS: Final = f"""
    SELECT baseline.endpoint AS "Endpoint", baseline.number AS "Version", baseline.valid_from AS "Holds from",
           baseline.valid_until AS "Until", baseline.p50 AS "P50", baseline.p95 AS "P95", baseline.p99 AS "P99",
           baseline.samples AS "Requests", baseline.runs AS "Runs",
           concat_ws(' ', baseline.kind, 'on', baseline.host, nullif(baseline.shard, '')) AS "Where",
           nullif(baseline.accepted_by, '') AS "Accepted by", nullif(baseline.reason, '') AS "Reason"
    FROM performance_baselines AS baseline JOIN targets AS target ON target.id = baseline.target_id
    WHERE {_OF_BASELINES} AND baseline.valid_from <= $__timeTo()
          AND coalesce(baseline.valid_until, 'infinity') > $__timeFrom()
    ORDER BY baseline.valid_from DESC, baseline.endpoint, baseline.number DESC LIMIT 100
"""
