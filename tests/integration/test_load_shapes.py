"""The shape spike in real loads, of one process and of two: the users follow at once, and the seconds show it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import pytest

from load.shapes import spike, users_at
from observatory.load import LoadReport
from observatory.load.report import Second
from tests.conftest import new_database
from tests.freezing_server import FreezingServer
from tests.load_process import observatory_load

USERS = 10
LASTS = 10.0  # seconds
UP, DOWN = 0.4 * LASTS, 0.6 * LASTS
CALM = users_at(spike, 0.0, USERS)

LAG = 2.0  # seconds


@pytest.fixture(scope="module")
def spikes(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, LoadReport]:
    """The reports of two loads at the same time, by how many processes made them."""
    folder, url = tmp_path_factory.mktemp("spikes"), new_database(postgres)
    shape = ("--profile", "quick", "--shape", "spike", "--users", str(USERS), "--run-time", f"{LASTS:.0f}s")
    with (
        FreezingServer().running() as server,
        observatory_load(folder / "one", *shape, "--host", server.doors[0].address, DATABASE_URL=url) as one,
        observatory_load(
            folder / "two", *shape, "--host", server.doors[1].address, "--processes", "2", DATABASE_URL=url
        ) as two,
    ):
        for each in (one, two):
            each.wait()
        return {1: one.report, 2: two.report}


@pytest.mark.parametrize("processes", [1, 2])
def test_the_users_follow_within_two_seconds(spikes: dict[int, LoadReport], processes: int) -> None:
    report = spikes[processes]
    # The seconds of the report are those of the clock, and their users are counted in the middle of each.
    began = report.started_at.timestamp() % 1
    for step, users in ((0.0, CALM), (UP, USERS), (DOWN, CALM)):
        seen = [second.number + 0.5 - began for second in report.timeline if second.users == users]
        assert any(step <= at <= step + LAG for at in seen), f"{users} users after {step:g} s were seen at {seen}"
    before = [second.users for second in report.timeline if LAG <= second.number <= UP - 1]
    after = [second.users for second in report.timeline if DOWN + LAG < second.number < LASTS]
    assert {*before, *after} == {CALM}


@pytest.mark.parametrize("processes", [1, 2])
def test_the_seconds_show_the_spike(spikes: dict[int, LoadReport], processes: int) -> None:
    timeline = spikes[processes].timeline
    calm = median(_requests(timeline, 1, UP))
    assert max(_requests(timeline, UP, DOWN + LAG)) >= 3 * calm > 0


@pytest.mark.parametrize("processes", [1, 2])
def test_every_second_has_its_users_and_workers(spikes: dict[int, LoadReport], processes: int) -> None:
    report = spikes[processes]
    within = [second for second in report.timeline if 1 < second.number < LASTS - 1]
    assert [second.number for second in within] == list(range(2, round(LASTS) - 1))
    assert {second.workers for second in within} == {processes}
    assert all(second.users >= 1 for second in within)
    assert report.generator.processes == processes


def _requests(timeline: Sequence[Second], first: float, last: float) -> list[int]:
    return [second.requests for second in timeline if first <= second.number < last]
