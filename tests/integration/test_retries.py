"""Failed tests are tried again by the real `robot` and `pabot`: every attempt is remembered, one test is shown."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from robot import result

from observatory.history import Database
from observatory.session import _spool_name
from observatory.settings import load_settings
from tests.history_values import rows
from tests.robot_command import ROOT, Outcome, run_command, run_robot

TWICE = ("--variable", "TEST_RETRIES:2")

_FLAKY = """
Steady
    Get Pokemon    1

Shaky
    [Setup]    Log    Setting up.
    VAR    ${TRIES}    ${${TRIES} + 1}    scope=SUITE
    Should Be Equal    ${TRIES}    ${2}    It was ${TRIES}.
    [Teardown]    Log    Tearing down.

Broken
    Fail    It is broken.
"""
_VARIABLES = "*** Variables ***\n${TRIES}    0\n"


def _run(
    folder: Path, cases: str, *arguments: str, database_url: str, settings: str = "", **environment: str
) -> Outcome:
    environment["DATABASE_URL"] = database_url
    return run_robot(folder, cases, *arguments, settings=f"{settings}\n{_VARIABLES}", environment=environment)


def _attempts(database: Database) -> list[tuple[Any, ...]]:
    """Test, number, status and message of each attempt, in the order they were made."""
    statement = "SELECT test_name, attempt, status, message FROM test_attempts ORDER BY started_at"
    return [(name.rpartition(".")[2], *rest) for name, *rest in rows(database, statement)]


def _earlier(test: result.TestCase) -> list[tuple[str, str]]:
    """The name and status of each attempt that the log shows within a test."""
    return [(step.name, step.status) for step in test.body if step.type == step.GROUP]


# Requirement 17.1: every attempt is recorded


def test_every_attempt_is_remembered_and_the_test_is_shown_once(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, database_url=database_url)
    assert run.exit_code == 1, run.console
    assert _attempts(database) == [
        ("Steady", 1, "PASS", ""),
        ("Shaky", 1, "FAIL", "It was 1.: 1 != 2"),
        ("Shaky", 2, "PASS", ""),
        ("Broken", 1, "FAIL", "It is broken."),
        ("Broken", 2, "FAIL", "It is broken."),
        ("Broken", 3, "FAIL", "It is broken."),
    ]
    assert [(test.name, test.status) for test in run.whole.suite.all_tests] == [
        ("Steady", "PASS"),
        ("Shaky", "PASS"),
        ("Broken", "FAIL"),
    ]
    assert run.tests["Shaky"].message == "Passed at attempt 2; before that it failed: It was 1.: 1 != 2"
    assert run.tests["Broken"].message == "It is broken.\n\nFailed at each of 3 attempts."


def test_the_log_has_the_earlier_attempts_whole_within_the_test(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, database_url=database_url)
    shaky, broken = run.tests["Shaky"], run.tests["Broken"]
    assert _earlier(shaky) == [("Attempt 1 of 2", "FAIL")]
    assert _earlier(broken) == [("Attempt 1 of 3", "FAIL"), ("Attempt 2 of 3", "FAIL")]
    first = shaky.body[0]
    assert first.message == "It was 1.: 1 != 2"
    assert [(step.type, step.name) for step in first.body] == [
        ("KEYWORD", "Log"),
        ("VAR", "${TRIES}"),
        ("KEYWORD", "Should Be Equal"),
        ("KEYWORD", "Log"),
    ]
    assert shaky.has_setup
    assert shaky.has_teardown
    assert not [tag for test in (shaky, broken) for tag in test.tags]
    assert "Attempt 1 of 2" in (run.folder / "log.html").read_text("utf-8")
    assert "[ WARN ] 'Shaky' failed and is tried again: attempt 2." in run.console
    assert "Multiple tests" not in run.console + run.messages
    assert "3 tests, 2 passed, 1 failed" in run.console


def test_rebot_reads_what_was_completed(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, database_url=database_url)
    again = [sys.executable, "-m", "robot.rebot", "--outputdir", str(tmp_path / "again"), "--output", "output.xml"]
    done = run_command([*again, str(run.folder / "output.xml")], tmp_path)
    assert done.exit_code == 1, done.console
    tests = Outcome(0, "", tmp_path / "again").tests
    assert {name: test.status for name, test in tests.items()} == {"Steady": "PASS", "Shaky": "PASS", "Broken": "FAIL"}
    assert _earlier(tests["Shaky"]) == [("Attempt 1 of 2", "FAIL")]


def test_a_rerun_of_what_failed_is_a_further_attempt_at_the_same_revision(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    first = _run(tmp_path, _FLAKY, "--variable", "TRIES:0", database_url=database_url)
    assert first.exit_code == 2, first.console
    output = tmp_path / "first.xml"
    (first.folder / "output.xml").rename(output)
    rerun = ("--rerunfailed", str(output), "--variable", "TRIES:1")
    second = _run(tmp_path, _FLAKY, *rerun, database_url=database_url)
    assert set(second.tests) == {"Shaky", "Broken"}
    assert [(name, status) for name, _, status, _ in _attempts(database)] == [
        ("Steady", "PASS"),
        ("Shaky", "FAIL"),
        ("Broken", "FAIL"),
        ("Shaky", "PASS"),
        ("Broken", "FAIL"),
    ]
    assert len(rows(database, "SELECT DISTINCT run_id FROM test_attempts")) == 2
    assert rows(database, "SELECT count(DISTINCT git_revision) <= 1 FROM runs") == [(True,)]


def test_pabot_merges_tests_that_were_tried_again(tmp_path: Path, database_url: str, database: Database) -> None:
    suites = tmp_path / "suites"
    suites.mkdir()
    for name in ("one", "two", "three", "four"):
        library = f"*** Settings ***\nLibrary    {ROOT.as_posix()}/libraries/PokeApiClient.py\n"
        (suites / f"{name}.robot").write_text(f"{library}{_VARIABLES}*** Test Cases ***{_FLAKY}", "utf-8")
    command = ["pabot", "--processes", "4", "--pabotlibport", "0", "--outputdir", str(tmp_path / "output"), *TWICE]
    run = run_command([*command, str(suites)], tmp_path, {"DATABASE_URL": database_url})
    assert run.exit_code == 4, run.console
    tests = list(run.whole.suite.all_tests)
    assert len(tests) == 12
    assert [_earlier(test) for test in tests if test.name == "Shaky"] == [[("Attempt 1 of 2", "FAIL")]] * 4
    statement = "SELECT test_name, array_agg(status ORDER BY attempt) FROM test_attempts GROUP BY test_name"
    outcomes = dict(rows(database, statement))
    assert len(outcomes) == 12
    assert [outcomes[name] for name in outcomes if name.endswith("Shaky")] == [["FAIL", "PASS"]] * 4
    assert [outcomes[name] for name in outcomes if name.endswith("Broken")] == [["FAIL"] * 3] * 4
    assert rows(database, "SELECT count(DISTINCT run_id) FROM test_attempts") == [(1,)]


# Requirement 17.4: retries are configurable


@pytest.mark.parametrize(
    ("arguments", "environment", "attempts"),
    [
        ((), {}, 1),
        ((), {"CI": "true"}, 3),
        ((), {"CI": "false"}, 1),
        ((), {"OBSERVATORY_TEST_RETRIES": "1"}, 2),
        ((), {"OBSERVATORY_TEST_RETRIES": "0", "CI": "true"}, 1),
        (("--variable", "TEST_RETRIES:3"), {"OBSERVATORY_TEST_RETRIES": "1"}, 4),
    ],
)
def test_a_failing_test_is_tried_as_often_as_is_set(
    tmp_path: Path,
    database_url: str,
    database: Database,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    attempts: int,
) -> None:
    run = _run(
        tmp_path, "Broken\n    Get Pokemon    1\n    Fail    No.", *arguments, database_url=database_url, **environment
    )
    assert run.exit_code == 1, run.console
    assert len(_attempts(database)) == attempts


def test_a_test_can_say_itself_how_often(tmp_path: Path, database_url: str, database: Database) -> None:
    cases = """
    Often
        [Tags]    test:retry(3)
        Fail    No.

    Never
        [Tags]    test:retry(0)
        Get Pokemon    1
        Fail    No.
    """
    _run(tmp_path, cases, "--variable", "TEST_RETRIES:1", database_url=database_url)
    assert [name for name, *_ in _attempts(database)] == ["Often"] * 4 + ["Never"]


def test_a_wrong_number_is_told_and_tries_nothing_again(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, "Any\n    Get Pokemon    1", "--variable", "TEST_RETRIES:11", database_url=database_url)
    assert run.exit_code == 1
    assert "TEST_RETRIES is '11' (from --variable), but it must be a whole number from 0 to 10." in run.console
    assert len(run.tests) == 1


# What is tried again, and what is not


def test_a_template_is_tried_again_whole(tmp_path: Path, database_url: str, database: Database) -> None:
    cases = """
    Many Rows
        [Template]    Should Be Equal
        1    1
        1    2
        3    4
    """
    settings = "Suite Setup    Get Pokemon    1"
    run = _run(tmp_path, cases, "--variable", "TEST_RETRIES:1", database_url=database_url, settings=settings)
    assert [(number, status) for _, number, status, _ in _attempts(database)] == [(1, "FAIL"), (2, "FAIL")]
    assert len(run.tests["Many Rows"].body) == 4
    assert len(run.tests["Many Rows"].body[0].body) == 3


def test_a_broken_suite_is_not_tried_again_and_does_not_count_against_its_tests(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    cases = "One\n    Get Pokemon    1\n\nTwo\n    Get Pokemon    1"
    settings = "Suite Setup    Run Keywords    Get Pokemon    1    AND    Fail    No suite today."
    run = _run(tmp_path, cases, *TWICE, database_url=database_url, settings=settings)
    assert run.exit_code == 2
    assert rows(database, "SELECT status, attempt, cause FROM test_attempts") == [("FAIL", 1, "suite")] * 2


def test_a_suite_whose_tear_down_fails_takes_its_passes_back(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    cases = "One\n    Get Pokemon    1\n\nTwo\n    Fail    Own.\n\nThree\n    Skip    Not now."
    run = _run(tmp_path, cases, *TWICE, database_url=database_url, settings="Suite Teardown    Fail    No end today.")
    assert run.exit_code == 2
    found = rows(database, "SELECT test_name, status, cause FROM test_attempts ORDER BY started_at")
    assert [(name.rpartition(".")[2], status, cause) for name, status, cause in found] == [
        ("One", "FAIL", "suite"),
        ("Two", "FAIL", ""),
        ("Two", "FAIL", ""),
        ("Two", "FAIL", ""),
        ("Three", "SKIP", ""),
    ]
    assert run.tests["One"].message == "Parent suite teardown failed:\nNo end today."
    assert run.tests["Two"].message.count("No end today.") == 1


def test_a_folder_whose_tear_down_fails_takes_the_passes_of_its_suites_back(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    suites = tmp_path / "suites"
    suites.mkdir()
    (suites / "__init__.robot").write_text("*** Settings ***\nSuite Teardown    Fail    No end today.\n")
    library = f"*** Settings ***\nLibrary    {ROOT.as_posix()}/libraries/PokeApiClient.py\n"
    (suites / "one.robot").write_text(f"{library}*** Test Cases ***\nPasses\n    Get Pokemon    1\n")
    command = [sys.executable, "-m", "robot", "--outputdir", str(tmp_path / "output"), str(suites)]
    run = run_command(command, tmp_path, {"DATABASE_URL": database_url})
    assert run.exit_code == 1
    assert rows(database, "SELECT status, cause FROM test_attempts") == [("FAIL", "suite")]


def test_a_run_that_stops_at_the_first_failure_stops(tmp_path: Path, database_url: str, database: Database) -> None:
    cases = "One\n    Get Pokemon    1\n\nTwo\n    Fail    Own.\n\nThree\n    Get Pokemon    1"
    run = _run(tmp_path, cases, *TWICE, "--exitonfailure", database_url=database_url)
    assert run.exit_code == 2, run.console
    assert _attempts(database)[:2] == [("One", 1, "PASS", ""), ("Two", 1, "FAIL", "Own.")]
    assert [(name, status) for name, _, status, _ in _attempts(database)[2:]] == [("Three", "SKIP")]
    assert run.tests["Two"].message.startswith("Own.\n\nThe run was stopped")
    assert [test.status for test in run.whole.suite.all_tests] == ["PASS", "FAIL", "FAIL"]


def test_what_is_skipped_is_not_tried_again(tmp_path: Path, database_url: str, database: Database) -> None:
    run = _run(tmp_path, "One\n    Get Pokemon    1\n    Skip    Not now.", *TWICE, database_url=database_url)
    assert run.exit_code == 0
    assert _attempts(database) == [("One", 1, "SKIP", "Not now.")]


def test_a_dry_run_tries_nothing_again(tmp_path: Path, database_url: str, database: Database) -> None:
    run = _run(tmp_path, "One\n    No Such Keyword", *TWICE, "--dryrun", database_url=database_url)
    assert run.exit_code == 1
    assert "tried again" not in run.console
    assert _attempts(database) == []


def test_json_output_is_completed_too(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, "--output", "output.json", database_url=database_url)
    assert run.exit_code == 1, run.console
    assert _earlier(run.tests["Shaky"]) == [("Attempt 1 of 2", "FAIL")]


def test_output_of_an_older_form_stays_so(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, "--legacyoutput", database_url=database_url)
    assert run.exit_code == 1, run.console
    assert re.search(r'<robot [^>]*schemaversion="4"', run.messages)
    assert {name: test.status for name, test in run.tests.items()} == {
        "Steady": "PASS",
        "Shaky": "PASS",
        "Broken": "FAIL",
    }


def test_a_message_that_is_html_stays_so(tmp_path: Path, database_url: str) -> None:
    cases = """
    Shaky
        VAR    ${TRIES}    ${${TRIES} + 1}    scope=SUITE
        Run Keyword If    ${TRIES} < 2    Fail    *HTML*<b>Bold</b>
        Pass Execution    1 < 2
    """
    run = _run(tmp_path, cases, *TWICE, database_url=database_url)
    told = "Passed at attempt 2; before that it failed: <b>Bold</b>\n\n1 &lt; 2"
    assert run.tests["Shaky"].message == f"*HTML* {told}"


def test_without_an_output_file_the_numbers_are_right_all_the_same(tmp_path: Path, database_url: str) -> None:
    run = _run(tmp_path, _FLAKY, *TWICE, "--output", "NONE", database_url=database_url)
    assert run.exit_code == 1, run.console
    assert "3 tests, 2 passed, 1 failed" in run.console


# What must not lose or double an attempt


def test_attempts_made_while_the_database_was_away_are_stored_once_by_the_next_run(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    _run(tmp_path, _FLAKY, *TWICE, database_url=nowhere)
    spool = next((tmp_path / "home" / "spool").iterdir())
    assert list(spool.glob("*.journal"))
    # What is spooled waits for the database that it was meant for: here it is back, at another address.
    spool.rename(spool.with_name(_spool_name(load_settings(env_file=None, database_url=database_url))))
    for _ in range(2):
        run = _run(tmp_path, "Next\n    Get Pokemon    1", database_url=database_url)
        assert run.exit_code == 0, run.console
    found = [(name, number, status) for name, number, status, _ in _attempts(database)]
    assert found == [
        ("Steady", 1, "PASS"),
        ("Shaky", 1, "FAIL"),
        ("Shaky", 2, "PASS"),
        ("Broken", 1, "FAIL"),
        ("Broken", 2, "FAIL"),
        ("Broken", 3, "FAIL"),
        ("Next", 1, "PASS"),
        ("Next", 1, "PASS"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_run_that_is_killed_during_a_retry_has_told_the_attempts_before(
    tmp_path: Path, database_url: str, database: Database
) -> None:
    cases = """
    Killed At Its Second Attempt
        Get Pokemon    1
        VAR    ${TRIES}    ${${TRIES} + 1}    scope=SUITE
        Run Keyword If    ${TRIES} > 1    Evaluate    os.kill(os.getpid(), signal.SIGKILL)    modules=os, signal
        Fail    First.
    """
    run = _run(tmp_path, cases, *TWICE, database_url=database_url)
    assert run.exit_code not in (0, 1)
    after = _run(tmp_path, "Next\n    Get Pokemon    1", database_url=database_url)
    assert after.exit_code == 0, after.console
    assert _attempts(database) == [("Killed At Its Second Attempt", 1, "FAIL", "First."), ("Next", 1, "PASS", "")]
