"""Health in words: the headline, what it is known from, and what a person can do now."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from robot.api import TestSuite as Suites

from observatory.health.values import State
from observatory.health.words import advice, ago, findings, headline, lasted, latency_sentence, verdict_sentence
from observatory.history.known_changes import ChangeState
from tests.drift_values import a_known_change, an_addition
from tests.health_values import (
    NOW,
    a_baseline,
    a_failing_test,
    a_latency,
    a_regression,
    a_run_line,
    a_series,
    a_target,
    a_test,
    a_verdict,
)


def told(**values: Any) -> str:
    """All sentences about a target."""
    return " ".join(findings(a_target(**values), NOW))


def commands(**values: Any) -> list[str]:
    return [step.command for step in advice(a_target(**values))]


# The headline


def test_a_target_is_well_when_all_tests_passed_and_nothing_got_slower() -> None:
    target = a_target()
    assert target.state is State.WELL
    assert headline(target, NOW) == "live is well."
    assert told() == (
        "2 of 2 tests passed, the last of them 12 minutes ago. Nothing got slower. No change of a schema waits for you."
    )
    assert commands() == []


def test_a_failing_test_makes_it_not_well() -> None:
    failing = [a_failing_test("Suites.A Test")]
    target = a_target(tests=[a_test(), failing[0].test], failing=failing)
    assert headline(target, NOW) == "live is not well."
    assert "1 of 2 tests passed" in " ".join(findings(target, NOW))
    assert "1 test fails, since 2026-11-18 16:30 UTC." in " ".join(findings(target, NOW))


def test_a_slower_endpoint_makes_it_slower_and_says_by_how_much_and_since_when() -> None:
    slower = [a_latency(a_regression())]
    target = a_target(latencies=slower)
    assert headline(target, NOW) == "live is slower than usual."
    assert "Slower: pokemon by 18 %, since 2026-11-18 06:00 UTC." in told(latencies=slower)


def test_what_fails_is_said_before_what_is_slower() -> None:
    target = a_target(failing=[a_failing_test()], latencies=[a_latency(a_regression())])
    assert target.state is State.FAILING
    assert "Slower: pokemon" in " ".join(findings(target, NOW))


def test_open_changes_of_schemas_wait_and_do_not_make_it_unwell() -> None:
    changes = [a_known_change(), a_known_change(an_addition(), id=13)]
    target = a_target(changes=changes)
    assert target.state is State.WELL
    assert "2 schema changes wait for you, 1 of them breaking." in " ".join(findings(target, NOW))


def test_accepted_changes_do_not_wait() -> None:
    assert "No change of a schema waits" in told(changes=[a_known_change(state=ChangeState.ACCEPTED)])


def test_what_was_looked_at_long_ago_was_so_then() -> None:
    old = NOW - timedelta(days=9)
    target = a_target(runs=[a_run_line(started_at=old)], tests=[a_test(at=old)])
    assert headline(target, NOW) == "live was well when last looked at."
    assert "the last of them 9 days ago" in " ".join(findings(target, NOW))


def test_without_a_test_nothing_is_known() -> None:
    target = a_target(runs=[], tests=[], latencies=[])
    assert headline(target, NOW) == "Nothing is known of live."
    assert told(runs=[], tests=[], latencies=[]).startswith("No test came to its end in this time. No latency was")


def test_failures_that_do_not_count_are_told_and_change_nothing() -> None:
    tests = [a_test(), a_test("Suites.B", "FAIL", cause="history"), a_test("Suites.C", "FAIL", quarantined=True)]
    assert a_target(tests=tests).state is State.WELL
    assert "2 more tests failed and do not count: 1 in quarantine, 1 by a fault of ours." in told(tests=tests)


def test_a_run_that_was_broken_off_is_told() -> None:
    runs = [a_run_line(finished_at=None), a_run_line(started_at=NOW - timedelta(hours=6))]
    assert "Mind: the newest run, begun 14 minutes ago, has not come to its end" in told(runs=runs)


@pytest.mark.parametrize(("held", "ours", "why"), [(1, 0, "1 in quarantine"), (0, 2, "2 by a fault of ours")])
def test_why_failures_do_not_count_is_told_only_where_there_are_some(held: int, ours: int, why: str) -> None:
    tests = [a_test(f"Suites.A{at}", "FAIL", quarantined=True) for at in range(held)]
    tests += [a_test(f"Suites.B{at}", "FAIL", cause="history") for at in range(ours)]
    assert f"not count: {why}." in told(tests=[a_test(), *tests])


def test_while_all_is_being_learned_it_says_how_far_it_is() -> None:
    learning = a_latency(runs=[a_verdict(verdict="learning", effect=None, known_runs=4)])
    assert "What latency is usual is still being learned (5 of 10 runs)." in told(latencies=[learning])


def test_while_some_are_being_learned_it_says_how_many() -> None:
    learning = a_latency(runs=[a_verdict(verdict="learning", effect=None, known_runs=4)])
    assert "Nothing got slower; what is usual of 1 of 2 endpoints is still being learned." in told(
        latencies=[learning, a_latency()]
    )


# What a person accepted


def accepted(at: timedelta = timedelta(), **values: Any) -> Any:
    """A slower endpoint with a baseline that holds since some time after its last run."""
    baseline = a_baseline(**{"accepted_by": "ann", "reason": "So.", "valid_from": NOW + at, **values})
    return a_latency(a_regression(at=NOW), baselines=[a_baseline(valid_until=NOW), baseline])


def test_what_a_person_accepted_is_not_slower_any_more() -> None:
    target = a_target(latencies=[accepted()])
    assert target.state is State.WELL
    assert headline(target, NOW) == "live is well."
    assert "As it is now was accepted: pokemon. Nothing else got slower." in " ".join(findings(target, NOW))
    assert list(advice(target)) == []
    assert latency_sentence(accepted()) == "Accepted by ann: So. What is usual is learnt anew from this run on."


@pytest.mark.parametrize(
    "latency",
    [accepted(timedelta(hours=-1)), accepted(accepted_by=""), accepted(valid_until=NOW + timedelta(days=1))],
    ids=["a run that is slower again", "learnt and not accepted", "not the one that holds"],
)
def test_what_was_not_accepted_since_the_last_run_is_slower(latency: Any) -> None:
    assert a_target(latencies=[latency]).state is State.SLOWER
    assert latency_sentence(latency).startswith("18 % slower than the baseline")


def test_what_is_as_usual_since_it_was_accepted_is_as_usual() -> None:
    baseline = a_baseline(accepted_by="ann", reason="So.", valid_from=NOW)
    assert latency_sentence(a_latency(a_verdict(at=NOW), baselines=[baseline])).startswith("As usual: ")


# What to do


def test_failing_tests_are_run_again_on_their_target() -> None:
    failing = [a_failing_test("Suites.Are [all] 'Types' * There?")]
    grouped, again = commands(failing=failing)
    assert grouped == "observatory failures --target live"
    assert again == ("""robot --test '*.Are [[]all] '"'"'Types'"'"' [*] There[?]' --variable TARGET:live suites/""")


def test_of_many_failing_tests_the_first_are_run_again() -> None:
    steps = list(advice(a_target(failing=[a_failing_test(f"Suites.Test {at}") for at in range(8)])))
    assert steps[1].sentence == "Run the first 3 of 8 failing tests again:"
    assert steps[1].command.startswith("robot --test '*.Test 0' --test '*.Test 1' --test '*.Test 2' ")
    assert "the 2 failing tests" in list(advice(a_target(failing=[a_failing_test(name) for name in "AB"])))[1].sentence


@pytest.mark.parametrize(
    "name",
    [
        "No Endpoint Is Slower Than It Was",
        "Are [all] 'Types' * There?",
        "Version 1.2 Is Served",
        "Who Is Dr. Mario?",
        "It Is Served.",
        "Status.Of.Names.With.Dots",
        "written in small letters",
        "!not [a-z] \\d ${NUMBER}",
    ],
)
@pytest.mark.parametrize("suites", ["Latency", "Suites.Regression.Latency", "My v1.5 Suites.Latency"])
def test_a_failing_test_is_found_by_robot_however_the_suites_are_started(name: str, suites: str) -> None:
    _, again = commands(failing=[a_failing_test(f"Suites.Regression.Latency.{name}")])
    pattern = shlex.split(again)[2]
    first, *others = re.split(r"\.(?=[A-Z])", suites)
    suite = outer = Suites(first)
    for other in others:
        suite = suite.suites.create(other)
    for each in (name, "Another One"):
        suite.tests.create(each)
    outer.filter(included_tests=[pattern])
    assert [test.name for test in outer.all_tests] == [name]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("embedded", ""),
        ("live", "--variable TARGET:live "),
        ("replay:/data/a folder", "--variable TARGET:replay --variable 'RECORDING:/data/a folder' "),
        ("https://api.test/v2", "--variable TARGET:https://api.test/v2 "),
    ],
)
def test_a_target_of_which_nothing_is_known_is_looked_at(name: str, options: str) -> None:
    assert commands(name=name, tests=[], runs=[], latencies=[]) == [f"robot {options}suites/"]


def test_what_is_slower_can_be_accepted() -> None:
    assert commands(latencies=[a_latency(a_regression())]) == [
        'observatory baselines accept pokemon --target live --reason "…"'
    ]


def test_all_that_is_slower_can_be_accepted_up_to_a_few() -> None:
    names = ("ability", "berry", "move", "pokemon", "type")
    slower = [a_latency(a_regression(series=a_series(endpoint=name))) for name in names]
    steps = list(advice(a_target(latencies=slower)))
    assert [step.command.split()[3] for step in steps[:3]] == ["ability", "berry", "move"]
    assert [step.sentence for step in steps[3:]] == ["And 2 more that got slower, each likewise."]


def test_on_several_machines_it_is_said_which() -> None:
    slower = [a_latency(a_regression(series=a_series(host=host))) for host in ("here", "a host")]
    assert commands(latencies=slower) == [
        'observatory baselines accept pokemon --target live --host here --reason "…"',
        """observatory baselines accept pokemon --target live --host 'a host' --reason "…\"""",
    ]


def test_open_changes_are_looked_at_and_accepted() -> None:
    changes = [a_known_change(an_addition(f"field{number}"), id=number) for number in (9, 4, 7, 5)]
    assert commands(changes=changes) == [
        "observatory drift list --target live",
        'observatory drift accept 4 5 7 … --reason "…"',
    ]


# Latency in a sentence


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (
            a_regression(),
            "18 % slower than the baseline, between 12 % and 24 % slower, in 3 runs since 2026-11-18 06:00 UTC.",
        ),
        (
            a_regression(way="alone", low=None, high=None),
            "18 % slower than the baseline, in 3 runs since 2026-11-18 06:00 UTC, and not the other endpoints.",
        ),
        (
            a_regression(way="slow ones", slow=0.17, usually_slow=0.05, effect=0.06, low=0.01, high=0.12),
            (
                "17 % of requests are slow, where 5.0 % usually are, in 3 runs since 2026-11-18 06:00 UTC; "
                "in all 6.0 % slower than the baseline, between 1.0 % and 12 % slower."
            ),
        ),
        (
            a_verdict(verdict="improved", effect=-0.2, low=-0.25, high=-0.15, since=NOW, runs_since=1, way="with all"),
            "20 % faster than the baseline, between 15 % and 25 % faster, in 1 run since 2026-11-20 16:30 UTC.",
        ),
        (
            a_verdict(effect=-0.02),
            ("As usual: 2.0 % faster than the baseline, between 5.0 % faster and 7.0 % slower, which noise explains."),
        ),
        (a_verdict(verdict="learning", effect=None, known_runs=4), "Learning: 5 of 10 runs are known."),
        (a_verdict(verdict="learning", effect=None, known_runs=0), "Learning: 1 of 10 runs are known."),
        (a_verdict(verdict="learning", effect=None, known_runs=9), "Learning: 10 of 10 runs are known."),
        (
            a_verdict(verdict="learning", effect=None, known_runs=40),
            "Learning: nothing that was asked for was asked for in an earlier run.",
        ),
    ],
)
def test_a_verdict_is_a_sentence(verdict: Any, sentence: str) -> None:
    assert verdict_sentence(verdict) == sentence


def test_more_slow_requests_are_told_in_the_headline() -> None:
    slower = a_latency(a_regression(way="slow ones", slow=0.17, usually_slow=0.05, effect=0.06))
    assert "Slower: pokemon (17 % of requests are slow), since" in told(latencies=[slower])


# Numbers


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "119 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=-1), "just now"),
    ],
)
def test_how_long_ago(span: timedelta, words: str) -> None:
    assert ago(NOW - span, NOW) == words


def test_how_long_ago_minds_zones() -> None:
    assert ago(datetime(2026, 11, 20, 16, tzinfo=UTC), NOW) == "30 minutes ago"


def test_durations() -> None:
    assert [lasted(timedelta(seconds=value)) for value in (7, 119, 240, 7500)] == ["7 s", "119 s", "4 min", "2 h 5 min"]
