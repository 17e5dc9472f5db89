"""Values that tests of latency are made from: runs with times that are known, and what is said of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

from observatory.latency import Baseline, Course, Evidence, Judgement, KnownRun, Reference, Said, Times, Verdict
from observatory.latency.learning import learn_together
from observatory.latency.series import Series

FIRST = datetime(2026, 1, 5, 1, tzinfo=UTC)
BETWEEN = timedelta(hours=6)
REGRESSED, STEADY, LEARNING, IMPROVED = Verdict.REGRESSED, Verdict.STEADY, Verdict.LEARNING, Verdict.IMPROVED

RunOfAll = Mapping[str, Times]
"""A run, by endpoint."""


def a_time(number: int) -> datetime:
    """When a run of a series begins."""
    return FIRST + number * BETWEEN


def times(number: int, seconds: Iterable[float], endpoint: str = "pokemon", at: datetime | None = None) -> Times:
    """The requests of a run, each to a resource of its own."""
    requests = [(str(place), each) for place, each in enumerate(seconds, 1)]
    return Times(f"run-{number}", at or a_time(number), endpoint, requests)


def a_run(number: int, seconds: Iterable[float], endpoint: str = "pokemon") -> dict[str, Times]:
    """A run that asked one endpoint."""
    return {endpoint: times(number, seconds, endpoint)}


def noisy(random: Random, amount: int = 30, factor: float = 1.0, sigma: float = 0.2, level: float = 0.1) -> list[float]:
    """The seconds of some requests to resources that are alike."""
    return [level * factor * math.exp(random.gauss(0, sigma)) for _ in range(amount)]


def said(series: Series | RememberedSeries, runs: Iterable[RunOfAll]) -> list[Mapping[str, Said]]:
    """What is said of runs, one after the other."""
    return [series.judge(run) for run in runs]


def judgements(runs: Iterable[RunOfAll], endpoint: str = "pokemon", series: Series | None = None) -> list[Judgement]:
    """What is said of an endpoint in each run that asked it."""
    series = series or Series()
    return [each[endpoint].judgement for each in said(series, runs) if endpoint in each]


def verdicts(runs: Iterable[RunOfAll], endpoint: str = "pokemon", series: Series | None = None) -> list[Verdict]:
    """The verdicts alone."""
    return [each.verdict for each in judgements(runs, endpoint, series)]


def everything(runs: Iterable[RunOfAll]) -> list[dict[str, Judgement]]:
    """What is said of each endpoint in each run."""
    return [{endpoint: each.judgement for endpoint, each in one.items()} for one in said(Series(), runs)]


def scaled(run: RunOfAll, factor: float) -> RunOfAll:
    """The same run, in which everything took so many times as long."""
    return {
        endpoint: replace(each, requests=[(resource, factor * seconds) for resource, seconds in each.requests])
        for endpoint, each in run.items()
    }


def turns(said_of: Sequence[Verdict]) -> int:
    """How often a verdict differs from that before it."""
    return sum(one is not other for one, other in pairwise(said_of))


def most(of: int, share: float, surely: float = 1e-3) -> int:
    """The most of some courses in which something may happen, lest its true share is above this, but for bad luck.

    When it happens with the probability `share`, more do with a probability of less than `surely`.
    """
    above = 1.0
    for amount in range(of + 1):
        above -= math.comb(of, amount) * share**amount * (1 - share) ** (of - amount)
        if above < surely:
            return amount
    return of


class RememberedSeries:
    """A series in memory whose baselines and evidence are written as JSON and read again after each run.

    So it is in a history, where each run may be judged by another process.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._known: dict[str, list[KnownRun]] = {}
        self._times: dict[tuple[str, str], Times] = {}
        self._course = Course(self, {}, {})

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """The baseline of each endpoint that holds."""
        return self._course.baselines

    @property
    def evidence(self) -> Mapping[str, Evidence]:
        """What the runs so far prove of each endpoint."""
        return self._course.evidence

    def judge(self, run: RunOfAll) -> dict[str, Said]:
        """What is said of each endpoint of the next run."""
        baselines = {
            endpoint: replace(each, reference=Reference.of(through_json(each.reference.as_json())))
            for endpoint, each in self._course.baselines.items()
        }
        evidence = {
            endpoint: Evidence.of(through_json(each.as_json())) for endpoint, each in self._course.evidence.items()
        }
        self._course = Course(self, baselines, evidence)
        told = self._course.judge(run)
        for endpoint, each in run.items():
            known = KnownRun(each.run, each.at, told[endpoint].judgement.verdict)
            self._known.setdefault(endpoint, []).append(known)
            self._times[endpoint, each.run] = each
        return told

    def accept(self, run: RunOfAll, endpoint: str = "pokemon", reason: str = "it does more") -> Baseline:
        """Accept how fast an endpoint is in a run that goes on; the run is judged when it is over."""
        self._course.judge(run)
        accepted = self._course.accept(endpoint, run[endpoint], "ann", reason)
        self.judge(run)
        return accepted

    def known(self, endpoint: str) -> Sequence[KnownRun]:
        """The judged runs of an endpoint."""
        return self._known.get(endpoint, ())

    def times(self, endpoint: str, runs: Sequence[KnownRun]) -> Sequence[Times]:
        """The requests of some of them."""
        return [self._times[endpoint, run.run] for run in runs]


def through_json(values: Mapping[str, Any]) -> Any:
    """What is read of values that were written as JSON."""
    return json.loads(json.dumps(values))


def learn(runs: Sequence[Times]) -> Reference:
    """What is usual, of the runs of one endpoint by themselves."""
    return learn_together({"alone": runs})["alone"]
