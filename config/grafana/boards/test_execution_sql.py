"""What the dashboard Test Execution asks of the history."""

from __future__ import annotations

from typing import Final

from config.grafana.history_sql import (
    LAST_ATTEMPTS,
    LATEST_TESTS,
    TARGET,
    log_lines,
    named,
    of_run,
    schema_changes,
    short_id,
)

_LONGEST: Final = 300  # characters of a message
_MONTH: Final = "$__timeTo()::timestamptz - interval '30 days'"


def _drift(run_id: str, asked: str = "") -> str:
    """How many changes of schemas and data a run found, of endpoints that fit."""
    return f"""(SELECT count(*) FROM (
               SELECT endpoint FROM schema_changes WHERE run_id = {run_id}
               UNION ALL SELECT endpoint FROM data_changes WHERE run_id = {run_id} AND kind <> 'rolled_back'
           ) AS found {asked})"""


def _asked_by(attempt: str) -> str:
    """Endpoints that a test asked while an attempt went on."""
    return f"""WHERE EXISTS (
               SELECT FROM latency_samples AS sample
               WHERE sample.endpoint = found.endpoint AND sample.run_id = {attempt}.run_id
                     AND sample.test_name = {attempt}.test_name
                     AND sample.started_at BETWEEN {attempt}.started_at - interval '1 minute' AND {_end(attempt)})"""


def _end(attempt: str) -> str:
    return f"{attempt}.started_at + make_interval(secs => {attempt}.elapsed_seconds)"


FAILING_NOW: Final = f"""
    SELECT count(*) FILTER (WHERE fails) AS "Failing"
    FROM ({LATEST_TESTS}) AS latest
    HAVING count(*) > 0
"""

PASS_RATE: Final = f"""
    SELECT count(*) FILTER (WHERE outcome = 'passed')::float8
           / nullif(count(*) FILTER (WHERE outcome IN ('passed', 'failed')), 0) AS "Pass rate"
    FROM ({LAST_ATTEMPTS}) AS last_attempts
    HAVING count(*) > 0
"""

FLAKY_NUMBER: Final = f"""
    SELECT count(flaky.test_name) AS "Flaky"
    FROM targets AS target LEFT JOIN flaky_tests_since({_MONTH}) AS flaky
         ON flaky.target = target.name AND {named("flaky.test_name")}
    WHERE {TARGET} HAVING count(*) > 0
"""

RUNS_NUMBER: Final = f"""
    SELECT count(*) AS "Runs" FROM runs AS run JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} AND $__timeFilter(run.started_at) HAVING count(*) > 0
"""

UNFINISHED: Final = f"""
    SELECT count(*) FILTER (WHERE run.finished_at IS NULL) AS "Not finished"
    FROM runs AS run JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} AND $__timeFilter(run.started_at) HAVING count(*) > 0
"""

LAST_RUN: Final = f"""
    SELECT extract(epoch FROM max(run.started_at))::float8 * 1000 AS "Last run"
    FROM runs AS run JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} AND run.started_at <= $__timeTo() HAVING count(*) > 0
"""

FAILING: Final = f"""
    SELECT latest.test_name AS "Test", since.at AS "Fails since", since.runs AS "In runs",
           left(latest.message, {_LONGEST}) AS "What it said last",
           {_drift("latest.run_id", _asked_by("latest"))} AS "Drift",
           {short_id("latest.run_id")} AS "Run",
           {log_lines("latest.run_id", "latest.started_at", _end("latest"), "latest.test_name")} AS "Log lines"
    FROM ({LATEST_TESTS}) AS latest
    LEFT JOIN LATERAL (
        SELECT max(passed.started_at) AS at
        FROM test_attempts AS passed JOIN runs AS run ON run.id = passed.run_id
        WHERE passed.test_name = latest.test_name AND passed.status = 'PASS' AND run.target_id = latest.target_id
              AND passed.started_at <= $__timeTo()
    ) AS last_pass ON true
    JOIN LATERAL (
        SELECT min(failed.started_at) AS at, count(DISTINCT failed.run_id) AS runs
        FROM test_attempts AS failed JOIN runs AS run ON run.id = failed.run_id
        WHERE failed.test_name = latest.test_name AND failed.status = 'FAIL' AND run.target_id = latest.target_id
              AND failed.started_at > coalesce(last_pass.at, '-infinity') AND failed.started_at <= $__timeTo()
    ) AS since ON true
    WHERE latest.fails
    ORDER BY since.at, latest.test_name LIMIT 100
"""

FAILURES: Final = f"""
    SELECT attempt.started_at AS "At", attempt.test_name AS "Test", attempt.attempt AS "Attempt",
           attempt.elapsed_seconds AS "Took",
           CASE WHEN attempt.cause <> '' THEN 'no, by ours: ' || replace(attempt.cause, '_', ' ')
                WHEN attempt.quarantined THEN 'quarantine' ELSE 'yes' END AS "Counts",
           left(attempt.message, {_LONGEST}) AS "What it said",
           {_drift("attempt.run_id", _asked_by("attempt"))} AS "Drift",
           {short_id("attempt.run_id")} AS "Run",
           {log_lines("attempt.run_id", "attempt.started_at", _end("attempt"), "attempt.test_name")} AS "Log lines"
    FROM (
        SELECT attempt.*
        FROM test_attempts AS attempt
        JOIN runs AS run ON run.id = attempt.run_id
        JOIN targets AS target ON target.id = run.target_id
        WHERE {TARGET} AND attempt.status = 'FAIL' AND $__timeFilter(attempt.started_at)
              AND {named("attempt.test_name")} AND {of_run("run.id")}
        ORDER BY attempt.started_at DESC, attempt.id LIMIT 100
    ) AS attempt
    ORDER BY attempt.started_at DESC, attempt.id
"""

ERRORS: Final = f"""
    SELECT left((array_agg(attempt.message ORDER BY attempt.started_at DESC, attempt.id))[1], {_LONGEST})
               AS "What they said",
           count(DISTINCT attempt.test_name) AS "Tests", count(*) AS "Attempts",
           min(attempt.started_at) AS "First", max(attempt.started_at) AS "Last"
    FROM test_attempts AS attempt
    JOIN runs AS run ON run.id = attempt.run_id
    JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} AND attempt.status = 'FAIL' AND $__timeFilter(attempt.started_at)
          AND {named("attempt.test_name")} AND {of_run("run.id")}
    GROUP BY coalesce(nullif(attempt.fingerprint, ''), md5(attempt.message)), attempt.cause
    ORDER BY count(DISTINCT attempt.test_name) DESC, max(attempt.started_at) DESC LIMIT 50
"""

FLAKY: Final = f"""
    SELECT flaky.test_name AS "Test", flaky.failures::float8 / flaky.attempts AS "Fails",
           flaky.failures AS "Failures", flaky.attempts AS "Attempts", flaky.last_flaked_at AS "Last",
           left(flaky.last_message, {_LONGEST}) AS "What it said last"
    FROM flaky_tests_since({_MONTH}) AS flaky
    WHERE flaky.target = ${{target:sqlstring}} AND {named("flaky.test_name")}
    ORDER BY flaky.failures::float8 / flaky.attempts DESC, flaky.test_name LIMIT 50
"""

_COUNTS: Final = """count(*) FILTER (WHERE outcome = 'passed') AS "passed",
           count(*) FILTER (WHERE outcome = 'failed') AS "failed",
           count(*) FILTER (WHERE outcome = 'skipped') AS "skipped",
           count(*) FILTER (WHERE outcome = 'not counted') AS "not counted\""""

OUTCOMES: Final = f"""
    SELECT {_COUNTS}
    FROM ({LAST_ATTEMPTS}) AS last_attempts
    HAVING count(*) > 0
"""

TESTS_OVER_TIME: Final = f"""
    SELECT run.started_at AS time,
           {_COUNTS}
    FROM ({LAST_ATTEMPTS}) AS last_attempts
    JOIN runs AS run ON run.id = last_attempts.run_id
    GROUP BY run.id
    ORDER BY run.started_at
"""

DURATIONS: Final = f"""
    SELECT run.started_at AS time, concat_ws(' ', run.kind, 'on', run.host, nullif(run.shard, '')) AS metric,
           extract(epoch FROM run.finished_at - run.started_at)::float8 AS value
    FROM runs AS run JOIN targets AS target ON target.id = run.target_id
    WHERE {TARGET} AND $__timeFilter(run.started_at) AND run.finished_at IS NOT NULL
    ORDER BY run.started_at
"""

SUITES: Final = rf"""
    SELECT coalesce(substring(latest.test_name FROM '^(.*)\.[^.]+\.*\Z'), latest.test_name) AS "Suite",
           max(latest.started_at) AS "Last test", count(*) AS "Tests", count(*) FILTER (WHERE latest.fails) AS "Fail"
    FROM ({LATEST_TESTS}) AS latest
    GROUP BY 1
    ORDER BY count(*) FILTER (WHERE latest.fails) DESC, 1 LIMIT 100
"""

RUNS: Final = f"""
    SELECT run.started_at AS "Began",
           CASE WHEN load.run_id IS NOT NULL THEN 'load ' || load.outcome
                WHEN run.finished_at IS NULL THEN 'not finished'
                WHEN counts.failed > 0 THEN 'failed'
                WHEN counts.tests > 0 THEN 'passed'
                ELSE 'no tests' END AS "Result",
           counts.passed AS "Passed", counts.failed AS "Failed", counts.skipped AS "Skipped",
           counts.excused AS "Not counted",
           extract(epoch FROM run.finished_at - run.started_at)::float8 AS "Took",
           run.kind AS "Kind", run.host AS "Machine", nullif(run.shard, '') AS "Shard",
           left(run.git_revision, 10) AS "Tests' revision", left(run.api_revision, 10) AS "API revision",
           {_drift("run.id")} AS "Drift",
           {short_id("run.id")} AS "Run",
           {log_lines("run.id", "run.started_at", "coalesce(run.finished_at, run.started_at + interval '1 hour')")}
               AS "Log lines"
    FROM (
        SELECT run.* FROM runs AS run JOIN targets AS target ON target.id = run.target_id
        WHERE {TARGET} AND $__timeFilter(run.started_at) AND {of_run("run.id")}
        ORDER BY run.started_at DESC, run.id LIMIT 50
    ) AS run
    LEFT JOIN load_runs AS load ON load.run_id = run.id
    LEFT JOIN LATERAL (
        SELECT count(*) AS tests, count(*) FILTER (WHERE status = 'PASS') AS passed,
               count(*) FILTER (WHERE status = 'FAIL' AND NOT excused) AS failed,
               count(*) FILTER (WHERE status = 'SKIP') AS skipped, count(*) FILTER (WHERE excused) AS excused
        FROM (
            SELECT DISTINCT ON (attempt.test_name) attempt.status,
                   attempt.status = 'FAIL' AND (attempt.cause <> '' OR attempt.quarantined) AS excused
            FROM test_attempts AS attempt WHERE attempt.run_id = run.id
            ORDER BY attempt.test_name, attempt.started_at DESC, attempt.id
        ) AS last_attempts
    ) AS counts ON true
    ORDER BY run.started_at DESC, run.id
"""

SCHEMA_CHANGES: Final = schema_changes(f"$__timeFilter(change.found_at) AND {of_run('change.run_id')}", 50)
