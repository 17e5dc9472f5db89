"""The observatory's locustfile with users who ask for abilities only and never wait.

Everything else is as it is: options, orders, checks, counts, report.
"""

from __future__ import annotations

from typing import cast

import locust.runners

from bench.load_generators import KEEN, USERS
from load.locustfile import LookupVisitor, ProfileShape
from load.profiles import PROFILES, Profile
from load.shapes import SHAPES, Shape
from load.tasks.ability import get_ability

__all__ = ["LookupVisitor", "ProfileShape"]

_AT_ONCE = "at once"

# A worker that is held, and its master, hear nothing of each other for a while.
locust.runners.MASTER_HEARTBEAT_TIMEOUT = 60

LookupVisitor.tasks = [get_ability]  # type: ignore[assignment]  # Locust takes functions
cast("dict[str, Shape]", SHAPES)[_AT_ONCE] = lambda _: 1.0
cast("dict[str, Profile]", PROFILES)[KEEN] = Profile(users=USERS, seconds=60, wait=(0.0, 0.0), shape=_AT_ONCE)
