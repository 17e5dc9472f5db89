"""Whole loads on servers with a flaw, and loads with which something is wrong: each is told as it was."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest

from observatory.load import Ending, LoadReport, Outcome
from tests.freezing_server import FreezingServer
from tests.load_process import OBSERVATORY, LoadProcess, free_port, locust, until
from tests.load_server import Answer, LoadServer
from tests.load_stories import GENEROUS, World, assert_clean, page, stories, story
from tests.recording_folder import RecordingFolder

__all__ = ["stories"]
"""Where pytest finds it."""

DROPPED, CROSSED, DRIPPED = 10, 5, 8
"""Each of so many requests is answered with the flaw of its endpoint."""

HELD = 30
"""Requests a second that a slow server holds."""

PAUSE = 1.5  # seconds


def flawed(answer: Answer) -> None:
    """Hang up on some who ask for a pokemon, lack it for others, mix up some abilities, and let some types drip."""
    match answer.endpoint:
        case "pokemon" if answer.number % DROPPED == 0:
            answer.hang_up()
        case "pokemon" if answer.number % DROPPED == 1:
            answer.lack()
        case "ability" if answer.number % CROSSED == 0:
            answer.give_another()
        case "type" if answer.number % DRIPPED == 0:
            answer.drip(0.1)
        case _:
            answer.give()


def on_flawed_server(world: World, *options: str) -> tuple[LoadProcess, Counter[str]]:
    """A load on it, and what it was asked."""
    short = ["--profile", "quick", "--run-time", "5", *options]
    with (
        LoadServer(flawed).running() as server,
        world.observatory(*short, "--target", server.address, OBSERVATORY_TIMEOUT="2 s") as load,
    ):
        return load.wait(), server.asked


@story
def users_on_a_flawed_server(world: World) -> tuple[LoadProcess, Counter[str]]:
    """The closed model."""
    return on_flawed_server(world)


@story
def arrivals_on_a_flawed_server(world: World) -> tuple[LoadProcess, Counter[str]]:
    """The open model."""
    return on_flawed_server(world, "--rate", "40")


@story
def more_than_it_holds(world: World) -> LoadProcess:
    """Twice as much is asked as a server holds, which answers all of it in the end."""
    lock = threading.Lock()

    def slow(answer: Answer) -> None:
        with lock:
            time.sleep(1 / HELD)
        answer.give()

    options = ["--rate", str(2 * HELD), "--run-time", "4", "--max-p95", "", "--min-throughput", str(1.5 * HELD)]
    with (
        LoadServer(slow).running() as server,
        world.observatory("--profile", "quick", *options, "--target", server.address) as load,
    ):
        return load.wait()


@story
def generator_that_stood_still(world: World) -> LoadProcess:
    """The process that makes the load is stopped for a while, as a laptop that sleeps."""
    options = ["--profile", "quick", "--rate", "40", "--run-time", "6", "--target", world.url]
    with world.observatory(*options) as load:
        load.get_under_way()
        (conducting, *_) = [each for each in load.locusts() if each.pid != load.process.pid]
        conducting.send_signal(signal.SIGSTOP)
        time.sleep(PAUSE)
        conducting.send_signal(signal.SIGCONT)
        return load.wait()


@story
def recording_that_lacks_things(world: World) -> LoadProcess:
    """The recording's list names six pokemon, of which it has three, and it has no abilities at all."""
    recording = RecordingFolder(world.folder / "recording", pokemon=3)
    recording.list_all("pokemon", ["one", "two", "three", "four", "five", "six"])
    recording.change("type/1", id=1)
    options = ["--profile", "quick", "--run-time", "4", "--target", "replay", *GENEROUS]
    with world.observatory(*options, OBSERVATORY_RECORDING=str(recording.folder)) as load:
        return load.wait()


@story
def nobody_reads(world: World) -> LoadProcess:
    """What the load prints goes to somebody who reads a line and leaves."""
    command = ["sh", "-c", '"$@" 2>&1 | head -n 1', "sh", *OBSERVATORY]
    options = ["--profile", "quick", "--run-time", "7", "--target", world.url, *GENEROUS]
    with LoadProcess(world.folder / "run", [*command, *options]) as load:
        return load.wait()


@story
def page_that_changes_the_host(world: World) -> tuple[LoadProcess, int, Any]:
    """Another host is filled in on Locust's page while a load goes on whose users have not all come yet."""
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    form = {"user_count": "5", "spawn_rate": "5", "profile": "", "run_time": "5s", "shape": "spike"}
    with FreezingServer().running() as server:
        chosen, other = server.doors
        with locust(world.folder / "run", "--web-port", port, "--host", chosen.address) as load:
            until(lambda: page(address) is not None, "the page is there")
            page(f"{address}/swarm", **form)
            load.get_under_way(1)
            answer = page(f"{address}/swarm", **form, host=other.address)
            until((load.results / "report.json").exists, "the report is there")
            load.process.terminate()
            return load.wait(), other.answered, answer


@story
def page_in_a_hurry(world: World) -> tuple[LoadProcess, list[LoadReport]]:
    """On Locust's page a shape is chosen that there is not; then a load is stopped, and at once another started."""
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    form = {"user_count": "5", "spawn_rate": "5", "profile": "quick", "shape": "steady"}
    reports = []
    with locust(world.folder / "run", "--web-port", port, "--host", world.url) as load:
        until(lambda: page(address) is not None, "the page is there")
        page(f"{address}/swarm", **{**form, "shape": "nonsense"})
        until(lambda: "--shape is one of" in load.printed, "the log tells that there is no such shape")
        until(lambda: (page(f"{address}/stats/requests") or {}).get("state") == "stopped", "nothing is under way")
        assert load.number("pokeapi_load_requests_total") == 0
        page(f"{address}/swarm", **form)
        load.get_under_way(40)
        page(f"{address}/stop", stop="")
        page(f"{address}/swarm", **form)
        until((load.results / "report.html").exists, "the first report is there")
        reports.append(load.report)
        until(lambda: load.printed.count("quick on ") >= 2, "the second is told")
        reports.append(load.report)
        load.process.terminate()
        return load.wait(), reports


def of(report: LoadReport, endpoint: str) -> Counter[str]:
    """How often requests for an endpoint failed, by the message."""
    failed = Counter[str]()
    for failure in report.failures:
        if failure.endpoint == endpoint:
            failed[failure.message] += failure.count
    return failed


@pytest.fixture(params=["users_on_a_flawed_server", "arrivals_on_a_flawed_server"])
def on_flawed(request: pytest.FixtureRequest, users_on_a_flawed_server: Any, arrivals_on_a_flawed_server: Any) -> Any:
    """The load of each model, and what its server was asked."""
    both = {"users_on_a_flawed_server": users_on_a_flawed_server}
    return {**both, "arrivals_on_a_flawed_server": arrivals_on_a_flawed_server}[request.param]


class TestALoadOnAServerWithAFlaw:
    def test_counts_each_request_that_the_server_got_and_no_other(
        self, on_flawed: tuple[LoadProcess, Counter[str]]
    ) -> None:
        load, asked = on_flawed
        assert {numbers.endpoint: numbers.requests for numbers in load.report.endpoints} == asked
        assert min(asked.values()) >= DROPPED

    def test_tells_how_many_were_hung_up_on_and_what_only_a_recording_may_lack(
        self, on_flawed: tuple[LoadProcess, Counter[str]]
    ) -> None:
        load, asked = on_flawed
        assert of(load.report, "pokemon") == {
            "the connection was reset before an answer came": asked["pokemon"] // DROPPED,
            "it is not in the recording": (asked["pokemon"] - 1) // DROPPED + 1,
        }

    def test_tells_how_many_got_the_answer_to_another_question(
        self, on_flawed: tuple[LoadProcess, Counter[str]]
    ) -> None:
        load, asked = on_flawed
        assert of(load.report, "ability") == {"id should be the one that was asked for": asked["ability"] // CROSSED}

    def test_ends_what_drips_after_its_timeout(self, on_flawed: tuple[LoadProcess, Counter[str]]) -> None:
        load, asked = on_flawed
        assert of(load.report, "type") == {"no complete answer came within 2 s": asked["type"] // DRIPPED}
        types = next(numbers for numbers in load.report.endpoints if numbers.endpoint == "type")
        assert 2.0 <= (types.longest or 0) < 4.0

    def test_fails(self, on_flawed: tuple[LoadProcess, Counter[str]]) -> None:
        load, _ = on_flawed
        assert load.code == 1
        assert load.report.ending is Ending.FINISHED
        assert_clean(load)


class TestALoadOnAServerThatIsSlow:
    def test_has_the_throughput_that_the_server_had(self, more_than_it_holds: LoadProcess) -> None:
        report = more_than_it_holds.report
        assert report.total.failures == 0
        assert report.seconds > 5, "it lasts until its last answer"
        assert report.total.throughput <= 1.05 * HELD
        assert max(second.requests for second in report.timeline) <= 1.5 * HELD

    def test_fails_where_more_is_asked_for(self, more_than_it_holds: LoadProcess) -> None:
        verdict = more_than_it_holds.report.verdict
        assert verdict is not None
        assert verdict.outcome is Outcome.FAILED
        assert verdict.reasons[0].startswith("Throughput is ")
        assert more_than_it_holds.code == 1


class TestALoadWhoseGeneratorStoodStill:
    def test_is_unsure_and_says_why(self, generator_that_stood_still: LoadProcess) -> None:
        report = generator_that_stood_still.report
        assert report.arrivals is not None
        assert (report.arrivals.late_longest or 0) >= PAUSE / 2
        assert report.total.failures == 0
        assert report.verdict is not None
        assert report.verdict.outcome is Outcome.UNSURE
        assert any(
            "after it was due: this machine was too busy, or stood still" in each for each in report.verdict.reasons
        )
        assert generator_that_stood_still.code == 3


class TestALoadOnARecording:
    def test_counts_only_what_the_recording_has(self, recording_that_lacks_things: LoadProcess) -> None:
        report = recording_that_lacks_things.report
        assert {numbers.endpoint for numbers in report.endpoints} == {"pokemon", "type"}
        assert report.total.requests >= 20
        assert (report.total.failures, report.failures) == (0, ())
        assert recording_that_lacks_things.code == 0, recording_that_lacks_things.printed
        assert_clean(recording_that_lacks_things)


class TestALoadThatNobodyReads:
    def test_comes_to_its_end_with_a_report(self, nobody_reads: LoadProcess) -> None:
        report = nobody_reads.report
        assert report.ending is Ending.FINISHED
        assert 7 <= report.seconds < 10
        assert report.verdict is not None
        assert (nobody_reads.results / "report.html").exists()
        assert nobody_reads.printed.count("\n") == 1
        assert_clean(nobody_reads)


class TestLocustsPage:
    def test_moves_no_user_to_another_host_amid_a_load(
        self, page_that_changes_the_host: tuple[LoadProcess, int, Any]
    ) -> None:
        load, answered_elsewhere, _ = page_that_changes_the_host
        assert max(second.users for second in load.report.timeline) == 5, "users came after the host was changed"
        assert answered_elsewhere == 0
        assert load.report.total.failures == 0
        assert load.report.ending is Ending.FINISHED

    def test_starts_no_shape_that_there_is_not(self, page_in_a_hurry: tuple[LoadProcess, list[LoadReport]]) -> None:
        load, _ = page_in_a_hurry
        assert "--shape is one of steady, ramp, spike, sawtooth, and --visitor one of lookup, journey." in load.printed
        assert "KeyError" not in load.printed
        assert_clean(load)

    def test_gives_each_of_two_loads_its_own_report(
        self, page_in_a_hurry: tuple[LoadProcess, list[LoadReport]]
    ) -> None:
        _, (first, second) = page_in_a_hurry
        assert first.id != second.id
        assert (first.ending, second.ending) == (Ending.INTERRUPTED, Ending.FINISHED)
        assert first.total.requests >= 40
        assert first.ended_at <= second.started_at
        assert second.plan.seconds is not None
        assert second.seconds >= second.plan.seconds - 0.2, "the first one's report took nothing of its time"
        for report in (first, second):
            assert sum(each.requests for each in report.timeline) == report.total.requests
            assert report.total.throughput == pytest.approx(report.total.requests / report.seconds, rel=0.02)
