"""What is counted while a load goes on: in each process as it happens, and in one place for all processes."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from observatory.exchange import FailureType
from observatory.load.latencies import Latencies

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram that is shown while the load goes on, in seconds."""

UNREACHED: Final = frozenset({FailureType.DNS, FailureType.CONNECTION, FailureType.TLS})
"""Failures of requests that nobody answered or kept waiting: they are counted, and have no latency."""

MOST_MESSAGES: Final = 100
STARVED: Final = "this machine has no connection left (files, ports or memory)"
"""Why a request was not sent when it was the fault of the machine that makes the load."""

OTHER_MESSAGES: Final = "other messages, which are too many to tell apart"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request failed: the type, and one clause that is the same for all that failed in the same way."""

    type: FailureType
    message: str


@dataclass(slots=True)
class Cell:
    """The requests to one endpoint that ended within one second, or within all of them.

    `buckets` counts latencies by the first bound of `BUCKETS` that they do not exceed, and after the last one those
    that exceed all. `seconds` is the sum of the latencies.
    """

    requests: int = 0
    failures: int = 0
    unreached: int = 0
    size: int = 0
    seconds: float = 0.0
    latencies: Latencies = field(default_factory=Latencies)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    def add(self, latency: float, size: int, trouble: Trouble | None) -> None:
        """Count a request: its latency in seconds, the bytes of its body, and why it failed if it did."""
        self.requests += 1
        self.size += size
        if trouble is not None:
            self.failures += 1
            # What was not sent reached nobody either, and says nothing of who is there.
            is_of_the_api = trouble.message != STARVED
            self.unreached += is_of_the_api and (trouble.type in UNREACHED or trouble.type is FailureType.TIMEOUT)
            if trouble.type in UNREACHED:
                return
        self.seconds += latency
        self.latencies.add(latency)
        self.buckets[bisect_left(BUCKETS, latency)] += 1

    def merge(self, other: Cell) -> None:
        """Add what another one counted."""
        self.requests += other.requests
        self.failures += other.failures
        self.unreached += other.unreached
        self.size += other.size
        self.seconds += other.seconds
        self.latencies.merge(other.latencies)
        self.buckets = [mine + theirs for mine, theirs in zip(self.buckets, other.buckets, strict=True)]

    def written(self) -> list[Any]:
        """The cell as plain values."""
        return [
            *(self.requests, self.failures, self.unreached, self.size),
            *(self.seconds, self.latencies.written(), self.buckets),
        ]

    @classmethod
    def of(cls, written: list[Any]) -> Cell:
        """What `written` wrote."""
        requests, failures, unreached, size, seconds, latencies, buckets = written
        return cls(requests, failures, unreached, size, seconds, Latencies.of(latencies), list(buckets))


class Counting:
    """Counts in the process that sends the requests, until `take` takes it away.

    Times are seconds since 1970, latencies are seconds.
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[int, str], Cell] = {}
        self._troubles: Counter[tuple[str, str, str]] = Counter()
        self._scheduled: Counter[int] = Counter()
        self._sent: Counter[int] = Counter()
        self._late = Latencies()
        self._last = 0.0

    def ended(self, endpoint: str, at: float, latency: float, size: int, trouble: Trouble | None) -> None:
        """Count a request that ended at `at` with a body of `size` bytes, and why it failed if it did."""
        place = (int(at), endpoint)
        cell = self._cells.get(place)
        if cell is None:
            cell = self._cells[place] = Cell()
        cell.add(latency, size, trouble)
        self._last = at
        if trouble is None:
            return
        reason = (endpoint, trouble.type.value, trouble.message)
        _count(self._troubles, reason)

    def scheduled(self, at: float, number: int = 1) -> None:
        """Count requests that should be sent at `at`."""
        self._scheduled[int(at)] += number

    def sent(self, at: float, late: float) -> None:
        """Count a request that was sent at `at`, `late` seconds after it should have been."""
        self._sent[int(at)] += 1
        self._late.add(max(late, 0.0))

    def take(self) -> dict[str, Any]:
        """What was counted since the last call, as plain values that can be sent to another process."""
        taken = {
            "cells": [[second, endpoint, cell.written()] for (second, endpoint), cell in self._cells.items()],
            "troubles": [[*reason, number] for reason, number in self._troubles.items()],
            "scheduled": list(self._scheduled.items()),
            "sent": list(self._sent.items()),
            "late": self._late.written() if len(self._late) else b"",
            "last": self._last,
        }
        self._cells, self._troubles = {}, Counter()
        self._scheduled, self._sent, self._late, self._last = Counter(), Counter(), Latencies(), 0.0
        return taken


def _count(troubles: Counter[tuple[str, str, str]], reason: tuple[str, str, str], number: int = 1) -> None:
    """Count a reason among others, under another message when there are too many of them."""
    if reason not in troubles and len(troubles) >= MOST_MESSAGES:
        reason = (*reason[:2], OTHER_MESSAGES)
    troubles[reason] += number


@dataclass(slots=True)
class Moment:
    """One second of a load, of all processes: the latencies as they were taken, and how many users there were.

    At those it is looked about once a second, so in some seconds nobody looked. The percentiles, in seconds, are there
    when the second was settled.
    """

    taken: list[bytes] = field(default_factory=list)
    requests: int = 0
    failures: int = 0
    unreached: int = 0
    scheduled: int = 0
    sent: int = 0
    users: int | None = None
    workers: int | None = None
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None

    def latencies(self) -> Latencies:
        """The latencies of what ended in this second, of all endpoints together, unless they are settled."""
        latencies = Latencies()
        for written in self.taken:
            latencies.merge(Latencies.of(written))
        return latencies

    def settle(self) -> None:
        """Work out the percentiles, and let the latencies go; what comes later is counted, and has no part in them."""
        if self.taken and self.longest is None:
            latencies = self.latencies()
            self.p50, self.p95, self.longest = latencies.percentile(50), latencies.percentile(95), latencies.longest
        self.taken.clear()


class Measurements:
    """What all processes counted: by second, by endpoint, and why requests failed.

    `last` is when the last request ended, in seconds since 1970; 0 when none did.
    """

    def __init__(self) -> None:
        self.moments: dict[int, Moment] = {}
        self.endpoints: dict[str, Cell] = {}
        self.troubles: Counter[tuple[str, str, str]] = Counter()
        self.scheduled = 0
        self.sent = 0
        self.late = Latencies()
        self.last = 0.0
        self._settled = 0

    def add(self, taken: dict[str, Any], behind: int = 0) -> None:
        """Add what a process counted, as `Counting.take` gave it; its clock is so many seconds behind this one's."""
        for second, endpoint, written in taken["cells"]:
            cell = Cell.of(written)
            self.endpoints.setdefault(endpoint, Cell()).merge(cell)
            moment = self.at(second + behind)
            if len(cell.latencies):
                moment.taken.append(cell.latencies.written())
            moment.requests += cell.requests
            moment.failures += cell.failures
            moment.unreached += cell.unreached
        for endpoint, kind, message, number in taken["troubles"]:
            _count(self.troubles, (endpoint, kind, message), number)
        for second, number in taken["scheduled"]:
            self.at(second + behind).scheduled += number
            self.scheduled += number
        for second, number in taken["sent"]:
            self.at(second + behind).sent += number
            self.sent += number
        if taken["late"]:
            self.late.merge(Latencies.of(taken["late"]))
        if taken["last"]:
            self.last = max(self.last, taken["last"] + behind)

    def settle(self, before: int) -> None:
        """Settle the seconds before that one, which are over: what they take should not grow with the time."""
        for second in range(max(self._settled, min(self.moments, default=before)), before):
            if second in self.moments:
                self.moments[second].settle()
        self._settled = max(self._settled, before)

    def at(self, second: int) -> Moment:
        """The moment of a second since 1970."""
        return self.moments.setdefault(second, Moment())

    def whole(self) -> Cell:
        """What ended, of all seconds and endpoints together."""
        whole = Cell()
        for cell in self.endpoints.values():
            whole.merge(cell)
        return whole
