"""What the dashboard Schema & Data Drift asks of the history.

That a resource is back at a state seen before is no change of data, as on the health page.
"""

from __future__ import annotations

from typing import Final

from config.grafana.history_sql import TARGET, chosen, log_lines, of_run, schema_changes, short_id, some, subject

_CHANGES: Final = f"{chosen('change.endpoint', 'endpoint')} AND {of_run('change.run_id')}"
_SHOWN: Final = f"$__timeFilter(change.found_at) AND {_CHANGES}"
_OPEN: Final = f"change.state = 'open' AND change.found_at <= $__timeTo() AND {_CHANGES}"
_DATA: Final = f"{_SHOWN} AND change.kind <> 'rolled_back'"
_KNOWN: Final = f"FROM targets AS target WHERE {TARGET}"

_OF_SCHEMAS: Final = "FROM schema_changes AS change JOIN targets AS target ON target.id = change.target_id"
_OF_DATA: Final = "FROM data_changes AS change JOIN targets AS target ON target.id = change.target_id"

ENDPOINTS: Final = f"""
    SELECT DISTINCT version.endpoint
    FROM schema_versions AS version JOIN targets AS target ON target.id = version.target_id
    WHERE {TARGET}
    UNION SELECT DISTINCT change.endpoint {_OF_DATA} WHERE {TARGET}
    ORDER BY 1 LIMIT 200
"""


def number_of_open(*, breaking: bool) -> str:
    """How many changes of schemas wait for somebody, of those that break something, or of the others."""
    wanted = "change.breaking" if breaking else "NOT change.breaking"
    return f"""
    SELECT (SELECT count(*) {_OF_SCHEMAS} WHERE {TARGET} AND {_OPEN} AND {wanted}) AS "Open"
    {_KNOWN}
"""


CHANGES_NUMBER: Final = f"""
    SELECT (SELECT count(*) {_OF_SCHEMAS} WHERE {TARGET} AND {_SHOWN}) AS "Changes"
    {_KNOWN}
"""

PLACES_NUMBER: Final = f"""
    SELECT (SELECT count(*) {_OF_DATA} WHERE {TARGET} AND {_DATA}) AS "Places"
    {_KNOWN}
"""

RESOURCES_NUMBER: Final = f"""
    SELECT (SELECT count(DISTINCT (touched.endpoint, touched.resource)) FROM (
                SELECT change.endpoint, unnest(change.resources) AS resource {_OF_SCHEMAS} WHERE {TARGET} AND {_SHOWN}
                UNION ALL
                SELECT change.endpoint, unnest(change.resources) {_OF_DATA} WHERE {TARGET} AND {_DATA}
            ) AS touched) AS "Resources"
    {_KNOWN}
"""

WATCHED_NUMBER: Final = f"""
    SELECT (SELECT count(DISTINCT (answer.endpoint, answer.resource))
            FROM api_responses AS answer
            WHERE answer.target_id = target.id AND {chosen("answer.endpoint", "endpoint")}
                  AND answer.last_seen_at >= $__timeFrom() AND answer.first_seen_at <= $__timeTo()) AS "Resources"
    {_KNOWN}
"""

OPEN: Final = schema_changes(_OPEN, 100, closed=False)

CHANGES: Final = schema_changes(_SHOWN, 200)

BY_DAY: Final = f"""
    SELECT date_trunc('day', change.found_at, 'UTC') AS time,
           count(*) FILTER (WHERE change.breaking) AS "breaking",
           count(*) FILTER (WHERE NOT change.breaking) AS "not breaking"
    {_OF_SCHEMAS}
    WHERE {TARGET} AND {_SHOWN}
    GROUP BY 1 ORDER BY 1
"""

BY_ENDPOINT: Final = f"""
    SELECT {subject("change")} AS "Endpoint", count(*) FILTER (WHERE change.breaking) AS "Breaking",
           count(*) FILTER (WHERE NOT change.breaking) AS "Not breaking",
           count(*) FILTER (WHERE change.state = 'open') AS "Open",
           count(*) FILTER (WHERE change.state = 'accepted') AS "Accepted",
           count(*) FILTER (WHERE change.state = 'reverted') AS "Reverted"
    {_OF_SCHEMAS}
    WHERE {TARGET} AND {_SHOWN}
    GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 50
"""

VERSIONS: Final = f"""
    SELECT change.seen_at AS "Seen", {subject("change")} AS "Endpoint", change.number AS "Version",
           (SELECT count(*) FROM schema_changes WHERE version_id = change.id) AS "Changes",
           run.api_revision AS "API revision", {short_id("change.run_id")} AS "Run"
    FROM schema_versions AS change
    JOIN targets AS target ON target.id = change.target_id
    JOIN runs AS run ON run.id = change.run_id
    WHERE {TARGET} AND $__timeFilter(change.seen_at) AND {_CHANGES}
    ORDER BY change.seen_at DESC, change.endpoint, change.part LIMIT 100
"""

DATA_BY_DAY: Final = f"""
    SELECT date_trunc('day', change.found_at, 'UTC') AS time, change.endpoint AS metric, count(*) AS value
    {_OF_DATA}
    WHERE {TARGET} AND {_DATA}
    GROUP BY 1, 2 ORDER BY 1, 2
"""

STATES_BY_DAY: Final = f"""
    SELECT date_trunc('day', answer.first_seen_at, 'UTC') AS time,
           count(*) FILTER (WHERE earlier.id IS NULL) AS "first",
           count(*) FILTER (WHERE earlier.id IS NOT NULL) AS "changed"
    FROM targets AS target
    JOIN api_responses AS answer ON answer.target_id = target.id
    LEFT JOIN LATERAL (
        SELECT before.id FROM api_responses AS before
        WHERE (before.target_id, before.endpoint, before.resource)
              = (answer.target_id, answer.endpoint, answer.resource) AND before.first_seen_at < answer.first_seen_at
        LIMIT 1
    ) AS earlier ON true
    WHERE {TARGET} AND $__timeFilter(answer.first_seen_at) AND {chosen("answer.endpoint", "endpoint")}
    GROUP BY 1 ORDER BY 1
"""

DATA: Final = f"""
    SELECT change.found_at AS "Found", {subject("change")} AS "Endpoint", change.path AS "Path",
           replace(change.kind, '_', ' ') AS "Change", nullif(change.about, '') AS "About", change.count AS "Values",
           cardinality(change.resources) AS "Resources", {some("change.resources")} AS "Such as",
           run.api_revision AS "API revision", {short_id("change.run_id")} AS "Run",
           {log_lines("change.run_id", "run.started_at", "coalesce(run.finished_at, change.found_at)")} AS "Log lines"
    {_OF_DATA}
    JOIN runs AS run ON run.id = change.run_id
    WHERE {TARGET} AND {_DATA}
    ORDER BY change.found_at DESC, cardinality(change.resources) DESC, change.count DESC, change.endpoint, change.path,
             change.about LIMIT 200
"""
