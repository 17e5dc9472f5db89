"""Blocking connections keep to the deadline of the request they serve."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import pytest

from observatory.client.deadline import Deadline, DeadlineBackend, DeadlineStream


class Stream(httpcore.NetworkStream):
    """Notes how long it was allowed to take for each operation."""

    def __init__(self) -> None:
        self.timeouts: list[float | None] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.timeouts.append(timeout)
        return b"x" * max_bytes

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del buffer
        self.timeouts.append(timeout)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del ssl_context, server_hostname
        self.timeouts.append(timeout)
        return self

    def get_extra_info(self, info: str) -> Any:
        return info


class Backend(httpcore.NetworkBackend):
    """Connects to the addresses it is given, or refuses."""

    def __init__(self, accepting: str) -> None:
        self.asked: list[tuple[str, float | None]] = []
        self.stream = Stream()
        self._accepting = accepting

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        del port, local_address, socket_options
        self.asked.append((host, timeout))
        if host != self._accepting:
            raise httpcore.ConnectTimeout(host)
        return self.stream


def test_a_deadline_is_the_number_of_its_seconds_and_runs_down() -> None:
    deadline = Deadline(5.0)
    assert deadline == 5.0
    first = deadline.left()
    assert first <= 5.0
    assert deadline.left() <= first


def test_each_operation_gets_what_is_left() -> None:
    stream = Stream()
    deadline = Deadline(60.0)
    connection = DeadlineStream(stream)
    connection.write(b"x", deadline)
    connection.read(1, deadline)
    connection.start_tls(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None, deadline)
    given = [timeout for timeout in stream.timeouts if timeout is not None]
    assert len(given) == 3
    assert 50 < given[2] <= given[1] <= given[0] <= 60


def test_after_the_deadline_nothing_is_tried() -> None:
    stream = Stream()
    connection = DeadlineStream(stream)
    with pytest.raises(httpcore.ReadTimeout):
        connection.read(1, Deadline(0.0))
    with pytest.raises(httpcore.WriteTimeout):
        connection.write(b"x", Deadline(0.0))
    assert stream.timeouts == []


def test_without_a_deadline_the_timeout_is_handed_on() -> None:
    stream = Stream()
    connection = DeadlineStream(stream)
    connection.read(1, 7.0)
    connection.read(1, None)
    assert stream.timeouts == [7.0, None]
    assert connection.get_extra_info("socket") == "socket"


def test_an_address_needs_no_look_up() -> None:
    backend = Backend("127.0.0.1")

    def look_up(_: str) -> list[str]:
        raise AssertionError("not reached")

    DeadlineBackend(backend, look_up).connect_tcp("127.0.0.1", 80, 5.0)
    assert backend.asked == [("127.0.0.1", 5.0)]


def test_each_address_of_a_host_gets_its_share_of_the_time() -> None:
    backend = Backend("192.0.2.3")
    addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    DeadlineBackend(backend, lambda _: addresses).connect_tcp("api.test", 80, Deadline(9.0))
    assert [address for address, _ in backend.asked] == addresses
    assert [share for _, share in backend.asked] == pytest.approx([3.0, 4.5, 9.0], abs=0.5)


def test_when_no_address_accepts_the_last_error_is_told() -> None:
    backend = DeadlineBackend(Backend("none"), lambda _: ["192.0.2.1", "192.0.2.2"])
    with pytest.raises(httpcore.ConnectTimeout, match=r"192\.0\.2\.2"):
        backend.connect_tcp("api.test", 80, Deadline(9.0))


def test_a_host_without_addresses_is_told_of() -> None:
    with pytest.raises(httpcore.ConnectError, match=r"The host api\.test has no address"):
        DeadlineBackend(Backend("none"), lambda _: []).connect_tcp("api.test", 80, Deadline(9.0))


def test_a_silent_name_server_is_not_waited_for_longer_than_the_deadline() -> None:
    over = threading.Event()

    def look_up(_: str) -> list[str]:
        over.wait(30)
        return []

    begun = time.monotonic()
    with pytest.raises(httpcore.ConnectTimeout, match=r"Looking up api\.test took too long"):
        DeadlineBackend(Backend("none"), look_up).connect_tcp("api.test", 80, Deadline(0.05))
    assert time.monotonic() - begun < 5
    over.set()


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label too long")])
def test_a_failed_look_up_is_a_failure_to_connect(error: Exception) -> None:
    def look_up(_: str) -> list[str]:
        raise error

    with pytest.raises(httpcore.ConnectError) as raised:
        DeadlineBackend(Backend("none"), look_up).connect_tcp("api.test", 80, Deadline(5.0))
    assert raised.value.__cause__ is error
