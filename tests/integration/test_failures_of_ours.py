"""What of ours made a test fail, which failures are alike, and what quarantine does, through the real `robot`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observatory.history import Database
from observatory.session import _spool_name
from observatory.settings import load_settings
from tests.history_values import rows
from tests.robot_command import Outcome, run_robot

NO_RETRIES = {"OBSERVATORY_RETRIES": "0"}
STOPPED = """
    Evaluate    robot_session.ROBOT_SESSION.main.target.stop()    modules=robot_session
"""


def _run(
    folder: Path, cases: str, *arguments: str, database_url: str, settings: str = "", **environment: str
) -> Outcome:
    given = {**NO_RETRIES, "DATABASE_URL": database_url, **environment}
    return run_robot(folder, cases, *arguments, settings=settings, environment=given)


def _remembered(database: Database) -> dict[str, tuple[Any, ...]]:
    """Status and cause of the last attempt at each test, by the end of its name."""
    found = rows(database, "SELECT test_name, status, cause FROM test_attempts ORDER BY started_at")
    return {name.rpartition(".")[2]: tuple(rest) for name, *rest in found}


# What is ours


def test_a_dead_stand_in_is_not_the_fault_of_the_tests(tmp_path: Path, database_url: str, database: Database) -> None:
    cases = f"""
    Before
        Get Pokemon    1

    Dead
        {STOPPED.strip()}
        Get Pokemon    2

    In A Batch
        Get Many Pokemon    3-12

    The Circuit Is Open
        Get Pokemon    13

    Own
        Run Keyword And Expect Error    *    Get Pokemon    14
        Fail    It is my own.
    """
    run = _run(tmp_path, cases, "--variable", "TEST_RETRIES:1", database_url=database_url)
    assert run.exit_code == 4, run.console
    assert _remembered(database) == {
        "Before": ("PASS", ""),
        "Dead": ("FAIL", "stand_in"),
        "In A Batch": ("FAIL", "stand_in"),
        "The Circuit Is Open": ("FAIL", "stand_in"),
        "Own": ("FAIL", ""),
    }
    assert "was not asked for, because the circuit of pokemon is open" in run.tests["The Circuit Is Open"].message
    told = "This failure does not count against the test: the stand-in, a server of our own, was dead."
    assert run.messages.count(told) == 6


def test_what_the_api_does_is_its_own_fault(tmp_path: Path, database_url: str, database: Database) -> None:
    cases = """
    Error
        Use Faulty Stand In    timeout=200 ms    pause=1 ms
        Inject Fault    status    status=500
        Get Pokemon    1
        [Teardown]    Leave Faulty Stand In

    Reset
        Use Faulty Stand In    timeout=200 ms    pause=1 ms
        Inject Fault    reset
        Get Pokemon    1
        [Teardown]    Leave Faulty Stand In

    Late
        Use Faulty Stand In    timeout=200 ms    pause=1 ms
        Inject Fault    latency    seconds=1 s
        Get Pokemon    1
        [Teardown]    Leave Faulty Stand In
    """
    run = _run(tmp_path, cases, database_url=database_url)
    assert run.exit_code == 3, run.console
    assert set(_remembered(database).values()) == {("FAIL", "")}


def test_a_history_that_is_away_is_told_when_it_is_back(tmp_path: Path, database_url: str, database: Database) -> None:
    _run(tmp_path, "Asks\n    Get Flaky Tests", database_url="postgresql://nobody@127.0.0.1:1/nothing")
    spool = next((tmp_path / "home" / "spool").iterdir())
    # What is spooled waits for the database that it was meant for: here it is back, at another address.
    spool.rename(spool.with_name(_spool_name(load_settings(env_file=None, database_url=database_url))))
    _run(tmp_path, "Next\n    Get Pokemon    1", database_url=database_url)
    assert _remembered(database) == {"Asks": ("SKIP", "history"), "Next": ("PASS", "")}


@pytest.mark.parametrize(
    ("target", "proxy", "cause"),
    [
        ("http://127.0.0.1:1/api/v2", {}, ""),
        ("http://api.invalid/api/v2", {"http_proxy": "http://127.0.0.1:1", "no_proxy": ""}, "network"),
    ],
)
def test_an_api_that_refuses_is_down_and_a_proxy_that_refuses_is_ours(
    tmp_path: Path, database_url: str, database: Database, target: str, proxy: dict[str, str], cause: str
) -> None:
    cases = "Any\n    Get Pokemon    1"
    _run(tmp_path, cases, "--variable", f"TARGET:{target}", database_url=database_url, **proxy)
    assert _remembered(database) == {"Any": ("FAIL", cause)}


# The same error


def test_a_failure_names_the_tests_that_failed_of_the_same(tmp_path: Path, database_url: str) -> None:
    cases = "\n\n".join(f"Test {number}\n    Fail    It was {number} of 'x{number}'." for number in range(1, 5))
    run = _run(tmp_path, f"{cases}\n\nOther\n    Fail    Something else.", database_url=database_url)
    said = {
        name: [str(step.message) for step in test.body if step.type == step.MESSAGE] for name, test in run.tests.items()
    }
    assert said["Test 1"] == said["Other"] == []
    assert said["Test 2"] == ["The same error as in 1 other test of this run: Suite.Test 1."]
    assert said["Test 4"] == [
        "The same error as in 3 other tests of this run: Suite.Test 1, Suite.Test 2, Suite.Test 3."
    ]


# Requirement 17.3: flakiness metrics are exposed


def test_a_test_that_flakes_is_counted_for_its_suite_and_its_rate_is_shown(tmp_path: Path, database_url: str) -> None:
    cases = """
    Shaky
        VAR    ${TRIES}    ${${TRIES} + 1}    scope=SUITE
        Should Be Equal    ${TRIES}    ${2}

    Steady
        Get Pokemon    1

    Broken
        Fail    Always.
    """
    settings = "*** Variables ***\n${TRIES}    0"
    run = _run(tmp_path, cases, "--variable", "TEST_RETRIES:1", database_url=database_url, settings=settings)
    assert run.exit_code == 1, run.console
    text = (run.folder / "metrics.prom").read_text("utf-8")
    samples = {
        (sample.name, *sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "flakiness" in sample.name and not sample.name.endswith("_created")
    }
    assert samples == {
        ("pokeapi_test_flakiness_total", ("suite", "Suite")): 1.0,
        ("pokeapi_test_flakiness_rate", ("test_name", "Suite.Shaky")): 0.5,
    }


# Quarantine

TODAY = datetime.now(UTC).date()
_CASES = """
Shaky
    Get Pokemon    1
    Fail    It was 1.

Good
    Get Pokemon    1

Other
    Get Pokemon    1
"""


def _quarantine(folder: Path, *entries: tuple[str, int, str]) -> tuple[str, str]:
    """The option that gives a run this list: tests, how many days their quarantine lasts, and why."""
    listed = [
        {"test": test, "until": str(TODAY + timedelta(days=days)), "reason": reason} for test, days, reason in entries
    ]
    path = folder / "the_list.py"
    path.write_text(f"QUARANTINE = {listed!r}\n", "utf-8")
    return ("--variablefile", str(path))


def test_a_failure_in_quarantine_is_shown_and_remembered_and_does_not_fail_the_run(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    option = _quarantine(tmp_path, ("Suite.Shaky", 30, "#7"), ("Good", 30, "#8"))
    run = _run(tmp_path, _CASES, *option, "--variable", "TEST_RETRIES:2", database_url=database_url)
    assert run.exit_code == 0, run.console
    until = TODAY + timedelta(days=30)
    assert run.tests["Shaky"].message == f"In quarantine until {until} (#7): It was 1."
    assert {name: test.status for name, test in run.tests.items()} == {"Shaky": "SKIP", "Good": "PASS", "Other": "PASS"}
    assert "quarantine" in run.tests["Good"].tags
    assert "quarantine" not in run.tests["Other"].tags
    found = rows(database, "SELECT test_name, status, quarantined, message FROM test_attempts ORDER BY test_name")
    assert found == [
        ("Suite.Good", "PASS", True, ""),
        ("Suite.Other", "PASS", False, ""),
        ("Suite.Shaky", "FAIL", True, "It was 1."),
    ]
    assert "[ WARN ]" not in run.console


def test_a_failure_in_quarantine_does_not_stop_a_run_that_stops_at_failures(tmp_path: Path, database_url: str) -> None:
    option = _quarantine(tmp_path, ("Suite.Shaky", 30, "#7"))
    run = _run(tmp_path, _CASES, *option, "--exitonfailure", database_url=database_url)
    assert run.exit_code == 0, run.console
    assert [test.status for test in run.tests.values()] == ["SKIP", "PASS", "PASS"]


def test_a_skip_of_its_own_stays_one_in_quarantine(tmp_path: Path, database_url: str, database: Database) -> None:
    option = _quarantine(tmp_path, ("Any", 30, "#7"))
    run = _run(tmp_path, "Any\n    Get Pokemon    1\n    Skip    Not now.", *option, database_url=database_url)
    assert run.tests["Any"].message == "Not now."
    assert rows(database, "SELECT status, quarantined FROM test_attempts") == [("SKIP", True)]


def test_set_up_and_tear_down_are_in_quarantine_with_their_test(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    cases = """
    Set Up
        [Setup]    Fail    Not set up.
        Get Pokemon    1

    Tear Down
        Get Pokemon    1
        [Teardown]    Fail    Not torn down.
    """
    option = _quarantine(tmp_path, ("Set Up", 30, "#7"), ("Tear Down", 30, "#7"))
    run = _run(tmp_path, cases, *option, database_url=database_url)
    assert run.exit_code == 0, run.console
    found = rows(database, "SELECT status, message FROM test_attempts ORDER BY started_at")
    assert found == [("FAIL", "Setup failed:\nNot set up."), ("FAIL", "Teardown failed:\nNot torn down.")]


def test_when_quarantine_is_over_the_test_counts_and_one_warning_says_so(tmp_path: Path, database_url: str) -> None:
    option = _quarantine(tmp_path, ("Shaky", -1, "#7"), ("Not Of This Run", -1, "#8"))
    run = _run(tmp_path, _CASES, *option, database_url=database_url)
    assert run.exit_code == 1
    warnings = [line for line in run.console.splitlines() if "[ WARN ]" in line]
    assert len(warnings) == 1
    assert f"The quarantine of 'Shaky' ended on {TODAY - timedelta(days=1)}, so the test counts again" in warnings[0]


def test_what_is_wrong_with_the_list_is_said_once_and_hides_nothing(tmp_path: Path, database_url: str) -> None:
    option = _quarantine(tmp_path, ("Shaky", 90, "#7"), ("Good", 30, ""))
    run = _run(tmp_path, _CASES, *option, database_url=database_url)
    assert run.exit_code == 1
    assert run.tests["Shaky"].failed
    assert run.console.count("which is more than 60 days ahead") == 1
    assert run.console.count("The quarantine of 'Good' has no reason") == 1
