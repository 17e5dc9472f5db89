"""Simulated courses, as they are measured by `bench/latency.py`, fewer of them: is what is said of latencies true?

Seeds are fixed, so that a test fails always or never. Its bounds are such that a rule that keeps its promise fails with
a probability of less than one in a thousand when its constants, and thus its luck, are changed.
"""

from __future__ import annotations

import pytest

from bench.latency_courses import BASELINE_RUNS, ENDPOINTS, QUIET, SCENARIOS, WEEK, Scenario, Told, course
from observatory.latency import FEWEST_RUNS, Verdict
from tests.latency_values import most, turns

COURSES = 24
CHANGES = [scenario for scenario in SCENARIOS if scenario.change is not None and scenario.share is not None]
LEVELS = [scenario for scenario in SCENARIOS if scenario.by]

pytestmark = pytest.mark.unmeasured


@pytest.fixture(scope="module")
def told() -> list[Told]:
    """What was said in some courses."""
    return [course(seed) for seed in range(COURSES)]


def test_the_bounds_are_such_that_a_right_rule_keeps_them_and_a_wrong_one_does_not() -> None:
    assert most(1000, 0.05) == 73  # the 99.9 % quantile of the binomial distribution
    assert most(COURSES, 0.05) < COURSES // 4
    assert most(COURSES, 0.01) <= COURSES // 8


def test_a_quiet_week_has_an_alarm_in_one_of_twenty_cases_at_most(told: list[Told]) -> None:
    weeks = [each.weeks[QUIET] for each in told]
    alarmed = sum(any(week.has_alarm("ours", endpoint) for endpoint in ENDPOINTS) for week in weeks)
    assert alarmed <= most(COURSES, 0.05)


def test_the_rule_of_twenty_per_cent_has_alarms_in_nearly_all_quiet_weeks(told: list[Told]) -> None:
    """These weeks are noisy enough to tell a rule that can be trusted from one that cannot."""
    weeks = [each.weeks[QUIET] for each in told]
    assert sum(week.has_alarm("20 %", "pokemon") for week in weeks) >= 0.8 * COURSES


def test_a_baseline_that_grows_from_ten_runs_on_has_no_more_alarms_than_a_grown_one(told: list[Told]) -> None:
    alarmed = sum(any(each.before.has_alarm("ours", endpoint) for endpoint in ENDPOINTS) for each in told)
    assert alarmed <= most(COURSES, 0.05)
    for each in told:
        for judged in each.before.judged.values():
            assert [judgement.verdict for judgement in judged[:FEWEST_RUNS]] == [Verdict.LEARNING] * FEWEST_RUNS
            assert all(judgement.verdict is not Verdict.LEARNING for judgement in judged[FEWEST_RUNS:])
            assert len(judged) == BASELINE_RUNS


@pytest.mark.parametrize("scenario", CHANGES, ids=lambda scenario: scenario.name)
def test_what_got_slower_is_found_in_its_time(told: list[Told], scenario: Scenario) -> None:
    assert scenario.share is not None
    missed = sum(not each.weeks[scenario.name].has_alarm("ours", "pokemon", scenario.runs) for each in told)
    assert missed <= most(COURSES, 1 - scenario.share / 100)


@pytest.mark.parametrize("scenario", CHANGES, ids=lambda scenario: scenario.name)
def test_the_endpoints_beside_it_are_not_blamed(told: list[Told], scenario: Scenario) -> None:
    weeks = [each.weeks[scenario.name] for each in told]
    for endpoint in ENDPOINTS[1:]:
        assert sum(week.has_alarm("ours", endpoint) for week in weeks) <= most(COURSES, 0.05)


@pytest.mark.parametrize("scenario", LEVELS, ids=lambda scenario: scenario.name)
def test_the_interval_has_the_truth_in_it_in_nine_of_ten_cases(told: list[Told], scenario: Scenario) -> None:
    last = [each.weeks[scenario.name].judged["pokemon"][-1] for each in told]
    missed = 0
    for judgement in last:
        assert judgement.effect is not None
        assert judgement.low is not None
        assert judgement.high is not None
        assert judgement.low < judgement.effect < judgement.high
        missed += not judgement.low <= scenario.by <= judgement.high
    assert missed <= most(COURSES, 0.1)


@pytest.mark.parametrize("scenario", LEVELS, ids=lambda scenario: scenario.name)
def test_the_effect_is_the_truth_on_the_average(told: list[Told], scenario: Scenario) -> None:
    effects = [each.weeks[scenario.name].judged["pokemon"][-1].effect or 0.0 for each in told]
    assert sum(effects) / COURSES == pytest.approx(scenario.by, abs=0.03)


def test_a_run_that_is_as_usual_has_no_effect_in_its_interval_in_nine_of_ten_cases(told: list[Told]) -> None:
    """Of single runs, of which 95 % should have 0 within their interval."""
    quiet = [judgement for each in told for judged in each.weeks[QUIET].judged.values() for judgement in judged]
    steady = [each for each in quiet if each.verdict is Verdict.STEADY]
    missed = sum(not (each.low or 0.0) <= 0 <= (each.high or 0.0) for each in steady)
    assert missed <= 0.1 * len(steady)
    assert len(steady) > 0.9 * COURSES * WEEK * len(ENDPOINTS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_verdict_does_not_flip_from_run_to_run(told: list[Told], scenario: Scenario) -> None:
    for each in told:
        for judged in each.weeks[scenario.name].judged.values():
            assert turns([judgement.verdict for judgement in judged]) <= 4


@pytest.mark.parametrize("scenario", LEVELS[1:], ids=lambda scenario: scenario.name)
def test_what_was_found_stays_found_while_it_lasts(told: list[Told], scenario: Scenario) -> None:
    lost = 0
    for each in told:
        judged = each.weeks[scenario.name].judged["pokemon"]
        found = each.weeks[scenario.name].first["ours"].get("pokemon", WEEK)
        lost += any(judgement.verdict is not Verdict.REGRESSED for judgement in judged[found - 1 :])
    assert lost <= most(COURSES, 0.05)
