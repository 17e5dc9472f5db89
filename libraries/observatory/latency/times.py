"""What is judged: the times of one run's requests to one endpoint, and their percentiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

PERCENTILES = (0.50, 0.95, 0.99)


class Percentiles(NamedTuple):
    """Seconds within which half, 95 % and 99 % of requests were answered."""

    p50: float
    p95: float
    p99: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """The percentiles of some values, between two of them in proportion, as numpy and PostgreSQL do.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There are no percentiles of nothing.")
    ordered = sorted(values)
    return Percentiles(*(quantile(ordered, share) for share in PERCENTILES))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of some values in ascending order lies."""
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclass(frozen=True)
class Times:
    """The requests of one run to one endpoint: for each its resource, and the seconds it took.

    `at` is when the run began, aware. Requests of a batch have another resource than single ones, because they are
    slower. Only seconds above 0 are taken.
    """

    run: str
    at: datetime
    endpoint: str
    requests: Sequence[tuple[str, float]]

    @cached_property
    def seconds(self) -> list[float]:
        """The seconds of all requests."""
        return [seconds for _, seconds in self.requests]

    @cached_property
    def percentiles(self) -> Percentiles:
        """The percentiles of all requests."""
        return percentiles(self.seconds)

    @cached_property
    def logarithms(self) -> list[tuple[str, float]]:
        """For each request its resource and the natural logarithm of its seconds."""
        return [(resource, math.log(seconds)) for resource, seconds in self.requests]
