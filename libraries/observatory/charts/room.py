"""Where a word fits in a chart: beside a mark, and not across a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]
"""A place in pixels: from the left, and from the ground upwards."""


class Box(NamedTuple):
    """What a word takes, in pixels."""

    left: float
    bottom: float
    right: float
    top: float


def roomiest(boxes: Sequence[Box], lines: Iterable[Sequence[Point]]) -> int:
    """Which of some boxes the lines run through least; the first of those that are free, if one is.

    Args:
        boxes: the places that a word could have, the one liked best first.
        lines: each as its points from left to right.
    """
    drawn = [line for line in lines if line]
    crossed = [sum(_inside(box, line) for line in drawn) for box in boxes]
    return crossed.index(min(crossed))


def _inside(box: Box, line: Sequence[Point]) -> float:
    """How far to the right a line goes while it is in a box."""
    if len(line) == 1:
        ((x, y),) = line
        return float(box.left <= x <= box.right and box.bottom <= y <= box.top)
    return sum(_part_inside(box, one, other) for one, other in pairwise(line))


def _part_inside(box: Box, one: Point, other: Point) -> float:
    """The same of one straight part of it, cut at each side of the box."""
    width, height = other[0] - one[0], other[1] - one[1]
    begin, end = 0.0, 1.0
    for start, length, low, high in ((one[0], width, box.left, box.right), (one[1], height, box.bottom, box.top)):
        if length == 0:
            if not low <= start <= high:
                return 0.0
            continue
        first, last = sorted(((low - start) / length, (high - start) / length))
        begin, end = max(begin, first), min(end, last)
    if begin >= end:
        return 0.0
    return (end - begin) * (width or abs(height))
