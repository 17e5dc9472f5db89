"""The shapes: which share of the most users, or arrivals, there is at each point of a load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

STEADY: Final = "steady"
RAMP: Final = "ramp"
SPIKE: Final = "spike"
SAWTOOTH: Final = "sawtooth"

Shape = Callable[[float], float]
"""From how far the load is, 0 at its beginning and 1 at its end, to the share that is there, from 0 to 1."""

_WARM_UP: Final = 0.1
_RISE: Final = 0.8
_CALM: Final = 0.2
_SPIKE: Final = (0.4, 0.6)
_TEETH: Final = 5


def steady(progress: float) -> float:
    """All of them, after a tenth of the time in which they come."""
    return min(1.0, progress / _WARM_UP)


def ramp(progress: float) -> float:
    """More and more for four fifths of the time, then all of them."""
    return min(1.0, progress / _RISE)


def spike(progress: float) -> float:
    """A fifth of them, all at once in the middle fifth of the time, and a fifth again."""
    first, last = _SPIKE
    return 1.0 if first <= progress < last else _CALM


def sawtooth(progress: float) -> float:
    """Five times from a fifth to all of them, and back at once: what wears out over time shows from tooth to tooth."""
    return _CALM + (1 - _CALM) * (progress * _TEETH % 1.0)


SHAPES: Final[Mapping[str, Shape]] = {STEADY: steady, RAMP: ramp, SPIKE: spike, SAWTOOTH: sawtooth}


def users_at(shape: Shape, progress: float, most: int) -> int:
    """How many of the `most` users there are at some point of the load: at least one."""
    return max(1, round(shape(progress) * most))
