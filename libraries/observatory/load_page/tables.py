"""The tables of a load's page: by endpoint, by kind of failure, and of the loads before it."""

from __future__ import annotations

from typing import Final

from observatory.health.html import Desk, clock, listed_items, table
from observatory.load.report import FailureCount, Limits, LoadReport, Numbers, PastLoad
from observatory.load.sentences import grouped, milliseconds, share
from observatory.load.words import SIGNS, WORDS, begun, compared, outcome_of
from observatory.words import count

_MOST_FAILURES: Final = 20
_LONGEST_OUTCOME: Final = 20  # letters
_PERCENTILES: Final = ("P50", "P90", "P95", "P99", "longest")


def endpoints_table(report: LoadReport, desk: Desk) -> str:
    """What came of the requests to each endpoint, and of all."""
    limits, single = report.plan.limits, Limits(report.plan.limits.failure_rate, report.plan.limits.p95, None)
    rows = [_numbers(desk.text(each.endpoint), each, single) for each in report.endpoints]
    rows.append(_numbers("all endpoints", report.total, limits))
    head = ("Endpoint", "requests", "failed", "a second", *_PERCENTILES)
    shown = table("Requests by endpoint", head, rows, class_="numbers load endpoints")
    return f"{shown}<p class=note>{_about_limits(limits)}</p>"


def failures_table(report: LoadReport, desk: Desk) -> str:
    """Why requests failed, the most frequent reasons first."""
    total = report.total
    if not total.failures:
        return "<p>No request failed.</p>" if total.requests else "<p>There was no request that could fail.</p>"
    kinds = ", ".join(
        f"{grouped(number)} of kind {_kind(desk, kind)}" for kind, number in report.failures_by_type().items()
    )
    told = f"{grouped(total.failures)} of {grouped(total.requests)} requests failed{f': {kinds}' if kinds else ''}."
    shown, rest = report.failures[:_MOST_FAILURES], report.failures[_MOST_FAILURES:]
    if not shown:
        return f"<p>{told}</p>"
    rows = [_failure(each, desk) for each in shown]
    listed = table("Failures by kind", ("Count", "Endpoint", "Kind", "Message"), rows, class_="load failures")
    if rest:
        others = grouped(sum(each.count for each in rest))
        listed += f"<p class=note>… and {count(len(rest), 'more message')}, of {others} failures.</p>"
    return f"<p>{told}</p>{listed}"


def past_table(report: LoadReport, desk: Desk) -> str:
    """This load above those of its kind before it, the latest first, and how it stands beside them."""
    outcome = outcome_of(report)
    now, total = f"{SIGNS[outcome]} {WORDS[outcome].lower()}", report.total
    numbers = (total.requests, total.failures, total.throughput, total.p50, total.p95, total.p99)
    rows = [_past(f"{clock(report.started_at)}<br><small>this load</small>", now, *numbers)]
    rows += [_of_past(each, desk) for each in report.past]
    head = ("Began (UTC)", "verdict", "requests", "failed", "a second", "P50", "P95", "P99")
    told = listed_items([desk.sentence(sentence) for sentence in compared(report)], class_="findings")
    return told + table("This load and those before it", head, rows, class_="numbers load past")


def _numbers(name: str, numbers: Numbers, limits: Limits) -> list[str]:
    rate, p95, least = limits.failure_rate, limits.p95, limits.throughput
    failed = grouped(numbers.failures) + (f" ({share(numbers.failure_rate)})" if numbers.failures else "")
    if rate is not None and numbers.failure_rate > rate:
        failed = _beyond(failed, f"limit {share(rate)}")
    throughput = f"{numbers.throughput:.1f}"
    if least is not None and numbers.throughput < least:
        throughput = _beyond(throughput, f"limit {least:g}")
    times = [milliseconds(each) for each in (numbers.p50, numbers.p90, numbers.p95, numbers.p99, numbers.longest)]
    if p95 is not None and numbers.p95 is not None and numbers.p95 > p95:
        times[_PERCENTILES.index("P95")] = _beyond(milliseconds(numbers.p95), f"limit {milliseconds(p95)}")
    return [name, grouped(numbers.requests), failed, throughput, *times]


def _beyond(value: str, limit: str) -> str:
    return f'<span class="bad"><span aria-hidden="true">✗</span> {value}<small>{limit}</small></span>'


def _about_limits(limits: Limits) -> str:
    held = []
    if limits.failure_rate is not None:
        held.append(f"at most {share(limits.failure_rate)} may fail")
    if limits.p95 is not None:
        held.append(f"P95 may be {milliseconds(limits.p95)}")
    if limits.throughput is not None:
        held.append(f"at least {limits.throughput:g} a second are asked for")
    if not held:
        return "No limit was set."
    return f"The limits: {', '.join(held)}. The verdict holds all endpoints together to them; ✗ is what is beyond one."


def _kind(desk: Desk, kind: str) -> str:
    return desk.text(kind.replace("_", " "))


def _failure(failure: FailureCount, desk: Desk) -> tuple[str, ...]:
    return grouped(failure.count), desk.text(failure.endpoint), _kind(desk, failure.type), desk.text(failure.message)


def _of_past(past: PastLoad, desk: Desk) -> list[str]:
    numbers = (past.requests, past.failures, past.throughput, past.p50, past.p95, past.p99)
    return _past(clock(past.started_at), desk.text(begun(past), _LONGEST_OUTCOME), *numbers)


def _past(
    began: str,
    outcome: str,
    requests: int,
    failures: int,
    throughput: float,
    *percentiles: float | None,
) -> list[str]:
    failed = f"{grouped(failures)} ({share(failures / requests)})" if failures and requests else grouped(failures)
    return [began, outcome, grouped(requests), failed, f"{throughput:.1f}", *map(milliseconds, percentiles)]
