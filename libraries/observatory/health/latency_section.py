"""The section on latency: each endpoint with a verdict in words, its baseline in numbers, and a chart of its runs."""

from __future__ import annotations

from typing import Final

from observatory.charts import BaselineBand, RunLatency, latency_chart
from observatory.health.html import Desk, day, days, heading, table
from observatory.health.values import ACCEPTED, IMPROVED, LEARNING, REGRESSED, EndpointLatency, TargetHealth
from observatory.health.words import latency_sentence
from observatory.history.health_queries import KnownBaseline, RunVerdict
from observatory.latency import FEWEST_RUNS
from observatory.latency.sentences import milliseconds
from observatory.words import count

_BADGES: Final = {
    REGRESSED: ("▲", "slower", "bad"),
    ACCEPTED: ("✓", "accepted", "good"),
    IMPROVED: ("▼", "faster", "good"),
    LEARNING: ("…", "learning", "quiet"),
}
_STEADY: Final = ("✓", "as usual", "good")
_SUSPECTED: Final = ("≈", "perhaps not as usual", "quiet")
_CHART = (560, 230)  # pixels


def latency_section(target: TargetHealth, desk: Desk, level: int) -> str:
    """All endpoints of a target, those first whose latency differs."""
    if not target.latencies:
        return f"<p>{_nothing_yet(target)}</p>"
    places = {(each.series.host, each.series.shard, each.series.kind) for each in target.latencies}
    shown = "".join(_article(each, target, desk, level, with_place=len(places) > 1) for each in target.latencies)
    if target.left_out:
        shown += f"<p class=note>{_left_out(target)}</p>"
    return shown


def _left_out(target: TargetHealth) -> str:
    verb = "is" if target.left_out == 1 else "are"
    told = f"{target.left_out} more {verb} not shown: what is slower comes first, then what the most runs are known of."
    if len({each.series.host for each in target.latencies}) > 1:
        told += (
            " Latencies are compared on one machine only; where its name changes from run to run, give it one in "
            "OBSERVATORY_HOST."
        )
    return told


def _nothing_yet(target: TargetHealth) -> str:
    if not target.requests:
        but = ", but for those of loads, which have no baseline" if any(run.load for run in target.runs) else ""
        return f"No request was measured in this time{but}."
    return (
        f"Learning: {count(target.requests, 'request')} in {count(target.request_runs, 'run')} "
        f"{'was' if target.requests == 1 else 'were'} measured, and nothing was judged yet. A latency is judged when "
        f"{FEWEST_RUNS} runs are known."
    )


def _article(latency: EndpointLatency, target: TargetHealth, desk: Desk, level: int, *, with_place: bool) -> str:
    name = desk.text(latency.series.endpoint)
    sign, word, tone = _BADGES.get(latency.verdict, _STEADY)
    if latency.last.is_suspected:
        sign, word, tone = _SUSPECTED
    badge = f'<span class="badge {tone}"><span aria-hidden="true">{sign}</span> {word}</span>'
    place = f"<p class=note>{_place(latency, desk)}</p>" if with_place else ""
    return (
        f"<article class=latency><div>{heading(level, f'{name} {badge}')}{place}"
        f"<p>{desk.sentence(latency_sentence(latency))}</p>{_numbers(latency, name)}"
        f"{_baseline_note(latency, desk)}</div><figure>{_chart(latency, target, desk)}</figure></article>"
    )


def _place(latency: EndpointLatency, desk: Desk) -> str:
    series = latency.series
    parts = [f"on {desk.text(series.host)}"] if series.host else []
    parts += [f"shard {desk.text(series.shard)}"] if series.shard else []
    return ", ".join([*parts, f"runs of kind {desk.text(series.kind)}"])


def _numbers(latency: EndpointLatency, name: str) -> str:
    last, baseline = latency.last, latency.baseline
    rows = [_row("Last run", count(last.requests, "request"), last)]
    if baseline is not None:
        known = f"{count(baseline.samples, 'request')} in {count(baseline.runs, 'run')}"
        rows.append(_row("Baseline", known, baseline))
    return table(f"Percentiles of {name}", ("", "P50", "P95", "P99"), rows, class_="numbers")


def _row(title: str, known_from: str, values: RunVerdict | KnownBaseline) -> list[str]:
    head = f"{title}<br><small>{known_from}</small>"
    return [head, *(milliseconds(value) for value in (values.p50, values.p95, values.p99))]


def _baseline_note(latency: EndpointLatency, desk: Desk) -> str:
    baseline = latency.baseline
    if baseline is None:
        return ""
    accepted = ""
    if baseline.accepted_by and latency.verdict != ACCEPTED:  # then it is said above
        accepted = f" Accepted by {desk.text(baseline.accepted_by)}: {desk.text(baseline.reason)}"
    return (
        f"<p class=note>Baseline version {baseline.number} holds since {day(baseline.valid_from)}, and is of runs "
        f"{days(baseline.first_run_at, baseline.last_run_at)}.{accepted}</p>"
    )


def _chart(latency: EndpointLatency, target: TargetHealth, desk: Desk) -> str:
    width, height = _CHART
    return latency_chart(
        [RunLatency(run.at, run.p50, run.p95, run.verdict) for run in latency.runs],
        [BaselineBand(known.valid_from, known.valid_until, known.p50, known.p95) for known in latency.baselines],
        title=desk.mask(f"Latency of {latency.series.endpoint} on {target.name}, run by run"),
        width=width,
        height=height,
        key=f"{target.name} {latency.series}",
    )
