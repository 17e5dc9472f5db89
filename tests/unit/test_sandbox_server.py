"""The stand-in as a server: quick to start and stop, and as badly behaved as asked."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import Fault, Kind, Recording, Server, ServerError


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    running.faults.clear()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.base_url}/", timeout=5) as client:
        yield client


class TestLife:
    def test_importing_the_package_loads_no_web_server(self) -> None:
        program = "import sandbox, sys; print({'uvicorn', 'starlette', 'asyncio', 'h11'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "set()"

    def test_it_starts_and_stops_in_a_blink_even_with_open_connections(self) -> None:
        server = Server()
        begin = time.perf_counter()
        server.start()
        started = time.perf_counter()
        connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(5)]
        for connection in connections:
            connection.request("GET", "/api/v2/type/1")
            assert connection.getresponse().read()
        stopping = time.perf_counter()
        server.stop()
        stopped = time.perf_counter()
        for connection in connections:
            connection.close()
        assert started - begin < 0.5
        assert stopped - stopping < 0.1
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=1)

    def test_it_stops_at_once_while_an_answer_is_delayed(self) -> None:
        server = Server()
        server.faults.inject(Fault(kind=Kind.LATENCY, seconds=60))
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"GET /api/v2/type/1 HTTP/1.1\r\nHost: x\r\n\r\n")
            while not server.requests_seen:
                time.sleep(0.001)
            begin = time.perf_counter()
            server.stop()
            assert time.perf_counter() - begin < 0.1

    def test_starting_and_stopping_twice_does_no_harm(self) -> None:
        server = Server()
        for _ in range(2):
            server.start()
            server.start()
            assert httpx.get(f"{server.base_url}/type/1").status_code == 200
            server.stop()
            server.stop()

    def test_two_servers_do_not_know_of_each_other(self, server: Server) -> None:
        with Server() as other:
            other.faults.inject(Fault(kind=Kind.STATUS))
            assert httpx.get(f"{server.base_url}/type/1").status_code == 200
            assert httpx.get(f"{other.base_url}/type/1").status_code == 503

    def test_a_port_that_is_taken_is_named(self, server: Server) -> None:
        sentence = rf"cannot listen on 127\.0\.0\.1:{server.port} .*; choose another port\."
        with pytest.raises(ServerError, match=sentence):
            Server(port=server.port).start()

    def test_requests_are_counted_by_path(self) -> None:
        with Server() as server, httpx.Client(base_url=f"{server.base_url}/") as client:
            server.faults.inject(Fault(kind=Kind.STATUS, times=1))
            for path in ("pokemon/25", "pokemon/25", "type?limit=5"):
                client.get(path)
            assert server.requests_seen == {"/api/v2/pokemon/25": 2, "/api/v2/type": 1}

    def test_a_small_answer_does_not_wait_for_the_network(self, client: httpx.Client) -> None:
        client.get("pokemon/25")
        begin = time.perf_counter()
        for _ in range(10):
            client.get("pokemon/25")
        # Nagle's algorithm would make it 40 ms for each.
        assert time.perf_counter() - begin < 0.2


class TestFaults:
    def test_latency_delays_the_answer(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.LATENCY, seconds=0.1, times=1))
        late, prompt = client.get("type/1"), client.get("type/1")
        assert late.elapsed.total_seconds() >= 0.1 > prompt.elapsed.total_seconds()
        assert late.json() == prompt.json()

    @pytest.mark.parametrize("status", [204, 403, 500, 503, 599])
    def test_any_status_can_be_answered(self, server: Server, client: httpx.Client, status: int) -> None:
        server.faults.inject(Fault(kind=Kind.STATUS, status=status, times=1))
        assert [client.get("type/1").status_code for _ in range(2)] == [status, 200]

    def test_a_rate_limit_tells_no_delay(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.RATE_LIMITED))
        reply = client.get("type/1")
        assert (reply.status_code, reply.headers.get("retry-after")) == (429, None)

    def test_a_rate_limit_tells_a_delay_in_seconds(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.RATE_LIMITED, retry_after=7))
        reply = client.get("type/1")
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "7")

    def test_a_rate_limit_tells_a_delay_as_a_date(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.RATE_LIMITED, retry_after=60, as_date=True))
        before = datetime.now(UTC)
        until = parsedate_to_datetime(client.get("type/1").headers["retry-after"])
        assert 60 <= (until - before).total_seconds() <= 63

    def test_bad_json_is_said_to_be_json(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.BAD_JSON))
        reply = client.get("type/1")
        assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json; charset=utf-8")
        with pytest.raises(json.JSONDecodeError):
            reply.json()

    def test_a_body_is_said_to_be_something_else(self, server: Server, client: httpx.Client) -> None:
        expected = client.get("type/1").json()
        server.faults.inject(Fault(kind=Kind.CONTENT_TYPE, content_type="text/html"))
        reply = client.get("type/1")
        assert (reply.status_code, reply.headers["content-type"], reply.json()) == (
            200,
            "text/html",
            expected,
        )

    def test_a_truncated_body_ends_before_its_length(self, server: Server) -> None:
        server.faults.inject(Fault(kind=Kind.TRUNCATED, times=1))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/api/v2/type/1")
        with pytest.raises(http.client.IncompleteRead) as caught:
            connection.getresponse().read()
        connection.close()
        assert len(caught.value.partial) > 0
        assert caught.value.expected is not None
        assert caught.value.expected > 0

    def test_a_reset_is_a_real_one(self, server: Server) -> None:
        server.faults.inject(Fault(kind=Kind.RESET, times=1))
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"GET /api/v2/type/1 HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                connection.recv(1)

    def test_every_second_connection_is_reset(self, server: Server, client: httpx.Client) -> None:
        injection = server.faults.inject(Fault(kind=Kind.RESET, share=0.5))
        outcomes = []
        for _ in range(6):
            try:
                outcomes.append(client.get("type/1").status_code)
            except httpx.ReadError:
                outcomes.append(0)
        assert outcomes == [200, 0, 200, 0, 200, 0]
        assert injection.fired == 3

    @pytest.mark.parametrize("encoding", ["identity", "gzip"])
    def test_a_slow_drip_comes_in_pieces(self, server: Server, client: httpx.Client, encoding: str) -> None:
        expected = client.get("type/1").json()
        server.faults.inject(Fault(kind=Kind.SLOW_DRIP, seconds=0.02, pieces=5, times=1))
        begin = time.perf_counter()
        with client.stream("GET", "type/1", headers={"Accept-Encoding": encoding}) as reply:
            arrivals = [time.perf_counter() - begin for _ in reply.iter_raw()]
        assert len(arrivals) == 5
        assert arrivals[-1] >= 0.1
        assert client.get("type/1").json() == expected

    def test_a_redirect_never_ends(self, server: Server, client: httpx.Client) -> None:
        injection = server.faults.inject(Fault(kind=Kind.REDIRECT_LOOP))
        with pytest.raises(httpx.TooManyRedirects):
            client.get("type/1", follow_redirects=True)
        assert injection.fired == 1

    @pytest.mark.parametrize("encoding", ["identity", "gzip"])
    def test_an_oversized_body_is_one_byte_too_large(self, server: Server, client: httpx.Client, encoding: str) -> None:
        server.faults.inject(Fault(kind=Kind.OVERSIZED, size=1_000_000))
        reply = client.get("type/1", headers={"Accept-Encoding": encoding})
        assert int(reply.headers["content-length"]) == len(reply.content) == 1_000_001
        assert reply.json().keys() == {"padding"}

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ({"field": "name"}, {"id": 1, "stats": [{"base_stat": 45}]}),
            (
                {"field": "id", "value": "one"},
                {"id": "one", "name": "bulbasaur", "stats": [{"base_stat": 45}]},
            ),
            ({"field": "name", "value": None}, {"id": 1, "name": None, "stats": [{"base_stat": 45}]}),
            ({"field": "stats.0.base_stat"}, {"id": 1, "name": "bulbasaur", "stats": [{}]}),
            ({"field": "stats.0"}, {"id": 1, "name": "bulbasaur", "stats": []}),
            ({"field": "stats.0", "value": 7}, {"id": 1, "name": "bulbasaur", "stats": [7]}),
            ({"field": "stats.9.base_stat"}, {"id": 1, "name": "bulbasaur", "stats": [{"base_stat": 45}]}),
            ({"field": "stats.9"}, {"id": 1, "name": "bulbasaur", "stats": [{"base_stat": 45}]}),
            ({"field": "name.first"}, {"id": 1, "name": "bulbasaur", "stats": [{"base_stat": 45}]}),
        ],
    )
    def test_a_field_is_missing_or_wrong(self, tmp_path: Path, fault: dict[str, Any], expected: dict[str, Any]) -> None:
        file = tmp_path / "api" / "v2" / "pokemon" / "1" / "index.json"
        file.parent.mkdir(parents=True)
        file.write_text('{"id": 1, "name": "bulbasaur", "stats": [{"base_stat": 45}]}')
        with Server(Recording(tmp_path)) as server:
            server.faults.inject(Fault(kind=Kind.MALFORMED, **fault))
            assert httpx.get(f"{server.base_url}/pokemon/1").json() == expected
            assert httpx.get(f"{server.base_url}/pokemon/2").status_code == 404

    @pytest.mark.parametrize("kind", list(Kind))
    def test_the_server_is_well_again_after_any_fault(
        self, server: Server, client: httpx.Client, kind: Kind, caplog: pytest.LogCaptureFixture
    ) -> None:
        injection = server.faults.inject(Fault(kind=kind, seconds=0, times=1))
        try:
            client.get("type/1")
        except httpx.TransportError:
            assert kind in {Kind.TRUNCATED, Kind.RESET}
        assert client.get("type/1").json()["id"] == 1
        assert injection.fired == 1
        assert caplog.records == [record for record in caplog.records if not record.name.startswith("uvicorn")]

    def test_a_fault_on_one_resource_leaves_others_alone(self, server: Server, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.STATUS, only="pokemon/25"))
        paths = ("pokemon/25", "pokemon/25/", "pokemon/251", "pokemon", "type/1")
        assert [client.get(path).status_code for path in paths] == [503, 503, 404, 200, 200]


class TestFaultsOverHttp:
    @pytest.fixture
    def board(self, server: Server) -> str:
        return server.base_url.replace("/api/v2", "/_faults")

    def test_a_fault_is_injected_seen_and_cleared(self, board: str, client: httpx.Client) -> None:
        fault = {"kind": "status", "status": 500, "share": 0.5}
        posted = client.post(board, json=fault)
        assert (posted.status_code, posted.json()) == (201, {**fault, "seen": 0, "fired": 0})
        assert [client.get("type/1").status_code for _ in range(4)] == [200, 500, 200, 500]
        assert client.get(board).json() == {"faults": [{**fault, "seen": 4, "fired": 2}]}
        assert client.delete(board).status_code == 204
        assert client.get(board).json() == {"faults": []}
        assert client.get("type/1").status_code == 200

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ("{", "The fault is not JSON: "),
            ("[]", "A fault is a JSON object such as "),
            ("{}", "A fault needs a kind: one of "),
            (
                '{"kind": "status", "status": "bad"}',
                "A fault's status cannot be 'bad'; give a status from 200",
            ),
            (b"\xff\xff", "The fault is not JSON: "),
        ],
    )
    def test_a_bad_fault_is_refused_in_a_sentence(
        self, board: str, client: httpx.Client, body: str | bytes, sentence: str
    ) -> None:
        reply = client.post(board, content=body)
        assert reply.status_code == 400
        assert reply.json()["error"].startswith(sentence)

    def test_the_board_itself_is_never_struck(self, server: Server, board: str, client: httpx.Client) -> None:
        server.faults.inject(Fault(kind=Kind.RESET))
        assert client.get(board).status_code == 200

    def test_other_methods_are_not_allowed(self, board: str, client: httpx.Client) -> None:
        assert client.put(board).status_code == 405


class TestCommand:
    def test_it_serves_until_it_is_told_to_end(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "sandbox", "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == f"Serving the catalogue at http://127.0.0.1:{port}/api/v2\n"
                assert httpx.get(f"http://127.0.0.1:{port}/api/v2/pokemon/25").json()["name"] == "pikachu"
            finally:
                process.terminate()
            _, complaints = process.communicate(timeout=10)
        assert (process.returncode, complaints) == (0, "")

    def test_a_recording_that_is_none_is_named(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--recording", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"The recording {tmp_path} is empty;")
