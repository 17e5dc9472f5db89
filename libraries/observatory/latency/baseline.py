"""A baseline: a version of what is usual for an endpoint, the runs it is of, and from when it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from observatory.latency.reference import Reference
from observatory.latency.times import Percentiles, Times, percentiles
from observatory.latency.verdict import Verdict

FEWEST_RUNS = 10
"""Runs of an endpoint that must be known before one is judged."""

ENOUGH_RUNS = 20
"""Runs that make a baseline that need not grow any more, if they span the window."""

WINDOW = timedelta(days=7)
"""The time whose runs make a baseline, and after which it is made anew, if nothing else is said."""


class KnownRun(NamedTuple):
    """A run that was judged: its name, when it began, and what was said of an endpoint."""

    run: str
    at: datetime
    verdict: Verdict


_NEARLY = 0.9  # of the window: runs do not begin to the minute


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for an endpoint.

    `percentiles` (seconds) are those of all `samples` in `runs` runs, which began from `first_run_at` to `last_run_at`.
    It holds from `valid_from` on and was learnt last at `learnt_at`, while it grew. Runs that began before `not_before`
    are of another level, and never taken: there a person accepted a change, or the endpoint became faster. Those from
    there to `accepted_at` count as usual, whatever was said of them before a person accepted it.
    """

    endpoint: str
    number: int
    reference: Reference
    percentiles: Percentiles
    samples: int
    runs: int
    first_run_at: datetime
    last_run_at: datetime
    valid_from: datetime
    learnt_at: datetime
    not_before: datetime | None = None
    accepted_at: datetime | None = None
    accepted_by: str = ""
    reason: str = ""

    def takes(self, run: KnownRun) -> bool:
        """Whether a run may be part of the next version."""
        if self.not_before is not None and run.at < self.not_before:
            return False
        is_accepted = self.accepted_at is not None and run.at <= self.accepted_at
        return is_accepted or run.verdict is not Verdict.REGRESSED

    @classmethod
    def of(cls, reference: Reference, runs: Sequence[Times], at: datetime, **details: Any) -> Self:
        """The baseline of some runs of an endpoint, learnt at a time; it holds from then on if nothing else is said."""
        seconds = [each for run in runs for each in run.seconds]
        began = [run.at for run in runs]
        return cls(
            endpoint=runs[0].endpoint,
            reference=reference,
            percentiles=percentiles(seconds),
            samples=len(seconds),
            runs=len(runs),
            first_run_at=min(began),
            last_run_at=max(began),
            learnt_at=at,
            **{"number": 1, "valid_from": at, **details},
        )

    def is_growing(self, window: timedelta) -> bool:
        """Whether each further run makes it better, because it has no full window yet."""
        return self.runs < ENOUGH_RUNS or self.learnt_at - self.first_run_at < _NEARLY * window
