"""The numbers that wait: written while a process runs, and anybody's to send when it has ended, however it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from observatory.metrics import Metrics
from observatory.metrics.outbox import LONGEST_WAIT, MOST_WAITING, SETTLING, Keeping, Outbox, Push
from observatory.relay.reading import read_push
from tests.history_values import an_exchange
from tests.relay_values import Answer, Received, door, full_disk, requests, wait_for

NOW = 1_800_000_000.0
DAY = 86_400.0

PROCESS = """
    import sys
    from pathlib import Path
    from observatory.exchange import FailureType
    from observatory.metrics import Metrics
    from observatory.metrics.outbox import Outbox
    from observatory.metrics.sending import Relay, send

    metrics, outbox = Metrics(), Outbox(Path(sys.argv[1]))
    keeping = outbox.begin("live", metrics)
    metrics.on_change = keeping.changed
    for line in sys.stdin:
        command, *rest = line.split()
        if command == "count":
            metrics.failed("pokemon", FailureType.ASSERTION)
        elif command == "close":
            keeping.close()
        else:
            send(outbox, Relay(rest[0]), Path(sys.argv[1]) / "run.away", longest=20)
        print(command, flush=True)
"""


class Process:
    """A process that counts, closes and sends when it is told to."""

    def __init__(self, folder: Path) -> None:
        script = textwrap.dedent(PROCESS)
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def told(self, command: str) -> None:
        """Tell it, and do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def done(self) -> str:
        """Wait until it has done the next thing that it was told."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self, *, killed: bool = False) -> None:
        """End it, and wait for that."""
        if killed:
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


def written(outbox: Outbox, target: str = "live", endpoint: str = "pokemon") -> None:
    """Let a process count one request, and end."""
    metrics = Metrics()
    keeping = outbox.begin(target, metrics)
    metrics.saw(an_exchange(endpoint))
    keeping.close()


def pushes(outbox: Outbox) -> list[Push]:
    return [waiting.push for waiting in outbox.waiting()]


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def counted(push: Push) -> float:
    """How many requests a push tells of."""
    return sum(each.value for each in read_push(push.text.encode()) if each.name == "pokeapi_requests_total")


def test_nothing_is_made_on_the_disk_before_something_is_counted(tmp_path: Path) -> None:
    Outbox(tmp_path / "home" / "metrics").begin("live", Metrics())
    assert not (tmp_path / "home").exists()


def test_an_outbox_without_a_folder_is_empty(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "none")
    assert pushes(outbox) == []
    assert outbox.tidy(NOW) == 0


def test_what_an_ended_process_counted_waits_with_its_target_and_an_id_of_its_own(outbox: Outbox) -> None:
    written(outbox, "live")
    written(outbox, "http://[::1]:8000/Pokémon")
    waiting = pushes(outbox)
    assert {push.target for push in waiting} == {"live", "http://[::1]:8000/Pokémon"}
    assert len({push.id for push in waiting}) == 2
    assert requests(1) in read_push(waiting[0].text.encode())


def test_the_newest_is_the_first_for_what_waited_can_wait_longer(outbox: Outbox, tmp_path: Path) -> None:
    for target in ("third", "first", "second"):
        before = set(tmp_path.glob("*.prom"))
        written(outbox, target)
        (path,) = set(tmp_path.glob("*.prom")) - before
        age = {"first": 3, "second": 2, "third": 1}[target]
        os.utime(path, (NOW - age, NOW - age))
    assert [push.target for push in pushes(outbox)] == ["third", "second", "first"]


def test_what_is_sent_leaves_nothing_behind(outbox: Outbox, tmp_path: Path) -> None:
    written(outbox)
    for waiting in outbox.waiting():
        waiting.sent()
    assert names(tmp_path) == []


def test_what_the_relay_will_never_take_is_put_aside(outbox: Outbox, tmp_path: Path) -> None:
    written(outbox)
    (aside,) = [waiting.refused() for waiting in outbox.waiting()]
    assert aside.suffix == ".refused"
    assert "pokeapi_requests_total" in aside.read_text()
    assert pushes(outbox) == []
    assert names(tmp_path) == [aside.name]


def test_what_another_process_has_sent_at_that_moment_does_not_wait_any_more(outbox: Outbox, tmp_path: Path) -> None:
    # Gone between the listing of the folder and the look at the file: to the listing, a link that leads nowhere.
    (tmp_path / "gone.prom").symlink_to(tmp_path / "nowhere")
    written(outbox)
    assert len(pushes(outbox)) == 1
    assert names(tmp_path, "*.broken") == []


class TestWhileAProcessLives:
    def test_its_numbers_are_on_the_disk_and_nobodys_to_send(self, outbox: Outbox, tmp_path: Path) -> None:
        metrics = Metrics()
        keeping = Keeping(tmp_path, "live", metrics, settle=lambda _: None)
        metrics.on_change = keeping.changed
        metrics.saw(an_exchange())
        wait_for(lambda: names(tmp_path, "*.prom"), "the numbers are on the disk")
        assert pushes(outbox) == []
        keeping.close()
        assert [counted(push) for push in pushes(outbox)] == [1]

    def test_they_are_there_half_a_second_after_they_were_counted(self) -> None:
        assert SETTLING == 0.5

    def test_its_end_does_not_wait_for_them_to_settle(self, outbox: Outbox) -> None:
        metrics = Metrics()
        keeping = outbox.begin("live", metrics)
        metrics.on_change = keeping.changed
        began = time.monotonic()
        metrics.saw(an_exchange())
        keeping.close()
        assert time.monotonic() - began < SETTLING

    def test_a_burst_is_written_once(self, tmp_path: Path) -> None:
        metrics, settling, go_on = Metrics(), threading.Event(), threading.Event()

        def settle(_: threading.Event) -> None:
            settling.set()
            go_on.wait(5)

        keeping = Keeping(tmp_path, "live", metrics, settle=settle)
        metrics.on_change = keeping.changed
        metrics.saw(an_exchange())
        assert settling.wait(5)
        for _ in range(9):
            metrics.saw(an_exchange())
        assert names(tmp_path) == []
        go_on.set()
        wait_for(lambda: names(tmp_path, "*.prom"), "the numbers are on the disk")
        (path,) = tmp_path.glob("*.prom")
        assert 'pokeapi_requests_total{endpoint="pokemon"} 10.0' in path.read_text()
        keeping.close()

    def test_what_was_given_over_is_not_written_again(self, outbox: Outbox, tmp_path: Path) -> None:
        metrics, go_on = Metrics(), threading.Event()
        keeping = Keeping(tmp_path, "live", metrics, settle=lambda _: go_on.wait(5))
        metrics.on_change = keeping.changed
        metrics.saw(an_exchange())
        keeping.close()
        for waiting in outbox.waiting():
            waiting.sent()
        metrics.saw(an_exchange())
        go_on.set()
        _join("outbox")
        assert names(tmp_path) == []

    def test_what_was_counted_since_is_kept_in_a_new_file(self, outbox: Outbox) -> None:
        metrics = Metrics()
        keeping = outbox.begin("live", metrics)
        metrics.saw(an_exchange())
        earlier = keeping.close()
        metrics.saw(an_exchange())
        metrics.saw(an_exchange())
        outbox.begin("live", metrics, since=earlier).close()
        assert [counted(push) for push in pushes(outbox)] == [2, 1]
        assert len({push.id for push in pushes(outbox)}) == 2


class TestWhenTheDiskIsFull:
    def test_the_end_says_so_and_the_numbers_are_kept_until_there_is_room(self, outbox: Outbox, tmp_path: Path) -> None:
        metrics = Metrics()
        keeping = Keeping(tmp_path, "live", metrics, settle=lambda _: None)
        metrics.on_change = keeping.changed
        metrics.saw(an_exchange())
        wait_for(lambda: names(tmp_path, "*.prom"), "the numbers are on the disk")
        metrics.on_change = lambda: None
        metrics.saw(an_exchange())
        with full_disk(), pytest.raises(OSError, match="File too large"):
            keeping.close()
        # Were the older numbers sent now, the newer ones would be taken for the same push.
        assert pushes(outbox) == []
        keeping.close()
        assert [counted(push) for push in pushes(outbox)] == [2]

    def test_it_goes_on_writing_when_there_is_room_again(self, outbox: Outbox, tmp_path: Path) -> None:
        metrics = Metrics()
        keeping = Keeping(tmp_path, "live", metrics, settle=lambda _: None)
        with full_disk(), pytest.raises(OSError, match="File too large"):
            keeping.close()
        metrics.on_change = keeping.changed
        metrics.saw(an_exchange())
        wait_for(lambda: names(tmp_path, "*.prom"), "the numbers are on the disk")
        keeping.close()
        assert [counted(push) for push in pushes(outbox)] == [1]

    def test_a_folder_that_cannot_be_made_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="Not a directory"):
            Outbox(tmp_path / "file" / "metrics").begin("live", Metrics()).close()


class TestWhatIsNoPush:
    @pytest.mark.parametrize(
        "content",
        [
            "",
            "# ",
            "pokeapi_requests_total 1",
            '# {"push": "no uuid", "target": "live"}\n',
            '# {"push": 5, "target": "live"}\n',
            '# {"target": "live"}\n',
            '# {"push": "0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11"}\n',
            '# ["push", "target"]\n',
            '# "push"\n',
            '# {"push": "0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11", "tar',
            "# " + "[" * 100_000,
        ],
        ids=lambda content: content[:60],
    )
    def test_a_torn_or_foreign_file_is_put_aside_and_the_others_are_sent(
        self, outbox: Outbox, tmp_path: Path, content: str
    ) -> None:
        (tmp_path / "a.prom").write_text(content)
        written(outbox)
        assert len(pushes(outbox)) == 1
        assert (tmp_path / "a.broken").read_text() == content

    def test_neither_are_bytes_that_are_no_text(self, outbox: Outbox, tmp_path: Path) -> None:
        (tmp_path / "a.prom").write_bytes(b"# \xff\xfe")
        assert pushes(outbox) == []
        assert names(tmp_path) == ["a.broken"]

    def test_a_folder_with_such_a_name_is_put_aside_too(self, outbox: Outbox, tmp_path: Path) -> None:
        (tmp_path / "a.prom").mkdir()
        assert pushes(outbox) == []
        assert names(tmp_path) == ["a.broken"]

    def test_other_files_are_let_be(self, outbox: Outbox, tmp_path: Path) -> None:
        (tmp_path / "metrics.txt").write_text("mine")
        assert pushes(outbox) == []
        assert outbox.tidy(time.time()) == 0
        assert names(tmp_path) == ["metrics.txt"]


class TestTidying:
    def test_what_waited_for_a_month_is_let_go(self, outbox: Outbox, tmp_path: Path) -> None:
        for age in (LONGEST_WAIT + 1, LONGEST_WAIT - 1, 0.0):
            _file(tmp_path, age)
        assert outbox.tidy(NOW) == 1
        assert len(pushes(outbox)) == 2

    def test_of_too_many_the_oldest_are_let_go(self, outbox: Outbox, tmp_path: Path) -> None:
        for number in range(MOST_WAITING + 3):
            _file(tmp_path, MOST_WAITING + 3.0 - number)
        assert outbox.tidy(NOW) == 3
        left = [path.stat().st_mtime for path in tmp_path.glob("*.prom")]
        assert len(left) == MOST_WAITING
        assert min(left) == NOW - MOST_WAITING
        assert outbox.tidy(NOW) == 0

    def test_what_another_process_sends_at_that_moment_was_not_let_go(self, outbox: Outbox, tmp_path: Path) -> None:
        (tmp_path / "gone.prom").symlink_to(tmp_path / "nowhere")
        assert outbox.tidy(NOW) == 0

    def test_the_numbers_of_a_living_process_stay_however_old_they_are(self, outbox: Outbox, tmp_path: Path) -> None:
        metrics = Metrics()
        keeping = Keeping(tmp_path, "live", metrics, settle=lambda _: None)
        keeping.changed()
        wait_for(lambda: names(tmp_path, "*.prom"), "the numbers are on the disk")
        assert outbox.tidy(time.time() + 2 * LONGEST_WAIT) == 0
        assert len(names(tmp_path, "*.prom")) == 1
        keeping.close()

    @pytest.mark.parametrize(
        ("name", "longest"),
        [("run.away", DAY), ("a.new", DAY), ("a.refused", LONGEST_WAIT), ("a.broken", LONGEST_WAIT)],
    )
    def test_what_lies_beside_the_pushes_goes_in_its_time(
        self, outbox: Outbox, tmp_path: Path, name: str, longest: float
    ) -> None:
        path = tmp_path / name
        path.touch()
        os.utime(path, (NOW - longest + 1, NOW - longest + 1))
        assert outbox.tidy(NOW) == 0
        assert path.exists()
        assert outbox.tidy(NOW + 2) == 0
        assert not path.exists()


@dataclass
class Story:
    """What three processes saw of each other: how much waited at each time, and what a relay received."""

    all_live: int
    one_was_killed: int
    one_has_closed: int
    received: list[str]
    left: list[str]
    all_ended: int


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("outbox")
    outbox = Outbox(folder)
    killed, closed, living = processes = [Process(folder) for _ in range(3)]
    for process in processes:
        process.told("count")
    assert [process.done() for process in processes] == ["count"] * 3
    wait_for(lambda: len(names(folder, "*.prom")) == 3, "all three have their numbers on the disk")
    all_live = len(pushes(outbox))
    killed.end(killed=True)
    one_was_killed = len(pushes(outbox))
    closed.told("close")
    closed.done()
    one_has_closed = len(pushes(outbox))
    for _ in range(6):
        written(outbox)
    with door(_slowly) as relay:
        for process in (closed, living):
            process.told(f"send {relay.address}")
        assert [process.done() for process in (closed, living)] == ["send"] * 2
    left = names(folder, "*.prom")
    closed.end()
    living.end()
    received = [push.id for push in relay.received]
    return Story(all_live, one_was_killed, one_has_closed, received, left, len(pushes(outbox)))


def test_the_numbers_of_processes_that_live_are_nobody_elses(story: Story) -> None:
    assert story.all_live == 0
    assert len(story.left) == 1


def test_what_a_killed_process_counted_waits(story: Story) -> None:
    assert story.one_was_killed == 1


def test_so_does_what_a_process_has_closed_that_lives_on(story: Story) -> None:
    assert story.one_has_closed == 2


def test_two_processes_that_send_at_once_send_each_push_once(story: Story) -> None:
    assert len(story.received) == len(set(story.received)) == 8


def test_what_a_process_counted_that_ended_without_closing_waits(story: Story) -> None:
    assert story.all_ended == 1


def _slowly(push: Received) -> Answer:
    time.sleep(0.01)
    return Answer(200)


def _file(folder: Path, age: float) -> None:
    """A push that waits since `age` seconds before now."""
    name = uuid.uuid4()
    path = folder / f"{name}.prom"
    path.write_text(f"# {json.dumps({'push': str(name), 'target': 'live'})}\n")
    os.utime(path, (NOW - age, NOW - age))


def _join(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(5)
            assert not thread.is_alive()
