"""`observatory flaky` and `observatory failures` on a real history: what is listed, and in which words."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from observatory.commands import main
from observatory.commands.flaky_table import print_failures, print_flaky_tests
from observatory.flakiness.quarantine import read_quarantine
from observatory.history import Database, RunEntry
from observatory.history.entries import TestAttemptEntry as AttemptEntry
from observatory.history.flaky_queries import FailureGroup, FlakyTest, flaky_tests
from observatory.history.store import store
from tests.history_values import a_run

NOW = datetime.now(UTC)
LONG = "Suites.Regression.A Suite With A Long Name.A Test Whose Name Is A Sentence Of Some Length"

Command = Callable[..., Result]


@pytest.fixture
def observatory(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


def _attempts(run: RunEntry, name: str, passes: int, failures: int, **values: Any) -> list[AttemptEntry]:
    statuses = ["FAIL"] * failures + ["PASS"] * passes
    return [
        AttemptEntry(
            run.id, name, status, NOW - timedelta(minutes=minutes), 0.1, **(values if status == "FAIL" else {})
        )
        for minutes, status in enumerate(statuses, start=1)
    ]


@pytest.fixture
def stored(database: Database) -> RunEntry:
    """A test that flaked 3 of 41 times, one that did 20 of 40, a broken one, and one that never runs."""
    run = a_run("live", git_revision="abc", api_revision="x", started_at=NOW - timedelta(hours=1))
    entries = [
        *_attempts(run, LONG, 38, 3, message="It was 1\nand not 2.", fingerprint="f1"),
        *_attempts(run, "Suite.Often", 20, 20, message="It was 2.", fingerprint="f1"),
        *_attempts(run, "Suite.Broken", 0, 5, message="Gone.", fingerprint="f2", cause="network"),
    ]
    with database.transaction() as connection:
        store(connection, [run, *entries])
    return run


def test_flaky_tests_are_listed_those_first_that_surely_fail_most_often(observatory: Command, stored: RunEntry) -> None:
    result = observatory("flaky")
    assert result.exit_code == 0, result.output
    title, often, seldom = result.output.splitlines()
    assert title.split()[:4] == ["at", "least", "rate", "at"]
    assert often.strip().startswith("35 %")
    assert "20 of 40" in often
    assert "alert" in often
    assert "Suite.Often" in often
    assert "3 of 41" in seldom
    assert "watch" in seldom
    assert seldom.rstrip().endswith("It was 1 and not 2.")
    assert "Broken" not in result.output


def test_each_flaky_test_is_a_line_of_json(observatory: Command, stored: RunEntry) -> None:
    often, seldom = map(json.loads, observatory("flaky", "--json").output.splitlines())
    assert (often["test"], often["alert"], often["quarantined_until"]) == ("Suite.Often", True, None)
    assert seldom["test"] == LONG
    assert (seldom["target"], seldom["attempts"], seldom["failures"], seldom["revisions"]) == ("live", 41, 3, 1)
    assert (seldom["rate"], seldom["low"], seldom["high"]) == (
        pytest.approx(3 / 41),
        pytest.approx(0.0210392324044002),
        pytest.approx(0.18256563587718),
    )
    assert seldom["alert"] is False
    assert (seldom["last_message"], seldom["last_fingerprint"]) == ("It was 1\nand not 2.", "f1")
    assert datetime.fromisoformat(seldom["first_flaked_at"]) < datetime.fromisoformat(seldom["last_flaked_at"])


def test_a_pipeline_can_be_made_to_fail(observatory: Command, stored: RunEntry) -> None:
    assert observatory("flaky").exit_code == 0
    assert observatory("flaky", "--fail").exit_code == 1
    assert observatory("flaky", "--fail", "--threshold", "0.6").exit_code == 0
    assert observatory("flaky", "--fail", "--json", "--threshold", "0").exit_code == 1


@pytest.mark.parametrize("threshold", ["-0.1", "1", "5 %"])
def test_a_threshold_is_a_share(observatory: Command, threshold: str) -> None:
    assert observatory("flaky", "--threshold", threshold).exit_code == 2


def test_an_empty_history_says_so_in_a_sentence(observatory: Command) -> None:
    assert observatory("flaky").output == "No test was ever run, so nothing is known of any.\n"
    assert observatory("flaky", "--json").output == ""
    result = observatory("failures")
    assert (result.exit_code, result.output) == (1, "Error: No test was ever run, so nothing failed.\n")


def test_nothing_flaky_is_good_news(observatory: Command, database: Database) -> None:
    run = a_run(git_revision="abc")
    with database.transaction() as connection:
        store(connection, [run, *_attempts(run, "Suite.Good", 3, 0)])
    said = "is flaky: in 30 days none both passed and failed at one revision.\n"
    assert observatory("flaky").output == f"No test {said}"
    assert observatory("flaky", "--target", "embedded", "--fail").output == f"No test of embedded {said}"
    assert "Nothing failed in the last run of embedded" in observatory("failures").output


def test_a_target_of_which_nothing_is_known_is_no_all_clear(observatory: Command, stored: RunEntry) -> None:
    for command in ("flaky", "failures"):
        result = observatory(command, "--target", "lve")
        assert result.exit_code == 1
        assert "There is no target 'lve' in the history; there are: live." in result.output


@pytest.mark.parametrize("command", ["flaky", "failures"])
def test_a_newer_history_is_told_in_a_sentence(observatory: Command, database_url: str, command: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    result = observatory(command)
    assert result.exit_code == 1
    assert "The history is at revision 9999, made by a newer version of the observatory" in result.output


def test_failures_of_the_last_run_are_grouped_by_their_error(observatory: Command, stored: RunEntry) -> None:
    result = observatory("failures")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("3 tests failed of 2 errors in the last run of live, begun ")
    assert lines[0].endswith(f" UTC (run {stored.id.hex[:8]}).")
    assert lines[2:] == [
        "2 tests, f1",
        "  It was 2.",
        "  - Suite.Often",
        f"  - {LONG}",
        "",
        "1 test, f2, does not count: this machine had no way into the network",
        "  Gone.",
        "  - Suite.Broken",
    ]


def test_failures_of_any_run_are_lines_of_json(observatory: Command, stored: RunEntry) -> None:
    lines = [json.loads(line) for line in observatory("failures", "--run", stored.id, "--json").output.splitlines()]
    assert [line["tests"] for line in lines] == [["Suite.Often", LONG], ["Suite.Broken"]]
    assert [(line["cause"], line["attempts"]) for line in lines] == [(None, 23), ("network", 5)]


@pytest.mark.parametrize("length", [6, 8, 12])
def test_a_run_is_found_by_the_beginning_of_its_id(observatory: Command, stored: RunEntry, length: int) -> None:
    for begin in (str(stored.id)[:length], stored.id.hex[:length].upper()):
        answer = observatory("failures", "--run", begin)
        assert answer.output.startswith(f"3 tests failed of 2 errors in run {stored.id}."), answer.output


def test_several_runs_that_begin_alike_are_told(observatory: Command, database: Database) -> None:
    runs = [a_run("live", id=uuid.UUID(f"abcdef{number}0-0000-4000-8000-000000000000")) for number in (1, 2)]
    with database.transaction() as connection:
        store(connection, [*runs, *(attempt for run in runs for attempt in _attempts(run, LONG, 0, 1))])
    answer = observatory("failures", "--run", "abcdef")
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: Several runs begin with 'abcdef': ")
    assert all(str(run.id) in answer.output for run in runs)
    assert (
        "Error: There is no test of a run 'bcdef' in the history." in observatory("failures", "--run", "bcdef").output
    )


def test_a_run_that_is_none_is_told(observatory: Command, stored: RunEntry) -> None:
    unknown = "11111111-2222-3333-4444-555555555555"
    assert f"There is no test of a run '{unknown}' in the history." in observatory("failures", "--run", unknown).output
    assert observatory("failures", "--run", stored.id, "--target", "live").exit_code == 2


# In a terminal


def _console(width: int) -> Console:
    return Console(file=StringIO(), width=width, force_terminal=True, color_system=None, markup=False, emoji=False)


def _printed(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.fixture
def tests(database: Database, stored: RunEntry) -> list[FlakyTest]:
    with database.transaction() as connection:
        return flaky_tests(connection, NOW + timedelta(minutes=1))


def test_a_wide_terminal_shows_a_table_with_a_heading(tests: list[FlakyTest]) -> None:
    console = _console(300)
    until = (NOW + timedelta(days=9)).date()
    quarantine = read_quarantine([{"test": "Often", "until": until, "reason": "#7"}], NOW.date())
    print_flaky_tests(tests, 0.05, quarantine, console)
    lines = _printed(console)
    assert lines[0] == "2 flaky tests, 1 not to be trusted (surely more than 5 %)"
    assert f"until {until}" in lines[3]
    assert "Suite.Often" in lines[3]


@pytest.mark.parametrize("width", [40, 80])
def test_a_narrow_terminal_shows_a_few_lines_each_and_cuts_nothing(tests: list[FlakyTest], width: int) -> None:
    console = _console(width)
    print_flaky_tests(tests, 0.05, read_quarantine([], NOW.date()), console)
    lines = _printed(console)
    assert max(map(len, lines)) <= width
    whole = "".join("".join(lines).split())
    for said in (LONG, "flaked 3 of 41 attempts (7 %, between 2 % and 18 %), watch", "≥ 35 %", "alert"):
        assert "".join(said.split()) in whole


def test_nothing_from_outside_moves_the_cursor() -> None:
    console = _console(80)
    group = FailureGroup("f1", "", "\x1b[31mred\x1b[0m\n[bold]b", ("Suite.\x1b[2J",), 1, is_quarantined=True)
    print_failures([group], "r", None, console)
    printed = "\n".join(_printed(console))
    assert "\x1b[31m" not in printed
    assert "\x1b[2J" not in printed
    assert "[bold]b" in printed
    assert "in quarantine" in printed
