"""How a load ends: when it is given up, what is said of how it ended, and how it fares with the stand-in's end."""

from __future__ import annotations

from pathlib import Path

import pytest

from load.ending import is_out_of_reach
from load.options import LoadOptionError
from load.planning import planned
from load.stand_in import start_stand_in
from load.under_way import LoadUnderWay
from load.venue import Venue
from observatory.errors import StandInError
from observatory.exchange import FailureType
from observatory.load import Counting, Ending, Measurements, Trouble
from observatory.settings import Settings
from tests.unit.test_load_planning import options

NOW = 1000.9
UNREACHED = [FailureType.CONNECTION, FailureType.DNS, FailureType.TLS, FailureType.TIMEOUT]


def measured(*ended: tuple[int, FailureType | None]) -> Measurements:
    """What came of requests that ended in some seconds."""
    counting = Counting()
    for second, failure in ended:
        counting.ended("pokemon", second, 0.1, 0, Trouble(failure, "so it was") if failure else None)
    found = Measurements()
    found.add(counting.take())
    return found


@pytest.mark.parametrize("failure", UNREACHED)
def test_a_load_that_reaches_nobody_for_so_long_is_given_up(failure: FailureType) -> None:
    assert is_out_of_reach(measured(*((second, failure) for second in range(990, 1001))), NOW, 10)


@pytest.mark.parametrize("failure", [None, *sorted(set(FailureType) - set(UNREACHED))])
def test_whoever_answers_anything_is_reached(failure: FailureType | None) -> None:
    answers = ((second, FailureType.CONNECTION) for second in range(990, 1001))
    assert not is_out_of_reach(measured(*answers, (991, failure)), NOW, 10)


def test_an_answer_before_that_time_is_no_reason_to_go_on() -> None:
    failures = ((second, FailureType.CONNECTION) for second in range(990, 1001))
    assert is_out_of_reach(measured((989, None), *failures), NOW, 10)


def test_a_load_is_not_given_up_before_the_time_has_passed() -> None:
    assert not is_out_of_reach(measured(*((second, FailureType.CONNECTION) for second in range(991, 1001))), NOW, 10)


def test_a_load_is_not_given_up_for_a_few_tries_nor_for_none() -> None:
    assert not is_out_of_reach(measured(*[(990, FailureType.TIMEOUT)] * 4), NOW, 10)
    assert is_out_of_reach(measured(*[(990, FailureType.TIMEOUT)] * 5), NOW, 10)
    assert not is_out_of_reach(Measurements(), NOW, 10)


class Clock:
    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


def under_way(clock: Clock, *, seconds: float | None = 30, address: str = "http://127.0.0.1:1") -> LoadUnderWay:
    return LoadUnderWay(planned(options(num_users=2, run_time=seconds), address, "embedded"), clock)


def test_what_ends_first_is_how_it_ended_and_when() -> None:
    clock = Clock()
    load = under_way(clock)
    clock.time += 12
    assert load.elapsed == 12
    load.end(Ending.UNREACHED)
    clock.time += 5
    load.end(Ending.FINISHED)
    load.stopped(None)
    report = load.report(Measurements(), 0.126)
    assert (report.ending, report.seconds, report.generator.busiest) == (Ending.UNREACHED, 12, 0.13)


@pytest.mark.parametrize(("seconds", "ending"), [(30, Ending.INTERRUPTED), (None, Ending.FINISHED)])
def test_to_stop_a_load_is_to_interrupt_it_unless_it_has_no_end(seconds: float | None, ending: Ending) -> None:
    load = under_way(Clock(), seconds=seconds)
    load.stopped(workers=2)
    assert load.report(Measurements(), 0).ending is ending


def test_a_load_whose_workers_are_all_lost_ends_for_that() -> None:
    load = under_way(Clock())
    assert load.has_worker("a")
    assert load.lost_worker("a")
    assert not load.lost_worker("a")
    assert load.lost_worker("b")
    load.stopped(workers=0)
    report = load.report(Measurements(), 0)
    assert report.ending is Ending.WORKERS_LOST
    assert (report.generator.processes, report.generator.lost) == (2, 2)
    assert report.notes == ("2 workers went missing; what was not told by then is not counted.",)


def test_a_load_that_lost_one_worker_and_goes_on_with_another_is_interrupted_by_a_stop() -> None:
    load = under_way(Clock())
    load.has_worker("a")
    load.lost_worker("b")
    load.stopped(workers=1)
    assert load.report(Measurements(), 0).ending is Ending.INTERRUPTED


def test_a_worker_that_comes_back_was_not_always_there_and_stays_lost() -> None:
    load = under_way(Clock())
    assert load.has_worker("a")
    assert load.has_worker("a")
    load.lost_worker("a")
    assert not load.has_worker("a"), "the others have its users, and it has its own still"
    report = load.report(Measurements(), 0)
    assert (report.generator.processes, report.generator.lost) == (1, 1)


def test_clocks_that_differ_are_told() -> None:
    (note,) = under_way(Clock()).report(Measurements(), 0, other_clocks=3).notes
    assert note == "The clock of a worker differs by 3 s, so its seconds were moved; let the clocks agree."


def test_a_load_on_the_public_api_says_that_it_was_held_back() -> None:
    (note,) = under_way(Clock(), address="https://pokeapi.co/api/v2").report(Measurements(), 0).notes
    assert "all users together sent at most 100 requests a minute" in note


def test_without_workers_one_process_made_the_load() -> None:
    assert under_way(Clock()).report(Measurements(), 0).generator.processes == 1


def test_a_stand_in_serves_until_it_is_stopped() -> None:
    stand_in = start_stand_in(1)
    assert stand_in.address.startswith("http://127.0.0.1:")
    assert stand_in.process.poll() is None
    stand_in.stop()
    assert stand_in.process.poll() == 0


def test_a_stand_in_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(StandInError) as caught:
        start_stand_in(1, tmp_path / "nowhere")
    message = str(caught.value)
    assert message.startswith("The stand-in did not start: ")
    assert "nowhere" in message
    assert "Traceback" not in message
    assert "\n" not in message


def test_a_stand_in_ends_with_whoever_started_it() -> None:
    stand_in = start_stand_in(1)
    assert stand_in.process.stdin is not None
    stand_in.process.stdin.close()  # as the end of the process that holds it does
    assert stand_in.process.wait(10) == 0
    stand_in.stop()


@pytest.mark.parametrize(
    ("given", "target", "address", "name"),
    [
        ("http://127.0.0.1:9/api/v2/", "embedded", "http://127.0.0.1:9/api/v2", "http://127.0.0.1:9/api/v2"),
        (None, "http://127.0.0.1:9/api/v2/", "http://127.0.0.1:9/api/v2", "http://127.0.0.1:9/api/v2"),
        (None, "live", "https://pokeapi.co/api/v2", "live"),
        ("https://pokeapi.co/api/v2", "embedded", "https://pokeapi.co/api/v2", "live"),
    ],
)
def test_a_load_goes_to_the_address_that_is_given_else_to_the_target(
    given: str | None, target: str, address: str, name: str
) -> None:
    venue = Venue(given, Settings(target=target), options(processes=None))
    assert venue.address == address
    assert venue.name_of(address) == name
    venue.close()


def test_a_load_does_not_go_where_suites_inject_faults() -> None:
    with pytest.raises(
        LoadOptionError, match=r"^A load does not go to the faulty stand-in.*: say --target embedded\.$"
    ):
        Venue(None, Settings(target="faults"), options(processes=None))


def test_without_an_address_a_stand_in_is_started_under_its_own_name() -> None:
    venue = Venue(None, Settings(), options(processes=None))
    try:
        assert venue.name_of(venue.address) == "embedded"
        assert venue.name_of("http://127.0.0.1:9") == "http://127.0.0.1:9"
    finally:
        venue.close()
