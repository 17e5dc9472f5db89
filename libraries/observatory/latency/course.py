"""The course of a series of runs: each is judged against the baseline that holds, and baselines are made anew.

A series is what can be compared: the runs of one kind against one target, from one host and shard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple, Protocol

from observatory.latency.baseline import ENOUGH_RUNS, FEWEST_RUNS, WINDOW, Baseline, KnownRun
from observatory.latency.evidence import Evidence
from observatory.latency.learning import learn_together
from observatory.latency.reference import Reference
from observatory.latency.rule import judge
from observatory.latency.times import Times
from observatory.latency.verdict import Judgement, Verdict, Way

_GROWTH = 0.05  # by how much a baseline must be able to grow to be learnt anew: many short runs cost less so
_CALM = 4.5  # what no sum may reach when a baseline is made anew: what is suspected is not made usual


class Past(Protocol):
    """What is known of the runs before."""

    def known(self, endpoint: str) -> Sequence[KnownRun]:
        """The judged runs of an endpoint, in the order in which they began; of late, if they are many."""
        ...

    def times(self, endpoint: str, runs: Sequence[KnownRun]) -> Sequence[Times]:
        """The requests of some of them."""
        ...


class Said(NamedTuple):
    """What is said of an endpoint in a run; the baseline it was held against, and how many runs were known."""

    judgement: Judgement
    baseline: Baseline | None
    known: int


@dataclass
class Course:
    """Judges the runs of one series, one after the other.

    `baselines` has the version of each endpoint that holds, `evidence` what its runs proved so far; both change with
    each run. `window` is the time whose runs make a baseline, and after which it is made anew.
    """

    past: Past
    baselines: dict[str, Baseline]
    evidence: dict[str, Evidence]
    window: timedelta = WINDOW

    def judge(self, run: Mapping[str, Times]) -> dict[str, Said]:
        """What is said of each endpoint of the next run."""
        self._renew(run)
        held = {endpoint: self.baselines[endpoint] for endpoint in run if endpoint in self.baselines}
        judged = judge(run, {endpoint: each.reference for endpoint, each in held.items()}, self.evidence)
        self.evidence.update({endpoint: evidence for endpoint, (_, evidence) in judged.items()})
        learning = Judgement(Verdict.LEARNING)
        return {
            endpoint: Said(
                judged[endpoint][0] if endpoint in judged else learning,
                held.get(endpoint),
                len(self.past.known(endpoint)),
            )
            for endpoint in run
        }

    def is_changed(self, endpoint: str) -> bool:
        """Whether a change of an endpoint is proved and holds."""
        return self.evidence.get(endpoint, Evidence()).proved is not None

    def accept(self, endpoint: str, times: Times, by: str, reason: str) -> Baseline:
        """Take the level that an endpoint has now for usual from now on; the next runs make it more exact.

        `times` are those of the run that was judged last. Now is since the change that is proved, if one is, else since
        this run; how requests vary is known from before.

        Raises:
            KeyError: the endpoint has no baseline yet.
        """
        held, proved = self.baselines[endpoint], self.evidence.get(endpoint, Evidence()).proved
        since, reference = times.at, held.reference
        if proved is not None and proved.since is not None:
            since = proved.since
            if self.evidence[endpoint].way is Way.SLOW_ONES:
                reference = replace(reference, slow_share=max(proved.slow / proved.requests, reference.slow_share))
            reference = replace(reference, middle=reference.middle + proved.mean)
        known = [run for run in self.past.known(endpoint) if run.at >= since and run.run != times.run]
        accepted = Baseline.of(
            reference,
            [*self.past.times(endpoint, known), times],
            times.at,
            number=held.number + 1,
            not_before=since,
            accepted_at=times.at,
            accepted_by=by,
            reason=reason,
        )
        self.baselines[endpoint], self.evidence[endpoint] = accepted, Evidence()
        return accepted

    def _renew(self, run: Mapping[str, Times]) -> None:
        """Make the baselines anew that are due; all endpoints together show what they share."""
        due = {endpoint for endpoint, times in run.items() if self._is_due(endpoint, times.at)}
        if not due:
            return
        at = max(run[endpoint].at for endpoint in due)
        runs = {endpoint: self._window(endpoint, at) for endpoint in {**self.baselines, **run}}
        windows = {endpoint: self.past.times(endpoint, known) for endpoint, known in runs.items() if known}
        for endpoint, reference in learn_together(windows).items():
            if endpoint in due:
                self.baselines[endpoint] = self._next(endpoint, reference, windows[endpoint], at)

    def _next(self, endpoint: str, reference: Reference, runs: Sequence[Times], at: datetime) -> Baseline:
        """The baseline that follows the one that holds: the same version while it grows."""
        held, faster_since = self.baselines.get(endpoint), self._faster_since(endpoint)
        if held is None:
            return Baseline.of(reference, runs, at)
        if faster_since is not None:
            self.evidence[endpoint] = Evidence()
            return Baseline.of(reference, runs, at, number=held.number + 1, not_before=faster_since)
        if held.learnt_at - at < self.window:
            at = max(at, held.learnt_at)  # a run that comes late does not make it older
        bounds = {"not_before": held.not_before, "accepted_at": held.accepted_at}
        if not held.is_growing(self.window):
            self.evidence[endpoint] = Evidence()
            return Baseline.of(reference, runs, at, number=held.number + 1, **bounds)
        same = {name: getattr(held, name) for name in ("number", "valid_from", "accepted_by", "reason")}
        return Baseline.of(reference, runs, at, **same, **bounds)

    def _is_due(self, endpoint: str, at: datetime) -> bool:
        held = self.baselines.get(endpoint)
        evidence = self.evidence.get(endpoint, Evidence())
        if held is None:
            return len(self.past.known(endpoint)) >= FEWEST_RUNS
        if self._faster_since(endpoint) is not None:
            return True
        if evidence.proved is not None or evidence.greatest >= _CALM:
            return False
        if not held.is_growing(self.window):
            return abs(at - held.learnt_at) >= self.window  # or it was learnt when a clock was ahead
        more = sum(held.takes(run) for run in self.past.known(endpoint)) - held.runs
        return more > held.runs * _GROWTH

    def _faster_since(self, endpoint: str) -> datetime | None:
        """Since when an endpoint is told to be faster, when it has been for long enough to learn it anew."""
        if self.evidence.get(endpoint, Evidence()).verdict is not Verdict.IMPROVED:
            return None
        known = reversed(self.past.known(endpoint))
        told = list(takewhile(lambda run: run.verdict is Verdict.IMPROVED, known))
        return told[-1].at if len(told) >= FEWEST_RUNS else None

    def _window(self, endpoint: str, at: datetime) -> list[KnownRun]:
        """The runs that a baseline is made of: the window's, and before it as many as it takes to have enough."""
        held, faster_since = self.baselines.get(endpoint), self._faster_since(endpoint)
        runs = [run for run in self.past.known(endpoint) if run.at <= at and (held is None or held.takes(run))]
        if faster_since is not None:
            runs = [run for run in runs if run.at >= faster_since]
        if len(runs) < FEWEST_RUNS:
            return []
        within = [run for run in runs if at - run.at <= self.window]
        return within if len(within) >= ENOUGH_RUNS else runs[-ENOUGH_RUNS:]
