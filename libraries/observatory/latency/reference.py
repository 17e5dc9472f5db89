"""What is usual for an endpoint, learnt from the runs of its baseline: by resource, by time of day, and how it varies.

All is said in natural logarithms of seconds, in which "10 % slower" is the same step for a fast and a slow resource.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple

from observatory.latency.times import Times

TRIM = 0.2
"""The share of requests at each end that a run's level leaves out, so that outliers do not move it."""

FEWEST_TRIMMED = 5
"""Requests of a run below which nothing is left out."""

_LEAST_SLOW = math.log(1.2)  # a slow request is slower than its run by a fifth: on a still baseline, less is rare too
_MANY_UNKNOWN = 0.2  # share of a baseline's requests above which its runs are held to ask for others each time
_DAY = 86_400.0  # seconds


class Own(NamedTuple):
    """What is known of a resource: how far it is from its run's level, and of how many requests that is known."""

    shift: float
    requests: int


_UNKNOWN = Own(0.0, 0)


@dataclass(frozen=True, slots=True)
class Level:
    """How a run stands to what is usual: `shift` in logarithms, and the `variance` of it by its requests alone.

    `slow` is how many of its `requests` were slow for a run of this level.
    """

    shift: float
    variance: float
    requests: int
    slow: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How requests vary: `within` a run, and how the levels `of_resources` differ; standard deviations."""

    within: float
    of_resources: float

    def trust(self, requests: int) -> float:
        """How much of what a resource's requests say of its level is to be believed: from 0 to 1."""
        known = requests * self.of_resources**2
        return known / (known + self.within**2)

    def variance(self, requests: int) -> float:
        """The variance of a request to a resource of which this many are known."""
        return self.within**2 + self.of_resources**2 * (1 - self.trust(requests))


@dataclass(frozen=True, slots=True)
class Reference:
    """What is usual.

    `middle` is the level of the endpoint, `by_resource` what each resource differs from it; `cosine` and `sine` are the
    daily cycle. `spread` is that of requests, `between` that of runs, `shared` the part of it that all endpoints share
    in a run, such as the network's mood. `slow_above` is by how many spreads a request must be above its run's level to
    be slow, `slow_share` how many are; None when too few requests are known to say. `unknown` is the share of requests
    to resources that no other run of the baseline asked for.
    """

    middle: float
    by_resource: Mapping[str, Own]
    cosine: float
    sine: float
    spread: Spread
    between: float
    shared: float
    slow_above: float | None
    slow_share: float
    unknown: float
    runs: int
    parameters: int

    def usual(self, at: datetime) -> float:
        """The level that is usual at this time of the day."""
        angle = angle_of(at)
        return self.middle + self.cosine * math.cos(angle) + self.sine * math.sin(angle)

    def level(self, times: Times) -> Level | None:
        """How a run stands to what is usual; None when it asked only for what nothing is known of.

        Resources that are new to an endpoint whose runs ask for the same ones are left out: whether they are slow, or
        have always been, nobody can tell. Where each run asks for others, they are like those.
        """
        owns = [self.by_resource.get(resource, _UNKNOWN) for resource, _ in times.requests]
        known = [
            (value - own.shift, self.spread.variance(own.requests))
            for (_, value), own in zip(times.logarithms, owns, strict=True)
            if own.requests or self.unknown >= _MANY_UNKNOWN
        ]
        if not known:
            return None
        middle = trimmed_mean(sorted(value for value, _ in known))
        usual, slow = self.usual(times.at), 0
        if self.slow_above is not None:
            base = max(middle, usual)
            slow = sum(is_slow(value - base, math.sqrt(variance), self.slow_above) for value, variance in known)
        variance = math.fsum(variance for _, variance in known) / len(known) ** 2
        return Level(middle - usual, variance, len(known), slow)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        values = asdict(self)
        values["by_resource"] = {name: list(own) for name, own in self.by_resource.items()}
        return values

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Reference:
        """What `as_json` gave."""
        by_resource = {name: Own(*own) for name, own in values["by_resource"].items()}
        return cls(**{**values, "by_resource": by_resource, "spread": Spread(**values["spread"])})


def trimmed_mean(ordered: Sequence[float]) -> float:
    """The mean of values in ascending order without the outer ones."""
    cut = int(len(ordered) * TRIM) if len(ordered) >= FEWEST_TRIMMED else 0
    kept = ordered[cut : len(ordered) - cut]
    return math.fsum(kept) / len(kept)


def is_slow(distance: float, spread: float, above: float) -> bool:
    """Whether a request is slow, by its distance from its run's level: rare, and slower by enough to matter."""
    return distance > max(above * spread, _LEAST_SLOW)


def angle_of(at: datetime) -> float:
    """The time of the day as an angle."""
    return at.timestamp() % _DAY / _DAY * math.tau
