"""What makes no difference to what is said of latencies: units, names, order, time zones, JSON in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from observatory.latency import Evidence, Judgement, Reference, Times
from observatory.latency.rule import judge
from observatory.latency.series import Series
from tests.latency_values import (
    RememberedSeries,
    RunOfAll,
    a_time,
    everything,
    learn,
    said,
    scaled,
    through_json,
    times,
)

ENDPOINTS = ("pokemon", "type", "ability")


@st.composite
def courses(draw: st.DrawFn) -> Sequence[RunOfAll]:
    """Runs of some endpoints, each with some resources; after a while one of them may change."""
    random = Random(draw(st.integers(0, 2**32)))
    endpoints = ENDPOINTS[: draw(st.integers(1, 3))]
    requests, amount = draw(st.integers(1, 9)), draw(st.integers(11, 20))
    factor, since = draw(st.sampled_from([0.6, 1.0, 1.3, 2.0])), draw(st.integers(10, amount))
    is_sparse = draw(st.booleans())
    runs = []
    for number in range(amount):
        shared = random.gauss(0, 0.05)
        run = {}
        for endpoint in endpoints:
            if is_sparse and random.random() < 0.2:
                continue
            changed = math.log(factor) if endpoint == "pokemon" and number >= since else 0.0
            asked = [(str(random.randrange(12)), shared + changed + random.gauss(0, 0.2)) for _ in range(requests)]
            found = [(resource, 0.1 * math.exp(int(resource) / 10 + level)) for resource, level in asked]
            run[endpoint] = Times(f"run-{number}", a_time(number), endpoint, found)
        runs.append(run)
    return runs


def _each(run: RunOfAll, change: Callable[[Times], Times]) -> RunOfAll:
    return {endpoint: change(each) for endpoint, each in run.items()}


def other_order(run: RunOfAll) -> RunOfAll:
    """Requests and endpoints the other way round."""
    turned = _each(run, lambda each: replace(each, requests=each.requests[::-1]))
    return dict(reversed(list(turned.items())))


def shuffled(run: RunOfAll) -> RunOfAll:
    """Requests in any order."""
    return _each(run, lambda each: replace(each, requests=Random(each.run).sample(each.requests, len(each.requests))))


def renamed(run: RunOfAll) -> RunOfAll:
    """Resources with other names, which sort otherwise."""
    return _each(
        run, lambda each: replace(each, requests=[(f"{99 - int(name)} ½", took) for name, took in each.requests])
    )


def other_zone(run: RunOfAll) -> RunOfAll:
    """The same moments, as they are called in Nepal."""
    zone = timezone(timedelta(hours=5, minutes=45))
    return _each(run, lambda each: replace(each, at=each.at.astimezone(zone)))


def other_names_of_runs(run: RunOfAll) -> RunOfAll:
    """Runs with names that sort otherwise."""
    return _each(run, lambda each: replace(each, run=each.run[::-1]))


@pytest.mark.parametrize("change", [other_order, shuffled, renamed, other_zone, other_names_of_runs])
@given(runs=courses())
@settings(max_examples=40)
def test_what_is_no_latency_makes_no_difference(
    change: Callable[[RunOfAll], RunOfAll], runs: Sequence[RunOfAll]
) -> None:
    assert everything(map(change, runs)) == everything(runs)


@given(courses(), st.sampled_from([1e-6, 0.001, 0.37, 60.0, 1e6]))
@settings(max_examples=60)
def test_in_another_unit_the_same_is_said(runs: Sequence[RunOfAll], factor: float) -> None:
    told, other = everything(runs), everything(scaled(run, factor) for run in runs)
    for one, two in zip(told, other, strict=True):
        assert two.keys() == one.keys()
        for endpoint in one:
            _assert_alike(one[endpoint], two[endpoint], within=1e-6)


@given(courses())
@settings(max_examples=60)
def test_evidence_is_the_same_after_json(runs: Sequence[RunOfAll]) -> None:
    references = _references(runs[:10])
    kept: Mapping[str, Evidence] = {}
    read: Mapping[str, Evidence] = {}
    for run in runs[10:]:
        told, other = judge(run, references, kept), judge(run, references, read)
        assert {name: said for name, (said, _) in other.items()} == {name: said for name, (said, _) in told.items()}
        kept = {**kept, **{name: after for name, (_, after) in told.items()}}
        read = {**read, **{name: Evidence.of(through_json(after.as_json())) for name, (_, after) in other.items()}}


@given(courses())
@settings(max_examples=60)
def test_a_reference_is_the_same_after_json(runs: Sequence[RunOfAll]) -> None:
    references = _references(runs[:10])
    assert {name: Reference.of(through_json(each.as_json())) for name, each in references.items()} == references


@given(courses())
@settings(max_examples=60)
def test_nothing_is_lost_when_each_run_is_judged_by_another_process(runs: Sequence[RunOfAll]) -> None:
    held, remembered = Series(), RememberedSeries()
    assert said(remembered, runs) == said(held, runs)
    assert remembered.baselines == held.baselines


def _references(runs: Sequence[RunOfAll]) -> dict[str, Reference]:
    endpoints = {endpoint for run in runs for endpoint in run}
    return {endpoint: learn([run[endpoint] for run in runs if endpoint in run]) for endpoint in sorted(endpoints)}


def _assert_alike(one: Judgement, two: Judgement, within: float) -> None:
    assert (two.verdict, two.since, two.runs, two.way) == (one.verdict, one.since, one.runs, one.way)
    assert (two.slow, two.usually_slow) == (one.slow, one.usually_slow)
    for name in ("effect", "low", "high"):
        assert getattr(two, name) == pytest.approx(getattr(one, name), abs=within)


@given(st.lists(st.floats(1e-9, 1e6), min_size=1, max_size=40), st.integers(1, 30))
@settings(max_examples=100)
@example([0.1], 1)
def test_whatever_was_measured_is_judged(values: list[float], amount: int) -> None:
    """Any times, alike or wild, one or many in a run: every run gets a verdict, and effects are finite numbers."""
    runs = [{"pokemon": times(number, values[number % len(values) :] or values)} for number in range(amount)]
    for number, one in enumerate(everything(runs)):
        said = one["pokemon"]
        if number < 10:
            assert said == Judgement(said.verdict)
        else:
            assert said.effect is not None
            assert said.low is not None
            assert said.high is not None
            assert math.isfinite(said.effect)
            assert -1 <= said.low <= said.effect <= said.high
