"""Which responses of a batch have something to teach: those with a body that their resource did not have before."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extras import execute_values

from observatory.history.entries import ResponseEntry
from observatory.parts import part_of

UNTAUGHT: Final = frozenset({"faults"})
"""Targets that answer wrongly on purpose: what is seen there says nothing about an API."""

_STATES = """
SELECT seen.target, seen.endpoint, seen.resource, known.body_hash, known.first_seen_at, known.last_seen_at,
       known.first_run_id::text, known.last_run_id::text
FROM (VALUES %s) AS seen (target, endpoint, resource)
JOIN targets ON targets.name = seen.target
JOIN api_responses AS known USING (endpoint, resource)
WHERE known.target_id = targets.id
"""

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A body that is new to its resource in this run.

    `part` is as in `SchemaChange`. `before` is the hash of the body that the resource had before this run, None when
    it was not seen before. `state_of` is when the resource was first seen with this very body, if that was earlier.
    """

    run_id: uuid.UUID
    target: str
    endpoint: str
    part: str
    resource: str
    body_hash: bytes
    before: bytes | None
    seen_at: datetime
    state_of: datetime | None

    @property
    def place(self) -> tuple[uuid.UUID, str, str, str]:
        """Whose schema it teaches, and in which run."""
        return self.run_id, self.target, self.endpoint, self.part


@dataclass(frozen=True, slots=True)
class _State:
    body_hash: bytes
    first_seen_at: datetime
    last_seen_at: datetime
    first_run_id: str
    last_run_id: str


def lessons(cursor: Cursor, responses: Sequence[ResponseEntry]) -> list[Lesson]:
    """What a batch has to teach; ask before the batch is stored, in the same transaction.

    A body that another process of the run brought already teaches nothing more, nor does an answer that is older than
    what is known of its resource.
    """
    told = {(entry.run_id, *_key(entry), entry.body_hash): entry for entry in reversed(responses)}
    entries = [entry for entry in told.values() if entry.target not in UNTAUGHT]
    if not entries:
        return []
    known = _states(cursor, {_key(entry) for entry in entries})
    found = (_lesson(entry, known.get(_key(entry), [])) for entry in entries)
    return sorted(filter(None, found), key=lambda lesson: (*lesson.place, lesson.seen_at, lesson.resource))


def _lesson(entry: ResponseEntry, states: Iterable[_State]) -> Lesson | None:
    run_id = str(entry.run_id)
    mine = next((state for state in states if state.body_hash == entry.body_hash), None)
    if mine is not None and run_id in (mine.first_run_id, mine.last_run_id):
        return None
    earlier = [state for state in states if state.first_run_id != run_id]
    before = max(earlier, key=lambda state: state.last_seen_at, default=None)
    if before is not None:
        is_outdated = before.last_seen_at > entry.seen_at and before.last_run_id != run_id
        if is_outdated or before.body_hash == entry.body_hash:
            return None
    return Lesson(
        run_id=entry.run_id,
        target=entry.target,
        endpoint=entry.endpoint,
        part=part_of(entry.endpoint, entry.resource),
        resource=entry.resource,
        body_hash=entry.body_hash,
        before=None if before is None else before.body_hash,
        seen_at=entry.seen_at,
        state_of=None if mine is None else mine.first_seen_at,
    )


def _states(cursor: Cursor, keys: Iterable[_Key]) -> dict[_Key, list[_State]]:
    states: dict[_Key, list[_State]] = {}
    for key, state in _rows(cursor, sorted(keys)):
        states.setdefault(key, []).append(state)
    return states


def _rows(cursor: Cursor, keys: Sequence[_Key]) -> Iterator[tuple[_Key, _State]]:
    for target, endpoint, resource, body_hash, *rest in execute_values(
        cursor, _STATES, keys, page_size=len(keys), fetch=True
    ):
        yield (target, endpoint, resource), _State(bytes(body_hash), *rest)


def _key(entry: ResponseEntry) -> _Key:
    return entry.target, entry.endpoint, entry.resource
