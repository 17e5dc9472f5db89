"""What is asked of the history about drift: the known changes of schemas, and what changed in the data of a run."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from observatory.data_drift import DataChangeGroup, from_json
from observatory.history.known_changes import ChangeState, KnownChange
from observatory.parts import part_of
from observatory.schema_drift import ChangeKind, SchemaChange

ROLLED_BACK = "rolled_back"
"""The kind of a data change that says which resources are back at a state that was seen before."""

_KNOWN = """
SELECT change.id, target.name, change.kind, change.endpoint, change.path, change.before, change.after,
       change.resources, change.part, change.renamed_to, change.found_at, change.run_id, change.state,
       run.api_revision, earlier.api_revision, change.closed_at, change.closed_by, change.reason
FROM schema_changes AS change
JOIN targets AS target ON target.id = change.target_id
JOIN runs AS run ON run.id = change.run_id
LEFT JOIN LATERAL (
    SELECT api_revision FROM runs
    WHERE target_id = change.target_id AND started_at < run.started_at AND api_revision IS NOT NULL
    ORDER BY started_at DESC LIMIT 1
) AS earlier ON true
"""

_NEWEST_FIRST = "ORDER BY change.found_at DESC, change.endpoint, change.part, change.path, change.kind"

_ACCEPT = """
UPDATE schema_changes SET state = 'accepted', closed_at = %(at)s, closed_by = %(by)s, reason = %(reason)s
WHERE id = ANY(%(ids)s) AND state = 'open' RETURNING id
"""

_BEFORE = """
SELECT content FROM schema_observations AS observation
JOIN bodies ON bodies.hash = decode(observation.seen #>> ARRAY['before', %(resource)s, %(hash)s], 'hex')
WHERE observation.run_id = %(run_id)s AND endpoint = %(endpoint)s AND part = %(part)s
"""

_COMPARED = """
SELECT DISTINCT now.endpoint, now.resource FROM api_responses AS now
JOIN api_responses AS earlier USING (target_id, endpoint, resource)
WHERE now.last_run_id = %s AND earlier.first_run_id <> now.last_run_id
"""

_DATA_CHANGES = """
SELECT endpoint, path, kind, about, count, resources, examples, part FROM data_changes
WHERE run_id = %s ORDER BY cardinality(resources) DESC, count DESC, endpoint, path, about
"""


class Place(NamedTuple):
    """A resource, and the part of its endpoint that it belongs to."""

    endpoint: str
    part: str
    resource: str


@dataclass(frozen=True, slots=True)
class RunDataChanges:
    """What changed in the data of a run's resources since they were seen before.

    `rolled_back` names, for each endpoint, the resources that are back at a state seen before, and since when that
    state is known. `seen` is how many resources of each endpoint, and of each part of one
    that has a schema of its own, the run asked for that were seen before it.
    """

    groups: tuple[DataChangeGroup, ...]
    rolled_back: dict[str, dict[str, datetime]]
    seen: dict[str, int]


def known_changes(
    connection: Connection,
    *,
    target: str | None = None,
    endpoint: str | None = None,
    since: datetime | None = None,
    states: Collection[ChangeState] = (),
    ids: Collection[int] | None = None,
    run_id: uuid.UUID | None = None,
) -> list[KnownChange]:
    """The changes of schemas that fit all that is given, the newest first."""
    conditions = {
        "target.name = %(target)s": target,
        "change.endpoint = %(endpoint)s": endpoint,
        "change.found_at >= %(since)s": since,
        "change.state = ANY(%(states)s)": [state.value for state in states] or None,
        "change.id = ANY(%(ids)s)": ids,
        "change.run_id = %(run_id)s": run_id,
    }
    given = [condition for condition, value in conditions.items() if value is not None]
    where = f"WHERE {' AND '.join(given)}" if given else ""
    values = {"target": target, "endpoint": endpoint, "since": since, "ids": list(ids or ()), "run_id": run_id}
    with connection.cursor() as cursor:
        cursor.execute(f"{_KNOWN} {where} {_NEWEST_FIRST}", {**values, "states": [state.value for state in states]})
        return [_known(row) for row in cursor.fetchall()]


def known_endpoints(connection: Connection, target: str | None = None) -> list[str]:
    """The endpoints of a target, or of all, whose schema is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT endpoint FROM schema_versions JOIN targets ON targets.id = target_id "
            "WHERE %(target)s::text IS NULL OR name = %(target)s ORDER BY endpoint",
            {"target": target},
        )
        return [str(row[0]) for row in cursor.fetchall()]


def known_targets(connection: Connection) -> list[str]:
    """The names of all targets that were ever watched."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM targets ORDER BY name")
        return [str(row[0]) for row in cursor.fetchall()]


def changes_with(cursor: Cursor, ids: Sequence[int]) -> list[KnownChange]:
    """The changes with these ids, the newest first."""
    if not ids:
        return []
    cursor.execute(f"{_KNOWN} WHERE change.id = ANY(%s) {_NEWEST_FIRST}", (list(ids),))
    return [_known(row) for row in cursor.fetchall()]


def accept_changes(
    connection: Connection, ids: Collection[int], by: str, reason: str, at: datetime
) -> list[KnownChange]:
    """Accept changes in the name of a person; gives those that were open."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, {"ids": list(ids), "by": by, "reason": reason, "at": at})
        return changes_with(cursor, [row[0] for row in cursor.fetchall()])


def body_before(connection: Connection, run_id: uuid.UUID, place: Place, body_hash: bytes) -> bytes | None:
    """The body that a resource had before this run, if it was seen in the run with a body that it did not have then."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, {"run_id": run_id, "hash": body_hash.hex(), **place._asdict()})
        row = cursor.fetchone()
        return None if row is None else str(row[0]).encode("utf-8")


def data_changes(connection: Connection, run_id: uuid.UUID) -> RunDataChanges:
    """What changed in the data that a run saw, the most resources first."""
    groups: list[dict[str, Any]] = []
    rolled_back: dict[str, dict[str, datetime]] = {}
    names = ("endpoint", "path", "kind", "about", "count", "resources", "examples", "part")
    with connection.cursor() as cursor:
        cursor.execute(_DATA_CHANGES, (run_id,))
        for row in cursor.fetchall():
            values = dict(zip(names, row, strict=True))
            subject = f"{values['endpoint']} {values['part']}".strip()
            if values["kind"] == ROLLED_BACK:
                back = {name: datetime.fromisoformat(since) for name, since in values["examples"].items()}
                rolled_back[subject] = back
            else:
                groups.append({**values, "endpoint": subject})
        cursor.execute(_COMPARED, (run_id,))
        seen = Counter(f"{endpoint} {part_of(endpoint, resource)}".strip() for endpoint, resource in cursor.fetchall())
    return RunDataChanges(tuple(from_json(groups)), rolled_back, dict(seen))


def _known(row: tuple[Any, ...]) -> KnownChange:
    key, target, kind, endpoint, path, before, after, resources, part, to, found_at, run_id, state, *rest = row
    change = SchemaChange(ChangeKind(kind), endpoint, path, before, after, tuple(resources), part, to)
    return KnownChange(key, target, change, found_at, run_id, ChangeState(state), *rest)
