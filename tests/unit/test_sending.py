"""Numbers are given to the relay within a moment, or wait; whatever the relay does, one sentence says what happened."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatory.metrics import Metrics
from observatory.metrics.outbox import Outbox
from observatory.metrics.sending import AGE, LONGEST, SIGNATURE, Relay, Sending, send
from observatory.relay.service import relay_app
from observatory.relay.totals import Totals
from tests.history_values import an_exchange
from tests.relay_values import Answer, Received, Reply, door, full_disk, through, total_of

WAIT = "The numbers wait on the disk, and are sent with the next run."
PATIENT = 5.0
SHORT = 0.2
SLACK = 0.5  # seconds that a busy machine may take for everything else


class Sender:
    """A run with an outbox."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outbox = Outbox(folder)
        self.away = folder / "run.away"

    def counted(self, times: int = 1, target: str = "live") -> None:
        """Let a process count requests, and end."""
        metrics = Metrics()
        keeping = self.outbox.begin(target, metrics)
        for _ in range(times):
            metrics.saw(an_exchange())
        keeping.close()

    def sends(self, address: str, token: str | None = None, longest: float = PATIENT) -> Sending:
        """Send everything."""
        return send(self.outbox, Relay(address, token), self.away, longest=longest)

    @property
    def waiting(self) -> int:
        """How many pushes wait."""
        return len(list(self.outbox.waiting()))


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    return Sender(tmp_path / "metrics")


@pytest.fixture
def totals(tmp_path: Path) -> Iterator[Totals]:
    with Totals(tmp_path / "relay.sqlite3", first_shown=0.0) as opened:
        yield opened


def requests(totals: Totals, **labels: str) -> float:
    total_of(totals, 0.0)  # what is new is shown at 0 first
    return total_of(totals, 1.0, **labels)


def says(status: int, text: str = "") -> Reply:
    return lambda _: Answer(status, text)


def test_everything_that_waits_is_added_under_its_target_and_forgotten(sender: Sender, totals: Totals) -> None:
    sender.counted(2)
    sender.counted(3, "http://[::1]:8000/Pokémon?")
    sender.counted(1, "")
    with door(through(relay_app(totals, None))) as relay:
        sending = sender.sends(relay.address)
    assert sending == Sending(pushes=3)
    assert sender.waiting == 0
    assert requests(totals, target="live") == 2
    assert requests(totals, target="http://[::1]:8000/Pokémon?") == 3
    assert requests(totals, target="") == 1


def test_a_target_with_a_name_longer_than_a_label_is_cut_as_labels_are(sender: Sender, totals: Totals) -> None:
    sender.counted(2, "http://host/" + "x" * 300)
    sender.counted(1, "replay:/" + "folder/" * 100)
    with door(through(relay_app(totals, None))) as relay:
        assert sender.sends(relay.address) == Sending(pushes=2)
    assert requests(totals, target="http://host/" + "x" * 187 + "…") == 2
    assert requests(totals, target="replay") == 1


@pytest.mark.parametrize("token", ["s3cret", "geheim wie Würfel", "日本"])
def test_the_token_opens_the_relay_in_whatever_letters(sender: Sender, totals: Totals, token: str) -> None:
    sender.counted()
    with door(through(relay_app(totals, token))) as relay:
        assert sender.sends(relay.address, token) == Sending(pushes=1)
    assert requests(totals) == 1


@pytest.mark.parametrize("token", [None, "wrong", "s3cre"])
def test_a_relay_that_asks_for_another_token_is_told_with_what_to_do(
    sender: Sender, totals: Totals, token: str | None
) -> None:
    sender.counted()
    with door(through(relay_app(totals, "s3cret"))) as relay:
        sending = sender.sends(relay.address, token)
    assert sending.complaint == (
        f"The metrics relay at {relay.address} answered with status 401: The push bears no token, or a wrong one. "
        f"Set its token in OBSERVATORY_METRICS_TOKEN. {WAIT}"
    )
    assert sender.waiting == 1
    assert requests(totals) == 0


@pytest.mark.parametrize("status", [400, 413])
def test_what_a_relay_refuses_is_put_aside_and_the_rest_is_sent(sender: Sender, status: int) -> None:
    def first_refused(push: Received) -> Answer:
        is_first = len(relay.received) == 1
        return Answer(status, "Line 3 is nonsense.\nReally.", {SIGNATURE: "1"}) if is_first else Answer(200)

    sender.counted()
    sender.counted()
    with door(first_refused) as relay:
        sending = sender.sends(relay.address)
    (aside,) = sender.folder.glob("*.refused")
    assert aside.stem == relay.received[0].id
    assert sending == Sending(
        1,
        f"The metrics relay at {relay.address} answered with status {status}: Line 3 is nonsense. "
        f"The numbers were put aside, in {aside}.",
    )
    assert sender.waiting == 0
    assert not sender.away.exists()


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (503, "The sums could not be written.", "status 503: The sums could not be written."),
        (500, "", "status 500: it did not say why."),
        (404, "<html>\n<body>", "status 404: <html>."),
        (
            400,
            "Client sent an HTTP request to an HTTPS server.\n",
            "status 400: Client sent an HTTP request to an HTTPS server.",
        ),
        (413, "Request entity too large", "status 413: Request entity too large."),
        (302, "\n \n", "status 302: it did not say why."),
        (502, "\x1b[2Jgone\x07", "status 502: \\x1b[2Jgone\\x07."),
        (500, "x" * 1000, "status 500: " + "x" * 200 + "…."),
    ],
)
def test_what_else_a_relay_says_leaves_the_numbers_waiting(sender: Sender, status: int, text: str, said: str) -> None:
    sender.counted()
    sender.counted()
    with door(says(status, text)) as relay:
        sending = sender.sends(relay.address)
    assert sending.complaint == f"The metrics relay at {relay.address} answered with {said} {WAIT}"
    assert len(relay.received) == 1
    assert sender.waiting == 2


class TestARelayThatIsAway:
    def test_is_told_in_a_sentence_and_the_numbers_wait(self, sender: Sender) -> None:
        sender.counted()
        address = f"http://127.0.0.1:{_closed_port()}"
        sending = sender.sends(address)
        assert sending.complaint.startswith(f"The metrics relay at {address} was not reached: ")
        assert "refused" in sending.complaint
        assert sending.complaint.endswith(f". {WAIT}")
        assert sender.waiting == 1

    def test_is_named_without_the_password_in_its_address(self, sender: Sender) -> None:
        sender.counted()
        sending = sender.sends(f"http://user:hidden@127.0.0.1:{_closed_port()}")  # pragma: allowlist secret
        assert "hidden" not in sending.complaint

    @pytest.mark.parametrize("host", ["a..b", "xn--", "é..x", "a" * 70])
    def test_is_one_whose_host_cannot_be_a_name(self, sender: Sender, host: str) -> None:
        sender.counted()
        complaint = sender.sends(f"http://{host}").complaint
        assert complaint.startswith(f"The metrics relay at http://{host} was not reached: ")
        assert complaint.endswith(f". {WAIT}")

    @pytest.mark.parametrize("token", ["hidden\n", "hid\rden", "hidden\0"])
    def test_is_one_with_a_token_that_cannot_be_sent_and_the_token_is_not_told(
        self, sender: Sender, token: str
    ) -> None:
        sender.counted()
        with door(says(200)) as relay:
            assert sender.sends(relay.address, token).complaint == (
                f"The metrics relay at {relay.address} was not reached: OBSERVATORY_METRICS_TOKEN has a line break or "
                f"another character that can't be sent. {WAIT}"
            )
            assert relay.received == []

    def test_is_asked_by_no_other_process_of_the_run(self, sender: Sender) -> None:
        sender.counted()
        with door(says(503)) as relay:
            assert sender.sends(relay.address).is_away
            assert sender.sends(relay.address) == Sending()
            assert len(relay.received) == 1

    def test_is_asked_again_by_the_next_run(self, sender: Sender) -> None:
        sender.counted()
        with door(says(503)) as relay:
            sender.sends(relay.address)
        sender.away = sender.folder / "next.away"
        with door(says(200)) as relay:
            assert sender.sends(relay.address) == Sending(pushes=1)

    def test_costs_no_more_when_the_mark_cannot_be_made(self, sender: Sender) -> None:
        sender.counted()
        sender.away = Path("/dev/null/run.away")
        with door(says(503)) as relay:
            assert sender.sends(relay.address).is_away

    def test_is_asked_all_the_same_where_nobody_keeps_a_mark(self, sender: Sender) -> None:
        sender.counted()
        with door(says(503)) as relay:
            for _ in range(2):
                assert send(sender.outbox, Relay(relay.address), longest=PATIENT).is_away
            assert len(relay.received) == 2

    def test_is_nobodys_business_when_nothing_waits(self, sender: Sender) -> None:
        assert sender.sends(f"http://127.0.0.1:{_closed_port()}") == Sending()
        assert not sender.away.exists()


def test_the_relay_is_told_how_long_numbers_have_waited(sender: Sender) -> None:
    sender.counted()
    (path,) = sender.folder.glob("*.prom")
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    with door(lambda _: Answer(200)) as relay:
        sender.sends(relay.address)
    assert float(relay.received[0].headers[AGE]) == pytest.approx(3600, abs=60)


class TestASlowRelay:
    def test_a_run_waits_less_than_a_second(self) -> None:
        assert LONGEST < 1

    def test_that_never_answers_is_given_up(self, sender: Sender) -> None:
        sender.counted()
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = f"http://127.0.0.1:{silent.getsockname()[1]}"
            began = time.monotonic()
            sending = sender.sends(address, longest=SHORT)
            took = time.monotonic() - began
            _join_push()
        assert SHORT / 2 < took < SHORT + SLACK
        assert sending.complaint.startswith(f"The metrics relay at {address} was not reached: it ")
        assert sending.complaint.endswith(WAIT)
        assert sending.is_away
        assert sender.away.exists()
        assert sender.waiting == 1

    def test_that_answers_a_byte_now_and_then_is_given_up_as_well(self, sender: Sender) -> None:
        def drips(_: Received) -> Iterator[bytes]:
            for _part in range(100):
                if relay.over.wait(SHORT / 5):
                    return
                yield b"H"

        sender.counted()
        with door(drips) as relay:
            began = time.monotonic()
            sending = sender.sends(relay.address, longest=SHORT)
            assert time.monotonic() - began < SHORT + SLACK
        assert sending.complaint == (
            f"The metrics relay at {relay.address} was not reached: it took longer than 0.2 s. {WAIT}"
        )

    def test_that_takes_a_part_in_time_is_told_of_that_and_the_rest_waits(self, sender: Sender) -> None:
        def slower(_: Received) -> Answer:
            if len(relay.received) == 2:
                relay.over.wait(2 * SHORT)
            return Answer(200)

        for _ in range(4):
            sender.counted()
        with door(slower) as relay:
            sending = sender.sends(relay.address, longest=SHORT)
            _join_push()
            assert len(relay.received) == 2
        assert sending == Sending(
            1,
            f"The metrics relay at {relay.address} took 1 push in 0.2 s; the others wait on the disk, and are sent "
            "with the next runs.",
            is_away=True,
        )
        assert 2 <= sender.waiting <= 3


class TestAReplyThatIsLost:
    def test_leaves_the_push_waiting_and_it_counts_once(self, sender: Sender, totals: Totals) -> None:
        app = through(relay_app(totals, None))

        def loses_the_first(push: Received) -> Answer | Iterator[bytes] | None:
            answer = app(push)
            return None if len(relay.received) == 1 else answer

        sender.counted(3)
        with door(loses_the_first) as relay:
            sending = sender.sends(relay.address)
            assert sending.complaint == (
                f"The metrics relay at {relay.address} was not reached: "
                f"Server disconnected without sending a response. {WAIT}"
            )
            assert sender.waiting == 1
            sender.away.unlink()
            assert sender.sends(relay.address) == Sending(pushes=1)
        assert [push.id for push in relay.received] == [relay.received[0].id] * 2
        assert requests(totals) == 3


def test_numbers_that_the_relay_could_not_write_wait_and_are_counted_once(sender: Sender, totals: Totals) -> None:
    app = through(relay_app(totals, None))

    def full(push: Received) -> Answer | Iterator[bytes] | None:
        with full_disk():
            return app(push)

    sender.counted(3)
    with door(full) as relay:
        sending = sender.sends(relay.address)
    assert "answered with status 503: The relay's sums in " in sending.complaint
    assert sender.waiting == 1
    sender.away.unlink()
    with door(app) as relay:
        assert sender.sends(relay.address) == Sending(pushes=1)
    assert requests(totals) == 3


def test_an_outbox_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    sender = Sender(tmp_path)
    sender.counted()
    (waiting,) = tmp_path.glob("*.prom")
    waiting.with_suffix(".lock").unlink()
    waiting.with_suffix(".lock").mkdir()
    sending = sender.sends("http://127.0.0.1:1")
    assert sending.complaint.startswith("The numbers that wait for the metrics relay could not be read or put away: ")


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    return port


def _join_push() -> None:
    """Wait until nobody sends any more."""
    for thread in threading.enumerate():
        if thread.name == "push":
            thread.join(5)
            assert not thread.is_alive()
