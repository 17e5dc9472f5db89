"""The charts of a load's page: requests, latency, and arrivals, second by second, each with its sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

from observatory.charts import Course, LimitLine, Look, seconds_chart
from observatory.charts.extremes import Range, columns, extremes
from observatory.charts.scales import count_scale, multiple_scale
from observatory.charts.svg import BLUE, INK, RED
from observatory.health.html import Desk
from observatory.load.report import Arrivals, LoadModel, LoadReport, Second
from observatory.load.sentences import duration, grouped, milliseconds

_AIR: Final = 1.3  # above the line of the users, which may be as pointed as that of the requests
_Told: TypeAlias = tuple[Sequence[float | None], Callable[[Range], str]]
"""The values of a course, and how the mouse is told of their range."""


def requests_chart(report: LoadReport, desk: Desk) -> str:
    """Requests that ended in each second, those of them that failed, and the users of the closed model."""
    seconds = report.timeline
    requests, failures, users = ([getattr(s, n) for s in seconds] for n in ("requests", "failures", "users"))
    courses = [
        Course("requests a second", requests, Look.AREA, BLUE),
        Course("failed", failures, Look.AREA, RED),
    ]
    shown = [(requests, _counted("request")), (failures, _counted("failed", "failed"))]
    aside = None
    if report.plan.model is LoadModel.CLOSED:
        aside = Course("users (at the right)", users, Look.DASHED, INK), count_scale(_AIR * max(users, default=0))
        shown.append((users, _counted("user")))
    sentences = list(_of_requests(report))
    drawn = seconds_chart(
        courses,
        count_scale(max(requests, default=0)),
        title=desk.mask(f"Requests a second, {report.plan.profile} on {report.plan.target}"),
        description=" ".join(sentences),
        told=_teller(shown),
        aside=aside,
        key=f"{report.id} requests",
    )
    return _figure(drawn, [*sentences, *_gathered(report.timeline)])


def latencies_chart(report: LoadReport, desk: Desk) -> str:
    """P50, P95 and the longest latency of what ended in each second, and the limit of P95."""
    seconds, limit = report.timeline, report.plan.limits.p95
    p50, p95, longest = ([getattr(s, name) for s in seconds] for name in ("p50", "p95", "longest"))
    known = [value for values in (p50, p95, longest) for value in values if value is not None]
    if not known:
        return "<p>No request was answered or waited for, so there is no latency.</p>"
    courses = [
        Course("longest", longest, Look.DOTTED, INK),
        Course("P50", p50, Look.PLAIN, BLUE),
        Course("P95", p95, Look.STRONG, BLUE),
    ]
    shown = [(p50, _timed("P50")), (p95, _timed("P95")), (longest, _timed("longest"))]
    sentences = list(_of_latency(report))
    drawn = seconds_chart(
        courses,
        multiple_scale([*known, *([limit] if limit else [])], _axis_time),
        title=desk.mask(f"Latency by second, {report.plan.profile} on {report.plan.target}"),
        description=" ".join(sentences),
        told=_teller(shown),
        unit="ms",
        limit=LimitLine(limit, f"limit of P95: {milliseconds(limit)}") if limit else None,
        key=f"{report.id} latency",
    )
    return _figure(drawn, [*sentences, "Each line of the scale is several times the one below it.", *_spanned(seconds)])


def arrivals_chart(report: LoadReport, arrivals: Arrivals, desk: Desk) -> str:
    """Of the open model: what should have been sent in each second, what was, and how late."""
    scheduled, sent = ([getattr(s, name) for s in report.timeline] for name in ("scheduled", "sent"))
    shown = [(scheduled, _counted("scheduled", "scheduled")), (sent, _counted("sent", "sent"))]
    sentences = list(_of_arrivals(arrivals))
    drawn = seconds_chart(
        [Course("sent a second", sent, Look.AREA, BLUE), Course("scheduled", scheduled, Look.DASHED, INK)],
        count_scale(max([*scheduled, *sent], default=0)),
        title=desk.mask(f"Scheduled and sent, {report.plan.profile} on {report.plan.target}"),
        description=" ".join(sentences),
        told=_teller(shown),
        key=f"{report.id} arrivals",
    )
    return _figure(drawn, sentences)


def _of_requests(report: LoadReport) -> Iterator[str]:
    timeline = report.timeline
    if not timeline:
        yield "Not one second was measured."
        return
    most = max(timeline, key=lambda second: second.requests)
    if not most.requests:
        yield "No request ended."
        return
    busiest = _number(most.requests, "request")
    yield f"The busiest second was {duration(most.number)} after the beginning, with {busiest}."
    failing = [second for second in timeline if second.failures]
    if failing:
        worst = max(failing, key=lambda second: second.failures)
        yield (
            f"There were failures in {grouped(len(failing))} of {_number(len(timeline), 'second')}; the worst was "
            f"{duration(worst.number)} after the beginning, with {grouped(worst.failures)}."
        )
    else:
        yield "There was no failure in any second."
    most_users = max(second.users for second in timeline)
    if report.plan.model is LoadModel.CLOSED:
        yield f"There were up to {_number(most_users, 'user')} at once."


def _of_latency(report: LoadReport) -> Iterator[str]:
    measured = [second for second in report.timeline if second.longest is not None]
    slowest = max(measured, key=lambda second: second.longest or 0.0)
    yield (
        f"The longest latency was {milliseconds(slowest.longest)}, of a request that ended "
        f"{duration(slowest.number)} after the beginning."
    )
    limit = report.plan.limits.p95
    if limit is None:
        return
    beyond = sum(second.p95 is not None and second.p95 > limit for second in measured)
    if beyond:
        share = f"{grouped(beyond)} of {_number(len(measured), 'second')}"
        yield (
            f"P95 was beyond its limit of {milliseconds(limit)} in {share}, each with a dot; the verdict is on the P95 "
            "of all seconds together."
        )
    else:
        yield f"P95 was within its limit of {milliseconds(limit)} in every second."


def _of_arrivals(arrivals: Arrivals) -> Iterator[str]:
    yield f"Of {grouped(arrivals.scheduled)} scheduled requests {grouped(arrivals.sent)} were sent."
    if arrivals.late_p50 is not None:
        yield (
            f"They were late by {milliseconds(arrivals.late_p50)} (P50), {milliseconds(arrivals.late_p99)} (P99), and "
            f"{milliseconds(arrivals.late_longest)} at most."
        )
    yield (
        "Each latency is measured from the time at which the request should have been sent, and not from when it was: "
        "while the API stalls, those who come meanwhile wait as well, and would not be counted otherwise."
    )


def _gathered(timeline: Sequence[Second]) -> Iterator[str]:
    """What a column is, where it is more than a second."""
    wide = columns(len(timeline))
    if wide and len(wide[0]) > 1:
        yield (
            f"Each column is {duration(len(wide[0]))} long: strong up to the fewest in one of its seconds, pale up to "
            "the most."
        )


def _spanned(timeline: Sequence[Second]) -> Iterator[str]:
    """What a line goes through, where not every second has room."""
    wide = columns(len(timeline))
    if wide and len(wide[0]) > 1:
        yield f"The lines go through the least and the most of each {duration(len(wide[0]))}."


def _number(number: int, noun: str) -> str:
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"


def _figure(drawn: str, sentences: Sequence[str]) -> str:
    return f"<figure>{drawn}<figcaption>{' '.join(sentences)}</figcaption></figure>"


def _teller(shown: Sequence[_Told]) -> Callable[[range], str]:
    """What the mouse is told of some seconds: when they were, and what was in them."""

    def told(column: range) -> str:
        when = duration(column.start) if len(column) == 1 else f"{duration(column.start)} to {duration(column.stop)}"
        ranges = [(extremes(values, column), say) for values, say in shown]
        return f"{when}: {', '.join(say(each) for each, say in ranges if each) or 'nothing'}"

    return told


def _counted(one: str, many: str = "") -> Callable[[Range], str]:
    """Counts with their noun: `52 requests`, `40 to 61 requests`."""

    def say(found: Range) -> str:
        low, high = (grouped(round(each)) for each in found)
        noun = one if found == (1, 1) else many or f"{one}s"
        return f"{low} {noun}" if low == high else f"{low} to {high} {noun}"

    return say


def _timed(name: str) -> Callable[[Range], str]:
    """Latencies with their name: `P95 212 ms`, `P95 180 ms to 1.20 s`."""

    def say(found: Range) -> str:
        low, high = (milliseconds(each) for each in found)
        return f"{name} {low}" if low == high else f"{name} {low} to {high}"

    return say


def _axis_time(seconds: float) -> str:
    """A round latency at an axis of milliseconds, where whole seconds say so."""
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g}"
