"""How entries become rows: one transaction a batch, and telling an entry twice changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_values, register_uuid

from observatory.history.entries import Body, Entry, LoadEntry, ResponseEntry, RunEntry, SampleEntry, TestAttemptEntry
from observatory.history.lessons import Lesson, lessons
from observatory.history.load_store import leave_out, store_loads

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange

register_uuid()  # type: ignore[no-untyped-call]  # its stubs lack the default of its only argument

_RUN = """
INSERT INTO runs
    (id, target_id, kind, started_at, finished_at, git_revision, api_revision, api_deployed_at, host, shard, log)
VALUES (%(id)s, (SELECT id FROM targets WHERE name = %(target)s), %(kind)s, %(started_at)s, %(finished_at)s,
        %(git_revision)s, %(api_revision)s, %(api_deployed_at)s, %(host)s, %(shard)s, %(log)s)
ON CONFLICT (id) DO UPDATE SET
    started_at = least(runs.started_at, excluded.started_at),
    finished_at = greatest(runs.finished_at, excluded.finished_at),
    git_revision = coalesce(runs.git_revision, excluded.git_revision),
    api_revision = coalesce(excluded.api_revision, runs.api_revision),
    api_deployed_at = coalesce(excluded.api_deployed_at, runs.api_deployed_at),
    log = coalesce(excluded.log, runs.log)
"""

_BODIES = """
INSERT INTO bodies (hash, content, size, accepted_by) VALUES %s
ON CONFLICT (hash) DO UPDATE SET accepted_by = excluded.accepted_by
WHERE excluded.accepted_by IS NOT NULL AND excluded.accepted_by IS DISTINCT FROM bodies.accepted_by
"""

_RESPONSES = """
INSERT INTO api_responses AS known
    (target_id, endpoint, resource, body_hash, first_seen_at, last_seen_at, first_run_id, last_run_id)
SELECT targets.id, seen.endpoint, seen.resource, seen.body_hash, seen.first_seen_at, seen.last_seen_at,
       seen.first_run_id, seen.last_run_id
FROM (VALUES %s) AS seen
    (target, endpoint, resource, body_hash, first_seen_at, last_seen_at, first_run_id, last_run_id)
JOIN targets ON targets.name = seen.target
ORDER BY targets.id, seen.endpoint, seen.resource, seen.body_hash
ON CONFLICT (target_id, endpoint, resource, body_hash) DO UPDATE SET
    first_run_id = CASE WHEN excluded.first_seen_at < known.first_seen_at
                        THEN excluded.first_run_id ELSE known.first_run_id END,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_run_id = CASE WHEN excluded.last_seen_at > known.last_seen_at
                       THEN excluded.last_run_id ELSE known.last_run_id END,
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)
"""

_SAMPLES = """
INSERT INTO latency_samples
    (id, run_id, endpoint, resource, started_at, elapsed_seconds, attempts, status, failure_type, test_name,
     attempt, connect_seconds, first_byte_seconds, in_batch, left_out)
VALUES %s ON CONFLICT (id) DO NOTHING
"""

# A pass may be taken back, and never the other way round: the order in which both are told makes no difference.
_ATTEMPTS = """
INSERT INTO test_attempts AS known
    (id, run_id, test_name, status, started_at, elapsed_seconds, message, attempt, cause, fingerprint, quarantined)
VALUES %s ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, message = excluded.message, cause = excluded.cause, fingerprint = excluded.fingerprint
WHERE known.status = 'PASS' AND excluded.status <> 'PASS'
"""


class Stored(NamedTuple):
    """What came of storing a batch.

    `changes` of schemas that it brought to light, and no other batch of their run before; `problem` says why it could
    not be judged, and is empty if it could: then the batch is stored all the same.
    """

    changes: Sequence[KnownChange] = ()
    problem: str = ""


def store(connection: Connection, entries: Sequence[Entry]) -> Stored:
    """Write a batch of entries within the transaction that is open on `connection`.

    Rows are written in the order of their keys, so that processes that write the same ones do not wait for each
    other in a circle.

    Raises:
        psycopg2.Error: the database refused; nothing of the batch is written then.
    """
    with connection.cursor() as cursor:
        runs = [entry for entry in entries if isinstance(entry, RunEntry)]
        samples = [entry for entry in entries if isinstance(entry, SampleEntry)]
        _store_runs(cursor, runs)
        store_loads(cursor, [entry for entry in entries if isinstance(entry, LoadEntry)])
        responses = [entry for entry in entries if isinstance(entry, ResponseEntry)]
        found = lessons(cursor, responses)
        _store_responses(cursor, responses)
        _insert(cursor, _SAMPLES, [_sample_row(sample) for sample in samples])
        _insert(
            cursor,
            _ATTEMPTS,
            [_attempt_row(attempt) for attempt in _last_told(entries)],
        )
        stored = _learn(cursor, found, responses) if found else Stored()
        leave_out(cursor, runs, samples)  # the last, because of its lock
        return stored


def _learn(cursor: Cursor, found: Sequence[Lesson], responses: Sequence[ResponseEntry]) -> Stored:
    from observatory.history.drift_store import learn  # most runs see nothing new, and need none of it

    contents = {entry.body.hash: entry.body.content for entry in responses if entry.body is not None}
    changes: list[KnownChange] = []
    problems: list[str] = []
    for (_, _, endpoint, part), together in groupby(found, key=lambda lesson: lesson.place):
        cursor.execute("SAVEPOINT learning")
        try:
            changes += learn(cursor, list(together), contents)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):  # of the connection: it is tried again
            raise
        except Exception as error:  # noqa: BLE001 -- a model that cannot be read may fail in any way
            # What was seen is worth more than what it says: it is stored, and other schemas learn.
            cursor.execute("ROLLBACK TO SAVEPOINT learning")
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            subject = f"{endpoint} {part}".strip()
            problems.append(f"Whether the schema of {subject} changed could not be told: {reason}.")
    return Stored(changes, " ".join(problems))


def _store_runs(cursor: Cursor, runs: Sequence[RunEntry]) -> None:
    for run in sorted(runs, key=lambda run: run.id):
        cursor.execute("SELECT 1 FROM targets WHERE name = %s", (run.target,))
        if cursor.fetchone() is None:
            cursor.execute("INSERT INTO targets (name) VALUES (%s) ON CONFLICT DO NOTHING", (run.target,))
        cursor.execute(_RUN, {name: getattr(run, name) for name in RunEntry.__slots__})


def _store_responses(cursor: Cursor, responses: Sequence[ResponseEntry]) -> None:
    bodies = {entry.body.hash: entry.body for entry in responses if entry.body is not None}
    _insert(cursor, _BODIES, [_body_row(bodies[key]) for key in sorted(bodies)])
    _insert(cursor, _RESPONSES, [_response_row(seen) for seen in _spans(responses)])


@dataclass(slots=True)
class _Span:
    """The first and the last time that a batch saw one resource with one body: a statement touches a row once."""

    key: tuple[str, str, str, bytes]
    first: ResponseEntry
    last: ResponseEntry


def _spans(responses: Sequence[ResponseEntry]) -> list[_Span]:
    spans: dict[tuple[str, str, str, bytes], _Span] = {}
    for entry in sorted(responses, key=lambda entry: entry.seen_at):
        key = (entry.target, entry.endpoint, entry.resource, entry.body_hash)
        spans.setdefault(key, _Span(key, entry, entry)).last = entry
    return list(spans.values())


def _insert(cursor: Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        execute_values(cursor, statement, rows)


def _body_row(body: Body) -> tuple[Any, ...]:
    return (body.hash, body.content.decode("utf-8"), len(body.content), body.accepted_by)


def _response_row(span: _Span) -> tuple[Any, ...]:
    first, last = span.first, span.last
    return (*span.key, first.seen_at, last.seen_at, first.run_id, last.run_id)


def _last_told(entries: Sequence[Entry]) -> Sequence[TestAttemptEntry]:
    """Each attempt once: a statement touches a row once, and a pass may be taken back in the same batch."""
    attempts: dict[uuid.UUID, TestAttemptEntry] = {}
    for entry in entries:
        if isinstance(entry, TestAttemptEntry) and (entry.id not in attempts or entry.status != "PASS"):
            attempts[entry.id] = entry
    return list(attempts.values())


def _sample_row(sample: SampleEntry) -> tuple[Any, ...]:
    return (
        sample.id,
        sample.run_id,
        sample.endpoint,
        sample.resource,
        sample.started_at,
        sample.elapsed,
        sample.attempts,
        sample.status,
        sample.failure_type,
        sample.test_name,
        sample.attempt,
        sample.connect,
        sample.first_byte,
        sample.in_batch,
        sample.left_out,
    )


def _attempt_row(attempt: TestAttemptEntry) -> tuple[Any, ...]:
    return (
        attempt.id,
        attempt.run_id,
        attempt.name,
        attempt.status,
        attempt.started_at,
        attempt.elapsed,
        attempt.message,
        attempt.attempt,
        attempt.cause,
        attempt.fingerprint,
        attempt.quarantined,
    )
