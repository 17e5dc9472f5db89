"""Where the axes of a chart are marked: round numbers of milliseconds, and round days or hours in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10
from typing import Final

_MOST_TIMES = 5
_DAY: Final = 86_400
_HOUR: Final = 3_600
# Seconds between two marks of time: hours that divide a day, then days and weeks.
_STEPS: Final = (
    *(60, 300, 600, 1_800),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 3, 5, 7, 10, 14, 21, 28, 56, 112, 364, 728)),
)


def round_numbers(highest: float, most: int = 5) -> list[float]:
    """Round numbers from 0 to the first one that is not below `highest`, at most `most` steps."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / most
    power = 10 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [step * number for number in range(ceil(highest / step - 1e-9) + 1)]


def round_times(first: datetime, last: datetime) -> list[tuple[datetime, str]]:
    """Round times between two aware ones, at most six, each with its label; the first alone when there is none."""
    span = (last - first).total_seconds()
    step = next((step for step in _STEPS if span / step <= _MOST_TIMES), _STEPS[-1])
    epoch = first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    skipped = ceil((first - epoch).total_seconds() / step)
    times = [epoch + timedelta(seconds=step * (skipped + number)) for number in range(_MOST_TIMES + 2)]
    inside = [time for time in times if time <= last]
    return _labelled(inside or [first.astimezone(UTC)], by_day=step >= _DAY)


def short_date(time: datetime) -> str:
    """A day as axes show it, such as `8 Nov`."""
    utc = time.astimezone(UTC)
    return f"{utc.day} {utc:%b}"


def _labelled(times: Sequence[datetime], *, by_day: bool) -> list[tuple[datetime, str]]:
    if by_day:
        return [(time, short_date(time)) for time in times]
    if not any(_is_midnight(time) for time in times):
        first, *others = times
        return [(first, f"{short_date(first)}, {first:%H:%M}"), *((time, f"{time:%H:%M}") for time in others)]
    return [(time, short_date(time) if _is_midnight(time) else f"{time:%H:%M}") for time in times]


def _is_midnight(time: datetime) -> bool:
    return (time.hour, time.minute) == (0, 0)
