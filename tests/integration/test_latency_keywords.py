"""Latency as a tester meets it: the keywords in a real `robot`, on a history that knows some runs."""

from __future__ import annotations

import html
import math
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from robot import result

from observatory.history.database import Database
from observatory.latency import FEWEST_RUNS
from tests.conftest import new_database
from tests.history_values import rows
from tests.latency_history import LatencyHistory
from tests.latency_values import noisy
from tests.robot_command import LIBRARIES, Outcome, run_command, run_robot

HOST = {"OBSERVATORY_HOST": "ci"}
SERIES: dict[str, Any] = {"target": "embedded", "host": "ci", "shard": "", "in_batch": True}
WILD, QUICK = 1.0, 1e-5
"""How runs of pokemon differ, so that whatever is measured is usual; and seconds that no type can be served in."""

SUITE = """
What Is Known By Few Runs Is Learnt
    Get Many Resources    ability    4-8
    Latency Should Not Have Regressed    ability
    ${baseline} =    Get Latency Baseline    ability
    Should Be Equal    ${baseline}    ${None}
What Is As Fast As Usual Passes
    Get Many Resources    pokemon    1-5
    Latency Should Not Have Regressed    pokemon
What Is Known Can Be Got
    ${baseline} =    Get Latency Baseline    pokemon
    Should Be Equal As Integers    ${baseline.number}    1
    Should Be Equal As Integers    ${baseline.runs}    12
    Should Be True    0 < ${baseline.percentiles.p50} <= ${baseline.percentiles.p95} <= ${baseline.percentiles.p99}
What Is Slower Fails
    Get Many Resources    type    1-8
    Latency Should Not Have Regressed    type
What Is Slower Is A Warning If The Policy Wants It So
    Latency Should Not Have Regressed    type    policy=warn
What Is Slower By The Plain Rule Fails
    Latency Should Not Have Regressed    type    mode=threshold
What Is Slower By Less Than It May Be Passes
    Latency Should Not Have Regressed    type    mode=threshold    tolerance=100000000
What Is Quick Enough Passes
    Latency Should Be Below    pokemon    p50    1 minute
    Latency Should Be Below    pokemon    P99    1 minute
What Is Not Quick Enough Fails
    Latency Should Be Below    pokemon    p95    0.00001
Nothing Can Be Said Of What Was Not Asked For
    Latency Should Not Have Regressed    berry
Nothing Can Be Below A Limit That Was Not Asked For
    Latency Should Be Below    berry    p95    1 s
There Are Two Modes
    Latency Should Not Have Regressed    type    mode=magic
There Are Two Policies
    Latency Should Not Have Regressed    type    policy=ignore
There Are Three Percentiles
    Latency Should Be Below    type    p42    1 s
A Limit Is A Time
    Latency Should Be Below    type    p95    soon
A Tolerance Is A Share
    Latency Should Not Have Regressed    type    mode=threshold    tolerance=much
To Accept Needs A Reason
    Accept New Latency Baseline    type    reason=${SPACE}
What Is Not Known Is Not Accepted
    ${accepted} =    Accept New Latency Baseline    ability    reason=it does more
    Should Be Equal    ${accepted}    ${None}
What Is As Usual Is Not Accepted
    ${accepted} =    Accept New Latency Baseline    pokemon    reason=it does more
    Should Be Equal    ${accepted}    ${None}
To Accept Needs Requests
    Accept New Latency Baseline    berry    reason=it does more
What Is Accepted Is Usual
    ${accepted} =    Accept New Latency Baseline    type    reason=it does more since release 42
    Should Be Equal As Integers    ${accepted.number}    2
    Latency Should Not Have Regressed    type
    ${baseline} =    Get Latency Baseline    type
    Should Be Equal    ${baseline.reason}    it does more since release 42
"""

REFUSED = {
    "Nothing Can Be Said Of What Was Not Asked For": "No latency of 'berry' was measured in this run",
    "Nothing Can Be Below A Limit That Was Not Asked For": "No latency of 'berry' was measured in this run",
    "There Are Two Modes": "'mode' got value 'magic'",
    "There Are Two Policies": "'policy' got value 'ignore'",
    "There Are Three Percentiles": "'percentile' got value 'p42'",
    "A Limit Is A Time": "'limit' got value 'soon'",
    "A Tolerance Is A Share": "'much' is no share; write it like 20 % or 0.2.",
    "To Accept Needs A Reason": "Say why the latency is accepted",
    "To Accept Needs Requests": "berry was not measured in this run",
}


def learn(history: LatencyHistory) -> None:
    """Runs of pokemon that differ wildly, of types that are quicker than can be, and few of abilities."""
    random = Random(1)
    began = datetime.now(UTC) - timedelta(days=6)
    for number in range(12):
        at = began + number * timedelta(hours=6)
        mood = math.exp(random.gauss(0, WILD))
        history.put({"pokemon": noisy(random, 8, mood, level=0.01)}, at=at, **SERIES)
        history.put({"type": noisy(random, 8, level=QUICK)}, at=at + timedelta(hours=1), **SERIES)
        if number < 5:
            history.put({"ability": noisy(random, 8, level=QUICK)}, at=at + timedelta(hours=2), **SERIES)


@pytest.fixture(scope="module")
def database_url_of_all(postgres: str) -> str:
    """The address of a database that the tests of this file share."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def history(database_url_of_all: str) -> Iterator[LatencyHistory]:
    """What is known before."""
    database = Database(lambda: database_url_of_all)
    history = LatencyHistory(database)
    learn(history)
    yield history
    database.close()


@pytest.fixture(scope="module")
def outcome(history: LatencyHistory, database_url_of_all: str, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of `robot` on all test cases above."""
    environment = {"DATABASE_URL": database_url_of_all, **HOST}
    return run_robot(tmp_path_factory.mktemp("robot"), SUITE, environment=environment)


def logged(test: result.TestCase) -> str:
    """All that was logged in a test, as people see it."""
    return html.unescape(re.sub(r"<[^>]*>", " ", raw(test)))


def raw(test: result.TestCase) -> str:
    """The same with its tags."""
    found: list[str] = []

    def gather(item: Any) -> None:
        for child in getattr(item, "body", []):
            if isinstance(child, result.Message):
                found.append(child.message)
            else:
                gather(child)

    gather(test)
    return "\n".join(found)


def test_with_few_runs_the_message_says_how_many_are_known_and_passes(outcome: Outcome) -> None:
    test = outcome.tests["What Is Known By Few Runs Is Learnt"]
    assert test.status == "PASS", test.message
    assert f"ability: learning, 5 of {FEWEST_RUNS} runs." in logged(test)


# Requirement 18.4: current values are shown beside the baseline.
def test_what_is_as_usual_passes_and_is_shown_beside_its_baseline(outcome: Outcome) -> None:
    test = outcome.tests["What Is As Fast As Usual Passes"]
    assert test.status == "PASS", test.message
    assert "pokemon: as usual: " in logged(test)
    assert re.search(r"P95 [\d.]+ m?s \(usually [\d.]+ m?s\)", logged(test))
    assert " of 96 requests in 12 runs from " in logged(test)
    assert raw(test).count("<svg") == 1
    assert "this run" in raw(test)


def test_the_baseline_is_given_to_suites(outcome: Outcome) -> None:
    assert outcome.tests["What Is Known Can Be Got"].status == "PASS"


def test_what_is_slower_fails_and_says_by_how_much_since_when_and_in_how_many_runs(outcome: Outcome) -> None:
    test = outcome.tests["What Is Slower Fails"]
    assert test.status == "FAIL"
    assert re.fullmatch(
        r"The latency has regressed: type: [\d,.]+ % slower than the baseline, "
        r"between [\d,.]+ % and [\d,.]+ % slower, in 1 run since "
        r"\d{4}-\d\d-\d\d \d\d:\d\d UTC(, and not the other endpoints)?\. "
        r"P50 \S+ m?s \(usually 0\.0 ms\), P95 \S+ m?s \(usually 0\.0 ms\), P99 \S+ m?s \(usually 0\.0 ms\)"
        r".* of 96 requests in 12 runs from \d{4}-\d\d-\d\d \d\d:\d\d to \d{4}-\d\d-\d\d \d\d:\d\d UTC\.",
        test.message,
    )
    assert raw(test).count("<svg") == 1
    assert "slower" in raw(test)
    assert "<svg" in html.unescape(outcome.messages)


def test_with_the_policy_warn_it_is_a_warning(outcome: Outcome) -> None:
    test = outcome.tests["What Is Slower Is A Warning If The Policy Wants It So"]
    assert test.status == "PASS"
    assert "[ WARN ] The latency has regressed: type: " in outcome.console


# Requirement 18.3: a run is compared with its baseline, and a deviation of more than 20 % is told.
def test_the_plain_rule_fails_too_and_has_no_interval(outcome: Outcome) -> None:
    test = outcome.tests["What Is Slower By The Plain Rule Fails"]
    assert test.status == "FAIL"
    assert re.match(r"The latency has regressed: type: [\d,.]+ % slower than the baseline\. P50 ", test.message)
    assert outcome.tests["What Is Slower By Less Than It May Be Passes"].status == "PASS"


def test_a_limit_is_kept_or_not(outcome: Outcome) -> None:
    kept, missed = outcome.tests["What Is Quick Enough Passes"], outcome.tests["What Is Not Quick Enough Fails"]
    assert kept.status == "PASS", kept.message
    assert re.search(r"P50 of \d+ requests to pokemon is [\d.]+ ms\.", logged(kept))
    assert missed.status == "FAIL"
    assert re.fullmatch(
        r"P95 of \d+ requests to pokemon is [\d.]+ ms, and should be below 0\.0\d* ms\.", missed.message
    )


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_said_in_one_sentence(outcome: Outcome, name: str) -> None:
    test = outcome.tests[name]
    assert test.status == "FAIL"
    assert REFUSED[name] in test.message
    assert "Traceback" not in test.message
    assert len(test.message.splitlines()) == 1


# Requirement 18.5: versions of baselines with their validity are kept.
def test_what_is_accepted_is_usual_from_then_on(outcome: Outcome, history: LatencyHistory) -> None:
    test = outcome.tests["What Is Accepted Is Usual"]
    assert test.status == "PASS", test.message
    assert "Version 2 of the baseline of type holds from now on." in logged(test)
    (_, first_from, first_until, *_), (_, valid_from, valid_until, *_) = history.versions("type")
    assert first_from < first_until == valid_from
    assert valid_until is None
    kept = rows(history.database, "SELECT accepted_by, reason FROM performance_baselines WHERE number = 2")
    assert [reason for _, reason in kept] == ["it does more since release 42"]
    assert kept[0][0]


def test_every_test_of_the_suite_did_what_it_is_called(outcome: Outcome) -> None:
    failed = {name for name, test in outcome.tests.items() if test.status != "PASS"}
    slower = {"What Is Slower Fails", "What Is Slower By The Plain Rule Fails", "What Is Not Quick Enough Fails"}
    assert failed == {*REFUSED, *slower}


def test_after_the_run_all_of_it_is_judged_once(outcome: Outcome, history: LatencyHistory) -> None:
    assert outcome.exit_code > 0
    later = datetime.now(UTC) + timedelta(minutes=1)
    assert history.judge(later) == 1
    assert history.judge(later) == 0
    judged = {name: history.verdicts(name)[-1] for name in ("pokemon", "type", "ability")}
    assert {name: each["verdict"] for name, each in judged.items()} == {
        "pokemon": "steady", "type": "steady", "ability": "learning"
    }  # fmt: skip
    assert judged["type"]["number"] == 2


@pytest.mark.parametrize("url", ["postgresql://localhost:1/nothing"])
def test_without_a_history_the_tests_that_need_it_are_skipped(tmp_path: Path, url: str) -> None:
    suite = """
    Slower Or Not
        Get Many Resources    pokemon    1-3
        Latency Should Not Have Regressed    pokemon
    """
    test = run_robot(tmp_path, suite, environment={"DATABASE_URL": url, **HOST}).tests["Slower Or Not"]
    assert test.status == "SKIP"
    assert "The history database cannot be reached" in test.message


def test_processes_of_pabot_are_one_run_whose_requests_are_judged_together(
    history: LatencyHistory, outcome: Outcome, database_url_of_all: str, tmp_path: Path
) -> None:
    """Each process asks in between, and ends when it is done."""
    for days in (3, 2, 1):
        history.put(at=datetime.now(UTC) - timedelta(days=days), kind="pabot", **SERIES)
    suites = tmp_path / "suites"
    suites.mkdir()
    libraries = "\n".join(f"Library    {library}" for library in LIBRARIES)
    for name, resources in (("one", "1-6"), ("two", "7-12")):
        case = f"Step Of {name}\n    Get Many Resources    pokemon    {resources}\n"
        case += (
            "    Latency Should Not Have Regressed    pokemon\n    Latency Should Be Below    pokemon    p95    1 min\n"
        )
        text = f"*** Settings ***\n{libraries}\n*** Test Cases ***\n{case}"
        (suites / f"{name}.robot").write_text(text, "utf-8")
    pabot = [str(Path(sys.executable).with_name("pabot")), "--processes", "2", "--pabotlibport", "0"]
    command = [*pabot, "--outputdir", str(tmp_path / "output"), str(suites)]
    done = run_command(command, tmp_path, {"DATABASE_URL": database_url_of_all, **HOST})
    assert done.exit_code == 0, done.console
    history.judge(datetime.now(UTC) + timedelta(minutes=1))
    last = history.verdicts()[-1]
    ((requests, every),) = rows(
        history.database,
        "SELECT count(*) FILTER (WHERE left_out = ''), count(*) FROM latency_samples "
        "WHERE run_id = %s AND endpoint = 'pokemon'",
        last["run_id"],
    )
    assert last["requests"] == requests
    assert every == 12 > requests >= 1
    assert last["known_runs"] == 3  # robot alone is quicker, and no run of pabot is held against it
