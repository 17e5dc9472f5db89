"""From options to a plan, and from the plan to the orders of each process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from load import options
from load.crew import Orders
from load.fair_use import fair_limit
from load.options import LoadOptionError
from load.profiles import PROFILES, Profile
from load.resources import ENDPOINTS
from load.shapes import SHAPES, STEADY, users_at
from load.tasks import LOOKUP, VISITORS
from observatory.load import Limits, LoadModel, LoadPlan
from observatory.settings import Settings
from observatory.targets import without_credentials
from observatory.words import listed, one_line

OWN: Final = "own"
"""The profile of those who say themselves how many users there are, and for how long."""

_MOST_USERS: Final = 100_000
_MOST_STREAMS: Final = 100
"""So many streams of arrivals are shared out to the processes; each of them has a timetable."""

_MINUTE: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Course:
    """A plan that can be carried out.

    `address` is the plan's with the user and password that may belong to it; `limit` is as in `fair_use`. Of an open
    model, the users are its streams.
    """

    plan: LoadPlan
    address: str
    wait: tuple[float, float]
    limit: int | None

    @property
    def streams(self) -> int:
        """How many users of Locust's there are at most."""
        rate = self.plan.rate
        return self.plan.users if rate is None else min(_MOST_STREAMS, max(1, math.ceil(rate)))

    def users(self, elapsed: float) -> int | None:
        """How many there should be after some seconds; None when it is over."""
        if self.plan.seconds is None:
            return self.streams
        if elapsed >= self.plan.seconds:
            return None
        return users_at(SHAPES[self.plan.shape], elapsed / self.plan.seconds, self.streams)

    def orders(self, load: UUID, settings: Settings, processes: int, resources: Mapping[str, Sequence[str]]) -> Orders:
        """What each of so many processes is told for a load; `resources` are the ids of what there is to ask for."""
        # The lists were asked for already.
        rate, limit = self.plan.rate, None if self.limit is None else max(0, self.limit - len(ENDPOINTS))
        return Orders(
            load=str(load),
            address=self.address,
            wait=self.wait,
            period=self.streams / rate if rate else 1.0,
            validated=self.plan.validated,
            timeout=settings.timeout,
            limit=None if limit is None else limit // processes,
            slowest=self.plan.users * _MINUTE / limit if limit else 0.0,
            resources=resources,
            is_recording=self.plan.target.startswith("replay:"),
        )


def planned(
    given: Any, address: str, target: str, *, from_page: bool = False, wanted: int | None = None, owned: bool = False
) -> Course:
    """What the options of a command line ask for, or those of Locust's web page.

    Args:
        given: the options by their names, as Locust parsed them.
        address: where the load goes.
        target: the name of that in the history.
        from_page: whether they are the page's, which sends a number of users with every start: there, a profile that
            is named says it all.
        wanted: the requests a minute that the settings allow, None for as many as the target does.
        owned: whether whoever started the process says that the server is theirs; the page cannot say it.

    Raises:
        LoadOptionError: an option has a value that it does not take.
        UnfairLoadError: the address is the public API's, and this would be too much for it.
    """
    profile, lasting = _profile(given, from_page=from_page)
    shape = given.shape or profile.shape
    if shape not in SHAPES or given.visitor not in VISITORS:  # the page takes whatever it is sent
        raise LoadOptionError(f"--shape is one of {listed(SHAPES)}, and --visitor one of {listed(VISITORS)}.")
    if lasting is None and shape != STEADY:
        raise LoadOptionError(
            f"--shape is {shape}, and a shape has an end: say --run-time, such as 5m, or a --profile."
        )
    arrivals = options.rate(given.rate, "--rate")
    if arrivals is not None and given.visitor != LOOKUP:
        raise LoadOptionError("--rate sends single requests that wait for no answer; leave --visitor away, or --rate.")
    plan = LoadPlan(
        profile=(given.profile or OWN),
        shape=shape,
        model=LoadModel.CLOSED if arrivals is None else LoadModel.OPEN,
        visitor=given.visitor,
        target=target,
        address=without_credentials(address),
        users=profile.users,
        seconds=lasting,
        rate=arrivals,
        validated=_or(options.share(given.validate, "--validate"), 1.0),
        limits=Limits(
            failure_rate=options.share(given.max_failures, "--max-failures"),
            p95=options.seconds(given.max_p95, "--max-p95"),
            throughput=options.rate(given.min_throughput, "--min-throughput"),
        ),
    )
    return Course(plan, address, profile.wait, fair_limit(plan, owned=owned, wanted=wanted))


def _profile(given: Any, *, from_page: bool) -> tuple[Profile, float | None]:
    """The profile that is named, with what is said otherwise of users and time; and its seconds, None for no end."""
    if not given.profile:
        own = Profile(users=_users(given.num_users, 1), seconds=0)
        return own, given.run_time or None
    if given.profile not in PROFILES:
        raise LoadOptionError(f"There is no profile '{one_line(given.profile)}'; there are {listed(PROFILES)}.")
    named = PROFILES[given.profile]
    if not from_page:
        named = replace(named, users=_users(given.num_users, named.users), seconds=given.run_time or named.seconds)
    return named, named.seconds


def _users(given: int | None, otherwise: int) -> int:
    users = otherwise if given is None else given
    if not 1 <= users <= _MOST_USERS:
        raise LoadOptionError(f"--users is {users}, but a load takes from 1 to {_MOST_USERS:,}.")
    return users


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
