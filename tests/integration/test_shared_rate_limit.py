"""One rate limit for everybody who shares the database, and one for the process when there is none."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from observatory.client import ProcessRateLimiter
from observatory.history import Database
from observatory.history.shared_rate_limit import SharedRateLimiter
from tests.history_values import rows


def _limiter(database: Database, max_requests: int, time_window: float, target: str = "live") -> SharedRateLimiter:
    fallback = ProcessRateLimiter(max_requests, time_window)
    return SharedRateLimiter(database, target, max_requests, time_window, fallback=fallback, report=pytest.fail)


def test_requests_within_the_limit_leave_at_once(database: Database) -> None:
    limiter = _limiter(database, 5, 60)
    assert [limiter.reserve() for _ in range(5)] == [0.0] * 5


def test_the_next_one_waits_until_the_first_is_a_window_ago(database: Database) -> None:
    limiter = _limiter(database, 2, 60)
    limiter.reserve()
    limiter.reserve()
    assert limiter.reserve() == pytest.approx(60, abs=2)
    assert limiter.reserve() == pytest.approx(60, abs=2)
    assert limiter.reserve() == pytest.approx(120, abs=2)


def test_all_who_share_the_database_share_the_limit(database: Database, database_url: str) -> None:
    other = Database(lambda: database_url)
    for limiter in (_limiter(database, 2, 60), _limiter(other, 2, 60)):
        assert limiter.reserve() == 0.0
    assert _limiter(other, 2, 60).reserve() > 50
    other.close()


def test_targets_do_not_share_a_limit(database: Database) -> None:
    assert _limiter(database, 1, 60, "live").reserve() == 0.0
    assert _limiter(database, 1, 60, "https://api.example").reserve() == 0.0


def test_no_window_ever_holds_more_than_the_maximum(database: Database, database_url: str) -> None:
    """Eight threads over two pools of connections reserve 64 times, ten a window, and keep to what they were told."""
    left: list[float] = []
    databases = [database, Database(lambda: database_url)]

    def work(number: int) -> None:
        limiter = _limiter(databases[number % 2], 10, 0.2)
        for _ in range(8):
            wait = limiter.reserve()
            left.append(time.monotonic() + wait)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    databases[1].close()
    granted = [row[0] for row in rows(database, "SELECT extract(epoch FROM leaves_at)::float FROM rate_limit_grants")]
    granted.sort()
    assert len(left) == 64
    assert all(later - first >= 0.2 - 1e-5 for first, later in zip(granted, granted[10:], strict=False))


def test_what_left_long_ago_is_forgotten(database: Database) -> None:
    limiter = _limiter(database, 5, 0.01)
    for _ in range(20):
        limiter.reserve()
        time.sleep(0.005)
    assert rows(database, "SELECT count(*) FROM rate_limit_grants")[0][0] <= 10


def test_a_new_target_has_one_row_however_often_it_is_limited(database: Database) -> None:
    limiter = _limiter(database, 1000, 60)
    for _ in range(50):
        limiter.reserve()
    assert rows(database, "SELECT id FROM targets") == [(1,)]


def test_without_a_database_the_process_is_limited_and_says_so_once() -> None:
    now = [0.0]
    reports: list[str] = []
    limiter = SharedRateLimiter(
        Database(lambda: "postgresql://localhost:1/nothing"),
        "live",
        2,
        60,
        fallback=ProcessRateLimiter(2, 60),
        report=reports.append,
        monotonic=lambda: now[0],
    )
    assert [limiter.reserve() for _ in range(2)] == [0.0, 0.0]
    now[0] = 31.0
    assert limiter.reserve() > 50
    assert len(reports) == 1
    assert "each process alone" in reports[0]


def test_a_batch_reserves_on_many_threads_and_all_count(database: Database) -> None:
    limiter = _limiter(database, 1000, 60)
    with ThreadPoolExecutor(20) as threads:
        waits = list(threads.map(lambda _: limiter.reserve(), range(60)))
    assert waits == [0.0] * 60
    assert rows(database, "SELECT count(*) FROM rate_limit_grants") == [(60,)]


def test_a_database_that_is_away_is_asked_once_by_a_batch() -> None:
    asked: list[str] = []

    def locate() -> str:
        asked.append("where are you?")
        return "postgresql://localhost:1/nothing"

    reports: list[str] = []
    fallback = ProcessRateLimiter(1000, 60)
    limiter = SharedRateLimiter(Database(locate), "live", 1000, 60, fallback=fallback, report=reports.append)
    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(lambda _: limiter.reserve(), range(60))) == [0.0] * 60
    assert len(asked) == len(reports) == 1


def test_a_database_that_is_away_is_asked_again_after_a_while() -> None:
    now = [0.0]
    asked: list[float] = []

    def locate() -> str:
        asked.append(now[0])
        return "postgresql://localhost:1/nothing"

    limiter = SharedRateLimiter(
        Database(locate),
        "live",
        1000,
        60,
        fallback=ProcessRateLimiter(1000, 60),
        report=lambda _: None,
        monotonic=lambda: now[0],
    )
    for moment in (0.0, 29.0, 31.0):
        now[0] = moment
        limiter.reserve()
    assert asked == [0.0, 31.0]
