"""How long an attempt takes, phase by phase: a stopwatch while it runs, a value when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from observatory.client.clock import Clock

_JUMP: Final = 1.0
"""Seconds by which the two clocks of a machine may disagree. Servers of time slew a clock by 0.05 % at most; a larger
step is a machine that slept, or a clock that was set."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The phases of an attempt, in seconds from its start, without any wait before it.

    Attributes:
        started_at: when it was sent, by the wall clock; aware, in UTC.
        elapsed: until all of the answer was there, or the attempt broke.
        connect: until a new connection stood (name, connection, TLS); None when none was opened.
        first_byte: until the head of the answer was there; None when it never came.
        is_cold: whether it opened the first connection, before its target had answered anything.
        clock_jumped: whether wall clock and monotonic clock disagree on how long it took.
    """

    started_at: datetime
    elapsed: float
    connect: float | None = None
    first_byte: float | None = None
    is_cold: bool = False
    clock_jumped: bool = False

    def then(self, following: Timing) -> Timing:
        """The timing of an answer that pointed elsewhere, and of what was got from there."""
        connects = [each for each in (self.connect, following.connect) if each is not None]
        return Timing(
            started_at=self.started_at,
            elapsed=self.elapsed + following.elapsed,
            connect=sum(connects) if connects else None,
            first_byte=None if following.first_byte is None else self.elapsed + following.first_byte,
            is_cold=self.is_cold or following.is_cold,
            clock_jumped=self.clock_jumped or following.clock_jumped,
        )


class Stopwatch:
    """Measures one request on the wire; whoever does a part of the work tells it when that is done."""

    def __init__(self, clock: Clock) -> None:
        """Begin now."""
        self._clock = clock
        self._connect: float | None = None
        self._first_byte: float | None = None
        self._elapsed = 0.0
        self._is_cold = False
        self._clock_jumped = False
        self._started_at = clock.now()
        self._started = clock.monotonic()

    def seconds(self) -> float:
        """The seconds since it began."""
        return self._clock.monotonic() - self._started

    def connecting(self) -> None:
        """A connection is being opened, or made a safe one: it does not stand yet."""
        self._connect = None

    def connected(self) -> None:
        """A new connection stands."""
        self._connect = self.seconds()

    def answered(self) -> None:
        """The head of the answer is there."""
        self._first_byte = self.seconds()

    def stop(self, *, is_first: bool) -> None:
        """Nothing more comes; `is_first` tells that nothing had come from the target, nor was on its way, before."""
        self._elapsed = self.seconds()
        self._is_cold = is_first and self._connect is not None
        by_the_wall = (self._clock.now() - self._started_at).total_seconds()
        self._clock_jumped = abs(by_the_wall - self._elapsed) > _JUMP

    @property
    def timing(self) -> Timing:
        """What was measured."""
        return Timing(
            self._started_at, self._elapsed, self._connect, self._first_byte, self._is_cold, self._clock_jumped
        )
