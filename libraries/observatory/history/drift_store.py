"""How a batch of responses teaches the schemas, and what it brings to light: in the transaction that stores it.

What a run saw of an endpoint is kept whole, beside the model that was known before the run, and judged anew with each
batch. So several processes come to the same model and the same changes as one, whoever stores first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from msgspec.json import decode, encode
from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extras import execute_values

from observatory.data_drift import DataChangeGroup, differences, grouped, merged, to_json
from observatory.history.drift_queries import ROLLED_BACK, changes_with
from observatory.history.known_changes import KnownChange
from observatory.history.lessons import Lesson
from observatory.history.newer import Newer
from observatory.history.run_notes import RunNotes, written
from observatory.json_values import parsed, parsed_pair
from observatory.logs.concealing import concealed
from observatory.schema_drift import (
    Model,
    Observation,
    SchemaChange,
    changes_of,
    known_after,
    prune,
    shape_of,
    shows,
    take_back,
)
from observatory.words import natural

OUTDATED: Final = timedelta(days=1)
"""What is so much older than what is known of an endpoint, such as an old recording read in late, teaches nothing."""

_LOCK: Final = """
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', %(target)s, %(endpoint)s, %(part)s), 0))
"""
"""Two runs that meet at a schema take turns: else both would make the same new version of it."""

_OPEN_OBSERVATION: Final = """
INSERT INTO schema_observations (run_id, target_id, endpoint, part, base, base_revision, seen)
SELECT %(run_id)s, targets.id, %(endpoint)s, %(part)s, coalesce(head.model, '{}'), head.api_revision, '{}'
FROM targets
LEFT JOIN LATERAL (
    SELECT model, api_revision FROM schema_versions AS version JOIN runs ON runs.id = version.taught_by
    WHERE version.target_id = targets.id AND version.endpoint = %(endpoint)s AND version.part = %(part)s
    ORDER BY number DESC LIMIT 1
) AS head ON true
WHERE name = %(target)s
ON CONFLICT DO NOTHING
"""

_OBSERVATION: Final = """
SELECT observation.target_id, base::text, seen::text, coalesce(base_revision = runs.api_revision, false)
FROM schema_observations AS observation JOIN runs ON runs.id = observation.run_id
WHERE run_id = %(run_id)s AND endpoint = %(endpoint)s AND part = %(part)s FOR UPDATE OF observation
"""

_KEEP_OBSERVATION: Final = """
UPDATE schema_observations SET seen = %(seen)s, updated_at = now()
WHERE run_id = %(run_id)s AND endpoint = %(endpoint)s AND part = %(part)s
"""

_DROP_OBSERVATIONS: Final = """
DELETE FROM schema_observations
WHERE target_id = %(target_id)s AND endpoint = %(endpoint)s AND part = %(part)s AND run_id <> %(run_id)s
    AND updated_at < now() - interval '1 day'
"""

_HEAD: Final = """
SELECT id, number, taught_by, seen_at, model::text,
       bool_or(run_id = %(run_id)s) OVER (PARTITION BY target_id, endpoint, part)
FROM schema_versions
WHERE target_id = %(target_id)s AND endpoint = %(endpoint)s AND part = %(part)s
ORDER BY number DESC LIMIT 1
"""

_NEW_VERSION: Final = """
INSERT INTO schema_versions (target_id, endpoint, part, number, run_id, taught_by, seen_at, model)
VALUES (%(target_id)s, %(endpoint)s, %(part)s, %(number)s, %(run_id)s, %(run_id)s, %(seen_at)s, %(model)s)
RETURNING id
"""

_TEACH_VERSION: Final = """
UPDATE schema_versions
SET model = %(model)s, taught_by = %(run_id)s, seen_at = greatest(seen_at, %(seen_at)s) WHERE id = %(id)s
"""

_CHANGES: Final = """
INSERT INTO schema_changes AS known
    (target_id, run_id, version_id, endpoint, part, kind, path, renamed_to, before, after, breaking, resources,
     found_at)
VALUES %s
ON CONFLICT (run_id, endpoint, part, kind, md5(path)) DO UPDATE SET
    renamed_to = excluded.renamed_to, before = excluded.before, after = excluded.after,
    resources = excluded.resources, found_at = least(known.found_at, excluded.found_at)
RETURNING id, xmax = 0
"""

_WITHDRAW: Final = """
DELETE FROM schema_changes
WHERE run_id = %(run_id)s AND endpoint = %(endpoint)s AND part = %(part)s AND state = 'open' AND NOT id = ANY(%(ids)s)
"""

_REVERT: Final = """
UPDATE schema_changes SET state = 'reverted', closed_at = %(seen_at)s, closed_run_id = %(run_id)s
WHERE id = ANY(%(ids)s) AND state = 'open'
"""

_OPEN_BEFORE: Final = """
SELECT id FROM schema_changes
WHERE target_id = %(target_id)s AND endpoint = %(endpoint)s AND part = %(part)s AND run_id <> %(run_id)s
    AND (closed_run_id = %(run_id)s OR state = 'open' AND resources && %(resources)s)
"""

_LATEST: Final = """
SELECT content FROM api_responses JOIN bodies ON bodies.hash = body_hash
WHERE target_id = %(target_id)s AND endpoint = %(endpoint)s AND resource = %(resource)s
ORDER BY last_seen_at DESC, id DESC LIMIT 1
"""

_DATA_CHANGES: Final = """
INSERT INTO data_changes (target_id, run_id, endpoint, part, path, kind, about, count, resources, examples, found_at)
VALUES %s
"""

_FORGET_DATA_CHANGES: Final = """
DELETE FROM data_changes WHERE run_id = %(run_id)s AND endpoint = %(endpoint)s AND part = %(part)s
"""


@dataclass(frozen=True, slots=True)
class _Head:
    """The newest version of a schema, and whether any of its versions was made by the run that is learning."""

    id: int
    number: int
    taught_by: uuid.UUID
    seen_at: datetime
    model: str
    is_of_run: bool


def learn(cursor: Cursor, found: Sequence[Lesson], contents: Mapping[bytes, bytes]) -> list[KnownChange]:
    """Teach the schemas what a stored batch has to teach; gives the changes that nobody told of in this run so far.

    `contents` are the bodies at hand, by their hash; others are read from the database.
    """
    news: list[int] = []
    for _, together in groupby(found, key=lambda lesson: lesson.place):
        news += _learn_place(cursor, list(together), contents)
    return changes_with(cursor, news) if news else []


def _learn_place(cursor: Cursor, found: Sequence[Lesson], contents: Mapping[bytes, bytes]) -> list[int]:
    first = found[0]
    place: dict[str, Any] = {
        "run_id": first.run_id,
        "target": first.target,
        "endpoint": first.endpoint,
        "part": first.part,
        "seen_at": max(lesson.seen_at for lesson in found),
    }
    cursor.execute(_LOCK, place)
    cursor.execute(_OPEN_OBSERVATION, place)
    cursor.execute(_OBSERVATION, place)
    place["target_id"], base_text, seen_text, is_same_revision = _row(cursor)
    head = _head(cursor, place)
    if head is not None and head.taught_by != first.run_id and head.seen_at > place["seen_at"] + OUTDATED:
        return []
    base, notes = Model(decode(base_text)), RunNotes.of(seen_text)
    if head is not None and head.taught_by != first.run_id and head.model != base_text:
        notes.others.merge(Model(decode(head.model)))
    newer = Newer(cursor, place) if base and not is_same_revision else None
    for lesson in found:
        # What is just unknown to us teaches; only what the API added since can show that it changed.
        can_show = lesson.before is not None or (newer is not None and lesson.resource in newer)
        _take(cursor, lesson, contents, base if can_show else Model(), notes)
    place["seen"] = notes.as_json()
    cursor.execute(_KEEP_OBSERVATION, place)
    changes = changes_of(first.endpoint, first.part, base, notes.observation)
    model = known_after(base, notes.observation, changes)
    model.merge(notes.others)
    reverted = _reverted(cursor, place, found)
    for known in reverted:
        take_back(model, known.change)
    version = _keep_model(cursor, place, head, model, is_new=bool(changes))
    news = _keep_changes(cursor, place, version, changes, min(lesson.seen_at for lesson in found))
    takers = [key for key, change in news.items() if any(change.reverses(known.change) for known in reverted)]
    if reverted:
        cursor.execute(_REVERT, {**place, "ids": [*takers, *(known.id for known in reverted)]})
    _keep_data_changes(cursor, place, notes, changes)
    return list(news)


def _take(cursor: Cursor, lesson: Lesson, contents: Mapping[bytes, bytes], base: Model, notes: RunNotes) -> None:
    """Let one body teach; a body that cannot be read as JSON, which some other version let in, teaches nothing."""
    told, digest, had = notes.before.get(lesson.resource, {}), lesson.body_hash, lesson.before
    if had is not None and had.hex() in told:
        had = bytes.fromhex(told[had.hex()])  # an old state, but this run brought it back; it had another before
    if had == digest:
        return
    try:
        content = _content(cursor, digest, contents)
        if had is None:
            notes.observation.see(lesson.resource, parsed(content), None, base, is_fresh=True)
            return
        before, body = parsed_pair(_content(cursor, had, contents), content)
    except ValueError:
        return
    seen = Observation()
    seen.see(lesson.resource, body, before, base, is_fresh=False)
    notes.observation.merge(seen)
    if digest.hex() in told:
        return
    notes.before[lesson.resource] = {**told, digest.hex(): had.hex()}
    if seen.findings:
        prune(changes_of(lesson.endpoint, lesson.part, base, seen), before, body)
    data = [concealed(change) for change in differences(before, body)]
    notes.groups = merged(notes.groups, grouped(lesson.endpoint, {lesson.resource: data}))
    if lesson.state_of is not None and (data or seen.findings):
        since = lesson.state_of.astimezone(UTC).isoformat()
        notes.rolled_back[lesson.resource] = min(since, notes.rolled_back.get(lesson.resource, since))


def _content(cursor: Cursor, body_hash: bytes, contents: Mapping[bytes, bytes]) -> bytes:
    if body_hash in contents:
        return contents[body_hash]
    cursor.execute("SELECT content FROM bodies WHERE hash = %s", (body_hash,))
    return str(_row(cursor)[0]).encode("utf-8")


def _head(cursor: Cursor, place: Mapping[str, Any]) -> _Head | None:
    cursor.execute(_HEAD, place)
    row = cursor.fetchone()
    return None if row is None else _Head(*row)


def _keep_model(cursor: Cursor, place: Mapping[str, Any], head: _Head | None, model: Model, *, is_new: bool) -> int:
    """Keep what is known now, in a new version when the schema changed; gives the version's id."""
    values = {**place, "model": written(model.as_json())}
    if head is None or (is_new and not head.is_of_run):
        if head is None:
            cursor.execute(_DROP_OBSERVATIONS, values)
        cursor.execute(_NEW_VERSION, {**values, "number": 1 if head is None else head.number + 1})
        return int(_row(cursor)[0])
    if values["model"] != head.model or head.seen_at < place["seen_at"]:
        cursor.execute(_DROP_OBSERVATIONS, values)
        cursor.execute(_TEACH_VERSION, {**values, "id": head.id})
    return head.id


def _keep_changes(
    cursor: Cursor, place: Mapping[str, Any], version: int, changes: Sequence[SchemaChange], found_at: datetime
) -> dict[int, SchemaChange]:
    """Keep the changes of the run as they are now; gives those that were not known yet, by their ids."""
    kept: dict[int, SchemaChange] = {}
    news: dict[int, SchemaChange] = {}
    for change in changes:
        row = (
            place["target_id"],
            place["run_id"],
            version,
            change.endpoint,
            change.part,
            change.kind.value,
            change.path,
            change.to,
            encode(change.before).decode(),
            encode(change.after).decode(),
            change.breaking,
            list(change.resources),
            found_at,
        )
        ((key, is_new),) = execute_values(cursor, _CHANGES, [row], fetch=True)
        kept[key] = change
        if is_new:
            news[key] = change
    cursor.execute(_WITHDRAW, {**place, "ids": list(kept)})
    return news


def _reverted(cursor: Cursor, place: Mapping[str, Any], found: Sequence[Lesson]) -> list[KnownChange]:
    """The changes that were open before this run, and that none of their resources shows any more."""
    cursor.execute(_OPEN_BEFORE, {**place, "resources": [lesson.resource for lesson in found]})
    earlier = changes_with(cursor, [row[0] for row in cursor.fetchall()])
    return [known for known in earlier if not _is_shown(cursor, place, known.change)]


def _is_shown(cursor: Cursor, place: Mapping[str, Any], change: SchemaChange) -> bool:
    for resource in change.resources:
        cursor.execute(_LATEST, {**place, "resource": resource})
        if shows(change, shape_of(parsed(str(_row(cursor)[0]).encode("utf-8")))):
            return True
    return False


def _keep_data_changes(
    cursor: Cursor, place: Mapping[str, Any], notes: RunNotes, changes: Iterable[SchemaChange]
) -> None:
    """Keep what changed in the data of the run, less what a change of the schema tells of already."""
    rows = [
        (group.path, group.kind.value, group.about, group.count, list(group.resources), _examples(group))
        for group in notes.groups
        if not any(change.tells(group.path) and set(group.resources) <= set(change.resources) for change in changes)
    ]
    if notes.rolled_back:
        back = notes.rolled_back
        rows.append(("", ROLLED_BACK, "", len(back), sorted(back, key=natural), written(back)))
    cursor.execute(_FORGET_DATA_CHANGES, place)
    if rows:
        where = (place["target_id"], place["run_id"], place["endpoint"], place["part"])
        execute_values(cursor, _DATA_CHANGES, [(*where, *row, place["seen_at"]) for row in rows])


def _examples(group: DataChangeGroup) -> str:
    return encode(to_json([group])[0]["examples"]).decode()


def _row(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("a row that this transaction made is not there")
    return row
