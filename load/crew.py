"""What all users of one process share: where they ask, how they check, where they count, and how long they wait."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from load.checking import Checker
from load.fair_use import is_shared
from load.resources import Resources
from observatory.client import SYSTEM_CLOCK, Clock, ProcessRateLimiter, RateLimiter
from observatory.load import Counting, Trouble
from observatory.load.measurements import MOST_MESSAGES, OTHER_MESSAGES
from observatory.settings import Settings

_MINUTE: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Orders:
    """What the master tells every process at the beginning, as plain values that can be sent.

    `load` is the id of the load. `wait` is the shortest and the longest seconds between two tasks, `period` those
    between two arrivals of one stream. `limit` is the requests a minute that this process may send, None for as many as
    it likes; with a limit, `slowest` is the least seconds that a user waits. `resources` are the ids of what there is.
    `is_recording` tells that a stand-in of our own is asked that serves a recording, which may lack things.
    """

    load: str
    address: str
    wait: tuple[float, float]
    period: float
    validated: float
    timeout: float
    limit: int | None
    slowest: float
    resources: Mapping[str, Sequence[str]]
    is_recording: bool = False


class Crew:
    """The users of this process, as far as they have things in common."""

    def __init__(self, orders: Orders, settings: Settings, counting: Counting, clock: Clock = SYSTEM_CLOCK) -> None:
        self.address = orders.address
        self.timeout = orders.timeout
        self.period = orders.period
        self.headers = authorization(settings, orders.address)
        self.counting = counting
        self.checker = Checker(orders.validated, orders.timeout)
        self.resources = Resources(orders.resources)
        self.is_recording = orders.is_recording
        self._told: set[str] = set()
        self._orders = orders
        self._clock = clock  # the system's lets other users go on, since Locust has put gevent's sleep in it
        self._limiter: RateLimiter | None = ProcessRateLimiter(orders.limit, _MINUTE, clock) if orders.limit else None

    def told(self, trouble: Trouble) -> str:
        """A trouble in Locust's statistics, which keep every text that they ever saw: so there are not too many."""
        text = f"{trouble.type}: {trouble.message}"
        if text not in self._told and len(self._told) >= MOST_MESSAGES:
            return f"{trouble.type}: {OTHER_MESSAGES}"
        self._told.add(text)
        return text

    def pause(self) -> float:
        """Seconds that a user waits between two tasks: any within the profile's, or as many as a limit asks for."""
        least, most = self._orders.wait
        return max(random.uniform(least, most), self._orders.slowest * random.uniform(1.0, 1.2))

    def wait_for_turn(self) -> None:
        """Wait until the limit allows another request, if there is one; with a limit of none at all, for ever."""
        while self._orders.limit == 0:
            self._clock.sleep(_MINUTE)
        if self._limiter is not None:
            wait = self._limiter.reserve()
            if wait > 0:
                self._clock.sleep(wait)


def authorization(settings: Settings, address: str) -> Mapping[str, str]:
    """The token goes to an address that a person named; the public API needs none and gets none."""
    if settings.api_token is None or is_shared(address):
        return {}
    return {"Authorization": f"Bearer {settings.api_token.get_secret_value()}"}


def crew_of(environment: Any) -> Crew:
    """The crew that was mustered for an environment of Locust's.

    Raises:
        AttributeError: none was: the test has not started.
    """
    crew: Crew = environment.observatory_crew
    return crew


def muster(environment: Any, crew: Crew) -> None:
    """Let all users of an environment of Locust's that start from now on belong to a crew."""
    environment.observatory_crew = crew
