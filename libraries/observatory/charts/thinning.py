"""Many runs as few marks: neighbours are gathered, and a mark says how many runs it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from statistics import median

from observatory.charts.values import FASTER, SLOWER, RunLatency

MOST_MARKS = 90
"""Marks in a chart; more could not be told apart on a phone."""


def thinned(
    points: Sequence[RunLatency], this_run: datetime | None = None, most: int = MOST_MARKS
) -> tuple[list[RunLatency], int]:
    """Runs in their order, gathered to about `most` marks; and how many runs a mark stands for at most.

    A mark has the medians of the percentiles of its runs, and is slower when one of them is. The run that began at
    `this_run`, and the newest one, stand alone, for they are looked at.
    """
    ordered = sorted(points, key=lambda point: point.at)
    size = ceil(len(ordered) / most) if ordered else 1
    if size == 1:
        return ordered, 1
    alone = {ordered[-1].at, this_run}
    marks: list[RunLatency] = []
    waiting: list[RunLatency] = []
    for point in ordered:
        if point.at in alone:
            marks += [*_gathered(waiting), point]
            waiting = []
            continue
        waiting.append(point)
        if len(waiting) == size:
            marks += _gathered(waiting)
            waiting = []
    return [*marks, *_gathered(waiting)], size


def _gathered(points: Sequence[RunLatency]) -> list[RunLatency]:
    """These runs as one mark, or none if there are none."""
    if not points:
        return []
    if len(points) == 1:
        return list(points)
    verdicts = [point.verdict for point in points]
    verdict = next((grave for grave in (SLOWER, FASTER) if grave in verdicts), verdicts[-1])
    p50, p95 = median(point.p50 for point in points), median(point.p95 for point in points)
    return [RunLatency(points[0].at, p50, p95, verdict, len(points), points[-1].at)]
