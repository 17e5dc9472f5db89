"""Made-up courses of latencies: four weeks' worth of runs as a team measures them, and what a rule says of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from observatory.latency import Judgement, Said, Times
from observatory.latency.series import Series
from observatory.latency.threshold import judge_by_threshold

ENDPOINTS: Final = ("pokemon", "type", "ability")
BASELINE_RUNS: Final = 28
RUNS_A_DAY: Final = 4
WEEK: Final = 7 * RUNS_A_DAY
RULES: Final = ("ours", "20 %")
"""The rules that are compared: ours, and P95 of the run above 1.2 times the baseline's."""

_FIRST = datetime(2026, 1, 5, 1, tzinfo=UTC)
_DAY = 86_400.0  # seconds

Change = Callable[[Random, str, float], float]
"""What a request to an endpoint takes, of the seconds that it took before something changed."""

RunOfAll = Mapping[str, Times]
"""A run, by endpoint."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How requests and runs differ for no reason.

    `sigma` is that of one request's logarithm, `of_resources` that of the resources' levels, `jitter` what all
    endpoints of a run share; `outliers` of the requests take `outlier` times as long, and the time of day moves all by
    `cycle` up and down.
    """

    requests: int = 30
    sigma: float = 0.25
    of_resources: float = 0.3
    jitter: float = 0.08
    outliers: float = 0.02
    outlier: float = 5.0
    cycle: float = 0.10


class MadeUpApi:
    """An API of some endpoints, each with its own level and always the same resources."""

    def __init__(self, random: Random, noise: Noise | None = None, endpoints: Sequence[str] = ENDPOINTS) -> None:
        """Decide on the levels of the resources."""
        self._random = random
        self._noise = noise or Noise()
        levels = {endpoint: math.log(0.08 * (1 + place / 2)) for place, endpoint in enumerate(endpoints)}
        self._usual = {
            endpoint: [level + random.gauss(0, self._noise.of_resources) for _ in range(self._noise.requests)]
            for endpoint, level in levels.items()
        }

    def run(self, number: int, change: Change | None = None) -> dict[str, Times]:
        """One run; they follow each other by six hours."""
        at = _FIRST + number * timedelta(days=1) / RUNS_A_DAY
        angle = math.tau * (at.timestamp() % _DAY) / _DAY
        shared = self._random.gauss(0, self._noise.jitter) + math.log1p(self._noise.cycle * math.sin(angle))
        return {
            endpoint: Times(
                f"run-{number}",
                at,
                endpoint,
                [(str(place), self._seconds(endpoint, level + shared, change)) for place, level in enumerate(usual, 1)],
            )
            for endpoint, usual in self._usual.items()
        }

    def _seconds(self, endpoint: str, level: float, change: Change | None) -> float:
        seconds = math.exp(level + self._random.gauss(0, self._noise.sigma))
        if self._random.random() < self._noise.outliers:
            seconds *= self._noise.outlier
        return change(self._random, endpoint, seconds) if change else seconds


def slower(factor: float, *endpoints: str) -> Change:
    """All requests to some endpoints take so many times as long."""
    return lambda _, endpoint, seconds: seconds * factor if endpoint in endpoints else seconds


def tail(share: float, factor: float, *endpoints: str) -> Change:
    """A share of the requests to some endpoints takes so many times as long."""
    return lambda random, endpoint, seconds: (
        seconds * factor if endpoint in endpoints and random.random() < share else seconds
    )


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens after the baseline's runs, within how many runs it should be found, and in how many per cent.

    Nothing happens when there is no `change`: then no more than `share` of the weeks may have an alarm. A `share` of
    None is no target, only shown. `by` is how much slower all requests are, as a fraction.
    """

    name: str
    change: Change | None
    runs: int
    share: float | None
    by: float = 0.0


QUIET: Final = "a quiet week"

SCENARIOS: Final = (
    Scenario(QUIET, None, WEEK, 5.0),
    Scenario("+10 %, in seven days", slower(1.1, "pokemon"), WEEK, 95.0, 0.1),
    Scenario("+20 %, in three days", slower(1.2, "pokemon"), 3 * RUNS_A_DAY, 99.0, 0.2),
    Scenario("+50 %, in the first run", slower(1.5, "pokemon"), 1, 95.0, 0.5),
    Scenario("15 % of requests x 3, in three days", tail(0.15, 3, "pokemon"), 3 * RUNS_A_DAY, 95.0),
    Scenario("all +20 %, in three days", slower(1.2, *ENDPOINTS), 3 * RUNS_A_DAY, None),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was said of some runs that follow each other.

    `first` is the run in which each rule first said of an endpoint that it is regressed, by rule and endpoint; 1 is the
    first one of the stretch. `judged` is what ours said of each endpoint, run after run.
    """

    first: Mapping[str, Mapping[str, int]]
    judged: Mapping[str, Sequence[Judgement]]

    def has_alarm(self, rule: str, endpoint: str, runs: int = WEEK) -> bool:
        """Whether there was one within so many runs."""
        return self.first[rule].get(endpoint, runs + 1) <= runs


@dataclass(frozen=True, slots=True)
class Told:
    """What was said in one course: in the week of each scenario, and in the runs of the baseline before it."""

    weeks: Mapping[str, Stretch]
    before: Stretch


def course(seed: int, noise: Noise | None = None, scenarios: Sequence[Scenario] = SCENARIOS) -> Told:
    """One course: a baseline, and after it, from the same state, the week of each scenario."""
    random = Random(seed)
    api, series = MadeUpApi(random, noise), Series()
    baseline = [api.run(number) for number in range(BASELINE_RUNS)]
    before = judged(series, baseline)
    never_changed = {id(times): times for run in baseline for times in run.values()}  # which need no copy
    weeks = {}
    for scenario in scenarios:
        week = [api.run(number, scenario.change) for number in range(BASELINE_RUNS, BASELINE_RUNS + WEEK)]
        weeks[scenario.name] = judged(deepcopy(series, dict(never_changed)), week)
    return Told(weeks, before)


def judged(series: Series, runs: Sequence[RunOfAll]) -> Stretch:
    """Judge runs one after the other, by all rules."""
    first: dict[str, dict[str, int]] = {rule: {} for rule in RULES}
    judgements: dict[str, list[Judgement]] = {}
    for number, run in enumerate(runs, 1):
        for endpoint, said in series.judge(run).items():
            judgements.setdefault(endpoint, []).append(said.judgement)
            for rule in RULES:
                if _verdict(rule, run[endpoint], said) == "regressed":
                    first[rule].setdefault(endpoint, number)
    return Stretch(first, judgements)


def _verdict(rule: str, times: Times, said: Said) -> str:
    judgement = said.judgement if rule == "ours" else judge_by_threshold(times, said.baseline)
    return judgement.verdict.value
