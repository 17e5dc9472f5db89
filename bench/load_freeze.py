"""A server that freezes for two seconds: what arrivals tell of it, what users who wait do, and what was true."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import NamedTuple

import msgspec

from bench.load_bodies import write_api
from bench.load_generators import generating, loading, report_of
from bench.nginx import is_installed, nginx, skipped
from bench.report import Judgement, Result
from bench.timing import BenchError, load
from bench.workplace import Workplace
from load.shapes import steady
from observatory.load import LoadReport
from observatory.load.sentences import milliseconds

RATE, SECONDS = 100, 20

USERS = 10
"""Of the closed model: each asks once in 0.1 s, so that both models send as many requests a second."""

FREEZE = 2.0  # seconds
_BEFORE = 7.0  # seconds from the first requests to the freeze
_OFF = 10.0  # per cent
_STEP = 0.01  # seconds


class Latencies(NamedTuple):
    """What a load tells of its latencies, in seconds."""

    mean: float
    p95: float
    p99: float
    longest: float


class Freeze(NamedTuple):
    """When the server was frozen, in seconds since 1970."""

    began: float
    ended: float


def run_freeze(place: Workplace) -> Result:
    """Let both models load the same server at the same time, and freeze it in the middle.

    Raises:
        BenchError: a load did not run, or requests failed.
    """
    if not is_installed():
        return skipped("freeze")
    place.tell(f"freeze: {RATE} requests a second for {SECONDS} s, {load()}")
    write_api(place.folder / "www")
    profile = ("--profile", "quick", "--run-time", str(SECONDS))
    with nginx(place.folder / "www", place.folder / "nginx") as server:
        an_open = loading(place, "open", server.address, *profile, "--rate", str(RATE))
        a_closed = loading(place, "closed", server.address, *profile, "--users", str(USERS))
        with generating(an_open) as arrivals, generating(a_closed) as users:
            arrivals.wait_until_it_asks(server)
            time.sleep(_BEFORE)
            freeze = Freeze(*server.freeze(FREEZE))
            for generator in (arrivals, users):
                generator.wait(SECONDS)
            opened, closed = report_of(arrivals), report_of(users)
    return _result(opened, closed, freeze)


def truth(report: LoadReport, freeze: Freeze) -> Latencies:
    """What whoever should have been served at the times of the plan had to wait.

    Those of the time of the freeze waited until its end, all others as long as half of them did. How long the server
    takes for those that have waited, and the generator, is left out: some milliseconds, or the generator's fault.

    Raises:
        BenchError: the freeze was not within the load.
    """
    began, usual = report.started_at.timestamp(), report.total.p50
    if usual is None or not began + 0.2 * SECONDS < freeze.began < freeze.ended < began + 0.9 * SECONDS:
        raise BenchError(f"The freeze, {freeze}, was not in the middle of the load that began at {began}.")
    waited = sorted(usual + max(0.0, freeze.ended - due) * (due >= freeze.began) for due in _timetable(began))
    return Latencies(mean(waited), _percentile(waited, 95), _percentile(waited, 99), waited[-1])


def _timetable(began: float) -> Sequence[float]:
    """When requests are due, in seconds since 1970: evenly, as many as the shape asks for each second."""
    due, amount = [], 0.0
    for number in range(round(SECONDS / _STEP)):
        amount += RATE * _STEP * steady(int(number * _STEP) / SECONDS)
        while amount >= 1:
            due.append(began + number * _STEP)
            amount -= 1
    return due


def _percentile(values: Sequence[float], percent: float) -> float:
    return values[math.ceil(len(values) * percent / 100) - 1]


def _told(report: LoadReport) -> Latencies:
    total = report.total
    return Latencies(total.mean or 0.0, total.p95 or 0.0, total.p99 or 0.0, total.longest or 0.0)


def _result(opened: LoadReport, closed: LoadReport, freeze: Freeze) -> Result:
    true = truth(opened, freeze)
    told: Mapping[str, Latencies] = {"arrivals (--rate)": _told(opened), "users who wait": _told(closed)}
    sent = {"arrivals (--rate)": opened.total.requests, "users who wait": closed.total.requests}
    rows: list[tuple[str, ...]] = [("", "requests", "mean", "P95", "P99", "longest")]
    rows.append(("the truth", f"{len(_timetable(0)):,}", *map(milliseconds, true)))
    rows += [(name, f"{sent[name]:,}", *map(milliseconds, each)) for name, each in told.items()]
    rows += [(f"{name}: off", "", *_off_words(each, true)) for name, each in told.items()]
    names = ("mean", "P95", "P99", "longest")
    return Result(
        name="freeze",
        heading=f"{RATE} requests a second for {SECONDS} s, the server frozen for {freeze.ended - freeze.began:.2f} s",
        rows=rows,
        judgements=[
            Judgement(f"{name} of arrivals, off the truth", 100 * abs(off), _OFF, "%")
            for name, off in zip(names, _off(told["arrivals (--rate)"], true), strict=True)
        ],
        notes=("both models at the same time, at the same server, through the same freeze",),
        raw={
            "freeze": freeze,
            "truth": true,
            "open": msgspec.to_builtins(opened),
            "closed": msgspec.to_builtins(closed),
        },
    )


def _off(told: Latencies, true: Latencies) -> list[float]:
    return [seen / actual - 1 for seen, actual in zip(told, true, strict=True)]


def _off_words(told: Latencies, true: Latencies) -> list[str]:
    return [f"{100 * off:+.0f} %" for off in _off(told, true)]
