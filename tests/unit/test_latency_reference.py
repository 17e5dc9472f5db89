"""What is learnt of made-up runs is what they were made of: levels, spreads, the daily cycle, what endpoints share."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, pvariance

import pytest

from bench.latency_courses import BASELINE_RUNS, MadeUpApi, Noise
from observatory.latency import Reference, Times
from observatory.latency.learning import learn_together
from observatory.latency.reference import Level, trimmed_mean
from tests.latency_values import a_time, learn

SEEDS = range(16)
NOISE = Noise()

pytestmark = pytest.mark.unmeasured


def learnt(noise: Noise = NOISE) -> list[Reference]:
    """What is learnt of pokemon, beside the other endpoints, from several weeks."""
    found = []
    for seed in SEEDS:
        api = MadeUpApi(Random(seed), noise)
        runs = [api.run(number) for number in range(BASELINE_RUNS)]
        found.append(learn_together({name: [run[name] for run in runs] for name in runs[0]})["pokemon"])
    return found


@pytest.fixture(scope="module")
def references() -> list[Reference]:
    """Those of the usual noise."""
    return learnt()


def level(reference: Reference, run: Times) -> Level:
    """How a run stands of which something is known."""
    found = reference.level(run)
    assert found is not None
    return found


def test_how_requests_differ_within_a_run_and_by_resource(references: list[Reference]) -> None:
    assert fmean(each.spread.within for each in references) == pytest.approx(NOISE.sigma, rel=0.08)
    assert fmean(each.spread.of_resources for each in references) == pytest.approx(NOISE.of_resources, rel=0.12)


def test_how_runs_differ_and_how_much_of_it_endpoints_share(references: list[Reference]) -> None:
    """Means of variances, which are what adds up: here runs differ by nothing but what all endpoints share."""
    between = math.sqrt(fmean(each.between**2 for each in references))
    shared = math.sqrt(fmean(each.shared**2 for each in references))
    assert between == pytest.approx(NOISE.jitter, rel=0.12)
    assert shared == pytest.approx(NOISE.jitter, rel=0.12)
    assert all(each.shared <= each.between for each in references)


def test_runs_that_differ_by_nothing_but_their_requests_are_held_to_differ_by_nearly_nothing() -> None:
    still = learnt(Noise(jitter=0.0, cycle=0.0))
    assert math.sqrt(fmean(each.between**2 for each in still)) < 0.025
    assert math.sqrt(fmean(each.shared**2 for each in still)) < 0.02


def test_the_daily_cycle(references: list[Reference]) -> None:
    """The wave goes up in the morning: its sine is what was put in, less what a few runs do not prove."""
    assert 0.06 < fmean(each.sine for each in references) <= NOISE.cycle
    assert abs(fmean(each.cosine for each in references)) < 0.02
    noon, midnight = a_time(0).replace(hour=6), a_time(0).replace(hour=18)
    assert all(each.usual(noon) > each.usual(midnight) for each in references)
    assert all(each.parameters == 3 for each in references)


def test_without_a_cycle_none_is_learnt() -> None:
    assert fmean(math.hypot(each.sine, each.cosine) for each in learnt(Noise(jitter=0.02, cycle=0.0))) < 0.02


def test_one_in_twenty_requests_is_slow(references: list[Reference]) -> None:
    for each in references:
        assert each.slow_share == pytest.approx(0.05, abs=0.005)
        assert each.slow_above is not None
        assert each.slow_above > 1.2


def test_what_a_run_is_off_by_chance_is_known_before_it_is_run() -> None:
    """The variance that is told of a level is that of the levels of many runs that have nothing in common."""
    api = MadeUpApi(Random(3), Noise(jitter=0.0, cycle=0.0))
    reference = learn([api.run(number)["pokemon"] for number in range(BASELINE_RUNS)])
    levels = [level(reference, api.run(number)["pokemon"]) for number in range(600)]
    assert fmean(each.variance for each in levels) == pytest.approx(pvariance(each.shift for each in levels), rel=0.25)
    assert abs(fmean(each.shift for each in levels)) < 0.03


def test_what_nothing_is_known_of_has_no_level_and_is_left_out_beside_what_is_known() -> None:
    """Whether a new resource is slow, or was so always, nobody can tell where the others are always the same."""
    api = MadeUpApi(Random(3))
    runs = [api.run(number)["pokemon"] for number in range(BASELINE_RUNS + 1)]
    reference, last = learn(runs[:-1]), runs[-1]
    unknown = [(f"new {name}", 9 * seconds) for name, seconds in last.requests]
    assert reference.level(Times("later", last.at, "pokemon", unknown)) is None
    both = Times("later", last.at, "pokemon", [*unknown, *last.requests])
    assert reference.level(both) == reference.level(last)


def test_a_resource_that_was_seen_once_is_held_to_differ_less_than_it_seems_to() -> None:
    random = Random(2)
    runs = [
        Times(f"{n}", a_time(n), "e", [(f"{k}", 0.1 * math.exp(k / 10 + random.gauss(0, 0.3))) for k in range(10)])
        for n in range(20)
    ]
    first = runs[0]
    seldom = Times("0", first.at, "e", [*first.requests, ("seldom", 0.8)])
    own = learn([seldom, *runs[1:]]).by_resource
    seen = math.log(0.8) - trimmed_mean(sorted(math.log(seconds) for _, seconds in seldom.requests))
    assert own["seldom"].requests == 1
    assert 0 < own["seldom"].shift < 0.95 * seen
    assert own["9"].requests == 20


def test_other_resources_in_each_run_make_runs_differ_and_it_is_known_that_they_do() -> None:
    """Else a week whose runs ask for other resources each time would look calmer than the next run can be."""
    random = Random(5)
    own = {f"{number}": random.gauss(0, 0.5) for number in range(1000)}

    def run(number: int) -> Times:
        asked = random.sample(list(own), 20)
        return Times(f"{number}", a_time(number), "e", [(n, math.exp(own[n] + random.gauss(0, 0.2))) for n in asked])

    reference = learn([run(number) for number in range(BASELINE_RUNS)])
    shifts = [level(reference, run(number)) for number in range(200)]
    expected = fmean(each.variance + reference.between**2 for each in shifts)
    assert pvariance(each.shift for each in shifts) < 1.6 * expected


def test_runs_of_heavy_resources_alone_do_not_make_them_look_light() -> None:
    """Half of the runs ask for light and heavy ones, the others for heavy ones only, some of which are in no other."""
    random = Random(4)
    own = {f"light {n}": 0.0 for n in range(5)} | {f"heavy {n}": math.log(3) for n in range(10)}
    mixed, heavy = [n for n in own if n[-1] < "5"], [n for n in own if n.startswith("heavy")]
    runs = [
        Times(f"{number}", a_time(number), "e", [(n, math.exp(own[n] + random.gauss(0, 0.2))) for n in asked])
        for number, asked in enumerate([mixed] * 12 + [heavy] * 12)
    ]
    found = learn(runs).by_resource
    heavier = fmean(found[n].shift for n in heavy) - fmean(found[f"light {n}"].shift for n in range(5))
    assert heavier == pytest.approx(math.log(3), abs=0.12)


def test_one_enormous_outlier_does_not_make_its_resource_a_slow_one() -> None:
    api = MadeUpApi(Random(3))
    runs = [api.run(number)["pokemon"] for number in range(BASELINE_RUNS)]
    wild = Times(runs[4].run, runs[4].at, "pokemon", [("1", 1e9), *runs[4].requests[1:]])
    usual, other = learn(runs), learn([*runs[:4], wild, *runs[5:]])
    assert other.by_resource["1"].shift == pytest.approx(usual.by_resource["1"].shift, abs=0.08)
    assert other.spread.within == pytest.approx(usual.spread.within, rel=0.02)


def test_the_trimmed_mean_leaves_a_fifth_out_on_both_sides() -> None:
    assert trimmed_mean([-1e9, 1.0, 2.0, 3.0, 1e9]) == 2
    assert trimmed_mean([1.0, 2.0, 6.0]) == 3


def test_a_reference_of_one_request_can_be_asked() -> None:
    run = Times("0", a_time(0), "e", [("1", 0.1)])
    found = level(learn([run]), run)
    assert found.shift == pytest.approx(0)
    assert found.variance > 0
