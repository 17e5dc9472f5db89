"""What a chart is measured by: an even scale from 0, one whose steps are multiples, and the seconds of a load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

from observatory.charts.ticks import round_numbers

_FEWEST = 4  # the end of a scale of counts is no lower
_MOST_STEPS = 8
_DAY: Final = 86_400
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, _DAY)
_MOST_TIMES = 6
_SMALLEST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values lie between two ends, and what is written at round ones."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    is_even: bool = True

    def share(self, value: float) -> float:
        """How far from the low end to the high one a value lies, from 0 to 1; what is beyond an end lies at it."""
        within = min(max(value, self.low), self.high)
        if self.is_even:
            return (within - self.low) / (self.high - self.low)
        return log10(within / self.low) / log10(self.high / self.low)


def count_scale(highest: float) -> Scale:
    """An even scale of whole numbers from 0 to a round one that is not below the highest count."""
    numbers = round_numbers(max(highest, _FEWEST))
    return Scale(0, numbers[-1], tuple((number, _count(number)) for number in numbers if number == int(number)))


def multiple_scale(values: Sequence[float], name: Callable[[float], str]) -> Scale:
    """A scale on which twice as much is always as far, marked at 1, 2, 5 and 10, or at tens only when it is long.

    Args:
        values: what must have room on it; those that are not above 0 count as a millionth.
        name: how a round value is written.
    """
    lowest, highest = max(min(values), _SMALLEST), max(*values, _SMALLEST)
    steps = [_SMALLEST]
    while steps[-1] <= highest:
        steps.append(_next(steps[-1]))
    while len(steps) > _FEWEST and steps[1] <= lowest:
        del steps[0]
    while len(steps) < _FEWEST:
        steps.append(_next(steps[-1]))
    shown = steps if len(steps) <= _MOST_STEPS else [step for step in steps if _leading(step) == 1]
    return Scale(steps[0], steps[-1], tuple((step, name(step)) for step in shown), is_even=False)


def seconds_ticks(seconds: int) -> list[tuple[int, str]]:
    """Round times from the beginning to the end of a load, each with its name: `30 s`, `5 min`, `2 h`."""
    step = next((step for step in _STEPS if seconds / step <= _MOST_TIMES), _DAY)
    size, unit = next((size, unit) for size, unit in ((3_600, "h"), (60, "min"), (1, "s")) if step % size == 0)
    return [(at, f"{at // size} {unit}" if at else "0") for at in range(0, seconds + 1, step)]


def _next(step: float) -> float:
    """The round number after one: 1, 2, 5, 10."""
    factor = {1: 2.0, 2: 2.5, 5: 2.0}[_leading(step)]
    return float(f"{step * factor:.1e}")


def _leading(step: float) -> int:
    return round(float(step / 10 ** floor(log10(step) + 1e-9)))


def _count(number: float) -> str:
    return f"{number / 1000:g}k" if number >= 10_000 else f"{number:g}"
