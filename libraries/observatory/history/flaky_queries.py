"""What the history knows of tests that fail: which of them lie, and which errors are the same."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.flakiness.interval import Rate, rate

WINDOW: Final = timedelta(days=30)
"""How far back attempts count; of each test at most the last 100."""

_FLAKY = """
SELECT target, test_name, attempts, failures, revisions, first_flaked_at, last_flaked_at, last_attempt_at,
       last_message, last_fingerprint
FROM flaky_tests_since(%(since)s)
WHERE (%(target)s IS NULL OR target = %(target)s) AND (%(names)s::text[] IS NULL OR test_name = ANY(%(names)s))
"""

_GROUPS = """
SELECT coalesce(nullif(fingerprint, ''), md5(message)) AS mark, cause, (array_agg(message ORDER BY started_at, id))[1],
       array_agg(DISTINCT test_name), count(*), bool_and(quarantined)
FROM test_attempts WHERE run_id = %s AND status = 'FAIL'
GROUP BY mark, cause
ORDER BY count(DISTINCT test_name) DESC, min(started_at), mark, cause
"""

_LAST_RUN = """
SELECT run.id, target.name, run.started_at
FROM runs AS run JOIN targets AS target ON target.id = run.target_id
WHERE (%(target)s IS NULL OR target.name = %(target)s)
    AND EXISTS (SELECT FROM test_attempts AS attempt WHERE attempt.run_id = run.id)
ORDER BY run.started_at DESC, run.id LIMIT 1
"""

_SUMMARIES = """
SELECT run_id, count(*), count(DISTINCT test_name), count(*) FILTER (WHERE attempt > 1),
       count(*) FILTER (WHERE cause <> ''), count(*) FILTER (WHERE quarantined AND status = 'FAIL')
FROM test_attempts WHERE run_id = ANY(%s::uuid[]) GROUP BY run_id
"""


@dataclass(frozen=True, slots=True)
class FlakyTest:
    """A test that both passed and failed at one revision of the tests and one of the API; times are aware.

    `failures` are those at such revisions, of `attempts` in all; `revisions` is at how many of them. `last_message`
    and `last_fingerprint` are of the last such failure.
    """

    target: str
    name: str
    attempts: int
    failures: int
    revisions: int
    first_flaked_at: datetime
    last_flaked_at: datetime
    last_attempt_at: datetime
    last_message: str
    last_fingerprint: str

    @property
    def rate(self) -> Rate:
        """Failures among attempts, with the 95 % interval."""
        return rate(self.failures, self.attempts)

    def is_alert(self, threshold: float) -> bool:
        """Whether the test lies more often than the threshold, a share between 0 and 1, as far as can be known."""
        return self.rate.low > threshold


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Attempts of a run that failed of the same error: an example of its message, and the tests.

    `cause` is as in `TestAttemptEntry`; `is_quarantined` when all of the attempts were of tests in quarantine.
    """

    fingerprint: str
    cause: str
    message: str
    tests: tuple[str, ...]
    attempts: int
    is_quarantined: bool


@dataclass(frozen=True, slots=True)
class RunAttempts:
    """How many attempts a run made at how many tests; which of them were retries, environment, or in quarantine."""

    attempts: int
    tests: int
    retries: int
    with_cause: int
    quarantined_failures: int


def flaky_tests(
    connection: Connection, now: datetime, *, target: str | None = None, names: Sequence[str] | None = None
) -> list[FlakyTest]:
    """The flaky tests of all targets or of one, those of which most is known to lie first.

    Args:
        connection: an open connection to the history.
        now: an aware time; attempts of the 30 days before it count.
        target: only this target.
        names: only tests with these long names.
    """
    asked = {"since": now - WINDOW, "target": target, "names": None if names is None else list(names)}
    with connection.cursor() as cursor:
        cursor.execute(_FLAKY, asked)
        found = [FlakyTest(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda test: (-test.rate.low, test.target, test.name))


def failure_groups(connection: Connection, run_id: uuid.UUID) -> list[FailureGroup]:
    """What failed in a run, grouped by the error; the error of most tests first."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, (run_id,))
        return [
            FailureGroup(mark, cause, message, tuple(tests), attempts, is_quarantined)
            for mark, cause, message, tests, attempts, is_quarantined in cursor.fetchall()
        ]


def last_run(connection: Connection, target: str | None = None) -> tuple[uuid.UUID, str, datetime] | None:
    """The run that began last, of those in which a test ended: its id, target and start; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_RUN, {"target": target})
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1], row[2])


def run_attempts(connection: Connection, run_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, RunAttempts]:
    """How many attempts each of these runs made; a run without any is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARIES, ([str(run_id) for run_id in run_ids],))
        return {row[0]: RunAttempts(*row[1:]) for row in cursor.fetchall()}


def known_tests(connection: Connection) -> set[str]:
    """The long names of all tests that were ever attempted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT test_name FROM test_attempts")
        return {str(row[0]) for row in cursor.fetchall()}
