"""Whole loads in processes of their own: each end that a load can come to leaves a report and nothing else.

A load takes seconds, most of them waiting. So the loads that the chosen tests look at are begun together, a few at a
time, each by a story that says what is done to it.
"""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import pytest

from observatory.load import Ending, LoadModel, Outcome
from sandbox import Catalogue, Server
from sandbox.crowd import Crowd
from sandbox.errors import ServerError
from sandbox.faults import Fault, Kind
from tests.conftest import new_database
from tests.load_process import LoadProcess, free_port, until
from tests.load_stories import GENEROUS, LONG, World, assert_clean, page, stories, story
from tests.raw_server import RawServer

__all__ = ["stories"]
"""Where pytest finds it."""


@story
def database_is_away_and_comes_back(world: World) -> tuple[LoadProcess, LoadProcess, list[tuple[str, int]]]:
    """A load while nobody reaches the database and the port of the metrics is taken, then one with a wrong answer."""
    url = new_database(world.postgres)
    address, socket_folder = url.split("?host=")
    way = world.folder / "way"
    home = {"DATABASE_URL": f"{address}?host={way}", "OBSERVATORY_HOME": str(world.folder / "home")}
    short = ["--profile", "quick", "--run-time", "4", *GENEROUS]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = [*short, "--target", "embedded", "--metrics-port", port]
        with world.observatory(*options, name="away", **home) as load:
            away = load.wait()
    way.symlink_to(socket_folder)
    with Server() as server:
        server.faults.inject(Fault(kind=Kind.MALFORMED, only="pokemon", field="types.0.slot", value="one"))
        with world.observatory(*short, "--target", server.base_url, name="back", **home) as load:
            back = load.wait()
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, requests FROM load_runs JOIN runs ON id = run_id ORDER BY started_at")
        rows = cursor.fetchall()
    connection.close()
    return away, back, rows


@story
def two_at_once(world: World) -> tuple[LoadProcess, ...]:
    """Two loads of two processes each at the same time: one is interrupted, one loses a worker and goes on."""
    with (
        world.observatory(*LONG, "--processes", "2", "--target", "embedded", name="interrupted") as interrupted,
        world.observatory(*LONG, "--processes", "2", "--target", world.url, name="crippled") as crippled,
    ):
        interrupted.get_under_way()
        crippled.get_under_way()
        interrupted.interrupt()
        until(lambda: crippled.number("pokeapi_load_users") == 10, "all users are there")
        crippled.locusts()[-1].kill()
        interrupted.wait()
        until(lambda: crippled.number("pokeapi_load_workers") == 1, "one worker is left")
        until(lambda: crippled.number("pokeapi_load_users") == 10, "the other has all users")
        before = crippled.number("pokeapi_load_requests_total")
        until(lambda: crippled.number("pokeapi_load_requests_total") > before + 50, "the load goes on")
        crippled.interrupt()
        return interrupted, crippled.wait()


@story
def ctrl_c(world: World) -> LoadProcess:
    """Plain Locust is interrupted."""
    with world.locust("--headless", *LONG) as load:
        load.get_under_way()
        load.interrupt()
        return load.wait()


@story
def terminated(world: World) -> LoadProcess:
    """`observatory load run` is asked to end."""
    with world.observatory(*LONG, "--target", "embedded") as load:
        load.get_under_way()
        load.process.terminate()
        return load.wait()


@story
def terminated_with_workers(world: World) -> LoadProcess:
    """Plain Locust of two processes is asked to end."""
    with world.locust("--headless", *LONG, *world.processes()) as load:
        load.get_under_way()
        load.process.terminate()
        return load.wait()


@story
def interrupted_before_it_began(world: World) -> LoadProcess:
    """A master that waits for a worker is interrupted."""
    port = str(free_port())
    with world.locust("--headless", "--master", "--master-bind-port", port, *LONG, "--host", world.url) as load:
        until(lambda: "Waiting for workers to be ready" in load.printed, "it waits for a worker")
        load.interrupt()
        return load.wait()


@story
def all_workers_killed(world: World) -> LoadProcess:
    """Both workers die."""
    with world.observatory(*LONG, "--processes", "2", "--target", world.url) as load:
        load.get_under_way()
        for worker in load.locusts()[-2:]:
            worker.kill()
        return load.wait()


@story
def unreachable(world: World) -> LoadProcess:
    """Nobody listens."""
    target = f"http://127.0.0.1:{free_port()}/api/v2"
    with world.observatory("--profile", "quick", "--target", target, "--give-up-after", "3 s") as load:
        return load.wait()


@story
def server_that_talks_nonsense(world: World) -> LoadProcess:
    """Every answer is wrong in another way."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

    def nonsense(stream: socket.socket, number: int) -> bool:
        match number % 5:
            case 0:
                server.pause(30)  # nothing comes in time
            case 1:
                stream.sendall(b"good morning\r\n\r\n")
            case 2:
                stream.sendall(head + b"Content-Length: 500\r\n\r\n{")
            case 3:
                stream.sendall(head + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")
            case 4:
                stream.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        return False

    server = RawServer(nonsense)
    target = f"http://127.0.0.1:{server.port}/api/v2"
    options = ["--profile", "quick", "--run-time", "4", "--target", target, "--give-up-after", ""]
    with closing(server), world.observatory(*options, OBSERVATORY_TIMEOUT="1 s") as load:
        return load.wait()


@story
def server_that_hangs_up(world: World) -> tuple[LoadProcess, int]:
    """Connections are taken and closed; the number is how many there were."""
    server = RawServer(lambda _stream, _number: False)
    target = f"http://127.0.0.1:{server.port}/api/v2"
    options = ["--profile", "quick", "--run-time", "3", "--rate", "20", "--target", target, "--give-up-after", ""]
    with closing(server), world.observatory(*options) as load:
        return load.wait(), server.requests


@story
def gone_away(world: World) -> LoadProcess:
    """The server ends in the middle of the load."""
    with Server() as server, world.observatory(*LONG, "--target", server.base_url, "--give-up-after", "3 s") as load:
        load.get_under_way()
        server.stop()
        return load.wait()


@story
def killed(world: World) -> LoadProcess:
    """Locust's master is killed, so that it can end nothing."""
    with world.locust("--headless", *LONG, *world.processes()) as load:
        load.get_under_way()
        stand_ins = load.stand_ins()
        assert len(stand_ins) >= 3, "two processes serve, and one holds them"
        load.process.kill()
        load.wait()
        until(lambda: not load.stand_ins(), "the stand-in has ended", patience=10)
        return load


@story
def on_the_page(world: World) -> LoadProcess:
    """A profile that there is not and one that there is are started from Locust's page, which is stopped."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with world.locust("--web-port", str(port), "--host", world.url) as load:
        until(lambda: page(address) is not None, "the page is there")
        _start_what_there_is_not(load, address, times=1)
        page(f"{address}/swarm", user_count="1", spawn_rate="1", profile="quick")
        load.get_under_way()
        page(f"{address}/stop", stop="")
        until((load.results / "report.html").exists, "the page of the report is there")
        assert load.process.poll() is None, "the page stays for another load"
        _start_what_there_is_not(load, address, times=2)
        load.process.terminate()
        return load.wait()


@story
def distributed(world: World) -> tuple[LoadProcess, ...]:
    """One master and two workers, each started by itself as Locust's documents have it."""
    port = str(free_port())
    options = ["--headless", "--profile", "quick", "--run-time", "4", *GENEROUS, "--expect-workers", "2"]
    worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
    with (
        world.locust("--master", "--master-bind-port", port, "--host", world.url, *options, name="master") as master,
        world.locust(*worker, name="one") as one,
        world.locust(*worker, name="other") as other,
    ):
        return master.wait(), one.wait(), other.wait()


def _start_what_there_is_not(load: LoadProcess, address: str, times: int) -> None:
    """Ask the page for a profile that there is not, and see that no request is sent."""
    before = load.number("pokeapi_load_requests_total")
    page(f"{address}/swarm", user_count="1", spawn_rate="1", profile="gigantic")
    until(lambda: load.printed.count("There is no profile 'gigantic'") == times, "the log tells it")
    until(lambda: (page(f"{address}/stats/requests") or {}).get("state") == "stopped", "nothing is under way")
    assert load.number("pokeapi_load_requests_total") == before


def assert_interrupted(load: LoadProcess, processes: int) -> None:
    """It left the report of what was done by then, and nothing else."""
    report = load.report
    assert load.code == 3
    assert report.ending is Ending.INTERRUPTED
    assert report.verdict is not None
    assert report.verdict.outcome is Outcome.UNSURE
    assert report.verdict.reasons[0].startswith("The load was interrupted after ")
    assert report.total.requests >= 20
    assert report.total.failures == 0
    assert (report.generator.processes, report.generator.lost) == (processes, 0)
    assert "Unsure: quick on " in load.printed
    assert (load.results / "report.html").as_uri() in load.printed
    assert_clean(load)


class TestALoadThatComesToItsEnd:
    def test_passes_against_the_stand_in(self, database_is_away_and_comes_back: Any) -> None:
        load, _, _ = database_is_away_and_comes_back
        report = load.report
        assert load.code == 0, load.printed
        assert (report.ending, report.plan.target, report.plan.seconds) == (Ending.FINISHED, "embedded", 4)
        assert report.verdict is not None
        assert report.verdict.outcome is Outcome.PASSED
        assert report.total.failures == 0
        assert {"pokemon", "type", "ability"} <= {numbers.endpoint for numbers in report.endpoints}
        assert "Passed: quick on embedded" in load.printed
        assert_clean(load)

    def test_leaves_its_pages_beside_its_report(self, database_is_away_and_comes_back: Any) -> None:
        load, _, _ = database_is_away_and_comes_back
        assert sorted(file.name for file in load.results.iterdir()) == ["locust.html", "report.html", "report.json"]
        assert "quick on embedded" in (load.results / "report.html").read_text(encoding="utf-8")
        assert "Locust" in (load.results / "locust.html").read_text(encoding="utf-8")

    def test_goes_on_with_a_warning_when_the_port_of_the_metrics_is_taken(
        self, database_is_away_and_comes_back: Any
    ) -> None:
        load, _, _ = database_is_away_and_comes_back
        assert "cannot be had" in load.printed
        assert "--metrics-port" in load.printed

    def test_is_judged_while_the_database_is_away_which_is_told_without_its_password(
        self, database_is_away_and_comes_back: Any
    ) -> None:
        load, _, _ = database_is_away_and_comes_back
        assert "The history database cannot be reached" in load.printed

    def test_is_remembered_by_the_next_one_when_the_database_is_back(
        self, database_is_away_and_comes_back: Any
    ) -> None:
        away, back, rows = database_is_away_and_comes_back
        assert rows == [("passed", away.report.total.requests), ("failed", back.report.total.requests)]
        assert "The history database" not in back.printed

    def test_fails_when_answers_are_wrong_and_names_the_field(self, database_is_away_and_comes_back: Any) -> None:
        _, load, _ = database_is_away_and_comes_back
        report = load.report
        assert load.code == 1
        assert report.verdict is not None
        assert report.verdict.outcome is Outcome.FAILED
        (failure,) = report.failures
        assert (failure.endpoint, failure.type) == ("pokemon", "model")
        assert failure.message == "types[].slot should be integer but was text"
        pokemon = next(numbers for numbers in report.endpoints if numbers.endpoint == "pokemon")
        assert failure.count == pokemon.failures == pokemon.requests
        assert "by model" in load.printed
        assert_clean(load)


class TestALoadThatIsInterrupted:
    def test_by_ctrl_c(self, ctrl_c: LoadProcess) -> None:
        assert_interrupted(ctrl_c, processes=1)

    def test_by_ctrl_c_with_workers_beside_another_load(self, two_at_once: tuple[LoadProcess, ...]) -> None:
        assert_interrupted(two_at_once[0], processes=2)

    def test_by_a_request_to_end(self, terminated: LoadProcess) -> None:
        assert_interrupted(terminated, processes=1)

    def test_by_a_request_to_end_with_workers(self, terminated_with_workers: LoadProcess) -> None:
        assert_interrupted(terminated_with_workers, processes=2)

    def test_before_it_began(self, interrupted_before_it_began: LoadProcess) -> None:
        load = interrupted_before_it_began
        assert load.code == 2
        assert "Interrupted before the load began." in load.printed
        assert list(load.results.iterdir()) == []
        assert_clean(load)


class TestALoadThatLosesItsProcesses:
    def test_goes_on_with_those_that_are_left(self, two_at_once: tuple[LoadProcess, ...]) -> None:
        load = two_at_once[1]
        report = load.report
        assert load.code == 3
        assert (report.generator.processes, report.generator.lost) == (2, 1)
        assert report.notes == ("1 worker went missing; what was not told by then is not counted.",)
        assert max((second.users, second.workers) for second in report.timeline if second.workers == 1) == (10, 1)
        assert report.total.failures == 0
        assert "is lost; the others take its users." in load.printed
        assert_clean(load)

    def test_ends_with_a_report_when_all_workers_are_lost(self, all_workers_killed: LoadProcess) -> None:
        load = all_workers_killed
        report = load.report
        assert load.code == 3
        assert report.ending is Ending.WORKERS_LOST
        assert (report.generator.processes, report.generator.lost) == (2, 2)
        assert report.total.requests >= 20
        assert "The load was stopped, its workers being lost, after " in load.printed
        assert_clean(load)

    def test_leaves_no_stand_in_when_its_master_is_killed(self, killed: LoadProcess) -> None:
        assert killed.code == -signal.SIGKILL
        assert not killed.stand_ins()


class TestALoadThatReachesNobody:
    def test_is_given_up(self, unreachable: LoadProcess) -> None:
        report = unreachable.report
        assert unreachable.code == 1
        assert report.ending is Ending.UNREACHED
        assert report.seconds < 9
        assert report.total.failures == report.total.requests > 0
        assert {failure.message for failure in report.failures} == {"the connection was refused"}
        assert f"{report.plan.address} could not be reached, so the load was stopped after " in unreachable.printed
        assert_clean(unreachable)

    def test_is_given_up_when_the_server_goes_away_and_tells_what_was_there_before(
        self, gone_away: LoadProcess
    ) -> None:
        report = gone_away.report
        assert gone_away.code == 1
        assert report.ending is Ending.UNREACHED
        assert report.total.requests - report.total.failures >= 20
        assert report.total.p95 is not None
        assert_clean(gone_away)


class TestALoadOnAServerThatTalksNonsense:
    def test_tells_each_kind_of_nonsense_once_for_an_endpoint(self, server_that_talks_nonsense: LoadProcess) -> None:
        report = server_that_talks_nonsense.report
        assert server_that_talks_nonsense.code == 1
        assert {(failure.type, failure.message) for failure in report.failures} == {
            ("timeout", "no complete answer came within 1 s"),
            ("truncated", "the answer is not HTTP, or was cut off"),
            ("invalid_json", "the body is not what its Content-Encoding says"),
            ("status", "it answered 302 Found where 200 was expected"),
        }
        assert report.total.failures == report.total.requests == sum(failure.count for failure in report.failures)

    def test_counts_the_time_that_was_waited_in_vain(self, server_that_talks_nonsense: LoadProcess) -> None:
        longest = server_that_talks_nonsense.report.total.longest
        assert longest is not None
        assert 1 <= longest < 10

    def test_asks_never_again_where_a_connection_is_closed(self, server_that_hangs_up: tuple[LoadProcess, int]) -> None:
        load, requests = server_that_hangs_up
        total = load.report.total
        assert {failure.message for failure in load.report.failures} == {
            "the connection was reset before an answer came"
        }
        assert total.failures == total.requests >= 20
        assert requests == total.requests + 3  # the lists are asked for, too
        assert load.report.arrivals is not None
        assert load.report.arrivals.scheduled == load.report.arrivals.sent == total.requests
        assert_clean(load)

    def test_leaves_nothing(self, server_that_talks_nonsense: LoadProcess) -> None:
        assert_clean(server_that_talks_nonsense)


class TestLocustItself:
    def test_starts_a_profile_from_its_page_and_stops_it_with_a_report(self, on_the_page: LoadProcess) -> None:
        report = on_the_page.report
        assert (report.plan.profile, report.plan.users, report.plan.seconds) == ("quick", 10, 10)
        assert report.ending is Ending.INTERRUPTED
        assert report.total.requests >= 20
        assert_clean(on_the_page)

    def test_starts_no_profile_that_there_is_not(self, on_the_page: LoadProcess) -> None:
        assert "There is no profile 'gigantic'; there are quick, light, medium, heavy." in on_the_page.printed

    def test_shares_a_load_among_workers_that_were_started_by_themselves(
        self, distributed: tuple[LoadProcess, ...]
    ) -> None:
        master, *workers = distributed
        report = master.report
        assert master.code == 0, master.printed
        assert report.ending is Ending.FINISHED
        assert (report.generator.processes, report.generator.lost) == (2, 0)
        assert report.plan.model is LoadModel.CLOSED
        assert max(second.workers for second in report.timeline) == 2
        assert [worker.code for worker in workers] == [0, 0]
        assert not any((worker.results / "report.json").exists() for worker in workers)
        for each in distributed:
            assert_clean(each)


class TestACrowdOfStandIns:
    def test_serves_from_several_processes_on_one_port(self) -> None:
        with Crowd(Catalogue, 2) as crowd:
            serving = [each for each in psutil.Process().children() if "--multiprocessing-fork" in each.cmdline()]
            assert len(serving) == 2
            for _ in range(6):
                assert httpx.get(f"{crowd.base_url}/pokemon/1/").json()["name"] == "bulbasaur"
        assert not [each for each in serving if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{crowd.base_url}/pokemon/1/")

    def test_does_not_take_a_port_that_somebody_has(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(ServerError, match=rf"cannot listen on 127\.0\.0\.1:{port} .*; choose another port\.$"):
                Crowd(Catalogue, 2, port).start()

    def test_ends_with_the_process_that_started_it(self, tmp_path: Path) -> None:
        program = (
            "import sys, time\nfrom sandbox import Catalogue\nfrom sandbox.crowd import Crowd\n"
            "if __name__ == '__main__':\n"
            "    crowd = Crowd(Catalogue, 2)\n    crowd.start()\n    print(crowd.base_url, flush=True)\n"
            "    time.sleep(60)\n"
        )
        file = tmp_path / "crowd.py"
        file.write_text(program)
        with LoadProcess(tmp_path / "x", [sys.executable, str(file)]) as parent:
            until(lambda: "http" in parent.printed, "it serves")
            assert len(parent.family()) >= 2
            parent.process.kill()
            parent.wait()
            until(lambda: not parent.left(), "its processes have ended", patience=10)
