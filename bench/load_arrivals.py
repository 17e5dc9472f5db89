"""Arrivals that wait for nobody: whether a rate of 500 a second holds, on one CPU, for half a minute."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from bench.load_bodies import write_api
from bench.load_generators import Generator, generating, loading, report_of
from bench.nginx import Nginx, is_installed, nginx, skipped
from bench.processes import cpu_of_all
from bench.report import Judgement, Result
from bench.timing import load
from bench.workplace import Workplace
from observatory.load import LoadReport
from observatory.load.sentences import milliseconds

RATE, SECONDS = 500, 30

_PLATEAU = range(6, SECONDS - 1)
"""The seconds in which all arrivals are there for sure: they come within a tenth of the time."""

_OFF = 2.0  # per cent


def run_arrivals(place: Workplace) -> Result:
    """Hold the rate with the generator on one CPU and nginx on another.

    Raises:
        BenchError: the load did not run, or requests failed.
    """
    if not is_installed():
        return skipped("arrivals")
    place.tell(f"arrivals: {RATE} a second for {SECONDS} s, {load()}")
    write_api(place.folder / "www")
    cpus = sorted(os.sched_getaffinity(0))
    options = ("--profile", "quick", "--rate", str(RATE), "--run-time", str(SECONDS))
    with nginx(place.folder / "www", place.folder / "nginx") as server:
        server.pin(cpus[-1])
        with generating(loading(place, "open", server.address, *options)) as generator:
            generator.pin(cpus[0])
            generator.wait_until_it_asks(server)
            used = _used(generator, server, 0.8 * SECONDS)
            generator.wait(SECONDS)
            report = report_of(generator)
    return _result(report, used, len(cpus))


def _used(generator: Generator, server: Nginx, seconds: float) -> tuple[float, ...]:
    """How many CPUs the generator, nginx and everybody use in so many seconds."""

    def reading() -> tuple[float, ...]:
        return time.perf_counter(), generator.cpu(), server.cpu(), cpu_of_all()

    before = reading()
    time.sleep(seconds)
    lasted, *used = (late - early for early, late in zip(before, reading(), strict=True))
    return tuple(each / lasted for each in used)


def _result(report: LoadReport, used: Sequence[float], cpus: int) -> Result:
    assert report.arrivals is not None, "the load was made at a rate"
    arrivals = report.arrivals
    plateau = [second for second in report.timeline if second.number in _PLATEAU]
    sent, scheduled = sum(second.sent for second in plateau), sum(second.scheduled for second in plateau)
    due = RATE * len(plateau)
    least, most = min(second.sent for second in plateau), max(second.sent for second in plateau)
    told = f"{used[0]:.2f} by the generator, {used[1]:.2f} by nginx"
    where = "one CPU for it, another for nginx" if cpus > 1 else "one CPU for both"
    rows: list[tuple[Any, ...]] = [
        ("", "the load", "its plateau"),
        ("seconds", f"{report.seconds:.1f}", str(len(plateau))),
        ("due at the rate", "", f"{due:,}"),
        ("scheduled", f"{arrivals.scheduled:,}", f"{scheduled:,}"),
        ("sent", f"{arrivals.sent:,}", f"{sent:,}"),
        ("sent in a second", "", f"{least} - {most}"),
        ("late, P50", milliseconds(arrivals.late_p50), ""),
        ("late, P99", milliseconds(arrivals.late_p99), ""),
        ("late, longest", milliseconds(arrivals.late_longest), ""),
        ("latency, P50", milliseconds(report.total.p50), ""),
        ("latency, P99", milliseconds(report.total.p99), ""),
    ]
    return Result(
        name="arrivals",
        heading=f"{RATE} arrivals a second for {SECONDS} s by one process, all answers validated",
        rows=rows,
        judgements=[
            Judgement("sent in the plateau, off the rate", 100 * abs(sent / due - 1), _OFF, "%"),
            Judgement("scheduled and not sent", 100 * (1 - arrivals.sent / max(1, arrivals.scheduled)), _OFF, "%"),
        ],
        notes=[f"CPUs used: {told}, {used[2]:.2f} of {cpus} by everybody; {where}"],
        raw={"report": msgspec.to_builtins(report), "used": used},
    )
