"""Whether a load went well: held against its limits, if it was the load that was asked for at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from observatory.load.measurements import STARVED
from observatory.load.report import Ending, LoadReport, Outcome, Verdict
from observatory.load.sentences import grouped, milliseconds, per_second, requests, share
from observatory.words import count, percent

BUSY: Final = 0.9
"""Share of one CPU from which on a process that makes the load is too busy to time its requests well."""

_LEAST_SENT: Final = 0.98
"""Share of the scheduled requests that must have been sent."""

_LATE: Final = 0.1
"""Seconds that 1 of 100 requests may be sent after it was due, before the lateness is what is measured."""

_LEAST_REQUESTS: Final = 20
"""A P95 of fewer latencies is their longest."""


def judged(report: LoadReport) -> Verdict:
    """The verdict on a load by the limits of its plan.

    Failures are failures, however the load went. What is too slow fails too, unless the processes that made the load
    could not keep up: then it may be their own slowness, and the verdict is unsure. So is it on what would pass, when
    the load was not what was planned.
    """
    failures, slowness = list(_failures(report)), list(_slowness(report))
    busy, broken = list(_of_the_generator(report)), list(_of_its_course(report))
    if failures or (slowness and not busy):
        return Verdict(Outcome.FAILED, (*failures, *slowness, *busy, *broken))
    if busy or broken:
        return Verdict(Outcome.UNSURE, (*busy, *broken, *slowness))
    return Verdict(Outcome.PASSED, tuple(_held(report)))


def doubts(report: LoadReport) -> Iterator[str]:
    """Why the numbers may not be those of the API, a sentence each; nothing when the load was as it was planned."""
    yield from _of_the_generator(report)
    yield from _of_its_course(report)


def _failures(report: LoadReport) -> Iterator[str]:
    limits, total = report.plan.limits, report.total
    if report.ending is Ending.UNREACHED:
        yield f"{report.plan.address} could not be reached, so the load was stopped after {report.seconds:.0f} s."
    of_the_api = total.failures - _starved(report)
    if limits.failure_rate is not None and of_the_api > limits.failure_rate * total.requests:
        kinds = ", ".join(f"{grouped(number)} by {kind}" for kind, number in report.failures_by_type().items())
        yield (
            f"{share(total.failure_rate)} of {requests(total.requests)} failed ({kinds}); "
            f"{share(limits.failure_rate)} are allowed."
        )
    if limits.p95 is not None and total.requests > _starved(report) and total.p95 is None:
        yield f"Nobody answered, so there is no P95; {milliseconds(limits.p95)} are allowed."


def _starved(report: LoadReport) -> int:
    """How many requests failed because the machine that makes the load could not send them."""
    return sum(each.count for each in report.failures if each.message == STARVED)


def _slowness(report: LoadReport) -> Iterator[str]:
    limits, total = report.plan.limits, report.total
    if limits.p95 is not None and total.p95 is not None and total.p95 > limits.p95:
        yield f"P95 is {milliseconds(total.p95)}; {milliseconds(limits.p95)} are allowed."
    if limits.throughput is not None and total.throughput < limits.throughput:
        yield f"Throughput is {per_second(total.throughput)}; at least {per_second(limits.throughput)} are asked for."


def _of_the_generator(report: LoadReport) -> Iterator[str]:
    """Doubts about the processes that made the load: what is measured may be their own slowness."""
    arrivals = report.arrivals
    if arrivals is not None and arrivals.sent < _LEAST_SENT * arrivals.scheduled:
        yield (
            f"Of {requests(arrivals.scheduled)} that were due only {grouped(arrivals.sent)} could be sent: "
            "this machine cannot make so much load; give it more processes or machines."
        )
    if arrivals is not None and arrivals.late_p99 is not None and arrivals.late_p99 > _LATE:
        yield (
            f"1 of 100 requests was sent {milliseconds(arrivals.late_p99)} or more after it was due: this machine was "
            "too busy, or stood still; give it more processes or machines."
        )
    starved = _starved(report)
    if starved:
        yield f"{requests(starved)} could not be sent: {STARVED}; give it more machines, or fewer users."
    if report.generator.busiest >= BUSY:
        yield (
            f"A process that made the load used {percent(report.generator.busiest)} of a CPU, so what it measured may "
            "be its own slowness; give it more processes, or fewer users."
        )


def _of_its_course(report: LoadReport) -> Iterator[str]:
    """Doubts about the course of the load: it was not the one that was planned."""
    if report.ending in (Ending.INTERRUPTED, Ending.WORKERS_LOST):
        how = "interrupted" if report.ending is Ending.INTERRUPTED else "stopped, its workers being lost,"
        planned = f" of {report.plan.seconds:.0f}" if report.plan.seconds else ""
        yield f"The load was {how} after {report.seconds:.0f}{planned} s."
    elif report.generator.lost:
        yield f"{count(report.generator.lost, 'worker')} of {report.generator.processes} went missing on the way."
    if report.total.requests < _LEAST_REQUESTS:
        yield f"{requests(report.total.requests)} ended, and {_LEAST_REQUESTS} are the least to judge by."


def _held(report: LoadReport) -> Iterator[str]:
    limits, total = report.plan.limits, report.total
    if limits.failure_rate is not None:
        yield f"{share(total.failure_rate)} of {requests(total.requests)} failed."
    if limits.p95 is not None and total.p95 is not None:
        yield f"P95 is {milliseconds(total.p95)}; {milliseconds(limits.p95)} are allowed."
    rate, users = report.plan.rate, report.plan.users
    who = f"{rate:g} arrivals a second" if rate is not None else count(users, "user")
    yield f"Throughput is {per_second(total.throughput)}, with up to {who}."
