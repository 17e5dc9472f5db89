"""What comes back from the client, the same on each of its three ways."""

from __future__ import annotations

import asyncio
import gc
import gzip
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import brotli
import httpx
import pytest

from observatory.client import CircuitBreakers, PokeApiClient, ProcessRateLimiter
from observatory.client.body import decompress
from observatory.client.fault import FaultError
from observatory.exchange import Exchange, Failure, FailureType, Request
from tests.fake_clock import START, FakeClock

BASE = "http://api.test/api/v2"
BULBASAUR = Request("pokemon", "1")
JSON = {"content-type": "application/json; charset=utf-8"}

Handler = Callable[[httpx.Request], httpx.Response]
Fetch = Callable[..., Exchange]


def once(client: PokeApiClient, request: Request) -> Exchange:
    return client.fetch(request)


def on_a_loop(client: PokeApiClient, request: Request) -> Exchange:
    return asyncio.run(client.fetch_async(request))


def in_a_batch(client: PokeApiClient, request: Request) -> Exchange:
    return client.fetch_many([request])[0]


def on_the_thread_of_a_running_loop(client: PokeApiClient, request: Request) -> Exchange:
    async def keyword() -> Exchange:
        return client.fetch(request)

    return asyncio.run(keyword())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=[once, on_a_loop, in_a_batch, on_the_thread_of_a_running_loop], ids=lambda way: way.__name__)
def fetch(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Fetch]:
    """Ask a handler, with any terms, on one of the ways."""
    clients: list[PokeApiClient] = []

    def fetch(handler: Handler, asked: Request = BULBASAUR, **terms: Any) -> Exchange:
        transport = httpx.MockTransport(handler)
        defaults = {"clock": clock, "jitter": lambda: 0.5, "transport": transport, "async_transport": transport}
        client = PokeApiClient(BASE, **{**defaults, **terms})
        clients.append(client)
        exchange: Exchange = request.param(client, asked)
        return exchange

    yield fetch
    for client in clients:
        client.close()


def answers(*responses: httpx.Response | Exception) -> Handler:
    """Give one after the other; the last one again and again."""
    waiting = list(responses)

    def handler(_: httpx.Request) -> httpx.Response:
        response = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(response, Exception):
            raise response
        # A response can be read once, so each request gets a new one.
        return httpx.Response(response.status_code, headers=response.headers, stream=response.stream)

    return handler


def ok(body: bytes = b'{"id":1}', headers: Mapping[str, str] | None = None, status: int = 200) -> httpx.Response:
    """A response with these bytes on the wire, whatever its headers say of them."""
    return httpx.Response(status, headers={**JSON, **(headers or {})}, stream=httpx.ByteStream(body))


def failure_of(exchange: Exchange) -> Failure:
    assert exchange.failure is not None
    return exchange.failure


def test_a_good_answer_is_an_exchange_without_failure(fetch: Fetch) -> None:
    exchange = fetch(answers(ok(b'{"id":1}', {"ETag": 'W/"x"'})))
    assert exchange.failure is None
    assert (exchange.endpoint, exchange.resource, exchange.method) == ("pokemon", "1", "GET")
    assert exchange.url == "http://api.test/api/v2/pokemon/1/"
    assert exchange.status == 200
    assert exchange.body == b'{"id":1}'
    assert exchange.json == {"id": 1}
    assert exchange.headers["etag"] == 'W/"x"'
    assert exchange.started_at == START
    assert [attempt.problem for attempt in exchange.attempts] == [None]


def test_the_json_is_not_parsed_a_second_time(fetch: Fetch) -> None:
    assert "json" in vars(fetch(answers(ok())))


def test_a_header_that_came_twice_is_one_value(fetch: Fetch) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=[*JSON.items(), ("Vary", "a"), ("vary", "b")], content=b"{}")

    assert fetch(handler).headers["vary"] == "a, b"


def test_the_request_names_itself_and_what_it_reads(fetch: Fetch) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return ok()

    exchange = fetch(
        handler,
        Request("pokemon", "1", headers={"Accept": "text/html", "If-None-Match": "*"}),
        headers={"Authorization": "Bearer abc"},
    )
    sent = seen[0].headers
    assert sent["host"] == "api.test"
    assert sent["user-agent"] == "pokeapi-observatory"
    assert sent["accept-encoding"] == "gzip, br"
    assert sent["accept"] == "text/html", "what a request asks for goes before what the client always asks for"
    assert sent["if-none-match"] == "*"
    assert sent["authorization"] == "Bearer abc"
    assert exchange.request_headers["authorization"] == "Bearer abc"


def test_credentials_in_the_address_are_sent_and_not_shown() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return ok()

    with PokeApiClient("http://ash:p%40ss@api.test/api/v2", transport=httpx.MockTransport(handler)) as client:
        exchange = client.fetch(BULBASAUR)
    assert seen[0].headers["authorization"] == "Basic YXNoOnBAc3M="
    assert exchange.url == "http://api.test/api/v2/pokemon/1/"


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "404 Not Found"), (400, "400 Bad Request"), (204, "204 No Content"), (599, "599")]
)
def test_a_status_that_was_not_expected_is_a_failure(fetch: Fetch, status: int, reason: str) -> None:
    exchange = fetch(answers(ok(b"", status=status)), retries=0)
    assert failure_of(exchange).message == (
        f"pokemon/1 answered {reason} where 200 was expected, after 1 attempt at {exchange.url}."
    )


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"Not Found"), (304, b""), (204, b""), (503, b"<html>"), (429, b"")]
)
def test_a_status_that_was_expected_is_no_failure_and_not_tried_again(fetch: Fetch, status: int, body: bytes) -> None:
    response = ok(body, {"content-type": "text/plain"}, status)
    exchange = fetch(answers(response), Request("pokemon", "0", expected=frozenset({status})))
    assert exchange.failure is None
    assert exchange.body == body
    assert len(exchange.attempts) == 1


def test_an_unexpected_status_is_greater_news_than_the_broken_body_it_came_with(fetch: Fetch) -> None:
    exchange = fetch(answers(ok(b"no gzip", {"content-encoding": "gzip"}, 404)))
    assert failure_of(exchange).type is FailureType.STATUS


def test_several_statuses_can_be_expected(fetch: Fetch) -> None:
    exchange = fetch(answers(ok(b"", status=410)), Request("pokemon", "1", expected=frozenset({404, 200})))
    assert failure_of(exchange).type is FailureType.STATUS
    assert "answered 410 Gone where 200 or 404 was expected" in failure_of(exchange).message


def test_a_client_error_is_not_tried_again(fetch: Fetch) -> None:
    exchange = fetch(answers(ok(b"Not Found", status=404), ok()))
    assert failure_of(exchange).type is FailureType.STATUS
    assert len(exchange.attempts) == 1


def test_what_a_recording_lacks_is_a_failure_of_its_own_even_if_a_404_was_expected(fetch: Fetch) -> None:
    response = ok(b"Not Found", {"X-Observatory-Not-Recorded": "pokemon/900"}, 404)
    exchange = fetch(answers(response), Request("pokemon", "900", expected=frozenset({404})))
    assert failure_of(exchange).type is FailureType.NOT_RECORDED
    assert failure_of(exchange).message.startswith("pokemon/900 is in neither the recording nor")


def test_a_server_error_that_passes_is_healed_by_trying_again(fetch: Fetch, clock: FakeClock) -> None:
    exchange = fetch(answers(ok(b"", status=503), ok(b"", status=500), ok()))
    assert exchange.failure is None
    assert [attempt.status for attempt in exchange.attempts] == [503, 500, 200]
    assert [attempt.waited for attempt in exchange.attempts] == [0.0, 1.5, 2.5]
    assert [attempt.number for attempt in exchange.attempts] == [1, 2, 3]
    assert exchange.attempts[0].problem == "it answered 503 Service Unavailable where 200 was expected"
    assert exchange.attempts[2].problem is None
    assert clock.sleeps == [1.5, 2.5]


def test_a_server_error_that_stays_is_a_failure_after_four_attempts(fetch: Fetch, clock: FakeClock) -> None:
    exchange = fetch(answers(ok(b"", status=503)))
    assert failure_of(exchange).type is FailureType.SERVER_ERROR
    assert "after 4 attempts at http://api.test/api/v2/pokemon/1/" in failure_of(exchange).message
    assert exchange.status == 503
    assert clock.sleeps == [1.5, 2.5, 4.5]


def test_a_429_waits_as_long_as_the_server_asks(fetch: Fetch, clock: FakeClock) -> None:
    exchange = fetch(
        answers(
            ok(b"", {"Retry-After": "7"}, 429),
            ok(b"", {"Retry-After": "Sun, 01 Mar 2026 12:00:20 GMT"}, 429),
            ok(),
        )
    )
    assert exchange.failure is None
    assert clock.sleeps == [7.0, 13.0]


def test_a_429_that_stays_is_a_failure_after_six_attempts(fetch: Fetch, clock: FakeClock) -> None:
    exchange = fetch(answers(ok(b"", status=429)))
    assert failure_of(exchange).type is FailureType.RATE_LIMITED
    assert "after 6 attempts" in failure_of(exchange).message
    assert clock.sleeps == [1.5, 2.5, 4.5, 8.5, 8.5]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("boom"), FailureType.CONNECTION, "the connection failed (boom)"),
        (httpx.ReadError(""), FailureType.CONNECTION, "the connection failed (ReadError)"),
        (ConnectionResetError(104, "reset"), FailureType.CONNECTION, "the connection was reset before an answer"),
        (ConnectionRefusedError(111, "no"), FailureType.CONNECTION, "the connection was refused"),
        (httpx.ConnectTimeout("slow"), FailureType.TIMEOUT, "no complete answer came within 10 s (nothing had come)"),
        (TimeoutError(), FailureType.TIMEOUT, "no complete answer came within 10 s"),
        (httpx.RemoteProtocolError("illegal"), FailureType.CONNECTION, "the answer is not HTTP (illegal)"),
    ],
)
def test_an_error_of_the_network_is_tried_four_times(
    fetch: Fetch, error: Exception, kind: FailureType, words: str
) -> None:
    exchange = fetch(answers(error))
    assert failure_of(exchange).type is kind
    assert words in failure_of(exchange).message
    assert "after 4 attempts at http://api.test/api/v2/pokemon/1/" in failure_of(exchange).message
    assert (exchange.status, exchange.body, len(exchange.attempts)) == (None, b"", 4)


def test_an_error_of_our_own_is_not_taken_for_the_network_s(fetch: Fetch) -> None:
    with pytest.raises(ZeroDivisionError):
        fetch(answers(ZeroDivisionError()))


def test_a_request_that_cannot_be_sent_is_told_of_and_not_tried_again(fetch: Fetch) -> None:
    exchange = fetch(answers(httpx.LocalProtocolError("Illegal header value")))
    assert "the request is not valid HTTP (Illegal header value) and was not sent" in failure_of(exchange).message
    assert len(exchange.attempts) == 1


def test_an_address_that_is_too_long_is_told_of(fetch: Fetch) -> None:
    exchange = fetch(answers(ok()), Request("pokemon", "x" * 70_000))
    assert "the request is not valid HTTP (URL too long)" in failure_of(exchange).message
    assert exchange.attempts == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a" 1}', "(line 1, column 6: expected ':')"),
        (b"[1,\n 2", "(line 2, column 2: EOF while parsing a list)"),
        (b"<html></html>", "(line 1, column 1: expected value)"),
        (b'{"a": NaN}', "the body is not JSON (line 1, column 7"),
        (b'"\xff"', "the body is not JSON (line 1, column 2"),
        (b"[" * 5000, "the body is not JSON"),
        (b"", "the body is empty, expected JSON"),
    ],
)
def test_a_body_that_is_not_json_is_told_of_with_its_place(fetch: Fetch, body: bytes, words: str) -> None:
    exchange = fetch(answers(ok(body)))
    message = failure_of(exchange).message
    assert failure_of(exchange).type is FailureType.INVALID_JSON
    assert message.startswith("pokemon/1 could not be read: ")
    assert words in message
    assert message.endswith("after 1 attempt at http://api.test/api/v2/pokemon/1/.")
    assert exchange.body == body, "it is kept, so that a person can look at it"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON;charset=utf-8", "application/problem+json; a=b; c=d", " application/json "],
)
def test_json_by_any_of_its_names_is_read(fetch: Fetch, content_type: str) -> None:
    assert fetch(answers(ok(headers={"content-type": content_type}))).failure is None


@pytest.mark.parametrize("content_type", ["text/html", "text/json", "application/jsonp", "application/json5", ""])
def test_another_content_type_is_a_failure(fetch: Fetch, content_type: str) -> None:
    exchange = fetch(answers(ok(headers={"content-type": content_type})))
    assert failure_of(exchange).type is FailureType.CONTENT_TYPE
    assert f"the content type is '{content_type}', expected application/json" in failure_of(exchange).message


def test_no_content_type_is_a_failure(fetch: Fetch) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"{}"))

    assert "the answer has no content type" in failure_of(fetch(handler)).message


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_no_body_is_expected_where_there_is_none(fetch: Fetch, method: str) -> None:
    response = ok(b"", {"content-type": "text/plain", "content-encoding": "gzip"})
    assert fetch(answers(response), Request("pokemon", "1", method=method)).failure is None


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", lambda body: gzip.compress(body[:3]) + gzip.compress(body[3:])),
        ("br", brotli.compress),
        ("br, gzip", lambda body: gzip.compress(brotli.compress(body))),
        ("identity", bytes),
    ],
)
def test_a_compressed_body_is_unpacked(fetch: Fetch, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    body = b'{"name":"bulbasaur"}'
    exchange = fetch(answers(ok(encode(body), {"content-encoding": encoding})))
    assert exchange.failure is None
    assert exchange.body == body


def test_an_encoding_that_was_not_asked_for_is_told_of(fetch: Fetch) -> None:
    exchange = fetch(answers(ok(b"{}", {"content-encoding": "zstd"})))
    assert "the body is encoded as 'zstd', which was not asked for" in failure_of(exchange).message


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_body_that_is_not_in_its_encoding_is_told_of(fetch: Fetch, encoding: str) -> None:
    exchange = fetch(answers(ok(b'{"plain":"json"}', {"content-encoding": encoding})))
    assert failure_of(exchange).type is FailureType.INVALID_JSON
    assert "that it is said to be" in failure_of(exchange).message


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_compressed_body_that_is_cut_off_is_tried_again(
    fetch: Fetch, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    whole = encode(bytes(range(256)) * 8)
    exchange = fetch(answers(ok(whole[:-20], {"content-encoding": encoding})))
    assert failure_of(exchange).type is FailureType.TRUNCATED
    assert (
        f"was cut off within its {'gzip' if encoding == 'gzip' else 'brotli'} encoding" in failure_of(exchange).message
    )
    assert len(exchange.attempts) == 4


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(fetch: Fetch) -> None:
    assert fetch(answers(ok(b'"' + b"x" * 98 + b'"')), max_body_bytes=100).failure is None
    exchange = fetch(answers(ok(b'"' + b"x" * 99 + b'"')), max_body_bytes=100)
    assert failure_of(exchange).type is FailureType.OVERSIZED
    assert "the body is larger than 100 bytes" in failure_of(exchange).message
    assert len(exchange.attempts) == 1


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_small_body_that_unpacks_to_a_large_one_is_too_large(
    fetch: Fetch, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    bomb = encode(b"0" * 5_000_000)
    assert len(bomb) < 6_000
    exchange = fetch(answers(ok(bomb, {"content-encoding": encoding})), max_body_bytes=1_000_000)
    assert failure_of(exchange).type is FailureType.OVERSIZED
    assert exchange.body == b""


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("br", brotli.compress)])
def test_a_bomb_is_not_unpacked_beyond_the_limit(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(b"0" * 50_000_000)
    tracemalloc.start()
    with pytest.raises(FaultError, match="larger than 1,000,000 bytes"):
        decompress(bomb, encoding, 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_body_that_comes_too_slowly_is_given_up(fetch: Fetch, clock: FakeClock) -> None:
    class Drip(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                clock.advance(3)
                yield b"x"

        async def __aiter__(self) -> Any:
            for drop in self:
                yield drop

    exchange = fetch(lambda _: httpx.Response(200, headers=JSON, stream=Drip()), retries=0)
    assert failure_of(exchange).type is FailureType.TIMEOUT
    assert "within 10 s (the body had come as far as 4 bytes)" in failure_of(exchange).message
    assert exchange.status == 200
    assert exchange.elapsed == pytest.approx(12)


def test_every_attempt_asks_the_rate_limit_and_shows_how_long_it_waited(fetch: Fetch, clock: FakeClock) -> None:
    limiter = ProcessRateLimiter(1, 60.0, clock)
    exchange = fetch(answers(ok(b"", status=500), ok(b"", status=500), ok()), limiter=limiter)
    assert [attempt.limited for attempt in exchange.attempts] == [0.0, 58.5, 57.5]
    assert [attempt.waited for attempt in exchange.attempts] == [0.0, 1.5, 2.5]


def test_elapsed_is_the_time_on_the_wire_of_the_last_attempt_alone(fetch: Fetch, clock: FakeClock) -> None:
    limiter = ProcessRateLimiter(1, 60.0, clock)
    answer = answers(ok(b"", status=503), ok())

    def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(0.25)
        return answer(request)

    exchange = fetch(slow, limiter=limiter)
    assert exchange.elapsed == pytest.approx(0.25)
    assert [attempt.elapsed for attempt in exchange.attempts] == pytest.approx([0.25, 0.25])


def test_an_open_circuit_fails_at_once_and_says_why(fetch: Fetch, clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    for _ in range(10):
        fetch(answers(ok(b"", status=503)), breakers=breakers, retries=0)
    clock.advance(12)
    exchange = fetch(answers(ok()), breakers=breakers)
    assert exchange.attempts == ()
    assert failure_of(exchange).type is FailureType.CIRCUIT_OPEN
    assert failure_of(exchange).message == (
        "pokemon/1 was not asked for, because the circuit of pokemon is open since 2026-03-01 12:00:00 UTC: "
        "10 of 10 requests failed in the last 5 min, the last because it answered 503 Service Unavailable where "
        "200 was expected; it will be tried again at 12:00:30 UTC, in 18 s (http://api.test/api/v2/pokemon/1/)."
    )
    assert fetch(answers(ok()), Request("type", "1"), breakers=breakers).failure is None, "another circuit"


def test_the_circuit_closes_again_after_three_good_answers(fetch: Fetch, clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    for _ in range(10):
        fetch(answers(ok(b"", status=503)), breakers=breakers, retries=0)
    clock.advance(30)
    for _ in range(3):
        assert breakers.state("pokemon") == 2
        assert fetch(answers(ok()), breakers=breakers).failure is None
    assert breakers.state("pokemon") == 0


def test_a_probe_that_was_given_up_leaves_its_place_to_another(fetch: Fetch, clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    for _ in range(10):
        fetch(answers(ok(b"", status=503)), breakers=breakers, retries=0)
    clock.advance(30)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fetch(answers(ZeroDivisionError()), breakers=breakers)
    assert fetch(answers(ok()), breakers=breakers).failure is None


@pytest.mark.parametrize(
    ("response", "opens"),
    [
        (ok(b"Not Found", status=404), False),
        (ok(b"", {"X-Observatory-Not-Recorded": "1"}, 404), False),
        (httpx.LocalProtocolError("our own fault"), False),
        (ok(b"", status=429), True),
        (ok(b"not json"), True),
        (ok(b"{}", {"content-type": "text/html"}), True),
        (httpx.ReadError("reset"), True),
    ],
)
def test_the_circuit_counts_what_the_api_did_not_do(
    fetch: Fetch, clock: FakeClock, response: httpx.Response | Exception, opens: bool
) -> None:
    breakers = CircuitBreakers(clock=clock)
    for _ in range(10):
        fetch(answers(response), breakers=breakers, retries=0, rate_limit_retries=0)
    assert (breakers.state("pokemon") == 1) is opens


def test_a_request_that_was_healed_is_a_success_for_the_circuit(fetch: Fetch, clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    for _ in range(10):
        fetch(answers(ok(b"", status=503), ok()), breakers=breakers)
    assert breakers.state("pokemon") == 0


def test_the_collector_of_garbage_works_on_after_a_body_was_read(fetch: Fetch) -> None:
    assert gc.isenabled()
    fetch(answers(ok()))
    fetch(answers(ok(b"broken")))
    assert gc.isenabled()
