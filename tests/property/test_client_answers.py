"""Whatever a server answers, an exchange comes back that says what it was."""

from __future__ import annotations

import gzip
import json

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.client import CircuitBreakers, PokeApiClient
from observatory.exchange import Exchange, FailureType, Request
from tests.fake_clock import FakeClock

ROOT = "http://api.test/api/v2"
LIMIT = 2_000

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)
JSON_BODIES = JSON_VALUES.map(lambda value: json.dumps(value).encode())
BODIES = st.one_of(
    st.binary(),
    JSON_BODIES,
    JSON_BODIES.map(lambda body: body[:-1]),
    JSON_BODIES.map(gzip.compress),
    JSON_BODIES.map(lambda body: gzip.compress(body)[:-4]),
    st.just(gzip.compress(b"0" * 100_000)),
    st.just(b"[" * 1_000),
)
HEADER_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.sampled_from(["application/json", "application/json; charset=latin-1", "text/html"])
        | HEADER_TEXT,
        "content-encoding": st.sampled_from(["gzip", "br", "deflate", "identity", "gzip, br", ","]) | HEADER_TEXT,
        "location": st.sampled_from(["/", "http://evil.test/", "http://[", "?", "#", "//"]) | HEADER_TEXT,
        "retry-after": st.sampled_from(["0", "-1", "9" * 400, "Sun, 01 Mar 2026 12:00:09 GMT"]) | HEADER_TEXT,
        "x-observatory-not-recorded": st.just("yes"),
    },
)
STATUSES = st.sampled_from([200, 200, 200, 204, 301, 304, 400, 404, 429, 500, 599]) | st.integers(100, 999)


def fetch(status: int, headers: dict[str, str], body: bytes, request: Request) -> Exchange:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    transport = httpx.MockTransport(lambda _: httpx.Response(status, headers=encoded, stream=httpx.ByteStream(body)))
    clock = FakeClock()
    with PokeApiClient(
        ROOT,
        transport=transport,
        clock=clock,
        jitter=lambda: 0.0,
        max_body_bytes=LIMIT,
        breakers=CircuitBreakers(clock=clock),
    ) as client:
        return client.fetch(request)


@settings(max_examples=300, deadline=None)
@given(STATUSES, HEADERS, BODIES)
def test_any_answer_makes_an_exchange_and_a_failure_has_one_sentence(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    exchange = fetch(status, headers, body, Request("pokemon", "1"))
    assert exchange.status == status
    assert 1 <= len(exchange.attempts) <= 6
    assert len(exchange.body) <= LIMIT
    if exchange.failure is None:
        assert status == 200
        assert exchange.attempts[-1].problem is None
        assert "json" in vars(exchange)
    else:
        message = exchange.failure.message
        assert message.startswith("pokemon/1 ")
        assert f"at {ROOT}/pokemon/1/" in message
        assert message.isprintable()
        assert len(message) < 1_500
        assert exchange.attempts[-1].problem


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_a_body_is_good_exactly_if_it_is_json(body: bytes) -> None:
    exchange = fetch(200, {"content-type": "application/json"}, body, Request("pokemon", "1"))
    try:
        json.loads(body.decode("utf-8"), parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert exchange.failure is not None
        assert exchange.failure.type is FailureType.INVALID_JSON
    else:
        assert exchange.failure is None


@settings(max_examples=100, deadline=None)
@given(JSON_BODIES.filter(lambda body: len(body) <= LIMIT), st.sampled_from(["identity", "gzip"]))
def test_any_json_comes_back_as_it_was_sent(body: bytes, encoding: str) -> None:
    sent = gzip.compress(body) if encoding == "gzip" else body
    exchange = fetch(200, {"content-type": "application/json", "content-encoding": encoding}, sent, Request("type"))
    assert exchange.failure is None
    assert exchange.body == body
    assert exchange.json == json.loads(body)


@settings(max_examples=150, deadline=None)
@given(st.text(), st.text(), st.none() | st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_request_stays_at_the_target(endpoint: str, resource: str, url: str | None, params: dict[str, str]) -> None:
    exchange = fetch(
        200, {"content-type": "application/json"}, b"{}", Request(endpoint, resource, params=params, url=url)
    )
    assert exchange.failure is None
    assert exchange.url.startswith(ROOT)
    assert httpx.URL(exchange.url).host == "api.test"
