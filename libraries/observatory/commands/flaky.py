"""The commands `observatory flaky` and `observatory failures`: which tests lie, and which errors are the same."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from observatory.commands.reached import database, with_database
from observatory.flakiness.interval import ALERT_ABOVE
from observatory.words import listed, one_line

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

    from observatory.flakiness.quarantine import QuarantineList
    from observatory.history.flaky_queries import FailureGroup, FlakyTest

_RUNS = """
SELECT id FROM runs
WHERE %(begin)s <> '' AND starts_with(replace(id::text, '-', ''), %(begin)s)
    AND EXISTS (SELECT FROM test_attempts AS attempt WHERE attempt.run_id = runs.id)
ORDER BY started_at DESC, id
"""
_SHARE = click.FloatRange(0, 1, max_open=True)


@click.command()
@click.option("--target", help="Only tests of this target, such as live.")
@click.option(
    "--threshold",
    type=_SHARE,
    default=ALERT_ABOVE,
    show_default=True,
    help="A test that surely fails more often than this share cannot be trusted.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each test as one line of JSON.")
@click.option("--fail", is_flag=True, help="End with exit code 1 when a test is listed that cannot be trusted.")
@with_database
def flaky(target: str | None, threshold: float, database_url: str | None, *, as_json: bool, fail: bool) -> None:
    """List the tests that both passed and failed at one revision, those that surely fail most often first.

    The last 100 attempts at each test count, none older than 30 days. What was skipped, or failed because of the
    database, the stand-in or this machine's network, does not.
    """
    from observatory.history.flaky_queries import flaky_tests, last_run

    now = datetime.now(UTC)
    with database(database_url) as reached, reached.transaction() as connection:
        tests = flaky_tests(connection, now, target=target)
        is_empty = not tests and last_run(connection, target) is None
        if is_empty:
            _check_known(connection, target)
    quarantine, problems = _quarantine(now.date())
    for problem in problems:
        click.secho(problem, fg="yellow", err=True)
    if as_json:
        for test in tests:
            click.echo(json.dumps(as_json_values(test, threshold, quarantine)))
    elif tests:
        from observatory.commands.flaky_table import print_flaky_tests

        print_flaky_tests(tests, threshold, quarantine)
    else:
        where = f" of {target}" if target else ""
        nothing = f"No test{where} was ever run, so nothing is known of any." if is_empty else ""
        click.echo(nothing or f"No test{where} is flaky: in 30 days none both passed and failed at one revision.")
    if fail and any(test.is_alert(threshold) and not quarantine.of(test.name) for test in tests):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--target", help="The last run of this target, such as live.")
@click.option("--run", "written", help="This run, by its id or how that begins, instead of the last one.")
@click.option("--json", "as_json", is_flag=True, help="Print each group as one line of JSON.")
@with_database
def failures(target: str | None, written: str | None, database_url: str | None, *, as_json: bool) -> None:
    """Show what failed in the last run, the tests that failed of the same error together."""
    from observatory.history.flaky_queries import failure_groups, last_run

    if written is not None and target is not None:
        raise click.UsageError("--run is one run, of whatever target; give either.")
    with database(database_url) as reached, reached.transaction() as connection:
        last = last_run(connection, target) if written is None else None
        if last is not None:
            wanted = last[0]
        elif written is not None:
            wanted = _run_of(connection, written)
        else:
            _check_known(connection, target)
            raise click.ClickException("No test was ever run, so nothing failed.")
        groups = failure_groups(connection, wanted)
    if as_json:
        for group in groups:
            click.echo(json.dumps(_group_values(group, wanted)))
    else:
        from observatory.commands.flaky_table import print_failures

        print_failures(groups, str(wanted), last)


def as_json_values(test: FlakyTest, threshold: float, quarantine: QuarantineList) -> dict[str, Any]:
    """A flaky test as one line of JSON has it: shares between 0 and 1, times in ISO 8601."""
    entry = quarantine.of(test.name)
    return {
        "target": test.target,
        "test": test.name,
        "attempts": test.attempts,
        "failures": test.failures,
        "revisions": test.revisions,
        "rate": test.rate.value,
        "low": test.rate.low,
        "high": test.rate.high,
        "alert": test.is_alert(threshold),
        "first_flaked_at": test.first_flaked_at.astimezone(UTC).isoformat(),
        "last_flaked_at": test.last_flaked_at.astimezone(UTC).isoformat(),
        "last_attempt_at": test.last_attempt_at.astimezone(UTC).isoformat(),
        "last_message": test.last_message,
        "last_fingerprint": test.last_fingerprint,
        "quarantined_until": entry.until.isoformat() if entry else None,
    }


def _run_of(connection: Connection, written: str) -> uuid.UUID:
    """The run with tests whose id is this one, or begins so."""
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, {"begin": written.strip().lower().replace("-", "")})
        found = [uuid.UUID(str(row[0])) for row in cursor.fetchall()]
    if not found:
        raise click.ClickException(f"There is no test of a run '{one_line(written)}' in the history.")
    if len(found) > 1:
        raise click.ClickException(f"Several runs begin with '{one_line(written)}': {listed(map(str, found), 5)}.")
    return found[0]


def _group_values(group: FailureGroup, run_id: uuid.UUID) -> dict[str, Any]:
    return {
        "run": str(run_id),
        "fingerprint": group.fingerprint,
        "cause": group.cause or None,
        "message": group.message,
        "tests": list(group.tests),
        "attempts": group.attempts,
        "quarantined": group.is_quarantined,
    }


def _quarantine(today: date) -> tuple[QuarantineList, list[str]]:
    """The project's list, and what is wrong with it."""
    from observatory.flakiness.quarantine import QUARANTINE_FILE, read_quarantine, written_list

    entries, problem = written_list(QUARANTINE_FILE)
    read = read_quarantine(entries, today)
    return read, [problem] if problem else list(read.problems)


def _check_known(connection: Connection, target: str | None) -> None:
    """Refuse a target of which nothing is known: that nothing of it is flaky would say nothing."""
    from observatory.history.drift_queries import known_targets

    known = known_targets(connection)
    if target is not None and target not in known:
        raise click.ClickException(
            f"There is no target '{target}' in the history; there are: {listed(known) or 'none'}."
        )
