"""What a process counts comes to the relay: at its end, in between if somebody says so, with a later run, but once."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from observatory.metrics import Metrics
from observatory.metrics.delivery import Delivery
from observatory.metrics.outbox import LONGEST_WAIT
from observatory.relay.service import relay_app
from observatory.relay.totals import Totals
from observatory.settings import Settings
from tests.history_values import an_exchange
from tests.relay_values import Answer, Door, Received, door, full_disk, through, total_of

TOKEN = "s3cret"


@pytest.fixture
def totals(tmp_path: Path) -> Iterator[Totals]:
    with Totals(tmp_path / "relay.sqlite3", first_shown=0.0) as opened:
        yield opened


@pytest.fixture
def relay(totals: Totals) -> Iterator[Door]:
    with door(through(relay_app(totals, TOKEN))) as opened:
        yield opened


class Run:
    """A process of a run, with the metrics of its own."""

    def __init__(self, home: Path, relay: str | None, run_id: uuid.UUID | None = None) -> None:
        self.metrics = Metrics()
        self.folder = home / "metrics"
        settings = Settings(home=home, metrics_relay=relay, metrics_token=SecretStr(TOKEN))
        self.delivery = Delivery(settings, run_id or uuid.uuid4(), "live", self.metrics)

    def counts(self, times: int) -> None:
        for _ in range(times):
            self.metrics.saw(an_exchange(elapsed=0.2))

    @property
    def files(self) -> list[str]:
        """The kinds of files that are left."""
        return sorted(path.suffix for path in self.folder.iterdir())


def counts(totals: Totals) -> tuple[float, float]:
    """The requests and the durations that the relay shows."""
    total_of(totals, 0.0)  # what is new is shown at 0 first
    return total_of(totals, 1.0), total_of(totals, 1.0, "pokeapi_request_duration_seconds_count")


def test_at_its_end_a_process_sends_what_it_counted(tmp_path: Path, relay: Door, totals: Totals) -> None:
    run = Run(tmp_path, relay.address)
    run.counts(3)
    assert run.delivery.end() == ""
    assert counts(totals) == (3, 3)
    assert run.files == []


def test_what_is_sent_in_between_is_not_sent_again(tmp_path: Path, relay: Door, totals: Totals) -> None:
    run = Run(tmp_path, relay.address)
    for so_far in (3, 4, 9):
        run.counts(so_far - int(run.metrics.value("pokeapi_requests_total")))
        assert run.delivery.send_now() == ""
        assert counts(totals) == (so_far, so_far)
    run.counts(2)
    assert run.delivery.end() == ""
    assert counts(totals) == (11, 11)
    assert run.metrics.value("pokeapi_requests_total") == 11


def test_the_pieces_of_a_run_are_all_there_when_the_relay_was_away_in_between(
    tmp_path: Path, relay: Door, totals: Totals
) -> None:
    away = Run(tmp_path, "http://127.0.0.1:1")
    away.counts(3)
    assert "was not reached" in away.delivery.send_now()
    away.counts(4)
    assert "was not reached" in away.delivery.send_now()
    away.counts(5)
    assert "was not reached" in away.delivery.end()
    next_run = Run(tmp_path, relay.address)
    next_run.counts(1)
    assert next_run.delivery.end() == ""
    assert counts(totals) == (13, 13)
    assert len(relay.received) == 4
    assert next_run.files == [".away"]


def test_processes_of_one_run_do_not_all_wait_for_a_relay_that_is_away(tmp_path: Path) -> None:
    run_id = uuid.uuid4()
    with door(lambda _: Answer(503, "later")) as relay:
        complaints = []
        for _ in range(3):
            run = Run(tmp_path, relay.address, run_id)
            run.counts(1)
            complaints.append(run.delivery.end())
        assert len(relay.received) == 1
    assert [bool(complaint) for complaint in complaints] == [True, False, False]
    assert run.files == [".away", ".lock", ".lock", ".lock", ".prom", ".prom", ".prom"]


def test_without_a_relay_the_numbers_wait_until_there_is_one(tmp_path: Path, relay: Door, totals: Totals) -> None:
    for _ in range(2):
        run = Run(tmp_path, None)
        run.counts(2)
        assert run.delivery.send_now() == ""
        run.counts(1)
        assert run.delivery.end() == ""
    assert counts(totals) == (0, 0)
    last = Run(tmp_path, relay.address)
    assert last.delivery.end() == ""
    assert counts(totals) == (6, 6)


def test_a_wrong_token_is_told_with_what_to_do(tmp_path: Path, totals: Totals) -> None:
    with door(through(relay_app(totals, "another"))) as relay:
        run = Run(tmp_path, relay.address)
        run.counts(1)
        assert "Set its token in OBSERVATORY_METRICS_TOKEN." in run.delivery.end()
    assert counts(totals) == (0, 0)


def test_a_reply_that_is_lost_counts_once(tmp_path: Path, totals: Totals) -> None:
    app = through(relay_app(totals, TOKEN))

    def loses_the_first(push: Received) -> Answer | Iterator[bytes] | None:
        answer = app(push)
        return None if len(opened.received) == 1 else answer

    with door(loses_the_first) as opened:
        first = Run(tmp_path, opened.address)
        first.counts(3)
        assert "Server disconnected" in first.delivery.end()
        second = Run(tmp_path, opened.address)
        second.counts(1)
        assert second.delivery.end() == ""
    assert counts(totals) == (4, 4)


def left_long_ago(home: Path) -> None:
    """Let numbers have waited for more than a month."""
    old = Run(home, None)
    old.counts(5)
    old.delivery.end()
    (waiting,) = old.folder.glob("*.prom")
    long_ago = time.time() - LONGEST_WAIT - 60
    os.utime(waiting, (long_ago, long_ago))


def test_numbers_that_waited_for_too_long_are_let_go_and_told(tmp_path: Path, relay: Door, totals: Totals) -> None:
    left_long_ago(tmp_path)
    run = Run(tmp_path, relay.address)
    run.counts(1)
    assert run.delivery.end() == (
        "The numbers of 1 old run were let go: more than 1000 runs or 30 days waited for the relay."
    )
    assert counts(totals) == (1, 1)


def test_where_no_relay_is_set_they_are_let_go_in_silence(tmp_path: Path) -> None:
    left_long_ago(tmp_path)
    run = Run(tmp_path, None)
    run.counts(1)
    assert run.delivery.end() == ""
    assert len([*run.folder.glob("*.prom")]) == 1


def test_a_full_disk_in_between_loses_nothing(tmp_path: Path, relay: Door, totals: Totals) -> None:
    run = Run(tmp_path, relay.address)
    run.counts(2)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        run.delivery.send_now()
    run.counts(3)
    assert run.delivery.send_now() == ""
    run.counts(4)
    assert run.delivery.end() == ""
    assert counts(totals) == (9, 9)
