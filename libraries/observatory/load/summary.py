"""From measurements to the report: percentiles, throughput, and every second from the first to the last."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from observatory.load.measurements import Cell, Measurements, Moment
from observatory.load.report import (
    Arrivals,
    Ending,
    FailureCount,
    Generator,
    LoadModel,
    LoadPlan,
    LoadReport,
    Numbers,
    Second,
)

ALL = "all"
"""The endpoint of numbers that are of all endpoints."""


def summary(
    load_id: UUID,
    plan: LoadPlan,
    measured: Measurements,
    *,
    began: float,
    ended: float,
    ending: Ending,
    generator: Generator,
    notes: tuple[str, ...] = (),
) -> LoadReport:
    """The report of a load that began and ended at some seconds since 1970.

    It lasted until its last request ended: what was asked within its time and answered after it is counted over both.
    """
    ended = max(ended, measured.last)
    seconds = max(ended - began, 0.001)
    late = measured.late
    arrivals = Arrivals(measured.scheduled, measured.sent, late.percentile(50), late.percentile(99), late.longest)
    return LoadReport(
        id=load_id,
        plan=plan,
        started_at=datetime.fromtimestamp(began, UTC),
        ended_at=datetime.fromtimestamp(ended, UTC),
        seconds=round(seconds, 3),
        ending=ending,
        generator=generator,
        total=numbers(ALL, measured.whole(), seconds),
        endpoints=tuple(numbers(endpoint, cell, seconds) for endpoint, cell in sorted(measured.endpoints.items())),
        failures=tuple(
            FailureCount(endpoint, kind, message, number)
            for (endpoint, kind, message), number in sorted(
                measured.troubles.items(), key=lambda item: (-item[1], item[0])
            )
        ),
        timeline=_timeline(measured, int(began), int(ended)),
        arrivals=arrivals if plan.model is LoadModel.OPEN else None,
        notes=notes,
    )


def numbers(endpoint: str, cell: Cell, seconds: float) -> Numbers:
    """What a cell says of an endpoint in so many seconds."""
    latencies = cell.latencies
    return Numbers(
        endpoint=endpoint,
        requests=cell.requests,
        failures=cell.failures,
        throughput=round((cell.requests - cell.failures) / seconds, 2),
        size=cell.size,
        p50=latencies.percentile(50),
        p90=latencies.percentile(90),
        p95=latencies.percentile(95),
        p99=latencies.percentile(99),
        longest=latencies.longest,
        mean=cell.seconds / len(latencies) if len(latencies) else None,
    )


def _timeline(measured: Measurements, first: int, last: int) -> tuple[Second, ...]:
    """Every second from the first to the last, also those in which nothing came."""
    moments = measured.moments
    last = max([last, *(second for second, moment in moments.items() if moment.requests)])
    # Where nobody looked, there were as many as before; before anybody looked, as many as were seen first.
    looks = [(moment.users, moment.workers or 0) for _, moment in sorted(moments.items()) if moment.users is not None]
    there = looks[0] if looks else (0, 0)
    timeline = []
    for second in range(first, last + 1):
        moment = moments.get(second) or Moment()
        there = (moment.users, moment.workers or 0) if moment.users is not None else there
        timeline.append(_second(second - first, moment, *there))
    return tuple(timeline)


def _second(number: int, moment: Moment, users: int, workers: int) -> Second:
    moment.settle()
    return Second(
        number=number,
        users=users,
        workers=workers,
        requests=moment.requests,
        failures=moment.failures,
        scheduled=moment.scheduled,
        sent=moment.sent,
        p50=moment.p50,
        p95=moment.p95,
        longest=moment.longest,
    )
