"""The shape spike: how soon the users follow, and whether the seconds show it, with one process and with two."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import msgspec

from bench.load_bodies import write_api
from bench.load_generators import generating, loading, report_of
from bench.nginx import is_installed, nginx, skipped
from bench.report import Judgement, Result
from bench.timing import load
from bench.workplace import Workplace
from load.shapes import spike, users_at
from observatory.load import LoadReport
from observatory.load.report import Second

USERS, SECONDS = 50, 15

_STEPS: Mapping[str, float] = {"up": 0.4 * SECONDS, "down": 0.6 * SECONDS}
"""When the users change, in seconds from the beginning."""

_LAG = 2.0  # seconds
_TIMES = 3.0  # how many times as many requests there are in the spike, at least


def run_spike(place: Workplace) -> Result:
    """Run the shape with one process, and with two.

    Raises:
        BenchError: the load did not run, or requests failed.
    """
    if not is_installed():
        return skipped("spike")
    write_api(place.folder / "www")
    reports: dict[str, LoadReport] = {}
    with nginx(place.folder / "www", place.folder / "nginx") as server:
        for name, options in (("one process", ()), ("two processes", ("--processes", "2"))):
            place.tell(f"spike: {name}, {load()}")
            given = ("--profile", "quick", "--shape", "spike", "--users", str(USERS), "--run-time", str(SECONDS))
            with generating(loading(place, name.replace(" ", "-"), server.address, *given, *options)) as generator:
                generator.wait(4 * SECONDS)
                reports[name] = report_of(generator)
    return _result(reports)


def lag(report: LoadReport, step: float, patience: float) -> float:
    """How many seconds after a step of the shape the users were there that it asks for; `patience` if they never were.

    The seconds of a report are those of the clock, and their users are counted in the middle of each.
    """
    wanted = users_at(spike, step / SECONDS + 0.001, USERS)
    began = report.started_at.timestamp() % 1
    passed = (second.number + 0.5 - began - step for second in report.timeline if second.users == wanted)
    return next((each for each in passed if 0 <= each < patience), patience)


def _result(reports: Mapping[str, LoadReport]) -> Result:
    rows: list[tuple[str, ...]] = [
        ("", "users before, in it, after", "requests/s before", "in it", "after", "follows up", "down")
    ]
    judgements = []
    for name, report in reports.items():
        lags = {way: lag(report, step, 0.2 * SECONDS) for way, step in _STEPS.items()}
        before, within, after = (_rate(report, phase) for phase in ((0.1, 0.4), (0.4, 0.6), (0.6, 1.0)))
        users = " - ".join(str(_users(report, phase)) for phase in ((0.1, 0.4), (0.4, 0.6), (0.6, 1.0)))
        rows.append(
            (
                name,
                users,
                *(f"{rate:,.0f}" for rate in (before, within, after)),
                *(f"{each:.1f} s" for each in lags.values()),
            )
        )
        judgements += [Judgement(f"{name}: seconds to follow {way}", each, _LAG, "s") for way, each in lags.items()]
        judgements.append(
            Judgement(f"{name}: requests/s before, to the spike's", before / max(within, 1e-9), 1 / _TIMES)
        )
    return Result(
        name="spike",
        heading=f"{users_at(spike, 0, USERS)} users, {USERS} in the spike, for {SECONDS} s; by the report's seconds",
        rows=rows,
        judgements=judgements,
        raw={"reports": {name: msgspec.to_builtins(report) for name, report in reports.items()}},
    )


def _inside(report: LoadReport, phase: tuple[float, float]) -> list[Second]:
    """The seconds of a phase, without its first and last two, which hold the step."""
    first, last = (round(share * SECONDS) for share in phase)
    return [second for second in report.timeline if first + 1 < second.number < last]


def _rate(report: LoadReport, phase: tuple[float, float]) -> float:
    return median(second.requests for second in _inside(report, phase))


def _users(report: LoadReport, phase: tuple[float, float]) -> int:
    return round(median(second.users for second in _inside(report, phase)))
