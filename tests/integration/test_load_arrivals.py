"""Real loads of a server that freezes: arrivals tell what was true, and users who wait hardly notice."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from observatory.load import LoadReport
from observatory.load.report import Arrivals
from tests.conftest import new_database
from tests.freezing_server import FreezingServer
from tests.load_process import observatory_load, until

RATE = 60  # arrivals a second
USERS = 6  # who ask as often together, with 0.1 s between two of their requests
LASTS = 6  # seconds
FREEZE = 1.0  # seconds
BEGINNING = 0.1  # seconds

FAR = 0.15
"""How far from the truth a latency may be, as a share of it."""

BUSY = 0.25
"""Seconds that a busy machine may add to any request: it never takes any away."""


@dataclass(frozen=True)
class Frozen:
    """What both models told of the same freeze, which lasted so many seconds."""

    opened: LoadReport
    closed: LoadReport
    lasted: float

    @property
    def arrivals(self) -> Arrivals:
        """What was scheduled and sent."""
        assert self.opened.arrivals is not None
        return self.opened.arrivals

    def truth(self, percent: float) -> float:
        """The seconds that so many per cent of those who come evenly must wait at most: until the end of the freeze."""
        return max(0.0, self.lasted - (1 - percent / 100) * self.arrivals.scheduled / RATE)

    @property
    def mean(self) -> float:
        """The seconds that all of them together must wait, shared out to each."""
        return self.lasted / 2 * self.lasted * RATE / self.arrivals.scheduled


@pytest.fixture(scope="module")
def frozen(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """Two loads at the same time on one server that froze when both were under way."""
    folder, url = tmp_path_factory.mktemp("frozen"), new_database(postgres)
    with FreezingServer().running() as server:
        first, second = server.doors
        quick = ("--profile", "quick", "--run-time", f"{LASTS}s")
        opened = (*quick, "--host", first.address, "--rate", str(RATE))
        closed = (*quick, "--host", second.address, "--users", str(USERS))
        with (
            observatory_load(folder / "open", *opened, DATABASE_URL=url) as arrivals,
            observatory_load(folder / "closed", *closed, DATABASE_URL=url) as users,
        ):
            until(lambda: min(first.answered, second.answered) > RATE, "both loads are under way")
            # The seconds of the report are those of the clock: one of them should be frozen from its beginning.
            until(lambda: time.time() % 1 < BEGINNING, "a second begins")
            server.freeze(FREEZE)
            for each in (arrivals, users):
                each.wait()
            return Frozen(arrivals.report, users.report, server.frozen)


def test_the_timetable_is_kept_whatever_the_server_does(frozen: Frozen) -> None:
    # In the first tenth of the time the streams are still coming: half of it is lost.
    assert frozen.arrivals.scheduled == pytest.approx(RATE * LASTS * 0.95, rel=0.1)
    assert frozen.arrivals.scheduled * 0.98 <= frozen.arrivals.sent <= frozen.arrivals.scheduled
    assert frozen.opened.total.requests == frozen.arrivals.sent
    assert frozen.opened.total.failures == 0


def test_while_the_server_stands_still_requests_are_sent_and_none_ends(frozen: Frozen) -> None:
    timeline = [second for second in frozen.opened.timeline if 2 <= second.number < LASTS]
    assert min(second.requests for second in timeline) < RATE / 2 < min(second.sent for second in timeline)
    assert max(second.requests for second in timeline) > 1.3 * RATE


def test_arrivals_tell_how_long_people_had_to_wait(frozen: Frozen) -> None:
    told = frozen.opened.total
    truths = (frozen.truth(95), frozen.truth(99), frozen.truth(100), frozen.mean)
    for seen, true in zip((told.p95, told.p99, told.longest, told.mean), truths, strict=True):
        assert seen is not None
        assert (1 - FAR) * true <= seen <= (1 + FAR) * true + BUSY, f"{seen:.3f} s instead of {true:.3f} s"


def test_users_who_wait_hardly_notice(frozen: Frozen) -> None:
    told = frozen.closed.total
    assert (told.longest or 0) >= (1 - FAR) * frozen.lasted
    assert 0 < (told.p95 or 0) < frozen.truth(95) / 2
    assert 0 < (told.mean or 0) < frozen.mean / 2


def test_what_arrivals_tell_is_what_users_who_wait_miss(frozen: Frozen) -> None:
    assert (frozen.opened.total.p99 or 0) >= 0.8
    assert (frozen.closed.total.p95 or 0) <= (frozen.opened.total.p95 or 0) / 3
