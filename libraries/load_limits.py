"""What a load measured, held to a limit: a sentence that says both, and which endpoint was the worst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from robot.api import logger

from observatory.errors import ObservatoryError
from observatory.load.report import LoadReport, Numbers
from observatory.load.sentences import milliseconds, per_second, requests, share
from robot_load import EndedLoad

_NAMES: Final = {"p50": "P50", "p90": "P90", "p95": "P95", "p99": "P99", "max": "The longest latency"}
_FIELDS: Final = {"max": "longest"}


@dataclass(frozen=True, slots=True)
class Measure:
    """A value that a load measured, of all its requests or of those to one endpoint.

    `told` is the sentence that says it, without its end; `written` puts such a value into words; `see` is where there
    is more; `worst` is a clause about the worst endpoint, empty where only one was looked at.
    """

    value: float
    told: str
    written: Callable[[float], str]
    see: str
    worst: str = ""

    def should_be_below(self, limit: float) -> None:
        """Complain unless the value is below a limit.

        Raises:
            AssertionError: it is not.
        """
        self._judge(self.value < limit, f"should be below {self.written(limit)}")

    def should_be_at_least(self, limit: float) -> None:
        """Complain unless the value is a limit, or above it.

        Raises:
            AssertionError: it is not.
        """
        self._judge(self.value >= limit, f"should be at least {self.written(limit)}")

    def _judge(self, is_kept: bool, wanted: str) -> None:
        if not is_kept:
            raise AssertionError(f"{self.told}, and {wanted}{self.worst}; see {self.see}.")
        logger.info(f"{self.told}, and {wanted}.")


def failure_rate(load: EndedLoad, endpoint: str) -> Measure:
    """The share of the requests that failed.

    Raises:
        ObservatoryError: there was no such request.
    """
    seen = load.numbers(endpoint)
    told = f"The failure rate of {_of(load, seen)} is {share(seen.failure_rate)}"
    worst = _worst(load.report, seen, lambda each: each.failure_rate)
    clause = f"; the worst endpoint is {worst.endpoint} with {share(worst.failure_rate)}" if worst else ""
    return Measure(seen.failure_rate, told, share, load.page, clause)


def latency(load: EndedLoad, percentile: str, endpoint: str) -> Measure:
    """A percentile of the latencies in seconds: `p50`, `p90`, `p95`, `p99`, or `max` for the longest.

    Raises:
        ObservatoryError: there was no such request, or nobody was there to answer one.
    """

    def value(numbers: Numbers) -> float | None:
        found: float | None = getattr(numbers, _FIELDS.get(percentile, percentile))
        return found

    seen = load.numbers(endpoint)
    found = value(seen)
    if found is None:
        raise ObservatoryError(f"Nobody was there to answer {_of(load, seen)}, so there is no latency.")
    told = f"{_NAMES[percentile]} of {_of(load, seen)} is {milliseconds(found)}"
    worst = _worst(load.report, seen, lambda each: value(each) or 0.0)
    clause = f"; the slowest endpoint is {worst.endpoint} with {milliseconds(value(worst))}" if worst else ""
    return Measure(found, told, milliseconds, load.page, clause)


def throughput(load: EndedLoad, endpoint: str) -> Measure:
    """How many requests came to an end in a second.

    Raises:
        ObservatoryError: there was none.
    """
    seen = load.numbers(endpoint)
    told = f"The throughput of {_of(load, seen)} is {per_second(seen.throughput)}"
    worst = _worst(load.report, seen, lambda each: each.p95 or 0.0)
    clause = f"; the slowest endpoint is {worst.endpoint} with P95 {milliseconds(worst.p95)}" if worst else ""
    return Measure(seen.throughput, told, per_second, load.page, clause)


def _of(load: EndedLoad, numbers: Numbers) -> str:
    """What a number is of: `250 requests in the load quick on embedded`."""
    to = "" if numbers is load.report.total else f" to {numbers.endpoint}"
    return f"{requests(numbers.requests)}{to} in {load.name}"


def _worst(report: LoadReport, seen: Numbers, badness: Callable[[Numbers], float]) -> Numbers | None:
    """The worst endpoint, where all were looked at and there are several."""
    asked = [each for each in report.endpoints if each.requests]
    return max(asked, key=badness) if seen is report.total and len(asked) > 1 else None
