"""What several dashboards ask of the history in SQL, in the words of the health page, which must say the same.

In each statement Grafana fills in `$__timeFilter(…)`, `$__timeFrom()` and `$__timeTo()`, the time that is shown, and
what was chosen: `${target:sqlstring}` is a text in quotes, `${endpoint:sqlstring}` several, or none at all.
"""

from __future__ import annotations

from typing import Final

TARGET: Final = "target.name = ${target:sqlstring}"
"""Rows about the chosen target."""


def chosen(column: str, variable: str) -> str:
    """Rows whose column is one of the chosen words."""
    return f"{column} = ANY(ARRAY[${{{variable}:sqlstring}}]::text[])"


def named(column: str) -> str:
    """Rows of tests in whose names the text stands that was typed, in any case; all, where nothing was typed."""
    return f"strpos(lower({column}), lower(${{test:sqlstring}})) > 0"


def of_run(column: str) -> str:
    """Rows of runs whose id begins as it was typed, with or without dashes; all, where nothing was typed."""
    return f"strpos({hex_id(column)}, replace(lower(${{run:sqlstring}}), '-', '')) = 1"


def hex_id(column: str) -> str:
    """The id of a run as log lines and log.html have it: without dashes."""
    return f"replace({column}::text, '-', '')"


def short_id(column: str) -> str:
    """The beginning of the id of a run, by which it is found again."""
    return f"left({column}::text, 8)"


def subject(table: str) -> str:
    """The endpoint, with the part of it that has a schema of its own."""
    return f"concat_ws(' ', {table}.endpoint, nullif({table}.part, ''))"


def some(column: str) -> str:
    """The first few of many resources."""
    return f"array_to_string({column}[1:5], ', ') || CASE WHEN cardinality({column}) > 5 THEN ', …' ELSE '' END"


def log_lines(run_id: str, begin: str, end: str, test_name: str = "") -> str:
    """What Explore opens with, as JSON: the log lines of a run, or of a test in it, from a bit before to a bit after.

    A text in JSON's quotes is one in LogQL's too, whatever is in a test's name.

    Args:
        run_id: the column with the run's id.
        begin: the column or expression with the first time.
        end: the column or expression with the last time.
        test_name: the column with the name of the test.
    """
    lines = f"""'{{job="observatory"}} | run_id="' || {hex_id(run_id)} || '"'"""
    if test_name:
        lines += f" || ' | test_name=' || to_json({test_name})::text"
    return f"""json_build_object('lines', json_build_object(
               'datasource', 'loki',
               'queries', json_build_array(json_build_object(
                   'refId', 'A', 'datasource', json_build_object('type', 'loki', 'uid', 'loki'),
                   'editorMode', 'code', 'queryType', 'range', 'expr', {lines})),
               'range', json_build_object(
                   'from', {_milliseconds(f"{begin} - interval '1 minute'")},
                   'to', {_milliseconds(f"{end} + interval '1 minute'")})))::text"""


LOG_LINES: Final = "/explore?schemaVersion=1&orgId=1&panes=${__value.raw:percentencode}"
"""Where a cell with `log_lines` leads to."""

_RUN_OF_ROW: Final = "var-target=${target:percentencode}&var-run=${__data.fields.Run:percentencode}&${__url_time_range}"

DRIFT_OF_RUN: Final = f"/d/drift?{_RUN_OF_ROW}"
"""Where a cell beside the column Run leads to: what changed in that run."""

TESTS_OF_RUN: Final = f"/d/test-execution?{_RUN_OF_ROW}"
"""Where a cell beside the column Run leads to: what failed in that run."""

LAST_ATTEMPTS: Final = f"""
        SELECT DISTINCT ON (attempt.run_id, attempt.test_name)
               attempt.run_id, attempt.test_name,
               CASE WHEN attempt.status = 'PASS' THEN 'passed'
                    WHEN attempt.status = 'SKIP' THEN 'skipped'
                    WHEN attempt.cause <> '' OR attempt.quarantined THEN 'not counted'
                    ELSE 'failed' END AS outcome
        FROM test_attempts AS attempt
        JOIN runs AS run ON run.id = attempt.run_id
        JOIN targets AS target ON target.id = run.target_id
        WHERE {TARGET} AND $__timeFilter(run.started_at) AND {named("attempt.test_name")}
              AND {of_run("run.id")}
        ORDER BY attempt.run_id, attempt.test_name, attempt.started_at DESC, attempt.id
"""
"""What came of each test in each run. An attempt that follows another one is a retry, and the last one counts."""

LATEST_TESTS: Final = f"""
        SELECT DISTINCT ON (attempt.test_name)
               run.target_id, attempt.run_id, attempt.test_name, attempt.status, attempt.started_at,
               attempt.elapsed_seconds, attempt.message, attempt.fingerprint,
               attempt.status = 'FAIL' AND attempt.cause = '' AND NOT attempt.quarantined AS fails
        FROM (
            SELECT target.id, coalesce(
                max(run.started_at) FILTER (WHERE run.kind IN ('robot', 'pabot')), max(run.started_at)) AS at
            FROM targets AS target JOIN runs AS run ON run.target_id = target.id
            WHERE {TARGET} AND run.started_at <= $__timeTo()
            GROUP BY target.id
        ) AS newest
        JOIN runs AS run ON run.target_id = newest.id
        JOIN test_attempts AS attempt ON attempt.run_id = run.id
        WHERE $__timeFilter(run.started_at) AND run.started_at >= newest.at - interval '7 days'
              AND {named("attempt.test_name")}
        ORDER BY attempt.test_name, attempt.started_at DESC, attempt.id
"""
"""Each test as it ended last; one that did not run for a week before the newest run was removed."""


def schema_changes(conditions: str, most: int, *, closed: bool = True) -> str:
    """The changes of schemas that fit, the newest first; with `closed`, by whom and why they were closed."""
    ending = """nullif(change.closed_by, '') AS "Closed by", nullif(change.reason, '') AS "Reason",""" if closed else ""
    return f"""
    SELECT change.found_at AS "Found", {subject("change")} AS "Endpoint",
           CASE WHEN change.breaking THEN 'breaking' ELSE 'not breaking' END AS "Breaking",
           change.state AS "State", replace(change.kind, '_', ' ') AS "Change", change.path AS "Path",
           change.before #>> '{{}}' AS "Before", coalesce(change.renamed_to, change.after #>> '{{}}') AS "After",
           cardinality(change.resources) AS "Resources", {some("change.resources")} AS "Such as",
           version.number AS "Version", run.api_revision AS "API revision",
           {ending} change.id AS "Number",
           {short_id("change.run_id")} AS "Run",
           {log_lines("change.run_id", "run.started_at", "coalesce(run.finished_at, change.found_at)")} AS "Log lines"
    FROM schema_changes AS change
    JOIN targets AS target ON target.id = change.target_id
    JOIN runs AS run ON run.id = change.run_id
    JOIN schema_versions AS version ON version.id = change.version_id
    WHERE {TARGET} AND {conditions}
    ORDER BY change.found_at DESC, change.endpoint, change.part, change.path, change.kind LIMIT {most}
"""


def _milliseconds(moment: str) -> str:
    return f"(extract(epoch FROM {moment}) * 1000)::bigint::text"
