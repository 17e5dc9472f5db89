"""Requests of a load as Hypothesis makes them up, and what processes count of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import strategies as st

from observatory.exchange import FailureType
from observatory.load import Counting, Measurements, Trouble
from observatory.load.measurements import UNREACHED

BEGAN = 1_790_000_000.0
"""When the load began, in seconds since 1970."""

PROCESSES = 3
SECONDS = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that ended: in which process, at which second of the load, and what came of it."""

    process: int
    second: int
    endpoint: str
    latency: float
    size: int
    trouble: Trouble | None

    @property
    def has_latency(self) -> bool:
        """Whether anybody answered, or was waited for."""
        return self.trouble is None or self.trouble.type not in UNREACHED


latencies = st.floats(1e-6, 3599, allow_nan=False) | st.sampled_from([0.004, 0.1, 0.1001, 0.5])
troubles = st.builds(Trouble, st.sampled_from(FailureType), st.sampled_from(["why", "and why not", "status 500"]))
requests = st.builds(
    Ended,
    process=st.integers(0, PROCESSES - 1),
    second=st.integers(0, SECONDS - 1),
    endpoint=st.sampled_from(["pokemon", "pokemon list"]),
    latency=latencies,
    size=st.integers(0, 1_000_000),
    trouble=st.none() | troubles,
)


def counted(ended: Iterable[Ended]) -> Measurements:
    """What comes together when each process counts its own, and hands them over after each second."""
    counting = [Counting() for _ in range(PROCESSES)]
    measured = Measurements()
    by_second = sorted(ended, key=lambda each: each.second)
    for second in range(SECONDS):
        for each in by_second:
            if each.second == second:
                at = BEGAN + second
                counting[each.process].ended(each.endpoint, at, each.latency, each.size, each.trouble)
        for process in counting:
            measured.add(process.take())
    return measured


def counted_at_once(ended: Iterable[Ended]) -> Measurements:
    """The same of one process, which hands over at the end only."""
    counting, measured = Counting(), Measurements()
    for each in ended:
        counting.ended(each.endpoint, BEGAN + each.second, each.latency, each.size, each.trouble)
    measured.add(counting.take())
    return measured
