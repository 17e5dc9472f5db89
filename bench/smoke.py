"""The smoke suites, history and stand-in included, against `robot` on one line."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from bench import suites
from bench.report import Judgement, Result, seconds
from bench.timing import cpus, ratio, walls
from bench.workplace import Workplace

SMOKE, ONE_LINE = "robot --include smoke suites", "robot on one line"


def run_smoke(place: Workplace) -> Result:
    """Time both in turn; the warm-up makes the history, so that every round is a second run or later.

    Raises:
        BenchError: one of them failed.
    """
    one_line = place.write("one_line.robot", suites.ONE_LINE)
    timings = place.in_turn(
        [
            place.robot(SMOKE, "--include", "smoke", "suites/", folder=suites.ROOT),
            place.robot(ONE_LINE, one_line),
        ]
    )
    rows = [("", "wall", "CPU")]
    rows += [(name, seconds(median(walls(each))), seconds(median(cpus(each)))) for name, each in timings.items()]
    compared = ratio(walls(timings[SMOKE]), walls(timings[ONE_LINE]))
    return Result(
        name="smoke",
        heading=f"second and later runs, embedded history and stand-in included, median of {place.rounds} rounds",
        rows=rows,
        judgements=[Judgement.of(f"wall, to {ONE_LINE}", compared, 5.0)],
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}},
    )
