"""Many seconds in few columns, each of which keeps its extremes: a spike of one second stays as high as it was."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

MOST_COLUMNS: Final = 600
"""Columns of a chart; ten minutes are shown second by second."""


class Range(NamedTuple):
    """The least and the most of a column."""

    low: float
    high: float


def columns(seconds: int, most: int = MOST_COLUMNS) -> list[range]:
    """The seconds of each column, in their order and of equal number, of which the last one may have fewer."""
    size = max(ceil(seconds / most), 1)
    return [range(first, min(first + size, seconds)) for first in range(0, seconds, size)]


def extremes(values: Sequence[float | None], column: range) -> Range | None:
    """The least and the most in the seconds of a column; None when nothing is known of any."""
    known = [value for second in column if second < len(values) and (value := values[second]) is not None]
    return Range(min(known), max(known)) if known else None


def stretches(values: Sequence[float | None], wide: Sequence[range]) -> list[list[tuple[float, float]]]:
    """The points of a line through the least and the most of each column, in the order in which they came.

    x are seconds, each point standing in the middle of its second. A column of which nothing is known breaks the line.
    """
    found: list[list[tuple[float, float]]] = [[]]
    for column in wide:
        known = [(value, second) for second in column if second < len(values) and (value := values[second]) is not None]
        if known:
            ends = {min(known), max(known, key=lambda each: (each[0], -each[1]))}
            found[-1] += [(second + 0.5, value) for value, second in sorted(ends, key=lambda each: each[1])]
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]
