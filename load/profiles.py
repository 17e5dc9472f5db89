"""The profiles: how many users, for how long, waiting how long between two tasks, in which shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from load.shapes import RAMP, STEADY


@dataclass(frozen=True, slots=True)
class Profile:
    """A load that can be started by its name: the most users at once, and times in seconds.

    A user waits between `wait[0]` and `wait[1]` after each task. `shape` is the one that is taken unless another is
    asked for.
    """

    users: int
    seconds: float
    wait: tuple[float, float] = (1.0, 3.0)
    shape: str = STEADY


PROFILES: Final[Mapping[str, Profile]] = {
    "quick": Profile(users=10, seconds=10, wait=(0.05, 0.15)),
    "light": Profile(users=10, seconds=120),
    "medium": Profile(users=50, seconds=300, shape=RAMP),
    "heavy": Profile(users=100, seconds=600, shape=RAMP),
}
