"""A series of runs that is held in memory, as a file of measurements has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from observatory.latency.baseline import WINDOW, Baseline, KnownRun
from observatory.latency.course import Course, Said
from observatory.latency.times import Times


class Series:
    """Judges runs one after the other, and remembers them all."""

    def __init__(self, window: timedelta = WINDOW) -> None:
        """Nothing is known yet; `window` is the time whose runs make a baseline."""
        self._known: dict[str, list[KnownRun]] = {}
        self._times: dict[tuple[str, str], Times] = {}
        self._course = Course(self, {}, {}, window)

    @property
    def baselines(self) -> Mapping[str, Baseline]:
        """The baseline of each endpoint that holds."""
        return self._course.baselines

    def judge(self, run: Mapping[str, Times]) -> dict[str, Said]:
        """What is said of each endpoint of the next run."""
        said = self._course.judge(run)
        for endpoint, times in run.items():
            known = KnownRun(times.run, times.at, said[endpoint].judgement.verdict)
            self._known.setdefault(endpoint, []).append(known)
            self._times[endpoint, times.run] = times
        return said

    def known(self, endpoint: str) -> Sequence[KnownRun]:
        """The judged runs of an endpoint."""
        return self._known.get(endpoint, ())

    def times(self, endpoint: str, runs: Sequence[KnownRun]) -> Sequence[Times]:
        """The requests of some of them."""
        return [self._times[endpoint, run.run] for run in runs]
