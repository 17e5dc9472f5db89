"""Attacks on a real relay: each is refused with a status of the 400s, changes no sum, and keeps nobody else waiting."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import httpx
import pytest

from observatory.relay.reading import MOST_BYTES
from tests.relay_process import RelayProcess, relay

TOKEN: Final = "right-token-7Qz"  # pragma: allowlist secret
RIGHT: Final = f"Authorization: Bearer {TOKEN}\r\n".encode()
TYPE: Final = b"# TYPE pokeapi_requests_total counter\n"
ONE: Final = TYPE + b'pokeapi_requests_total{endpoint="pokemon"} 1\n'
PATH: Final = b"/metrics/job/observatory/target/attacked/push_id/one"
HISTOGRAM: Final = b"# TYPE pokeapi_request_duration_seconds histogram\n"
BUCKETS: Final = ("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
PATIENCE: Final = 15.0  # seconds, longer than a push may take to arrive


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    folder: Path = tmp_path_factory.mktemp("attacked")
    with relay(folder, "--first-shown", "0", environment={"OBSERVATORY_METRICS_TOKEN": TOKEN}) as running:
        good = request(PATH.replace(b"/one", b"/good"), body=ONE.replace(b" 1\n", b" 41\n"))
        assert status_of(said(running, good)) == 200
        yield running


def request(
    path: bytes = PATH, method: bytes = b"PUT", headers: bytes = RIGHT, body: bytes = ONE, length: bytes | None = None
) -> bytes:
    """A request as it stands on the wire, after which the connection is to be closed."""
    length = b"%d" % len(body) if length is None else length
    size = b"Content-Length: %b\r\n" % length if length else b""
    head = b"%b %b HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n%b%b\r\n" % (method, path, headers, size)
    return head + body


def said(running: RelayProcess, *parts: bytes) -> bytes:
    """What the relay answers to bytes; nothing when it closes the connection, or breaks it off."""
    host, _, port = running.host.partition(":")
    received = b""
    with suppress(ConnectionError), socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        with suppress(ConnectionError):  # it may have answered, and gone, before all is sent
            for part in parts:
                connection.sendall(part)
        while part := connection.recv(65536):
            received += part
    return received


def status_of(answer: bytes) -> int:
    """The status of an answer, the first if there are several; 0 when there is none."""
    line = answer.partition(b"\r\n")[0].split(b" ")
    return int(line[1]) if len(line) > 1 else 0


def sums(running: RelayProcess) -> list[str]:
    """Every sum that the relay has, behind the two scrapes after which a new one is shown."""
    assert running.page
    return [line for line in running.page.splitlines() if "relay_pushes" not in line]


def histogram(values: list[int], count: int, endpoint: str = "pokemon", total: str = "1") -> bytes:
    name = "pokeapi_request_duration_seconds"
    lines = [
        f'{name}_bucket{{endpoint="{endpoint}",le="{bound}"}} {value}'
        for bound, value in zip(BUCKETS, values, strict=False)
    ]
    lines += [f'{name}_count{{endpoint="{endpoint}"}} {count}', f'{name}_sum{{endpoint="{endpoint}"}} {total}']
    return HISTOGRAM + "\n".join(lines).encode() + b"\n"


def counted(value: bytes, endpoint: bytes = b"pokemon") -> bytes:
    return TYPE + b'pokeapi_requests_total{endpoint="%b"} %b\n' % (endpoint, value)


WHO: Final = {
    "no token": b"",
    "another": b"Authorization: Bearer wrong-token-7Qz\r\n",
    "the beginning of the token": RIGHT.replace(b"7Qz", b"7Q"),
    "the token and more": RIGHT.replace(b"7Qz", b"7Qzz"),
    "the token in capitals": RIGHT.replace(TOKEN.encode(), TOKEN.upper().encode()),
    "another scheme": RIGHT.replace(b"Bearer", b"Basic"),
    "the token alone": RIGHT.replace(b"Bearer ", b""),
    "an empty token": b"Authorization: Bearer \r\n",
    "a token that is no ASCII": b"Authorization: Bearer t\xf6ken\r\n",
    "the token as a cookie": b"Cookie: Authorization=Bearer " + TOKEN.encode() + b"\r\n",
    "the token of a proxy": b"Proxy-" + RIGHT,
    "a wrong one before the right one": b"Authorization: Bearer x\r\n" + RIGHT,
    "the right one before a wrong one": RIGHT + b"Authorization: Bearer x\r\n",
    "a page in a browser": RIGHT + b"Origin: null\r\n",
}


@pytest.mark.parametrize("who", WHO)
def test_who_may_not_push_changes_nothing(attacked: RelayProcess, who: str) -> None:
    before = sums(attacked)
    assert status_of(said(attacked, request(headers=WHO[who]))) in (401, 403)
    assert sums(attacked) == before


def test_a_token_in_the_query_is_no_token(attacked: RelayProcess) -> None:
    before = sums(attacked)
    for name in (b"token", b"access_token", b"authorization"):
        asked = PATH + b"?" + name + b"=" + TOKEN.encode()
        assert status_of(said(attacked, request(asked, headers=b""))) == 401
    assert sums(attacked) == before


def test_no_answer_tells_the_token(attacked: RelayProcess) -> None:
    for headers in (b"", RIGHT.replace(b"7Qz", b"7Q"), RIGHT):
        assert TOKEN.encode() not in said(attacked, request(headers=headers, body=b"nonsense"))
    assert TOKEN not in attacked.printed


BODIES: Final = {
    "no text format": b"nonsense",
    "bytes that are no UTF-8": counted(b"1", b"\xff\xfe"),
    "NUL": counted(b"1", b"a\0b"),
    "a control character": counted(b"1", b"a\x1bb"),
    "an escaped line break": counted(b"1", b"a\\nb"),
    "a line separator": counted(b"1", "a\u2028b".encode()),
    "text that runs backwards": counted(b"1", "a\u202eb".encode()),
    "a label value of 201": counted(b"1", b"a" * 201),
    "no end of a label": TYPE + b'pokeapi_requests_total{endpoint="pokemon',
    "no number": counted(b""),
    "a word for a number": counted(b"many"),
    "NaN": counted(b"NaN"),
    "endless": counted(b"+Inf"),
    "endless below": counted(b"-Inf"),
    "too large to be read": counted(b"1e999"),
    "too large to be true": counted(b"1e300"),
    "a counter below 0": counted(b"-1"),
    "half a request": counted(b"0.5"),
    "a number with underscores": counted(b"1_0"),
    "something behind the number": counted(b"1 more"),
    "an exemplar": counted(b'1 # {trace="x"} 1'),
    "a time": counted(b"1 1234567890"),
    "a sample twice": ONE + ONE,
    "a sample twice, in other words": ONE + b'pokeapi_requests_total{endpoint="pokemon",} 1\n',
    "a label twice": TYPE + b'pokeapi_requests_total{endpoint="a",endpoint="b"} 1\n',
    "a label too many": TYPE + b'pokeapi_requests_total{endpoint="a",target="live"} 1\n',
    "no label": TYPE + b"pokeapi_requests_total 1\n",
    "another type": ONE.replace(b"counter", b"gauge"),
    "no type": ONE.removeprefix(TYPE),
    "two types": ONE + b"# TYPE pokeapi_requests_total gauge\n" + counted(b"1", b"b").removeprefix(TYPE),
    "a family of others": b'# TYPE up gauge\nup{job="x"} 1\n',
    "the relay's own family": b'# TYPE pokeapi_relay_pushes_total counter\npokeapi_relay_pushes_total{outcome="a"} 1\n',
    "an unknown type of failure": (
        b'# TYPE pokeapi_failures_total counter\npokeapi_failures_total{endpoint="a",failure_type="x"} 1\n'
    ),
    "a state that no circuit has": (
        b'# TYPE pokeapi_circuit_breaker_state gauge\npokeapi_circuit_breaker_state{endpoint="a"} 3\n'
    ),
    "a bucket without a bound": HISTOGRAM + b'pokeapi_request_duration_seconds_bucket{endpoint="a"} 1\n',
    "a bucket too few": histogram([1, 1, 1], 1),
    "buckets that fall": histogram([3, 2, 3, 3, 3, 3, 3, 3], 3),
    "a count unlike the last bucket": histogram([1, 1, 1, 1, 1, 1, 1, 1], 2),
    "a sum below 0": histogram([1, 1, 1, 1, 1, 1, 1, 1], 1, total="-1"),
    "a sum that is no number": histogram([1, 1, 1, 1, 1, 1, 1, 1], 1, total="NaN"),
    "many label sets": TYPE + b"".join(b'pokeapi_requests_total{endpoint="e%d"} 1\n' % each for each in range(10_001)),
    "one wrong number among right ones": ONE + counted(b"-1", b"type").removeprefix(TYPE),
    "OpenMetrics with units": b"# UNIT pokeapi_requests_total requests\n" + counted(b"-1") + b"# EOF\n",
}


@pytest.mark.parametrize("what", BODIES)
def test_a_push_that_cannot_be_true_changes_nothing(attacked: RelayProcess, what: str) -> None:
    before = sums(attacked)
    answer = said(attacked, request(body=BODIES[what]))
    assert status_of(answer) == 400, answer
    assert len(answer) < 2_000, "an error is a sentence"
    assert sums(attacked) == before


HEAVY: Final[dict[str, Callable[[], bytes]]] = {
    "a label of escaped quotes": lambda: TYPE + b'pokeapi_requests_total{endpoint="' + b'\\"' * 990_000 + b'"} 1\n',
    "a label of backslashes": lambda: TYPE + b'pokeapi_requests_total{endpoint="' + b"\\\\" * 990_000 + b'"} 1\n',
    "a hundred thousand labels": lambda: (
        TYPE + b"pokeapi_requests_total{" + b",".join(b'a%d="b"' % each for each in range(100_000)) + b"} 1\n"
    ),
    "one long name": lambda: TYPE + b"a" * 1_900_000 + b" 1\n",
    "one long line of help": lambda: b"# HELP pokeapi_requests_total " + b"\\" * 1_900_000 + b"\n" + counted(b"-1"),
}


@pytest.mark.parametrize("what", HEAVY)
def test_a_push_that_is_hard_to_read_is_refused_in_no_time(attacked: RelayProcess, what: str) -> None:
    before, began = sums(attacked), time.monotonic()
    answer = said(attacked, request(body=HEAVY[what]()))
    assert status_of(answer) == 400
    assert len(answer) < 2_000
    assert time.monotonic() - began < 5
    assert sums(attacked) == before


CHUNKED: Final = RIGHT + b"Transfer-Encoding: chunked\r\n"
PACKED: Final = RIGHT + b"Content-Encoding: gzip\r\n"
SIZES: Final[dict[str, Callable[[], bytes]]] = {
    "one byte too many": lambda: request(body=b"#" * (MOST_BYTES + 1)),
    "fifty megabytes": lambda: request(body=b"#" * 50_000_000),
    "fifty megabytes without a token": lambda: request(headers=b"", body=b"#" * 50_000_000),
    "chunks without end": lambda: (
        request(headers=CHUNKED, body=b"", length=b"") + (b"10000\r\n" + b"#" * 65536 + b"\r\n") * 40
    ),
    "a bomb": lambda: request(headers=PACKED, body=gzip.compress(ONE + b"#" * 20_000_000)),
    "a bomb that does not say so": lambda: request(body=gzip.compress(ONE + b"#" * 20_000_000)),
    "OpenMetrics": lambda: request(headers=RIGHT + b"Content-Type: application/openmetrics-text\r\n"),
    "Protobuf": lambda: request(headers=RIGHT + b"Content-Type: application/vnd.google.protobuf\r\n", body=b"\x0a\x00"),
    "JSON": lambda: request(headers=RIGHT + b"Content-Type: application/json\r\n", body=b"{}"),
    "headers of 200 KB": lambda: request(headers=RIGHT + b"X: " + b"a" * 200_000 + b"\r\n"),
}


@pytest.mark.parametrize("what", SIZES)
def test_what_is_too_large_or_packed_changes_nothing(attacked: RelayProcess, what: str) -> None:
    before = sums(attacked)
    # Who goes on sending what is not wanted may find the connection broken off, and the answer lost with it.
    assert status_of(said(attacked, SIZES[what]())) in (400, 401, 413, 415, 431, 0)
    assert sums(attacked) == before


PATHS: Final = (
    *(b"/metrics/", b"/metrics//", b"/metrics/job", b"/metrics/job/", b"/metrics/job//", b"/metrics/target/live"),
    *(b"/metrics/job/a/job/b", b"/metrics/job/a/colour/red", b"/metrics/job/a/target", b"/metrics/job%2Fa"),
    *(b"/metrics/job/a/target@base64/%%%", b"/metrics/job/a/target@base64/_-!", b"/metrics/job/a/target@base64/YQ=a"),
    *(b"/metrics/job/a/target@base64/_w", b"/metrics/job/a/target/%FF", b"/metrics/job/a/target/%0A"),
    *(b"/metrics/job/a/target/%00", b"/metrics/job/a/target@base64@base64/YQ", b"/metrics/job/@base64/a"),
    *(b"/metrics/job/a/push_id/%2F", b"/metrics/job/a/push_id/..%2F..", b"/metrics/job/a/push_id/" + b"a" * 101),
    *(b"/metrics/job/a/push_id/", b"/metrics/job/a/push_id/x/push_id/y", b"/metrics/job/a/push_id/x/push_id@base64/eQ"),
    *(b"/metrics/job/a/push_id/x/%70ush_id/y", b"/metrics/job/a/target/" + b"a" * 201, b"/metrics/job/\xff"),
    *(b"/metrics/job/a/target/" + b"a" * 60_000, b"/metrics/../metrics/job/a", b"/./metrics/job/a", b"//metrics/job/a"),
    *(
        b"/METRICS/job/a",
        b"/metrics%2Fjob/a",
        b"http://elsewhere/metrics/job/a",
        b"*",
        b"/health/job/a",
        b"/metrics/job/a b",
    ),
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path[:40]))
def test_an_address_that_is_none_changes_nothing(attacked: RelayProcess, path: bytes) -> None:
    before = sums(attacked)
    assert status_of(said(attacked, request(path))) in (400, 404)
    assert sums(attacked) == before


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PURGE", "put"])
def test_a_push_is_put_or_posted(attacked: RelayProcess, method: str) -> None:
    before = sums(attacked)
    assert status_of(said(attacked, request(method=method.encode()))) == 405
    assert sums(attacked) == before


@pytest.mark.parametrize("path", ["/metrics", "/health"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_what_is_read_cannot_be_written(attacked: RelayProcess, path: str, method: str) -> None:
    before = sums(attacked)
    assert status_of(said(attacked, request(path.encode(), method.encode()))) == 405
    assert sums(attacked) == before


HIDDEN: Final = request(headers=b"")
SMUGGLED: Final = {
    "two lengths": request(headers=RIGHT + b"Content-Length: 3\r\n"),
    "a length below 0": request(length=b"-1"),
    "a length with a sign": request(length=b"+5"),
    "a length in words": request(length=b"five"),
    "an unknown coding": request(headers=RIGHT + b"Transfer-Encoding: xchunked\r\n", length=b""),
    "two codings": request(headers=RIGHT + b"Transfer-Encoding: gzip, chunked\r\n", length=b""),
    "a chunk that is no number": request(headers=CHUNKED, body=b"ZZ\r\n", length=b""),
    "a chunk below 0": request(headers=CHUNKED, body=b"-5\r\nabc\r\n", length=b""),
    "a chunk without end": request(headers=CHUNKED, body=b"f" * 60 + b"\r\n", length=b""),
    "NUL in a header": request(headers=RIGHT + b"X: a\0b\r\n"),
    "a header without a name": request(headers=RIGHT + b": x\r\n"),
    "a blank before the colon": request(headers=RIGHT + b"Content-Length : 0\r\n"),
    "no host": request().replace(b"Host: relay\r\n", b""),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00" * 40 + b"\r\n\r\n",
    "HTTP of the first days": b"PUT " + PATH + b"\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 40,
    "a request within the body of one without a token": request(headers=b"", body=HIDDEN),
}


@pytest.mark.parametrize("what", SMUGGLED)
def test_a_request_that_may_be_read_in_two_ways_changes_nothing(attacked: RelayProcess, what: str) -> None:
    before = sums(attacked)
    answer = said(attacked, SMUGGLED[what])
    assert 400 <= status_of(answer) < 500, answer
    assert sums(attacked) == before


def test_a_length_and_chunks_together_hide_no_second_push(attacked: RelayProcess) -> None:
    before = sums(attacked)
    both = request(b"/metrics/job/a", headers=RIGHT + b"Transfer-Encoding: chunked\r\n", body=b"0\r\n\r\n" + HIDDEN)
    said(attacked, both.replace(b"Connection: close\r\n", b"", 1))
    assert sums(attacked) == before


def test_a_push_that_does_not_come_to_its_end_is_given_up(attacked: RelayProcess) -> None:
    before, began = sums(attacked), time.monotonic()
    answer = said(attacked, request(length=b"%d" % (len(ONE) + 100)))
    assert status_of(answer) == 408
    assert 4 < time.monotonic() - began < PATIENCE
    assert sums(attacked) == before


WHOLE: Final = b"GET /health HTTP/1.1\r\nHost: relay\r\n\r\n"
HALVES: Final = {
    "nothing": (b"", b""),
    "half a head": (b"PUT /metrics/job/a HTTP/1.1\r\nHost: relay\r\n", b""),
    "half a head behind a whole request": (WHOLE, b"PUT /metrics/job/a HT"),
    "a body that does not come, and no token": (
        b"PUT /metrics/job/a HTTP/1.1\r\nHost: relay\r\nContent-Length: 100000\r\n\r\n",
        b"#",
    ),
    "a body where none is wanted": (WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Length: 100\r\n\r\n"), b"#"),
    "answers that nobody takes": (WHOLE.replace(b"/health", b"/metrics") * 100, b""),
}


@pytest.mark.parametrize("half", HALVES)
def test_half_requests_keep_nobody_waiting_for_long(attacked: RelayProcess, half: str) -> None:
    host, _, port = attacked.host.partition(":")
    first, second = HALVES[half]
    halves = [socket.create_connection((host, int(port)), timeout=1) for _ in range(120)]
    try:
        for each in halves:
            with suppress(ConnectionError, TimeoutError):
                each.sendall(first)
                if second:
                    each.recv(65536)
                    each.sendall(second)
        until = time.monotonic() + PATIENCE
        while not _answers(attacked):
            assert time.monotonic() < until, "who asks for nothing keeps the others from the relay"
            time.sleep(0.5)
    finally:
        for each in halves:
            each.close()
    until = time.monotonic() + PATIENCE
    while not _answers(attacked):  # those that have gone are let go of
        assert time.monotonic() < until
        time.sleep(0.1)


def test_many_at_once_lose_nothing_and_count_each_id_once(attacked: RelayProcess) -> None:
    before = _requests(attacked)
    same = request(PATH.replace(b"/one", b"/same"))
    threads = [threading.Thread(target=said, args=(attacked, same)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _requests(attacked) == before + 1


def test_after_all_that_the_relay_takes_what_is_true(attacked: RelayProcess) -> None:
    before = _requests(attacked)
    assert status_of(said(attacked, request())) == 200
    assert _requests(attacked) == before + 1
    assert "Traceback" not in attacked.printed


def _answers(running: RelayProcess) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{running.address}/health", trust_env=False).is_success
    return False


def _requests(running: RelayProcess) -> float:
    wanted = 'pokeapi_requests_total{endpoint="pokemon",target="attacked"}'
    return sum(float(line.split()[-1]) for line in sums(running) if line.startswith(wanted))
