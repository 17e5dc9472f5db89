"""The sums: each push once, each counter from 0, over restarts, and unchanged by what could not be written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from observatory.exchange import FailureType
from observatory.metrics import Metrics
from observatory.metrics.families import MOST_ENDPOINTS, OTHER
from observatory.relay.folding import MOST_NAMES, MOST_TARGETS
from observatory.relay.keys import known_keys
from observatory.relay.reading import Sample
from observatory.relay.totals import FIRST_SHOWN, Totals, TotalsError
from tests.history_values import an_exchange
from tests.relay_values import Series, adds_up, full_disk, of, pushed, requests, sample, shown, total_of

START = 1_800_000_000.0
DAY = 86_400.0
SCRAPE = 15.0
REQUESTS = "pokeapi_requests_total"
EXECUTED = "pokeapi_test_execution_timestamp"
RATE = "pokeapi_test_flakiness_rate"
LIVE = of(REQUESTS, target="live", endpoint="pokemon")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "relay.sqlite3"


def value(totals: Totals, series: Series, at: float) -> float | None:
    return shown(totals, at).get(series)


def settled(totals: Totals) -> dict[Series, float]:
    """What is shown when everything was seen at 0 for long enough."""
    shown(totals, START + DAY)
    return shown(totals, START + DAY + FIRST_SHOWN)


class TestAdding:
    def test_counters_of_all_pushes_add_up_by_target_and_labels(self, path: Path) -> None:
        with Totals(path) as totals:
            assert totals.add("live", "a", [requests(3), requests(1, "type")], START)
            assert totals.add("live", "b", [requests(4)], START)
            assert totals.add("embedded", "c", [requests(5)], START)
            found = settled(totals)
        assert found[LIVE] == 7
        assert found[of(REQUESTS, target="live", endpoint="type")] == 1
        assert found[of(REQUESTS, target="embedded", endpoint="pokemon")] == 5

    def test_histograms_add_up_in_all_their_parts(self, path: Path) -> None:
        name = "pokeapi_request_duration_seconds"
        with Totals(path) as totals:
            for elapsed in (0.2, 3.0):
                metrics = Metrics()
                metrics.saw(an_exchange(elapsed=elapsed))
                totals.add("live", None, pushed(metrics), START)
            found = settled(totals)
        own = {"target": "live", "endpoint": "pokemon"}
        assert found[of(f"{name}_count", **own)] == 2
        assert found[of(f"{name}_sum", **own)] == pytest.approx(3.2)
        assert [found[of(f"{name}_bucket", le=le, **own)] for le in ("0.1", "0.25", "2.5", "5.0", "+Inf")] == [
            0,
            1,
            1,
            2,
            2,
        ]

    def test_of_a_gauge_the_last_push_counts(self, path: Path) -> None:
        with Totals(path) as totals:
            for push_id, rate in (("a", 0.5), ("b", 0.25)):
                totals.add("live", push_id, [sample(RATE, rate, test_name="One")], START)
            assert value(totals, of(RATE, target="live", test_name="One"), START) == 0.25

    def test_of_when_a_suite_ended_the_latest_counts_for_a_push_may_come_late(self, path: Path) -> None:
        with Totals(path) as totals:
            for push_id, at in (("a", 100.0), ("b", 300.0), ("c", 200.0)):
                totals.add("live", push_id, [sample(EXECUTED, at, suite="Smoke")], START)
            assert value(totals, of(EXECUTED, target="live", suite="Smoke"), START) == 300.0

    def test_a_push_that_comes_again_is_not_added_again(self, path: Path) -> None:
        with Totals(path) as totals:
            assert totals.add("live", "a", [requests(3)], START)
            assert not totals.add("live", "a", [requests(3)], START + 1)
            assert not totals.add("live", "a", [requests(99, "type")], START + 2)
            assert settled(totals) == {LIVE: 3}

    def test_nor_after_a_restart(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
        with Totals(path) as totals:
            assert not totals.add("live", "a", [requests(3)], START + 1)
            assert settled(totals) == {LIVE: 3}

    def test_a_push_without_an_id_is_always_new(self, path: Path) -> None:
        with Totals(path) as totals:
            assert totals.add("live", None, [requests(3)], START)
            assert totals.add("live", None, [requests(3)], START)
            assert settled(totals) == {LIVE: 6}

    def test_an_id_is_remembered_for_longer_than_a_push_can_wait(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            totals.add("live", "b", [requests(1)], START + 59 * DAY)
            assert not totals.add("live", "a", [requests(3)], START + 59 * DAY)

    def test_and_not_for_ever(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [], START)
            totals.add("live", "b", [], START + 61 * DAY)
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT id FROM pushes").fetchall() == [("b",)]
        file.close()

    def test_threads_that_add_at_once_lose_nothing(self, path: Path) -> None:
        def add_some(name: str) -> None:
            for number in range(10):
                totals.add("live", f"{name}{number}", [requests(1)], START)
                shown(totals, START)

        with Totals(path) as totals:
            threads = [threading.Thread(target=add_some, args=(name,)) for name in "abcd"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert settled(totals) == {LIVE: 40}


class TestWhatIsNew:
    def test_is_shown_at_0_for_two_scrapes_and_then_with_its_sum(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert [value(totals, LIVE, START + DAY + SCRAPE * n) for n in range(5)] == [0, 0, 0, 3, 3]

    def test_is_shown_at_0_from_its_first_scrape_and_not_from_its_push(self, path: Path) -> None:
        with Totals(path, first_shown=20.0) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert [value(totals, LIVE, START + DAY + at) for at in (0.0, 19.9, 20.0)] == [0, 0, 3]

    def test_has_its_whole_sum_then_whatever_came_meanwhile(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert value(totals, LIVE, START) == 0
            totals.add("live", "b", [requests(4)], START + 30)
            assert [value(totals, LIVE, START + at) for at in (34.0, 35.0)] == [0, 7]
            totals.add("live", "c", [requests(1)], START + 40)
            assert value(totals, LIVE, START + 40) == 8

    def test_starts_its_time_at_0_anew_when_the_relay_restarts(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert value(totals, LIVE, START) == 0
        with Totals(path) as totals:
            assert [value(totals, LIVE, START + at) for at in (34.0, 68.0, 69.0)] == [0, 0, 3]

    def test_does_not_fall_back_to_0_by_a_restart(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert [value(totals, LIVE, START + at) for at in (0.0, 35.0)] == [0, 3]
        with Totals(path) as totals:
            assert value(totals, LIVE, START + 36) == 3
            totals.add("live", "b", [requests(4)], START + 37)
            assert value(totals, LIVE, START + 37) == 7

    def test_is_not_hidden_for_hours_when_the_clock_is_set_back(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert [value(totals, LIVE, at) for at in (START, START - DAY, START - DAY + 35.0)] == [0, 0, 3]

    def test_is_shown_at_once_when_it_is_a_gauge(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [sample(EXECUTED, 100.0, suite="Smoke")], START)
            assert value(totals, of(EXECUTED, target="live", suite="Smoke"), START) == 100.0


class TestWhatIsKnownFromBirth:
    def test_are_the_endpoints_with_models_of_the_stand_in_and_the_public_api(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.know(START)
            found = shown(totals, START)
        assert set(found.values()) == {0.0}
        assert all(adds_up(series) for series in found)
        assert {dict(labels)["target"] for _, labels in found} == {"embedded", "live"}
        assert {dict(labels)["endpoint"] for _, labels in found} == {"ability", "pokemon", "type"}
        for_each = 3 + len(FailureType) + 8 + 2  # counters, failures, buckets, count and sum
        assert len(found) == 2 * 3 * for_each == len(list(known_keys()))

    def test_leaves_the_sums_that_are_there(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            totals.know(START)
            assert settled(totals)[LIVE] == 3
        with Totals(path) as totals:
            totals.know(START)
            assert value(totals, LIVE, START) == 3

    def test_their_first_push_is_seen_as_an_increase_at_once(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.know(START)
            assert [value(totals, LIVE, START + at) for at in (0.0, 35.0)] == [0, 0]
            totals.add("live", "a", [requests(3)], START + 40)
            assert value(totals, LIVE, START + 45) == 3


class TestAtTheLimits:
    def test_endpoints_beyond_them_are_added_under_other_and_the_sum_is_true(self, path: Path) -> None:
        with Totals(path) as totals:
            numbers = range(MOST_ENDPOINTS + 5)
            for some in (numbers[:-6], numbers[-6:-3], numbers[-3:]):
                totals.add("live", None, [requests(2, f"e{number}") for number in some], START)
            totals.add("live", None, [requests(1, f"e{number}") for number in numbers], START)
            found = settled(totals)
        assert len(found) == MOST_ENDPOINTS + 1
        assert found[of(REQUESTS, target="live", endpoint=OTHER)] == 15
        assert found[of(REQUESTS, target="live", endpoint="e0")] == 3
        assert sum(found.values()) == 3 * (MOST_ENDPOINTS + 5)

    def test_targets_beyond_them_are_added_under_other_and_the_sum_is_true(self, path: Path) -> None:
        with Totals(path) as totals:
            for number in range(MOST_TARGETS + 5):
                totals.add(f"http://host{number}", None, [requests(2)], START)
            found = settled(totals)
            assert total_of(totals, START + 3 * DAY) == 2 * (MOST_TARGETS + 5)
        assert found[of(REQUESTS, target=OTHER, endpoint="pokemon")] == 10
        assert len(found) == MOST_TARGETS + 1

    def test_the_newest_gauges_stay_over_a_restart_too(self, path: Path) -> None:
        with Totals(path) as totals:
            ended = [sample(EXECUTED, 1.0, suite=f"s{number}") for number in range(MOST_NAMES)]
            for at, some in enumerate((ended[:1], ended[1:2], ended[2:3], ended[3:])):
                totals.add("live", None, some, START + at)
            late = START + DAY
            totals.add("live", None, [sample(EXECUTED, 2.0, suite=name) for name in ("s0", "new", "s1")], late)
            found = shown(totals, late)
        suites = {dict(labels)["suite"] for _, labels in found}
        assert len(suites) == MOST_NAMES
        assert {"s0", "s1", "new"} <= suites
        assert "s2" not in suites
        with Totals(path) as totals:
            assert shown(totals, late) == found

    def test_of_more_gauges_than_there_is_room_for_the_first_are_told(self, path: Path) -> None:
        with Totals(path) as totals:
            too_many = [sample(EXECUTED, 1.0, suite=f"s{number}") for number in range(MOST_NAMES + 2)]
            assert totals.add("live", "a", [*too_many, requests(3)], START)
            found = settled(totals)
        assert len(found) == MOST_NAMES + 1
        assert found[LIVE] == 3


class TestWhatCannotBeWritten:
    def test_changes_nothing_and_is_added_when_it_comes_again(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            before = settled(totals)
            with full_disk(), pytest.raises(TotalsError, match=r"could not be written: .*\. Is another relay running"):
                totals.add("live", "b", [requests(4), sample(EXECUTED, 1.0, suite="Smoke")], START)
            assert shown(totals, START + 2 * DAY) == before == {LIVE: 3}
            assert totals.add("live", "b", [requests(4)], START)
            assert value(totals, LIVE, START + 2 * DAY) == 7
        with Totals(path) as totals:
            assert value(totals, LIVE, START + 2 * DAY) == 7

    def test_does_not_stand_in_the_way_of_what_can(self, path: Path) -> None:
        with Totals(path) as totals:
            with pytest.raises(TotalsError, match="surrogates not allowed"):
                totals.add("half a pair \ud800", "a", [requests(3)], START)
            assert totals.add("live", "a", [requests(4)], START)
            assert settled(totals) == {LIVE: 4}

    def test_is_not_shown_either_for_after_a_restart_it_would_fall(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3)], START)
            assert value(totals, LIVE, START) == 0
            with full_disk(), pytest.raises(TotalsError, match="could not be written"):
                shown(totals, START + 35)
            assert value(totals, LIVE, START + 36) == 3

    def test_is_noticed_by_a_check_before_a_push_comes(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.check()
            with full_disk(), pytest.raises(TotalsError, match="could not be written"):
                totals.check()
            totals.check()
            assert totals.add("live", "a", [requests(3)], START)

    def test_is_an_error_after_the_end_as_well(self, path: Path) -> None:
        totals = Totals(path)
        totals.close()
        for use in (totals.check, lambda: totals.know(START), lambda: totals.add("live", "a", [], START)):
            with pytest.raises(TotalsError, match="Cannot operate on a closed database"):
                use()


class TestTheFile:
    def test_of_another_relay_is_left_to_it(self, path: Path) -> None:
        with Totals(path) as totals:
            with pytest.raises(TotalsError) as refused:
                Totals(path)
            assert str(refused.value) == (
                f"The relay's sums in {path} could not be opened: database is locked. "
                "Is another relay running with it, is the disk full, is it a file of a relay's?"
            )
            assert totals.add("live", "a", [requests(3)], START)

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda path: path.write_bytes(b"no database, and long enough to be one" * 9), "file is not a database"),
            (lambda path: path.write_bytes(path.read_bytes()[:5000]), "malformed"),
            (lambda path: _with_labels(path, '[["endpo'), "Unterminated string"),
            (lambda path: _with_labels(path, "5"), "not iterable"),
            (lambda path: _execute(path, "ALTER TABLE totals ADD COLUMN more"), "too many values to unpack"),
            (lambda path: (path.unlink(), path.mkdir()), "unable to open database file"),
        ],
    )
    def test_that_is_damaged_or_another_kind_is_told(
        self, path: Path, damage: Callable[[Path], object], said: str
    ) -> None:
        with Totals(path) as totals:
            totals.know(START)
        damage(path)
        with pytest.raises(TotalsError, match=f"could not be opened: .*{said}.*is it a file of a relay's"):
            Totals(path)

    def test_that_cannot_be_made_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(TotalsError, match=r"could not be opened: .*Not a directory"):
            Totals(tmp_path / "file" / "state" / "relay.sqlite3")

    def test_of_another_version_keeps_the_sums_that_are_unknown_here(self, path: Path) -> None:
        with Totals(path) as totals:
            totals.add("live", "a", [requests(3), Sample("pokeapi_rate_limited_total", (("endpoint", "a"),), 1)], START)
        _execute(path, "UPDATE totals SET name = 'pokeapi_gone_total' WHERE name = 'pokeapi_rate_limited_total'")
        with Totals(path) as totals:
            assert settled(totals) == {LIVE: 3}
            totals.add("live", "b", [requests(4)], START)
        with sqlite3.connect(path) as file:
            assert file.execute("SELECT value FROM totals WHERE name = 'pokeapi_gone_total'").fetchall() == [(1.0,)]
        file.close()


def _execute(path: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(path) as file:
        file.execute(statement, values)
    file.close()


def _with_labels(path: Path, labels: str) -> None:
    """Have a row more, with such labels."""
    _execute(path, "INSERT INTO totals VALUES ('', 'pokeapi_requests_total', ?, 0, 0, 0)", labels)


CIRCUIT = of("pokeapi_circuit_breaker_state", target="live", endpoint="pokemon")


def test_numbers_that_waited_do_not_undo_a_newer_gauge(path: Path) -> None:
    def circuit(state: float) -> list[Sample]:
        return [sample("pokeapi_circuit_breaker_state", state, endpoint="pokemon")]

    with Totals(path) as totals:
        totals.add("live", "new", circuit(0), START)
        totals.add("live", "old", circuit(1), START + 10, age=100)
        assert value(totals, CIRCUIT, START + 11) == 0
        totals.add("live", "next", circuit(2), START + 20, age=5)
        assert value(totals, CIRCUIT, START + 21) == 2


def test_a_clock_that_is_set_back_freezes_no_gauge(path: Path) -> None:
    with Totals(path) as totals:
        totals.add("live", "ahead", [sample("pokeapi_circuit_breaker_state", 1, endpoint="pokemon")], START + DAY)
        totals.add("live", "right", [sample("pokeapi_circuit_breaker_state", 0, endpoint="pokemon")], START)
        assert value(totals, CIRCUIT, START) == 0


def test_a_clock_that_is_ahead_is_set_to_the_relays(path: Path) -> None:
    smoke = of(EXECUTED, target="live", suite="Smoke")
    with Totals(path) as totals:
        totals.add("live", "ahead", [sample(EXECUTED, START + DAY, suite="Smoke")], START)
        assert value(totals, smoke, START) == START
        totals.add("live", "right", [sample(EXECUTED, START + 9, suite="Smoke")], START + 10)
        assert value(totals, smoke, START + 10) == START + 9


def test_a_test_that_was_not_flaky_for_a_month_is_forgotten(path: Path) -> None:
    rate = of(RATE, target="live", test_name="Smoke.A")
    with Totals(path) as totals:
        totals.add("live", "flaky", [sample(RATE, 0.5, test_name="Smoke.A")], START)
        totals.add("live", "then", [requests(1)], START + 30 * DAY)
        assert value(totals, rate, START + 30 * DAY) == 0.5
        totals.add("live", "later", [requests(1)], START + 31 * DAY)
        assert value(totals, rate, START + 31 * DAY) is None
    with Totals(path) as again:
        assert value(again, rate, START + 31 * DAY) is None
