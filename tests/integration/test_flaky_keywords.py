"""The keywords that guard the guard, through the real `robot` on a real history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from observatory.history import Database
from observatory.history.entries import TestAttemptEntry as AttemptEntry
from observatory.history.store import store
from tests.history_values import a_run
from tests.robot_command import Outcome, run_robot

NOW = datetime.now(UTC)


def _run(folder: Path, cases: str, *arguments: str, database_url: str) -> Outcome:
    return run_robot(folder, cases, *arguments, environment={"DATABASE_URL": database_url})


def _remember(database: Database, name: str, passes: int, failures: int, target: str = "embedded") -> None:
    run = a_run(target, git_revision="abc", api_revision="x", started_at=NOW)
    statuses = ["FAIL"] * failures + ["PASS"] * passes
    attempts = [
        AttemptEntry(run.id, name, status, NOW - timedelta(minutes=number), 0.1, "Why." if status == "FAIL" else "")
        for number, status in enumerate(statuses)
    ]
    with database.transaction() as connection:
        store(connection, [run, *attempts])


def _list(folder: Path, *entries: tuple[str, int, str]) -> tuple[str, str]:
    listed = [
        {"test": test, "until": str(NOW.date() + timedelta(days=days)), "reason": reason}
        for test, days, reason in entries
    ]
    (folder / "the_list.py").write_text(f"QUARANTINE = {listed!r}\n", "utf-8")
    return ("--variablefile", str(folder / "the_list.py"))


def test_a_test_that_surely_fails_at_random_is_complained_of(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    _remember(database, "Suite.Often", 20, 20)
    _remember(database, "Suite.Seldom", 38, 3)
    _remember(database, "Suite.Elsewhere", 1, 1, target="live")
    cases = """
    Guard
        No Test Should Be Flaky

    Mild Guard
        No Test Should Be Flaky    threshold=0.5

    Count
        ${flaky} =    Get Flaky Tests    ==    2
        Should Be Equal    ${flaky[0].name}    Suite.Often
        Should Be Equal    ${flaky[1].failures}    ${3}
        Should Be Equal    ${flaky[1].rate.value}    ${{3/41}}

    Wrong
        No Test Should Be Flaky    threshold=5
    """
    run = _run(tmp_path, cases, database_url=database_url)
    assert run.tests["Guard"].message == (
        "1 test cannot be trusted, for nothing changed and surely more than 5 % of the attempts failed:\n"
        "Suite.Often flaked 20 of 40 attempts (50 %, between 35 % and 65 %): Why.\n"
        "See observatory flaky. Mend them, or put them into quarantine in variables/quarantine.py."
    )
    assert run.tests["Mild Guard"].passed, run.console
    assert run.tests["Count"].passed, run.console
    told = "The threshold is a share from 0 to less than 1, such as 0.05, and not 5.0."
    assert run.tests["Wrong"].message == told
    assert "2 flaky tests" in run.messages


def test_what_is_in_quarantine_is_known_already(tmp_path: Path, database_url: str, database: Database) -> None:
    _remember(database, "Suite.Often", 20, 20)
    option = _list(tmp_path, ("Suite.Often", 30, "#7"))
    run = _run(tmp_path, "Guard\n    No Test Should Be Flaky", *option, database_url=database_url)
    assert run.exit_code == 0, run.console


def test_the_guard_does_not_complain_of_itself(tmp_path: Path, database_url: str, database: Database) -> None:
    _remember(database, "Suite.Guard", 20, 20)
    run = _run(tmp_path, "Guard\n    No Test Should Be Flaky", database_url=database_url)
    assert run.exit_code == 0, run.console


def test_an_empty_history_is_no_reason_to_complain(tmp_path: Path, database_url: str) -> None:
    cases = "Guard\n    No Test Should Be Flaky\n    Get Flaky Tests    ==    0\n    Quarantine Should Be In Order"
    run = _run(tmp_path, cases, database_url=database_url)
    assert run.exit_code == 0, run.console


def test_without_a_database_the_guard_is_skipped(tmp_path: Path) -> None:
    cases = "Guard\n    No Test Should Be Flaky\n\nOrder\n    Quarantine Should Be In Order"
    run = _run(tmp_path, cases, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    assert run.exit_code == 0, run.console
    assert run.tests["Guard"].skipped
    assert run.tests["Guard"].message.startswith("The history database cannot be reached")
    assert run.tests["Order"].passed


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (("Suite.Once", 30, "#7"), ""),
        (("Order", -1, "#7"), "The quarantine of 'Order' ended on"),
        (("Order", 90, "#7"), "which is more than 60 days ahead"),
        (("Order", 30, ""), "The quarantine of 'Order' has no reason"),
        (("Suite.Never", 30, "#7"), "There is no test 'Suite.Never', whose quarantine is until"),
    ],
)
def test_a_quarantine_that_is_not_in_order_fails(
    tmp_path: Path, database_url: str, database: Database, entry: tuple[str, int, str], problem: str
) -> None:
    _remember(database, "Suite.Once", 1, 0)
    run = _run(tmp_path, "Order\n    Quarantine Should Be In Order", *_list(tmp_path, entry), database_url=database_url)
    assert run.exit_code == (1 if problem else 0), run.console
    assert problem in run.tests["Order"].message


def test_a_test_of_the_projects_suites_is_known_before_it_was_ever_run(tmp_path: Path) -> None:
    option = _list(tmp_path, ("Flaky.No Test Fails At Random", 30, "#7"))
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    run = _run(tmp_path, "Order\n    Quarantine Should Be In Order", *option, database_url=nowhere)
    assert run.tests["Order"].passed, run.console
