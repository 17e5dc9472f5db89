"""The evidence that a rule carries from run to run: sums that grow with each run that speaks for a change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from observatory.latency.verdict import Verdict, Way


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run adds to a sum: its `shift` with its `variance`, the `whole` shift by itself, and its slow requests."""

    at: datetime
    shift: float
    whole: float
    variance: float
    slow: int
    requests: int


@dataclass(frozen=True, slots=True)
class Sum:
    """A cumulative sum: `value` rises with each run that speaks for a change, and is 0 when nothing does.

    `since` is the first run after it was 0 last, `runs` how many there were since. `shift` over `weight` is their mean
    shift as the sum's way looks at it, `whole` over `weight` that by itself; `slow` of `requests` were slow.
    """

    value: float = 0.0
    since: datetime | None = None
    runs: int = 0
    shift: float = 0.0
    whole: float = 0.0
    weight: float = 0.0
    slow: int = 0
    requests: int = 0

    def after(self, step: float, seen: Seen) -> Sum:
        """The sum after one more run."""
        value = self.value + step
        if value <= 0:
            return Sum()
        before = self if self.value > 0 else Sum()
        return Sum(
            value,
            before.since or seen.at,
            before.runs + 1,
            before.shift + seen.shift / seen.variance,
            before.whole + seen.whole / seen.variance,
            before.weight + 1 / seen.variance,
            before.slow + seen.slow,
            before.requests + seen.requests,
        )

    @property
    def mean(self) -> float:
        """The mean shift of its runs, in logarithms."""
        return self.shift / self.weight if self.weight else 0.0

    @property
    def whole_mean(self) -> float:
        """The same, whatever the other endpoints did."""
        return self.whole / self.weight if self.weight else 0.0

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return 1 / math.sqrt(self.weight) if self.weight else math.inf


@dataclass(frozen=True, slots=True)
class Evidence:
    """All sums of one endpoint, and the change that they once proved and that is not over.

    `slower` and `faster` are the sums of the levels in the ways of `Way`. `proved` is the sum of the change that
    holds, `way` which it was, `back` the evidence that it is over.
    """

    slower: Mapping[Way, Sum] = field(default_factory=dict)
    faster: Mapping[Way, Sum] = field(default_factory=dict)
    proved: Sum | None = None
    way: Way = Way.ALONE
    back: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """What is proved."""
        if self.proved is None:
            return Verdict.STEADY
        is_slower = self.way is Way.SLOW_ONES or self.proved.mean > 0
        return Verdict.REGRESSED if is_slower else Verdict.IMPROVED

    @property
    def greatest(self) -> float:
        """The greatest of the sums."""
        return max((each.value for each in (*self.slower.values(), *self.faster.values())), default=0.0)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "slower": {way.value: _plain(each) for way, each in self.slower.items() if each.value},
            "faster": {way.value: _plain(each) for way, each in self.faster.items() if each.value},
            "proved": _plain(self.proved) if self.proved else None,
            "way": self.way.value,
            "back": self.back,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Evidence:
        """What `as_json` gave."""
        if not values:
            return cls()
        return cls(
            {Way(way): _sum(each) for way, each in values["slower"].items()},
            {Way(way): _sum(each) for way, each in values["faster"].items()},
            _sum(values["proved"]) if values["proved"] else None,
            Way(values["way"]),
            values["back"],
        )


def _plain(each: Sum) -> dict[str, Any]:
    values = asdict(each)
    values["since"] = each.since.isoformat() if each.since else None
    return values


def _sum(values: Mapping[str, Any]) -> Sum:
    known = {one.name: values[one.name] for one in fields(Sum)}
    since = known["since"]
    return replace(Sum(), **{**known, "since": datetime.fromisoformat(since) if since else None})
