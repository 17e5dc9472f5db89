"""What is said of an endpoint in a run, and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Way(StrEnum):
    """In which way latency changed: all requests, against the other endpoints of the run or by itself, or the slow."""

    ALONE = "alone"
    WITH_ALL = "with all"
    SLOW_ONES = "slow ones"


class Verdict(StrEnum):
    """What is said of an endpoint in a run."""

    LEARNING = "learning"
    STEADY = "steady"
    REGRESSED = "regressed"
    IMPROVED = "improved"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of an endpoint in a run, and how sure.

    `effect` is how much slower than the baseline as a fraction (0.1 for 10 %), with its 95 % interval from `low` to
    `high`: of the runs since `since` when a change holds, else of this run. `slow` is the share of slow requests of the
    same runs, `usually_slow` that of the baseline. All are None while there is no baseline.
    """

    verdict: Verdict
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    since: datetime | None = None
    runs: int = 0
    way: Way = Way.WITH_ALL
    slow: float | None = None
    usually_slow: float | None = None
