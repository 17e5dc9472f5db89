"""The phases of an attempt against real sockets: what is slow shows where it is slow, on each of the client's ways."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from observatory.client import PokeApiClient
from observatory.exchange import Attempt, Exchange, FailureType, Request
from tests.raw_server import RawServer, Script

BODY = b'{"id":1}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"
DELAY = 0.3
"""Seconds that something takes; everything else takes less, even on a machine that is busy."""

Serve = Callable[..., RawServer]
Fetch = Callable[..., Exchange]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[RawServer] = []

    def serve(script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None) -> RawServer:
        servers.append(RawServer(script, wrap))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture(params=["fetch", "fetch_async", "fetch_many"])
def fetch(request: pytest.FixtureRequest) -> Iterator[Fetch]:
    """Ask an address for `pokemon/1` on one of the ways; the same client for the same address."""
    clients: dict[str, PokeApiClient] = {}

    def fetch(target: RawServer | str, **terms: Any) -> Exchange:
        address = target if isinstance(target, str) else f"http://127.0.0.1:{target.port}/api/v2"
        if address not in clients:
            clients[address] = PokeApiClient(address, **{"retries": 0, **terms})
        asked = Request("pokemon", "1")
        if request.param == "fetch":
            return clients[address].fetch(asked)
        if request.param == "fetch_async":
            return asyncio.run(clients[address].fetch_async(asked))
        return clients[address].fetch_many([asked])[0]

    yield fetch
    for client in clients.values():
        client.close()


def wait() -> None:
    threading.Event().wait(DELAY)


def attempt_of(exchange: Exchange) -> Attempt:
    """The one attempt at an exchange, whose phases are in order."""
    (attempt,) = exchange.attempts
    known = [each for each in (0.0, attempt.connect, attempt.first_byte, attempt.elapsed) if each is not None]
    assert known == sorted(known)
    assert not attempt.clock_jumped
    return attempt


def answer(connection: socket.socket, _: int = 0) -> bool:
    connection.sendall(HEAD + BODY)
    return True


def test_a_connection_that_is_used_again_is_not_opened(serve: Serve, fetch: Fetch) -> None:
    server = serve(answer)
    first, second, third = (attempt_of(fetch(server)) for _ in range(3))
    assert first.connect is not None
    assert (second.connect, third.connect) == (None, None)
    assert [attempt.is_cold for attempt in (first, second, third)] == [True, False, False]
    assert None not in (first.first_byte, second.first_byte, third.first_byte)


def test_a_late_head_is_a_late_first_byte(serve: Serve, fetch: Fetch) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        wait()
        return answer(connection)

    attempt = attempt_of(fetch(serve(script)))
    assert attempt.connect is not None
    assert attempt.first_byte is not None
    assert attempt.connect < DELAY <= attempt.first_byte
    assert attempt.elapsed - attempt.first_byte < DELAY


def test_a_body_that_comes_in_drops_is_late_after_the_first_byte(serve: Serve, fetch: Fetch) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        connection.sendall(HEAD)
        for byte in BODY:
            connection.sendall(bytes([byte]))
            threading.Event().wait(DELAY / len(BODY))
        return True

    attempt = attempt_of(fetch(serve(script)))
    assert attempt.first_byte is not None
    assert attempt.first_byte < DELAY
    assert attempt.elapsed - attempt.first_byte >= DELAY * 0.8, "the last pause comes after the last byte"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server of `localhost` and `api.test` shows, and this machine trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("install openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:api.test"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def shake_hands(connection: socket.socket, context: ssl.SSLContext) -> socket.socket:
    connection.settimeout(10)
    safe = context.wrap_socket(connection, server_side=True)
    safe.settimeout(0.05)
    return safe


def only_connecting_was_slow(first: Attempt, second: Attempt) -> None:
    """The first attempt opened a connection slowly; the second used it again."""
    assert first.connect is not None
    assert first.first_byte is not None
    assert second.first_byte is not None
    assert first.connect >= DELAY
    assert first.elapsed - first.connect < DELAY
    assert second.connect is None
    assert second.first_byte < DELAY


def test_slow_tls_is_a_slow_connection(serve: Serve, fetch: Fetch, certificate: ssl.SSLContext) -> None:
    def slowly(connection: socket.socket) -> socket.socket:
        wait()
        return shake_hands(connection, certificate)

    address = f"https://localhost:{serve(answer, slowly).port}/api/v2"
    only_connecting_was_slow(attempt_of(fetch(address)), attempt_of(fetch(address)))


def test_a_slow_tunnel_through_a_proxy_is_a_slow_connection(
    serve: Serve, fetch: Fetch, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tunnel(connection: socket.socket) -> socket.socket:
        connection.settimeout(10)
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += connection.recv(1)
        assert received.startswith(b"CONNECT api.test:443 ")
        wait()
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return shake_hands(connection, certificate)

    for name in ("http_proxy", "all_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{serve(answer, tunnel).port}")
    address = "https://api.test/api/v2"
    only_connecting_was_slow(attempt_of(fetch(address)), attempt_of(fetch(address)))


def test_a_connection_that_cannot_be_made_safe_never_stood(serve: Serve, fetch: Fetch) -> None:
    def hang_up(connection: socket.socket) -> socket.socket:
        connection.recv(1)
        raise OSError("no TLS here")

    attempt = attempt_of(fetch(f"https://localhost:{serve(answer, hang_up).port}/api/v2"))
    assert attempt.failure_type in {FailureType.TLS, FailureType.CONNECTION}
    assert (attempt.status, attempt.connect, attempt.first_byte) == (None, None, None)
    assert not attempt.is_cold


def test_a_name_without_an_address_has_no_phases(fetch: Fetch) -> None:
    attempt = attempt_of(fetch("http://nonexistent.invalid/api/v2"))
    assert (attempt.failure_type, attempt.connect, attempt.first_byte) == (FailureType.DNS, None, None)


def test_a_refused_connection_has_no_phases(fetch: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    attempt = attempt_of(fetch(f"http://127.0.0.1:{port}"))
    assert (attempt.failure_type, attempt.connect, attempt.first_byte) == (FailureType.CONNECTION, None, None)


def test_an_answer_that_never_comes_has_a_connection_and_no_first_byte(serve: Serve, fetch: Fetch) -> None:
    def silent(_: socket.socket, __: int) -> bool:
        return server.pause(5)

    server = serve(silent)
    attempt = attempt_of(fetch(server, timeout=DELAY))
    assert (attempt.failure_type, attempt.first_byte) == (FailureType.TIMEOUT, None)
    assert attempt.connect is not None
    assert attempt.elapsed >= DELAY * 0.9


def test_a_body_that_was_cut_off_has_all_phases(serve: Serve, fetch: Fetch) -> None:
    def cut(connection: socket.socket, _: int) -> bool:
        connection.sendall(HEAD + BODY[:3])
        return False

    attempt = attempt_of(fetch(serve(cut)))
    assert (attempt.status, attempt.failure_type) == (200, FailureType.TRUNCATED)
    assert None not in (attempt.connect, attempt.first_byte)


def test_a_redirect_counts_until_the_head_of_the_last_answer(serve: Serve, fetch: Fetch) -> None:
    def script(connection: socket.socket, number: int) -> bool:
        wait()
        if number > 1:
            return answer(connection)
        moved = b"HTTP/1.1 302 Found\r\nLocation: /api/v2/new\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(moved)
        return False

    server = serve(script)
    attempt = attempt_of(fetch(server))
    assert server.connections == 2
    assert attempt.connect is not None
    assert attempt.first_byte is not None
    assert attempt.connect < DELAY
    assert attempt.first_byte >= 2 * DELAY


def test_a_retry_that_sleeps_leaves_each_attempt_its_own_time(serve: Serve, fetch: Fetch) -> None:
    def script(connection: socket.socket, number: int) -> bool:
        if number == 3:
            return answer(connection)
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        return True

    attempts = fetch(serve(script), retries=3, pause=DELAY, jitter=lambda: 0.0).attempts
    assert [attempt.status for attempt in attempts] == [503, 503, 200]
    assert [attempt.connect is None for attempt in attempts] == [False, True, True]
    assert all(attempt.elapsed < DELAY for attempt in attempts)
    begun = [attempt.started_at for attempt in attempts if attempt.started_at is not None]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(begun)]
    assert gaps[0] >= DELAY * 0.9
    assert gaps[1] >= 2 * DELAY * 0.9


def test_one_of_the_first_volley_is_cold_and_none_of_the_next(serve: Serve) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        wait()
        return answer(connection)

    server = serve(script)
    requests = [Request("pokemon", str(number)) for number in range(8)]
    with PokeApiClient(f"http://127.0.0.1:{server.port}") as client:
        first = [attempt_of(exchange) for exchange in client.fetch_many(requests[:4], concurrency=4)]
        second = [attempt_of(exchange) for exchange in client.fetch_many(requests, concurrency=8)]
        alone = attempt_of(client.fetch(requests[0]))
    assert sum(attempt.is_cold for attempt in first) == 1
    assert sum(attempt.connect is not None for attempt in second) == 4, "the others used the connections of the first"
    assert not any(attempt.is_cold for attempt in second)
    assert alone.is_cold, "the other way has a first connection too"
