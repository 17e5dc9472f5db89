"""Times, rates, shares and counts of a load in words."""

from __future__ import annotations

from typing import Final

from observatory.load.report import Numbers

_MINUTE: Final = 60
_HOUR: Final = 3_600
_LEAST_SHARE: Final = 0.0001

NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no number."""


def milliseconds(seconds: float | None) -> str:
    """A latency for people: `2.4 ms`, `212 ms`, `3.20 s`; a dash when there is none."""
    if seconds is None:
        return NOTHING
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def per_second(rate: float) -> str:
    """A rate for people: `52.3 a second`."""
    return f"{rate:.0f} a second" if rate >= 100 else f"{rate:.1f} a second"


def in_numbers(numbers: Numbers) -> str:
    """What came of the requests, in a line."""
    times = (("P50", numbers.p50), ("P90", numbers.p90), ("P95", numbers.p95), ("P99", numbers.p99))
    latencies = ", ".join(f"{name} {milliseconds(time)}" for name, time in (*times, ("longest", numbers.longest)))
    much = f"{requests(numbers.requests)}, {per_second(numbers.throughput)}"
    return f"{much}, {grouped(numbers.failures)} failed; {latencies}."


def grouped(number: int) -> str:
    """A count whose digits can be read: `1,440,000`."""
    return f"{number:,}"


def requests(number: int) -> str:
    """A number of requests: `1 request`, `1,440,000 requests`."""
    return "1 request" if number == 1 else f"{grouped(number)} requests"


def share(part: float) -> str:
    """A share of failures to a hundredth, so that one that is just beyond its limit does not look the same."""
    return "< 0.01 %" if 0 < part < _LEAST_SHARE else f"{round(100 * part, 2):g} %"


def duration(seconds: float) -> str:
    """A time for people: `4.3 s`, `95 s`, `2 min`, `2 min 10 s`, `8 h`, `8 h 5 min`."""
    if seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    size, units = (_MINUTE, ("min", "s")) if whole < _HOUR else (_HOUR, ("h", "min"))
    large, rest = divmod(whole if size == _MINUTE else round(whole / _MINUTE) * _MINUTE, size)
    small = rest if size == _MINUTE else rest // _MINUTE
    return f"{large} {units[0]} {small} {units[1]}" if small else f"{large} {units[0]}"
