"""The course of a load, as Locust asks for it once a second: how many users there should be now."""

from __future__ import annotations

import math
import time
from typing import Any, Protocol

import gevent
from locust import LoadTestShape
from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner

from load.planning import Course
from load.tasks import JOURNEY
from load.visitors import ArrivalVisitor, JourneyVisitor, LookupVisitor

_BETWEEN_TICKS = 1.0  # seconds
_PATIENCE = 2.0  # seconds beyond the timeout, for the last users to end
_LAST_WORDS = 1.5  # seconds after them, for the workers to tell what they counted

Tick = tuple[int, float, list[type[Any]]]


class Conducting(Protocol):
    """Who knows what is planned, and is told when it is over."""

    has_given_up: bool

    def plan(self) -> Course | None:
        """The course of the load that is about to start; None when it must not."""

    def over(self) -> None:
        """The load has come to its planned end."""


class ProfileShape(LoadTestShape):
    """Follows the profile that is chosen when the load starts; without one, the users that Locust was told."""

    use_common_options = True
    conductor: Conducting

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._course: Course | None = None
        self._leaving_since: float | None = None
        self._gone_since: float | None = None

    def tick(self) -> Tick | None:
        """How many users there should be, how many may come in a second, and which; None when it is over."""
        runner: Any = self.runner
        if self.conductor.has_given_up:
            return None
        if runner.state not in (STATE_SPAWNING, STATE_RUNNING):
            self._course = self.conductor.plan()
            self.reset_time()  # type: ignore[no-untyped-call]
            self._leaving_since = self._gone_since = None
        course = self._course
        if course is None:
            return None
        elapsed: float = self.get_run_time()  # type: ignore[no-untyped-call]
        left = math.inf if course.plan.seconds is None else course.plan.seconds - elapsed
        if 0 < left < _BETWEEN_TICKS and elapsed > 0.1:  # the next tick would be too late
            gevent.sleep(left)
            elapsed += left
        users = course.users(elapsed)
        if users is None:
            return None if self._is_deserted(runner) else (0, float(course.streams), [_visitors(course)])
        # A tick stands for the second around it: else a step would be followed up to a second late.
        users = course.users(elapsed + _BETWEEN_TICKS / 2) or users
        # So many a second that they come and go at once: the shape says how fast. Without an end, an option does.
        rate = runner.environment.parsed_options.spawn_rate if course.plan.seconds is None else None
        return users, float(rate or course.streams), [_visitors(course)]

    def _is_deserted(self, runner: Any) -> bool:
        """Whether all users have ended what they were at, and everything that they did was counted."""
        now = time.monotonic()
        if self._leaving_since is None:
            self._leaving_since = now
            self.conductor.over()
            return False
        if now - self._leaving_since > runner.environment.stop_timeout + _PATIENCE:
            return True
        if runner.user_count:
            return False
        self._gone_since = self._gone_since or now
        return not isinstance(runner, MasterRunner) or now - self._gone_since >= _LAST_WORDS


def _visitors(course: Course) -> type[Any]:
    if course.plan.rate is not None:
        return ArrivalVisitor
    return JourneyVisitor if course.plan.visitor == JOURNEY else LookupVisitor
