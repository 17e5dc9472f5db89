"""Whether a load went well: held against its limits, if it was the load that was asked for at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from observatory.load.report import Ending, LoadReport, Outcome, Verdict
from observatory.load.sentences import grouped, milliseconds, per_second, requests, share
from observatory.words import count, percent

BUSY: Final = 0.9
"""Share of one CPU from which on a process that makes the load is too busy to time its requests well."""

_LEAST_SENT: Final = 0.98
"""Share of the scheduled requests that must have been sent."""

_LEAST_REQUESTS: Final = 20
"""A P95 of fewer latencies is their longest."""


def judged(report: LoadReport) -> Verdict:
    """The verdict on a load by the limits of its plan.

    What fails a limit fails, however the load went. What would pass is unsure when the load was not what was planned:
    stopped early, or made by processes that could not keep up.
    """
    failed = list(_failings(report))
    unsure = list(doubts(report))
    if failed:
        return Verdict(Outcome.FAILED, (*failed, *unsure))
    if unsure:
        return Verdict(Outcome.UNSURE, tuple(unsure))
    return Verdict(Outcome.PASSED, tuple(_held(report)))


def _failings(report: LoadReport) -> Iterator[str]:
    limits, total = report.plan.limits, report.total
    if report.ending is Ending.UNREACHED:
        yield f"{report.plan.address} could not be reached, so the load was stopped after {report.seconds:.0f} s."
    if limits.failure_rate is not None and total.failure_rate > limits.failure_rate:
        kinds = ", ".join(f"{grouped(number)} by {kind}" for kind, number in report.failures_by_type().items())
        yield (
            f"{share(total.failure_rate)} of {requests(total.requests)} failed ({kinds}); "
            f"{share(limits.failure_rate)} are allowed."
        )
    if limits.p95 is not None and total.p95 is not None and total.p95 > limits.p95:
        yield f"P95 is {milliseconds(total.p95)}; {milliseconds(limits.p95)} are allowed."
    if limits.throughput is not None and total.throughput < limits.throughput:
        yield f"Throughput is {per_second(total.throughput)}; at least {per_second(limits.throughput)} are asked for."


def doubts(report: LoadReport) -> Iterator[str]:
    """Why the numbers may not be those of the API, a sentence each; nothing when the load was as it was planned."""
    if report.ending in (Ending.INTERRUPTED, Ending.WORKERS_LOST):
        how = "interrupted" if report.ending is Ending.INTERRUPTED else "stopped, its workers being lost,"
        planned = f" of {report.plan.seconds:.0f}" if report.plan.seconds else ""
        yield f"The load was {how} after {report.seconds:.0f}{planned} s."
    elif report.generator.lost:
        yield f"{count(report.generator.lost, 'worker')} of {report.generator.processes} died on the way."
    if report.total.requests < _LEAST_REQUESTS:
        yield f"{requests(report.total.requests)} ended, and {_LEAST_REQUESTS} are the least to judge by."
    arrivals = report.arrivals
    if arrivals is not None and arrivals.sent < _LEAST_SENT * arrivals.scheduled:
        yield (
            f"Of {requests(arrivals.scheduled)} that were due only {grouped(arrivals.sent)} could be sent: "
            "this machine cannot make so much load; give it more processes or machines."
        )
    if report.generator.busiest >= BUSY:
        yield (
            f"A process that made the load used {percent(report.generator.busiest)} of a CPU, so what it measured may "
            "be its own slowness; give it more processes, or fewer users."
        )


def _held(report: LoadReport) -> Iterator[str]:
    limits, total = report.plan.limits, report.total
    if limits.failure_rate is not None:
        yield f"{share(total.failure_rate)} of {requests(total.requests)} failed."
    if limits.p95 is not None and total.p95 is not None:
        yield f"P95 is {milliseconds(total.p95)}; {milliseconds(limits.p95)} are allowed."
    rate, users = report.plan.rate, report.plan.users
    who = f"{rate:g} arrivals a second" if rate is not None else count(users, "user")
    yield f"Throughput is {per_second(total.throughput)}, with up to {who}."
