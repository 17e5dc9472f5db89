"""What charts are drawn from: small frozen values; times are aware, durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

SLOWER: Final = "regressed"
FASTER: Final = "improved"
WORDS: Final = {SLOWER: "slower", FASTER: "faster", "steady": "as usual", "learning": "still learning"}
"""How the verdict on a run is put into words."""


@dataclass(frozen=True, slots=True)
class RunLatency:
    """The latencies of one run: when it began, its percentiles, and what was judged of it.

    `runs` is how many runs it stands for, when several were gathered in one mark; `until` is when the last of them
    began.
    """

    at: datetime
    p50: float
    p95: float
    verdict: str = "steady"
    runs: int = 1
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BaselineBand:
    """What was usual from one time to another, from P50 to P95; `valid_until` is None for what holds now."""

    valid_from: datetime
    valid_until: datetime | None
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class DayMark:
    """How many things of each of two kinds happened on a day; those of the second kind are the graver ones."""

    day: date
    count: int
    grave: int = 0
