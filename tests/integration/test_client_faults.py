"""The client against real sockets that misbehave: each fault gives one clear failure, on each of the client's ways."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from observatory.client import PokeApiClient, SystemClock
from observatory.exchange import Exchange, Failure, FailureType, Request
from tests.raw_server import RawServer, Script

GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":1}'
GOOD_AND_LAST = GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TIMEOUT = 0.4

Fetch = Callable[..., Exchange]


class HastyClock(SystemClock):
    """The real time, but nobody waits between attempts."""

    def sleep(self, seconds: float) -> None:
        """Do not."""

    async def sleep_async(self, seconds: float) -> None:
        """Do not."""


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    servers: list[RawServer] = []

    def serve(script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None) -> RawServer:
        servers.append(RawServer(script, wrap))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture(params=["fetch", "fetch_async", "fetch_many"])
def fetch(request: pytest.FixtureRequest) -> Iterator[Fetch]:
    """Ask an address for `pokemon/1`, with any terms, on one of the ways; the same client for the same address."""
    clients: dict[str, PokeApiClient] = {}

    def fetch(target: RawServer | str, **terms: Any) -> Exchange:
        address = target if isinstance(target, str) else f"http://127.0.0.1:{target.port}/api/v2"
        client = clients.get(address)
        if client is None:
            client = clients[address] = PokeApiClient(address, clock=HastyClock(), **{"timeout": TIMEOUT, **terms})
        asked = Request("pokemon", "1")
        if request.param == "fetch":
            return client.fetch(asked)
        if request.param == "fetch_async":
            return asyncio.run(client.fetch_async(asked))
        return client.fetch_many([asked])[0]

    yield fetch
    for client in clients.values():
        client.close()


def sending(*pieces: bytes, stay: bool = False) -> Script:
    """Send these bytes, then close, or stay."""

    def script(connection: socket.socket, _: int) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return stay

    return script


def reset(connection: socket.socket) -> bool:
    """End a connection the hard way: the other side sees a reset and no end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


def failure_of(exchange: Exchange, kind: FailureType) -> Failure:
    assert exchange.failure is not None
    assert exchange.failure.type is kind, exchange.failure.message
    assert exchange.failure.message.startswith("pokemon/1 could not be re")
    attempts = len(exchange.attempts)
    where = f", after {attempts} attempt{'s' if attempts > 1 else ''} at {exchange.url}"
    assert where in exchange.failure.message
    return exchange.failure


def test_connections_are_kept_alive(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    server = serve(sending(GOOD, stay=True))
    for _ in range(5):
        assert fetch(server).json == {"id": 1}
    assert (server.requests, server.connections) == (5, 1)


def test_a_connection_that_the_server_closed_while_idle_costs_no_attempt(
    serve: Callable[..., RawServer], fetch: Fetch
) -> None:
    server = serve(sending(GOOD))
    for number in range(1, 4):
        assert len(fetch(server).attempts) == 1
        assert server.has_ended(number)
    assert server.connections == 3


def test_a_reset_before_the_answer(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    server = serve(lambda connection, _: reset(connection))
    failure = failure_of(fetch(server), FailureType.CONNECTION)
    assert server.requests == 4
    assert "after 4 attempts" in failure.message


def test_every_second_connection_reset_is_healed(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    def script(connection: socket.socket, number: int) -> bool:
        return reset(connection) if number % 2 else sending(GOOD_AND_LAST)(connection, number)

    server = serve(script)
    for _ in range(3):
        exchange = fetch(server)
        assert exchange.failure is None
        assert [attempt.status for attempt in exchange.attempts] == [None, 200]


def test_a_connection_closed_without_an_answer(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    failure = failure_of(fetch(serve(sending())), FailureType.CONNECTION)
    assert "disconnected without sending a response" in failure.message


@pytest.mark.parametrize(
    "head",
    [HEAD + b"Content-Length: 1000\r\n\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"],
    ids=["length", "chunked"],
)
def test_a_body_that_ends_too_early(serve: Callable[..., RawServer], fetch: Fetch, head: bytes) -> None:
    exchange = fetch(serve(sending(head + b'{"id":')))
    failure = failure_of(exchange, FailureType.TRUNCATED)
    assert "the body was cut off after 6 bytes" in failure.message
    assert exchange.status == 200
    assert len(exchange.attempts) == 4


def test_a_reset_within_the_body(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        time.sleep(0.03)
        return reset(connection)

    failure_of(fetch(serve(script)), FailureType.TRUNCATED)


def test_a_compressed_body_that_is_whole_for_http_and_cut_off_for_gzip(
    serve: Callable[..., RawServer], fetch: Fetch
) -> None:
    cut = gzip.compress(b'{"id":1}' * 50)[:-9]
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(cut)
    failure = failure_of(fetch(serve(sending(head, cut, stay=True))), FailureType.TRUNCATED)
    assert "cut off within its gzip encoding" in failure.message


def test_a_length_that_is_too_short_gives_broken_json_and_the_next_request_recovers(
    serve: Callable[..., RawServer], fetch: Fetch
) -> None:
    def script(connection: socket.socket, number: int) -> bool:
        short = HEAD + b'Content-Length: 4\r\n\r\n{"id":1}'
        connection.sendall(short if number == 1 else GOOD)
        return True

    server = serve(script)
    failure = failure_of(fetch(server), FailureType.INVALID_JSON)
    assert "the body is not JSON (line 1, column 4: EOF" in failure.message
    assert fetch(server).failure is None


@pytest.mark.parametrize(
    "noise", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\x01\x02\x03" * 100, b"HTTP/9.9 abc\r\n\r\n", b"\r\n" * 20_000]
)
def test_an_answer_that_is_not_http(serve: Callable[..., RawServer], fetch: Fetch, noise: bytes) -> None:
    failure_of(fetch(serve(sending(noise))), FailureType.CONNECTION)


def test_headers_without_end(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    server = serve(sending(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 50_000, stay=True))
    failure_of(fetch(server), FailureType.CONNECTION)


@pytest.mark.parametrize("where", ["head", "body", "nowhere"])
def test_an_answer_that_comes_in_drops_is_given_up_at_the_deadline(
    serve: Callable[..., RawServer], fetch: Fetch, where: str
) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        connection.sendall(
            {"head": b"HTTP/1.1 200 OK\r\nX-Long: ", "body": HEAD + b"Content-Length: 900\r\n\r\n", "nowhere": b""}[
                where
            ]
        )
        patience = time.monotonic() + 5
        while server.pause(0.02) and time.monotonic() < patience:
            if where != "nowhere":
                connection.sendall(b"x")
        return False

    server = serve(script)
    begun = time.monotonic()
    exchange = fetch(server, retries=0)
    assert time.monotonic() - begun < TIMEOUT + 1.5
    failure = failure_of(exchange, FailureType.TIMEOUT)
    assert f"no complete answer came within {TIMEOUT:g} s" in failure.message
    assert ("the body had come as far as" in failure.message) is (where == "body")
    assert exchange.elapsed == pytest.approx(TIMEOUT, abs=1.5)


def test_a_body_without_end_is_not_read_to_its_end(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while server.pause(0):
            connection.sendall(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        return False

    server = serve(script)
    exchange = fetch(server, max_body_bytes=100_000, timeout=10.0)
    failure = failure_of(exchange, FailureType.OVERSIZED)
    assert "the body is larger than 100,000 bytes" in failure.message
    assert exchange.body == b""
    assert server.requests == 1


def test_a_redirect_loop(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    server = serve(
        sending(b"HTTP/1.1 302 Found\r\nLocation: /api/v2/pokemon/1/\r\nContent-Length: 0\r\n\r\n", stay=True)
    )
    failure = failure_of(fetch(server), FailureType.REDIRECT)
    assert "the API redirects in a circle: /api/v2/pokemon/1/ → /api/v2/pokemon/1/" in failure.message
    assert (server.requests, server.connections) == (1, 1)


def test_a_port_that_nobody_listens_on(fetch: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = failure_of(fetch(f"http://127.0.0.1:{port}"), FailureType.CONNECTION)
    assert "the connection was refused, after 4 attempts" in failure.message


def test_a_host_that_does_not_exist(fetch: Fetch) -> None:
    failure = failure_of(fetch("http://nonexistent.invalid/api/v2", timeout=10.0), FailureType.DNS)
    assert "the host name nonexistent.invalid has no address" in failure.message
    assert "check the target's spelling" in failure.message


def test_a_host_name_too_long_to_be_one(fetch: Fetch) -> None:
    failure_of(fetch(f"http://{'a' * 70}.invalid/"), FailureType.DNS)


def test_https_to_a_port_that_does_not_speak_it(serve: Callable[..., RawServer], fetch: Fetch) -> None:
    def script(_: socket.socket, __: int) -> bool:
        raise AssertionError("not reached: no request can be read")

    class Plain(RawServer):
        def _serve(self, connection: socket.socket) -> None:
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = Plain(script)
    try:
        failure = failure_of(fetch(f"https://127.0.0.1:{server.port}"), FailureType.TLS)
    finally:
        server.close()
    assert "the TLS handshake failed" in failure.message
    assert "check that the port speaks https" in failure.message


def test_a_certificate_that_nobody_vouches_for(serve: Callable[..., RawServer], fetch: Fetch, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("There is no openssl on this machine to make a certificate with.")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(sending(GOOD), lambda connection: context.wrap_socket(connection, server_side=True))
    exchange = fetch(f"https://localhost:{server.port}", timeout=10.0)
    failure = failure_of(exchange, FailureType.TLS)
    assert "its certificate is not trusted (self-signed certificate), after 1 attempt" in failure.message
    assert server.requests == 0


def test_twenty_at_once_take_a_twentieth_of_the_time(serve: Callable[..., RawServer]) -> None:
    def script(connection: socket.socket, _: int) -> bool:
        time.sleep(0.1)
        connection.sendall(GOOD)
        return True

    server = serve(script)
    with PokeApiClient(f"http://127.0.0.1:{server.port}") as client:
        begun = time.monotonic()
        exchanges = client.fetch_many([Request("pokemon", str(number)) for number in range(40)], concurrency=20)
        took = time.monotonic() - begun
    assert all(exchange.failure is None for exchange in exchanges)
    assert took < 2.0, "one after the other they take 4 s"
    assert server.connections <= 20
