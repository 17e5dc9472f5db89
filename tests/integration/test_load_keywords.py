"""Loads as a tester meets them: the keywords in a real `robot`, with one short load that many tests look at."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from robot import result

from observatory.history.database import Database
from observatory.load import Outcome as LoadOutcome
from observatory.load import read_report
from tests.conftest import new_database
from tests.history_values import rows
from tests.robot_command import LIBRARIES, Outcome, run_command, run_robot

RESOURCE = Path(__file__).resolve().parents[2] / "resources" / "load.resource"
NOT_ASKED_FOR = "Load tests run when they are asked for: robot --include load suites/"

SUITE = """
There Is Nothing To Judge Before A Load
    Failure Rate Should Be Below    1 %
A Load Gives Its Report
    ${load} =    Run Load Profile    quick    users=5    duration=4 s    max_p95=20 s
    Should Be True    ${load.total.requests} >= 20
    Should Be Equal As Integers    ${load.total.failures}    0
    Should Be Equal    ${load.plan.profile}    quick
    Should Be Equal As Integers    ${load.plan.users}    5
    Should Be True    0 < ${load.total.p50} <= ${load.total.p95} <= ${load.total.longest}
What Is Kept Passes
    Load Should Be Sound
    Load Should Have Passed
    Failure Rate Should Be Below    1 %
    Failure Rate Should Be Below    0.001    endpoint=pokemon
    Latency Should Be Below    p95    20 s
    Latency Should Be Below    MAX    1 min    endpoint=type
    Latency Under Load Should Be Below    p50    20 s    endpoint=Ability
    Throughput Should Be At Least    3 per second
    Throughput Should Be At Least    1/s    endpoint=pokemon
Latency That Is Too High Fails
    Latency Should Be Below    p95    0.00001
Latency Of One Endpoint That Is Too High Fails
    Latency Should Be Below    p99    0.00001    endpoint=pokemon
Throughput That Is Too Low Fails
    Throughput Should Be At Least    1000000 per second
An Endpoint That Was Not Asked Is Refused
    Latency Should Be Below    p95    1 s    endpoint=berry
A Failure Rate Is A Share
    Failure Rate Should Be Below    few
One Is Not One Percent
    Failure Rate Should Be Below    1
Nothing Is Below Nothing
    Failure Rate Should Be Below    0 %
There Are Five Percentiles
    Latency Under Load Should Be Below    p42    1 s
A Limit Is A Time
    Latency Should Be Below    p95    soon
A Throughput Is So Many A Second
    Throughput Should Be At Least    50 per minute
There Are Four Profiles
    Run Load Profile    huge
A Load Lasts Whole Seconds
    Run Load Profile    quick    duration=500 ms
What Locust Refuses Is Said In Its Words
    Run Load Profile    quick    users=0
After That There Is Nothing To Judge
    Load Should Have Passed
A Load That Proves Nothing Is Told
    Run Load Profile    quick    rate=2 per second    duration=2 s    max_p95=20 s
What Proves Nothing Is Not Sound
    Load Should Be Sound
What Proves Nothing Has Not Passed
    Load Should Have Passed
"""

REFUSED = {
    "There Is Nothing To Judge Before A Load": "There is no load to judge yet; run one with `Run Load Profile` before.",
    "An Endpoint That Was Not Asked Is Refused": "went to 'berry'; it asked for ability, pokemon, type.",
    "A Failure Rate Is A Share": "'few' is no share; write it like 20 % or 0.2.",
    "One Is Not One Percent": "'1' is no limit for a failure rate; write it like 1 % or 0.01.",
    "Nothing Is Below Nothing": "No failure rate is below '0 %'; write a small one, such as 0.01 %.",
    "There Are Five Percentiles": "'percentile' got value 'p42' that cannot be converted to 'p50', 'p90', 'p95', 'p99'",
    "A Limit Is A Time": "'limit' got value 'soon'",
    "A Throughput Is So Many A Second": "'50 per minute' is not so many a second; write it like 50 per second",
    "There Are Four Profiles": "'profile' got value 'huge' that cannot be converted to 'quick', 'light', 'medium' or ",
    "A Load Lasts Whole Seconds": "'duration' is 0.5 s, but a load lasts whole seconds, at least one.",
    "What Locust Refuses Is Said In Its Words": "The load was not started: --users is 0, but a load takes",
    "After That There Is Nothing To Judge": "There is no load to judge yet; run one with `Run Load Profile` before.",
}

MISSED = {
    "Latency That Is Too High Fails": (
        r"P95 of \d+ requests in the load quick on embedded is [\d.]+ m?s, and should be below 0\.0 ms; "
        r"the slowest endpoint is (pokemon|type|ability) with [\d.]+ m?s; see load/1-quick/report\.html\."
    ),
    "Latency Of One Endpoint That Is Too High Fails": (
        r"P99 of \d+ requests to pokemon in the load quick on embedded is [\d.]+ m?s, and should be below 0\.0 ms; "
        r"see load/1-quick/report\.html\."
    ),
    "Throughput That Is Too Low Fails": (
        r"The throughput of \d+ requests in the load quick on embedded is [\d.]+ a second, and should be at least "
        r"1000000 a second; the slowest endpoint is \w+ with P95 [\d.]+ m?s; see load/1-quick/report\.html\."
    ),
    "What Proves Nothing Is Not Sound": (
        r"What the load quick on embedded measured may be wrong: \d requests? ended, and 20 are the least .*\. "
        r"See load/3-quick/report\.html\."
    ),
    "What Proves Nothing Has Not Passed": (
        r"The verdict on the load quick on embedded is 'unsure': \d requests? ended, .* "
        r"See load/3-quick/report\.html\."
    ),
}


@pytest.fixture(scope="module")
def database_url_of_all(postgres: str) -> str:
    """The address of a database that the tests of this file share."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def outcome(database_url_of_all: str, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of `robot` on all test cases above."""
    folder = tmp_path_factory.mktemp("robot")
    environment = {"DATABASE_URL": database_url_of_all}
    return run_robot(folder, SUITE, settings=f"Resource    {RESOURCE.as_posix()}", environment=environment)


def blocks(test: result.TestCase) -> list[str]:
    """The HTML that was logged in a test."""
    found: list[str] = []

    def gather(item: Any) -> None:
        for child in getattr(item, "body", []):
            if isinstance(child, result.Message):
                found.extend([child.message] if child.html else [])
            else:
                gather(child)

    gather(test)
    return found


def test_every_test_of_the_suite_did_what_it_is_called(outcome: Outcome) -> None:
    failed = {name for name, test in outcome.tests.items() if test.status != "PASS"}
    assert failed == {*REFUSED, *MISSED}, outcome.console


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said_in_one_sentence(outcome: Outcome, name: str) -> None:
    message = outcome.tests[name].message
    assert REFUSED[name] in message
    assert "Traceback" not in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("name", MISSED)
def test_what_is_missed_is_told_with_its_limit_the_worst_endpoint_and_the_report(outcome: Outcome, name: str) -> None:
    assert re.fullmatch(MISSED[name], outcome.tests[name].message)


def test_the_log_has_the_verdict_the_numbers_the_charts_and_the_way_to_the_pages(outcome: Outcome) -> None:
    (block,) = blocks(outcome.tests["A Load Gives Its Report"])
    assert block.startswith("<details><summary>")
    assert "✓ Passed: quick on embedded" in block
    assert block.count("<svg") == 2
    pages = [unquote(html.unescape(page)) for page in re.findall(r'href="([^"]+)"', block)]
    assert pages == ["load/1-quick/report.html", "load/1-quick/locust.html"]
    assert all((outcome.folder / page).is_file() for page in pages)
    assert (outcome.folder / "log.html").is_file()


def test_the_report_beside_the_log_is_the_one_that_was_judged(outcome: Outcome) -> None:
    report = read_report(outcome.folder / "load" / "1-quick")
    assert report.verdict is not None
    assert report.verdict.outcome is LoadOutcome.PASSED
    assert f"{report.total.requests} requests" in blocks(outcome.tests["A Load Gives Its Report"])[0]
    assert report.plan.limits.p95 == 20


def test_what_proves_nothing_is_warned_of(outcome: Outcome) -> None:
    warnings = re.findall(r"\[ WARN \] (.*)", outcome.console)
    assert len(warnings) == 1, warnings
    assert warnings[0].startswith("What the load quick on embedded measured may be wrong: ")
    (block,) = blocks(outcome.tests["A Load That Proves Nothing Is Told"])
    assert block.startswith("<details open>")
    assert "? Unsure: quick on embedded" in block
    assert block.count("<svg") == 3


def test_a_load_is_remembered_in_the_history_of_the_run(
    outcome: Outcome, database_url_of_all: str, tmp_path: Path
) -> None:
    assert outcome.exit_code > 0
    database = Database(lambda: database_url_of_all)
    kept = rows(database, "SELECT profile, outcome, requests FROM load_runs ORDER BY requests DESC")
    database.close()
    first = read_report(outcome.folder / "load" / "1-quick")
    assert [(profile, verdict) for profile, verdict, _ in kept] == [("quick", "passed"), ("quick", "unsure")]
    assert kept[0][2] == first.total.requests


def test_an_address_where_nobody_is_ends_the_load_with_that_reason(database_url: str, tmp_path: Path) -> None:
    suite = """
    Nobody Is There
        Run Load Profile    quick    duration=30 s    give_up_after=1 s
    What Was Done Is Reported
        Load Should Have Passed
    """
    target = "http://ash:pikachu-7@127.0.0.1:9/api/v2"  # pragma: allowlist secret
    outcome = run_robot(tmp_path, suite, "--variable", f"TARGET:{target}", environment={"DATABASE_URL": database_url})
    nobody, reported = outcome.tests["Nobody Is There"], outcome.tests["What Was Done Is Reported"]
    assert re.fullmatch(
        r"http://127\.0\.0\.1:9/api/v2 could not be reached, so the load was stopped after \d+ s; "
        r"see load/1-quick/report\.html\.",
        nobody.message,
    )
    assert "✗ Failed: quick on http://127.0.0.1:9/api/v2" in blocks(nobody)[0]
    assert reported.message.startswith("The verdict on the load quick on http://127.0.0.1:9/api/v2 is 'failed': ")
    assert "pikachu-7" not in outcome.messages
    assert "pikachu-7" not in (outcome.folder / "load" / "1-quick" / "report.html").read_text("utf-8")


def test_the_public_api_is_not_loaded(database_url: str, tmp_path: Path) -> None:
    suite = """
    Not With Us
        Run Load Profile    quick
    """
    environment = {"DATABASE_URL": database_url}
    target = "TARGET:https://pokeapi.co/api/v2"
    test = run_robot(tmp_path, suite, "--variable", target, environment=environment).tests["Not With Us"]
    assert test.status == "SKIP"
    assert test.message.startswith("The public API is shared by everyone and is not loaded by tests; ")
    assert len(test.message.splitlines()) == 1


# Only when they are asked for


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite of load tests, which make none, and one of others."""
    folder = tmp_path_factory.mktemp("everything") / "suites"
    folder.mkdir()
    library = next(path for path in LIBRARIES if path.stem == "LoadRunner")
    setup = f"*** Settings ***\nLibrary    {library.as_posix()}\nSuite Setup    Skip Unless Load Is Asked For\n"
    load = "*** Test Cases ***\nA Load\n    No Operation\nA Spike\n    [Tags]    spike\n    No Operation\n"
    (folder / "load.robot").write_text(f"{setup}Test Tags    load\n{load}", "utf-8")
    (folder / "smoke.robot").write_text("*** Test Cases ***\nSmoke\n    [Tags]    smoke\n    No Operation\n", "utf-8")
    return folder


ROBOT = ("-m", "robot")
PABOT = ("-m", "pabot.pabot", "--processes", "2", "--pabotlibport", "0")
SKIPPED = {"A Load": "SKIP", "A Spike": "SKIP", "Smoke": "PASS"}
LOADS = {"A Load": "PASS", "A Spike": "PASS"}


@pytest.mark.parametrize(
    ("command", "options", "place", "expected"),
    [
        (ROBOT, (), "", SKIPPED),
        (PABOT, (), "", SKIPPED),
        (ROBOT, ("--include", "load"), "", LOADS),
        (PABOT, ("--include", "load"), "", LOADS),
        (PABOT, (), "load.robot", LOADS),
        (ROBOT, ("--test", "A Spike"), "", {"A Spike": "PASS"}),
    ],
    ids=["robot-all", "pabot-all", "robot-by-tag", "pabot-by-tag", "pabot-by-place", "robot-by-name"],
)
def test_load_tests_run_only_when_they_are_asked_for(
    suites: Path,
    database_url_of_all: str,
    tmp_path: Path,
    command: tuple[str, ...],
    options: tuple[str, ...],
    place: str,
    expected: dict[str, str],
) -> None:
    words = [sys.executable, *command, *options, "--outputdir", str(tmp_path / "output"), str(suites / place)]
    outcome = run_command(words, tmp_path, {"DATABASE_URL": database_url_of_all})
    assert {name: test.status for name, test in outcome.tests.items()} == expected, outcome.console
    told = {test.message.splitlines()[-1] for test in outcome.tests.values() if test.skipped}
    assert told <= {NOT_ASKED_FOR}
    assert outcome.exit_code == 0
