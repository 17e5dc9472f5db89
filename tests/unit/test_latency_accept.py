"""A person accepts that an endpoint is slower: what comes after is judged by the level since the change."""

from __future__ import annotations

from random import Random

import pytest

from observatory.latency import Baseline
from tests.latency_values import (
    REGRESSED,
    STEADY,
    RememberedSeries,
    RunOfAll,
    a_run,
    a_time,
    noisy,
)

WEEK = 28  # runs


class Watched:
    """A series whose endpoint can be made slower."""

    def __init__(self, seed: int) -> None:
        """Learn a week."""
        self.random = Random(seed)
        self.series = RememberedSeries()
        self.number = 0
        self.run(WEEK)

    def next(self, factor: float = 1.0) -> RunOfAll:
        """The run that comes next."""
        self.number += 1
        return a_run(self.number - 1, noisy(self.random, factor=factor))

    def run(self, amount: int, factor: float = 1.0) -> list[str]:
        """Judge some runs."""
        runs = [self.next(factor) for _ in range(amount)]
        return [self.series.judge(run)["pokemon"].judgement.verdict.value for run in runs]

    def accept(self, factor: float = 1.0) -> Baseline:
        """Accept in a run."""
        return self.series.accept(self.next(factor))

    @property
    def baseline(self) -> Baseline:
        """The baseline that holds."""
        return self.series.baselines["pokemon"]


SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_accepted_is_steady_from_then_on(seed: int) -> None:
    watched = Watched(seed)
    assert watched.run(6, 1.5)[-1] == REGRESSED
    watched.accept(1.5)
    assert set(watched.run(2 * WEEK, 1.5)) == {STEADY}
    assert watched.baseline.percentiles.p50 == pytest.approx(0.15, rel=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_small_change_that_is_accepted_is_steady_from_the_next_run_on(seed: int) -> None:
    """Nothing that was proved against the old level is left."""
    watched = Watched(seed)
    assert REGRESSED in watched.run(20, 1.12)
    watched.accept(1.12)
    assert watched.run(6, 1.12) == [STEADY] * 6


# Requirement 18.5: versions of baselines are kept, with from when they hold.
@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_a_new_version_with_who_and_why_that_begins_where_the_change_did(seed: int) -> None:
    watched = Watched(seed)
    before = watched.baseline
    watched.run(6, 1.5)
    accepted = watched.accept(1.5)
    assert accepted.number == before.number + 1
    assert (accepted.accepted_by, accepted.reason) == ("ann", "it does more")
    assert accepted.accepted_at == accepted.valid_from == a_time(WEEK + 6)
    assert accepted.not_before == a_time(WEEK)
    assert (accepted.runs, accepted.samples) == (7, 210)
    assert accepted.percentiles.p50 == pytest.approx(0.15, rel=0.1)
    watched.run(10, 1.5)
    assert watched.baseline.number == accepted.number
    assert (watched.baseline.accepted_by, watched.baseline.reason) == ("ann", "it does more")
    assert watched.baseline.first_run_at == a_time(WEEK)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fifth_more_than_what_was_accepted_is_found_within_three_days(seed: int) -> None:
    watched = Watched(seed)
    watched.run(6, 1.5)
    watched.accept(1.5)
    watched.run(20, 1.5)
    assert REGRESSED in watched.run(12, 1.5 * 1.2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_further_regression_is_found_while_few_runs_of_the_new_level_are_known(seed: int) -> None:
    watched = Watched(seed)
    watched.run(3, 1.5)
    watched.accept(1.5)
    assert set(watched.run(3, 1.5)) == {STEADY}
    assert REGRESSED in watched.run(8, 1.5 * 1.4)


@pytest.mark.parametrize("seed", SEEDS)
def test_to_accept_when_nothing_changed_makes_the_baseline_anew_and_changes_no_verdict(seed: int) -> None:
    watched = Watched(seed)
    before = watched.baseline
    accepted = watched.accept()
    assert accepted.number == before.number + 1
    assert accepted.reference.middle == pytest.approx(before.reference.middle, abs=0.02)
    assert set(watched.run(WEEK)) == {STEADY}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_accepted_and_gets_well_is_followed_down_again(seed: int) -> None:
    watched = Watched(seed)
    watched.run(6, 1.6)
    watched.accept(1.6)
    watched.run(20, 1.6)
    watched.run(40)
    assert watched.baseline.number >= 3
    assert watched.baseline.percentiles.p50 == pytest.approx(0.1, rel=0.1)
    assert REGRESSED in watched.run(6, 1.6)


def test_a_tail_that_is_accepted_is_no_alarm_any_more() -> None:
    watched = Watched(3)

    def with_tail() -> RunOfAll:
        run = watched.next()["pokemon"]
        slow = [seconds * (4 if watched.random.random() < 0.2 else 1) for seconds in run.seconds]
        return a_run(watched.number - 1, slow)

    told = [watched.series.judge(with_tail())["pokemon"].judgement for _ in range(12)]
    assert told[-1].verdict is REGRESSED
    watched.series.accept(with_tail())
    later = [watched.series.judge(with_tail())["pokemon"].judgement.verdict for _ in range(WEEK)]
    assert later.count(REGRESSED) <= 2
