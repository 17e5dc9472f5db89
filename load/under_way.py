"""A load that is under way: since when, who makes it, and how it came to its end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

from load.planning import Course
from observatory.load import Ending, Generator, LoadReport, Measurements, summary
from observatory.words import count


class LoadUnderWay:
    """One load, from its beginning to its report. `clock` gives seconds since 1970."""

    def __init__(self, course: Course, clock: Callable[[], float] = time.time) -> None:
        """The load begins now."""
        self.id = uuid.uuid4()
        self.course = course
        self.began = clock()
        self.ending: Ending | None = None
        self._ended = self.began
        self._clock = clock
        self._workers: set[str] = set()
        self._lost: set[str] = set()

    @property
    def elapsed(self) -> float:
        """The seconds since it began."""
        return self._clock() - self.began

    def end(self, ending: Ending) -> None:
        """It ends now, in this way; what came first counts."""
        if self.ending is None:
            self.ending, self._ended = ending, self._clock()

    def stopped(self, workers: int | None) -> None:
        """It was stopped, if it had not ended: by a person, or because no worker is left; None where there are none."""
        if self._lost and workers == 0:
            self.end(Ending.WORKERS_LOST)
        # A load without an end is ended by a person, and that is as it should be.
        self.end(Ending.FINISHED if self.course.plan.seconds is None else Ending.INTERRUPTED)

    def has_worker(self, worker: str) -> bool:
        """A worker is there; says whether it always was."""
        self._workers.add(worker)
        return worker not in self._lost

    def lost_worker(self, worker: str) -> bool:
        """A worker is lost; says whether that is news."""
        is_news = worker not in self._lost
        self._workers.add(worker)
        self._lost.add(worker)
        return is_news

    def report(self, measured: Measurements, busiest: float, other_clocks: int = 0) -> LoadReport:
        """What came of it; `busiest` and `other_clocks` are as in the collection."""
        return summary(
            self.id,
            self.course.plan,
            measured,
            began=self.began,
            ended=self._ended,
            ending=self.ending or Ending.INTERRUPTED,
            generator=Generator(max(1, len(self._workers)), len(self._lost), round(busiest, 2)),
            notes=tuple(self._notes(other_clocks)),
        )

    def _notes(self, other_clocks: int) -> Iterator[str]:
        if self.course.limit is not None:
            yield (
                f"The public API is shared by everyone, so all users together sent at most {self.course.limit} "
                "requests a minute: this says how it answers, and nothing of how much it holds."
            )
        if self._lost:
            yield f"{count(len(self._lost), 'worker')} went missing; what was not told by then is not counted."
        if other_clocks:
            yield f"The clock of a worker differs by {other_clocks} s, so its seconds were moved; let the clocks agree."
