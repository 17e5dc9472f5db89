"""Health in words: the headline, what it is known from, and what a person can do now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from observatory.health.values import State
from observatory.health.words import advice, ago, findings, headline, lasted, verdict_sentence
from observatory.history.known_changes import ChangeState
from tests.drift_values import a_known_change, an_addition
from tests.health_values import (
    NOW,
    a_failing_test,
    a_latency,
    a_regression,
    a_run_line,
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


def test_while_all_is_being_learned_it_says_how_far_it_is() -> None:
    learning = a_latency(runs=[a_verdict(verdict="learning", effect=None, known_runs=4)])
    assert "What latency is usual is still being learned (4 of 10 runs)." in told(latencies=[learning])


# What to do


def test_failing_tests_are_run_again_on_their_target() -> None:
    failing = [a_failing_test("Suites.Are [all] 'Types' * There?")]
    grouped, again = commands(failing=failing)
    assert grouped == "observatory failures --target live"
    assert again == (
        """robot --test 'Suites.Are [[]all] '"'"'Types'"'"' [*] There[?]' --variable TARGET:live suites/"""
    )


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
        (a_verdict(verdict="learning", effect=None, known_runs=4), "Learning: 4 of 10 runs are known."),
        (a_verdict(verdict="steady", effect=None, known_runs=40), "Learning: 10 of 10 runs are known."),
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
