"""The view of flaky tests, held against the same rule written down in Python, on attempts of any kind."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatory.history import Database, RunEntry
from observatory.history.entries import TestAttemptEntry as AttemptEntry
from observatory.history.flaky_queries import (
    FlakyTest,
    failure_groups,
    flaky_tests,
    known_tests,
    last_run,
    run_attempts,
)
from observatory.history.store import store
from tests.history_values import NOW, a_run, rows

_DAY = timedelta(days=1)


def an_attempt(run: RunEntry, status: str = "PASS", name: str = "Suite.Test", **values: Any) -> AttemptEntry:
    base = {"run_id": run.id, "name": name, "status": status, "started_at": NOW, "elapsed": 0.1}
    return AttemptEntry(**{**base, **values})


def _store(database: Database, *entries: RunEntry | AttemptEntry) -> None:
    with database.transaction() as connection:
        store(connection, entries)


def _flaky(database: Database, now: datetime = NOW + _DAY, **only: Any) -> list[FlakyTest]:
    with database.transaction() as connection:
        return flaky_tests(connection, now, **only)


# Requirement 17.2: flaky occurrences are tracked in the database


@dataclass(frozen=True)
class _Seen:
    """An attempt as the oracle sees it."""

    target: str
    name: str
    git: str | None
    api: str | None
    run: uuid.UUID
    status: str
    cause: str
    started_at: datetime
    id: uuid.UUID


def _oracle(seen: Sequence[_Seen], since: datetime) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Attempts, failures and revisions of each flaky test."""
    by_test: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for one in seen:
        if one.status != "SKIP" and not one.cause and one.started_at > since:
            by_test[one.target, one.name].append(one)
    found = {}
    for test, attempts in by_test.items():
        last = sorted(attempts, key=lambda one: (one.started_at, one.id.int))[-100:]
        together: dict[Any, list[str]] = defaultdict(list)
        for one in last:
            together[one.git or one.run, one.api or ""].append(one.status)
        mixed = [statuses for statuses in together.values() if len(set(statuses)) == 2]
        if mixed:
            failures = sum(status == "FAIL" for statuses in mixed for status in statuses)
            found[test] = (len(last), failures, len(mixed))
    return found


_RUNS = st.lists(
    st.tuples(
        st.sampled_from(["embedded", "live"]),
        st.sampled_from([None, "abc", "abc+1", "def"]),
        st.sampled_from([None, "one", "two"]),
    ),
    min_size=1,
    max_size=5,
)
_ATTEMPTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["A.One", "A.Two"]),
        st.sampled_from(["PASS", "PASS", "FAIL", "SKIP"]),
        st.sampled_from(["", "", "", "network", "suite"]),
        st.integers(0, 45 * 24),
    ),
    max_size=40,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_RUNS, _ATTEMPTS, st.integers(1, 8))
def test_the_view_is_the_rule(
    database: Database,
    run_values: list[tuple[str, str | None, str | None]],
    attempt_values: list[tuple[int, str, str, str, int]],
    times: int,
) -> None:
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE runs, test_attempts CASCADE")
    now = rows(database, "SELECT now()")[0][0]
    runs = [a_run(target, git_revision=git, api_revision=api) for target, git, api in run_values]
    entries, seen = [], []
    for repeat in range(times):  # more than a hundred attempts at a test
        for which, name, status, drawn, hours in attempt_values:
            run = runs[which % len(runs)]
            cause = drawn if status == "FAIL" else ""
            # Half an hour away from the edge of the window, so that the time the test takes makes no difference.
            at = now - timedelta(hours=hours, minutes=30, seconds=repeat)
            entries.append(an_attempt(run, status, name, started_at=at, cause=cause))
            key = (run.target, name, run.git_revision, run.api_revision, run.id, status, cause, at, entries[-1].id)
            seen.append(_Seen(*key))
    _store(database, *runs, *entries)
    expected = _oracle(seen, now - timedelta(days=30))
    viewed = rows(database, "SELECT target, test_name, attempts, failures, revisions FROM flaky_tests")
    assert {(target, name): tuple(counts) for target, name, *counts in viewed} == expected
    listed = _flaky(database, now)
    assert {(test.target, test.name): (test.attempts, test.failures, test.revisions) for test in listed} == expected
    assert [test.rate.low for test in listed] == sorted((test.rate.low for test in listed), reverse=True)


def test_a_test_that_fails_always_at_a_revision_is_broken_and_not_flaky(database: Database) -> None:
    good, broken = a_run(git_revision="good", api_revision="x"), a_run(git_revision="broken", api_revision="x")
    _store(database, good, broken, *[an_attempt(good)] * 1, *[an_attempt(broken, "FAIL") for _ in range(5)])
    assert _flaky(database) == []


def test_a_test_that_was_edited_or_an_api_that_changed_is_not_flaky(database: Database) -> None:
    before, edited = a_run(git_revision="abc", api_revision="x"), a_run(git_revision="abc+1f2e", api_revision="x")
    changed = a_run(git_revision="abc", api_revision="y")
    attempts = [an_attempt(before), an_attempt(edited, "FAIL"), an_attempt(changed, "FAIL")]
    _store(database, before, edited, changed, *attempts)
    assert _flaky(database) == []


def test_without_a_revision_only_attempts_of_one_run_are_compared(database: Database) -> None:
    one, other = a_run(), a_run()
    _store(database, one, other, an_attempt(one), an_attempt(other, "FAIL"))
    assert _flaky(database) == []
    _store(database, an_attempt(one, "FAIL"))
    assert [(test.attempts, test.failures) for test in _flaky(database)] == [(3, 1)]


def test_a_flaky_test_tells_when_it_flaked_and_what_it_said(database: Database) -> None:
    run = a_run(git_revision="abc", api_revision="x")
    told = [("FAIL", "First.", 0), ("PASS", "", 1), ("FAIL", "Second.", 2), ("PASS", "", 3)]
    attempts = [
        an_attempt(run, status, message=message, fingerprint=message[:1], started_at=NOW + timedelta(minutes=minutes))
        for status, message, minutes in told
    ]
    _store(database, run, *attempts)
    (test,) = _flaky(database)
    assert (test.attempts, test.failures, test.revisions) == (4, 2, 1)
    assert (test.first_flaked_at, test.last_flaked_at) == (NOW, NOW + timedelta(minutes=2))
    assert (test.last_attempt_at, test.last_message, test.last_fingerprint) == (
        NOW + timedelta(minutes=3),
        "Second.",
        "S",
    )
    assert test.is_alert(0.05)
    assert not test.is_alert(0.5)


def test_the_list_can_be_narrowed(database: Database) -> None:
    here, there = a_run(git_revision="abc"), a_run("live", git_revision="abc")
    attempts = [
        an_attempt(run, status, name) for run in (here, there) for status in ("PASS", "FAIL") for name in ("A", "B")
    ]
    _store(database, here, there, *attempts)
    assert len(_flaky(database)) == 4
    assert {test.name for test in _flaky(database, target="live")} == {"A", "B"}
    assert [test.target for test in _flaky(database, names=["A"])] == ["embedded", "live"]
    assert _flaky(database, names=[]) == []
    assert _flaky(database, target="nowhere") == []
    assert _flaky(database, now=NOW + 31 * _DAY) == []


# The same error


def test_failures_of_a_run_are_grouped_by_their_error(database: Database) -> None:
    run, other = a_run(), a_run()
    attempts = [
        an_attempt(run, "FAIL", "A", message="It was 1.", fingerprint="f"),
        an_attempt(run, "FAIL", "A", message="It was 1.", fingerprint="f", attempt=2),
        an_attempt(run, "FAIL", "B", message="It was 2.", fingerprint="f", started_at=NOW + timedelta(seconds=1)),
        an_attempt(run, "FAIL", "C", message="Gone.", fingerprint="g", cause="network"),
        an_attempt(run, "FAIL", "D", message="Old.", quarantined=True),
        an_attempt(run, "FAIL", "E", message="Older."),
        an_attempt(run, "PASS", "F"),
        an_attempt(other, "FAIL", "G", message="It was 3.", fingerprint="f"),
    ]
    _store(database, run, other, *attempts)
    with database.transaction() as connection:
        groups = failure_groups(connection, run.id)
        summaries = run_attempts(connection, [run.id, other.id, uuid.uuid4()])
        assert known_tests(connection) == set("ABCDEFG")
    assert groups[0].tests == ("A", "B")
    assert (groups[0].message, groups[0].attempts, groups[0].cause) == ("It was 1.", 3, "")
    assert {(group.message, group.cause, group.is_quarantined) for group in groups[1:]} == {
        ("Gone.", "network", False),
        ("Old.", "", True),
        ("Older.", "", False),
    }
    summary = summaries[run.id]
    counts = (summary.attempts, summary.tests, summary.retries, summary.with_cause, summary.quarantined_failures)
    assert counts == (7, 6, 1, 1, 1)
    assert set(summaries) == {run.id, other.id}


def test_the_last_run_is_the_last_with_a_test(database: Database) -> None:
    with database.transaction() as connection:
        assert last_run(connection) is None
    first, second = a_run(), a_run("live", started_at=NOW + _DAY)
    _store(database, first, second, a_run(started_at=NOW + 2 * _DAY), an_attempt(first), an_attempt(second))
    with database.transaction() as connection:
        assert last_run(connection) == (second.id, "live", NOW + _DAY)
        assert last_run(connection, "embedded") == (first.id, "embedded", NOW)
        assert last_run(connection, "nowhere") is None


# Told more than once


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_a_pass_can_be_taken_back_in_any_order_and_nothing_else(database: Database, order: tuple[int, ...]) -> None:
    run = a_run()
    passed = an_attempt(run)
    failed = an_attempt(run, "FAIL", id=passed.id, message="No end.", cause="suite")
    told = [(passed, failed)[which] for which in order]
    _store(database, run, *told)
    for one in told:
        _store(database, one)
    found = rows(database, "SELECT status, message, cause FROM test_attempts")
    assert found == [("FAIL", "No end.", "suite")]


def test_a_failure_is_never_made_a_pass(database: Database) -> None:
    run = a_run()
    failed = an_attempt(run, "FAIL", message="First.")
    _store(database, run, failed)
    _store(database, an_attempt(run, "PASS", id=failed.id), an_attempt(run, "FAIL", id=failed.id, message="Other."))
    assert rows(database, "SELECT status, message FROM test_attempts") == [("FAIL", "First.")]
