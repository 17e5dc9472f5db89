"""How far a latency verdict can be trusted: false and missed alarms in made-up weeks, and what judging costs."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from bench.apart import apart
from bench.bodies import Shelf
from bench.latency_courses import (
    BASELINE_RUNS,
    ENDPOINTS,
    QUIET,
    RULES,
    SCENARIOS,
    WEEK,
    MadeUpApi,
    Noise,
    Scenario,
    Told,
    course,
)
from bench.report import Judgement, Result
from bench.timing import timed
from bench.workplace import Workplace
from observatory.flakiness.interval import rate
from observatory.latency.series import Series

COURSES_A_ROUND = 32
CSV_ROWS = 100_000
_SEED = 20_260_105
_TIMED_SERIES = 10
_STILL_GROWING = range(20, 25)  # runs with which the baseline is nearly full, and yet learnt anew with each


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds to judge a run of all endpoints: while its baseline grows, thus is learnt anew, and after."""

    growing: float
    grown: float


def run_latency(place: Workplace, _: Shelf) -> Result:
    """Simulate the courses in as many processes as there are CPUs, and time the judging.

    Raises:
        BenchError: the command failed.
    """
    amount = COURSES_A_ROUND * place.rounds
    place.tell(f"latency: {amount} courses of {BASELINE_RUNS} runs, each with {len(SCENARIOS)} weeks")
    told = _courses(amount)
    place.tell("latency: what judging costs")
    cost = apart(_time_judging)
    wall, lines = _time_command(place)
    return Result(
        name="latency",
        heading=f"{amount} courses of {BASELINE_RUNS} runs of {Noise().requests} requests to each of "
        f"{len(ENDPOINTS)} endpoints, and the week after",
        rows=[
            ("found in time; in a quiet week, falsely", *RULES, *(f"runs until, {rule}" for rule in RULES)),
            *(_row(told, scenario, "pokemon", scenario.name) for scenario in SCENARIOS[1:]),
            *(_row(told, SCENARIOS[0], name, f"{QUIET}: {name}") for name in ENDPOINTS),
            _row(told, SCENARIOS[0], None, f"{QUIET}: any of them"),
        ],
        judgements=[_judgement(told, scenario) for scenario in SCENARIOS if scenario.share is not None],
        notes=(
            "range: the 95 % interval of the share, by the number of courses alone; more rounds make it narrower",
            f"false alarms in the runs 11 to {BASELINE_RUNS} of the baseline itself: {_early(told)}",
            f"the truth within the interval of the effect, at the end of the week: {_covered(told)}",
            f"to judge a run: {cost.grown:.2f} ms; with the baselines learnt anew before: {cost.growing:.1f} ms",
            f"observatory latency FILE.csv --json, {CSV_ROWS:,} lines of {lines:,} runs, whole process: {wall:.2f} s",
        ),
        raw={
            "courses": amount,
            "weeks": [{name: week.first for name, week in each.weeks.items()} for each in told],
            "before": [each.before.first for each in told],
            "milliseconds": asdict(cost),
            "csv_seconds": wall,
        },
    )


def _courses(amount: int) -> list[Told]:
    """The courses, each with a seed of its own, so that they are the same on any number of CPUs."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(course, range(_SEED, _SEED + amount), chunksize=4))


def _row(told: Sequence[Told], scenario: Scenario, endpoint: str | None, name: str) -> tuple[str, ...]:
    endpoints = ENDPOINTS if endpoint is None else (endpoint,)
    shares = (f"{_alarms(told, rule, scenario, endpoints) / len(told):.1%}" for rule in RULES)
    return name, *shares, *(_median_run(told, rule, scenario, endpoints) for rule in RULES)


def _alarms(told: Sequence[Told], rule: str, scenario: Scenario, endpoints: Sequence[str]) -> int:
    """In how many of the weeks there was an alarm in time."""
    weeks = [each.weeks[scenario.name] for each in told]
    return sum(any(week.has_alarm(rule, name, scenario.runs) for name in endpoints) for week in weeks)


def _median_run(told: Sequence[Told], rule: str, scenario: Scenario, endpoints: Sequence[str]) -> str:
    """The median run of the first alarm; a week without one counts as one after it. None is meant in a quiet week."""
    if scenario.change is None:
        return ""
    found = median(
        min(each.weeks[scenario.name].first[rule].get(name, WEEK + 1) for name in endpoints) for each in told
    )
    return f"{found:g}" if found <= WEEK else f"over {WEEK}"


def _judgement(told: Sequence[Told], scenario: Scenario) -> Judgement:
    """Held against what may be missed, or be false, because a target is the most that a number may be."""
    assert scenario.share is not None
    alarms = _alarms(told, "ours", scenario, ENDPOINTS if scenario.change is None else ("pokemon",))
    if scenario.change is None:
        what, wrong, target = "false alarms", rate(alarms, len(told)), scenario.share
    else:
        what, wrong, target = "missed", rate(len(told) - alarms, len(told)), 100 - scenario.share
    seen, least, most = (100 * value for value in (wrong.value, wrong.low, wrong.high))
    return Judgement(f"{what}: {scenario.name}", seen, target, "%", least, most)


def _early(told: Sequence[Told]) -> str:
    shares = {rule: sum(bool(each.before.first[rule]) for each in told) / len(told) for rule in RULES}
    return ", ".join(f"{rule} {100 * share:.1f} %" for rule, share in shares.items())


def _covered(told: Sequence[Told]) -> str:
    """In how many of the weeks in which all requests got slower by a known share."""
    shares = []
    for scenario in SCENARIOS[1:4]:
        truth = scenario.by
        last = [each.weeks[scenario.name].judged["pokemon"][-1] for each in told]
        covered = sum((each.low or 0.0) <= truth <= (each.high or 0.0) for each in last)
        shares.append(f"{truth:+.0%} {covered / len(told):.1%}")
    return ", ".join(shares)


def _time_judging() -> Cost:
    """The median over the runs of some series."""
    growing, grown = [], []
    for seed in range(_TIMED_SERIES):
        api, series = MadeUpApi(Random(seed)), Series()
        for number in range(BASELINE_RUNS + WEEK // 2):
            run = api.run(number)
            started = perf_counter()
            series.judge(run)
            spent = 1000 * (perf_counter() - started)
            if number >= BASELINE_RUNS:
                grown.append(spent)
            elif number in _STILL_GROWING:
                growing.append(spent)
    return Cost(median(growing), median(grown))


def _time_command(place: Workplace) -> tuple[float, int]:
    """The seconds that the command takes for a large file, and how many runs that has."""
    file = place.folder / "measurements.csv"
    runs = _write(file)
    command = place.command(
        "observatory latency", "-c", "from observatory.commands import main; main()", "latency", file, "--json"
    )
    walls = [timed(command, place.folder / "said.txt").wall for _ in range(min(place.rounds, 3))]
    return median(walls), runs


def _write(file: Path) -> int:
    api = MadeUpApi(Random(_SEED))
    a_run = Noise().requests * len(ENDPOINTS)
    runs = CSV_ROWS // a_run
    with file.open("w", encoding="utf-8", newline="") as lines:
        rows: Any = csv.writer(lines)
        rows.writerow(("run", "at", "endpoint", "resource", "elapsed_seconds"))
        for number in range(runs):
            for endpoint, times in api.run(number).items():
                rows.writerows((times.run, times.at.isoformat(), endpoint, *each) for each in times.requests)
    return runs
