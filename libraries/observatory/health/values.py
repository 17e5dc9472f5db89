"""What the health page tells, as plain values: each target with its tests, latencies, drift and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from observatory.flakiness.quarantine import QuarantineList
from observatory.history.flaky_queries import FlakyTest
from observatory.history.health_queries import DataChangeFound, KnownBaseline, LatestTest, RunLine, RunVerdict, Series
from observatory.history.known_changes import ChangeState, KnownChange

LEARNING: Final = "learning"
REGRESSED: Final = "regressed"
IMPROVED: Final = "improved"
ACCEPTED: Final = "accepted"
"""It differed in the newest run, and a person took that for usual since."""


class State(StrEnum):
    """How a target is, the worst that is known of it."""

    FAILING = "failing"
    SLOWER = "slower"
    WELL = "well"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FailingTest:
    """A test that failed when it was last run: since when without a pass, in how many runs, and what it said.

    `alike` is how many other tests fail now with the same error.
    """

    test: LatestTest
    since: datetime
    runs: int
    alike: int = 0


@dataclass(frozen=True, slots=True)
class EndpointLatency:
    """The latency of one series: what was judged run by run, the oldest first, and the baselines of that time."""

    series: Series
    runs: Sequence[RunVerdict]
    baselines: Sequence[KnownBaseline]

    @property
    def last(self) -> RunVerdict:
        """What was judged of the newest run."""
        return self.runs[-1]

    @property
    def baseline(self) -> KnownBaseline | None:
        """The version that holds, if any does yet."""
        return next((known for known in reversed(self.baselines) if known.valid_until is None), None)

    @property
    def verdict(self) -> str:
        """What holds now: the newest verdict, unless a person accepted since what it told of."""
        baseline = self.baseline
        differs = self.last.verdict in {REGRESSED, IMPROVED}
        if differs and baseline is not None and baseline.accepted_by and baseline.valid_from >= self.last.at:
            return ACCEPTED
        return self.last.verdict


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """All that is told of one target.

    `tests` are those of the last days, each as it ended last. `left_out` is how many series of latencies are not
    shown, `requests` and `request_runs` what was measured when nothing was judged yet.
    """

    name: str
    runs: Sequence[RunLine] = ()
    tests: Sequence[LatestTest] = ()
    failing: Sequence[FailingTest] = ()
    flaky: Sequence[FlakyTest] = ()
    latencies: Sequence[EndpointLatency] = ()
    left_out: int = 0
    requests: int = 0
    request_runs: int = 0
    changes: Sequence[KnownChange] = ()
    data: Sequence[DataChangeFound] = ()

    @property
    def excused(self) -> list[LatestTest]:
        """Tests whose last failure does not count: something of ours caused it, or they are in quarantine."""
        return [test for test in self.tests if test.status == "FAIL" and not test.fails]

    @property
    def last_run(self) -> RunLine | None:
        """The newest run of suites that came to its end with tests."""
        return next((run for run in self.runs if run.finished_at is not None and run.tests), None)

    @property
    def regressed(self) -> list[EndpointLatency]:
        """What is slower than its baseline, and not accepted."""
        return self._judged(REGRESSED)

    @property
    def accepted(self) -> list[EndpointLatency]:
        """What differed when it was last judged, and a person accepted since."""
        return self._judged(ACCEPTED)

    @property
    def learning(self) -> list[EndpointLatency]:
        """Of what too few runs are known."""
        return self._judged(LEARNING)

    @property
    def open_changes(self) -> list[KnownChange]:
        """Changes of schemas that nobody accepted yet."""
        return [known for known in self.changes if known.state is ChangeState.OPEN]

    @property
    def state(self) -> State:
        """The worst that is known."""
        if self.failing:
            return State.FAILING
        if self.regressed:
            return State.SLOWER
        return State.WELL if self.tests or self.last_run else State.UNKNOWN

    def _judged(self, verdict: str) -> list[EndpointLatency]:
        return [latency for latency in self.latencies if latency.verdict == verdict]


@dataclass(frozen=True, slots=True)
class Health:
    """What is known at a time of the targets, the main one first; `others` are those that were not looked at.

    `since` is the beginning of the time that is told of. `quarantine` is the project's list as it is read today.
    """

    made_at: datetime
    since: datetime
    targets: Sequence[TargetHealth] = ()
    others: Sequence[str] = ()
    quarantine: QuarantineList = field(default_factory=QuarantineList)

    @property
    def days(self) -> int:
        """How many days are told of."""
        return (self.made_at - self.since).days
