"""Redirects are followed on the target's own host, and not for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx
import pytest

from observatory.client import PokeApiClient, ProcessRateLimiter
from observatory.exchange import Exchange, Failure, FailureType, Request
from tests.fake_clock import FakeClock

ROOT = "http://api.test/api/v2"
FIRST = "/api/v2/pokemon/1/"


def api(
    redirects: Mapping[str, str], status: int = 302, seen: list[httpx.Request] | None = None
) -> Callable[[httpx.Request], httpx.Response]:
    """An API that redirects these paths and answers all others."""

    def handler(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        location = redirects.get(request.url.raw_path.decode())
        if location is not None:
            return httpx.Response(status, headers={"location": location})
        return httpx.Response(200, json={"path": request.url.path})

    return handler


def fetch(
    handler: Callable[[httpx.Request], httpx.Response],
    request: Request | None = None,
    limiter: ProcessRateLimiter | None = None,
    clock: FakeClock | None = None,
) -> Exchange:
    with PokeApiClient(
        ROOT,
        transport=httpx.MockTransport(handler),
        clock=clock or FakeClock(),
        limiter=limiter,
        headers={"Authorization": "Bearer abc"},
    ) as client:
        return client.fetch(request or Request("pokemon", "1"))


def lost(exchange: Exchange) -> Failure:
    assert exchange.failure is not None
    assert exchange.failure.type is FailureType.REDIRECT
    assert len(exchange.attempts) == 1, "it would be the same again"
    return exchange.failure


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_is_followed(status: int) -> None:
    exchange = fetch(api({FIRST: "/api/v2/pokemon/bulbasaur"}, status))
    assert exchange.failure is None
    assert exchange.json == {"path": "/api/v2/pokemon/bulbasaur"}
    assert exchange.url == f"{ROOT}/pokemon/1/", "what was asked for keeps its address"
    assert len(exchange.attempts) == 1


def test_a_relative_location_is_relative_to_where_it_was_given() -> None:
    assert fetch(api({FIRST: "../2/?a=b#c"})).json == {"path": "/api/v2/pokemon/2/"}


def test_five_redirects_are_followed_and_six_are_too_many() -> None:
    chain = {FIRST: "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5"}
    assert fetch(api(chain)).failure is None
    failure = lost(fetch(api({**chain, "/5": "/6"})))
    assert failure.message == (
        "pokemon/1 could not be read: the API redirects more than 5 times: "
        f"{FIRST} → /1 → /2 → /3 → /4 → /5 → /6, after 1 attempt at {ROOT}/pokemon/1/."
    )


def test_a_circle_is_noticed_at_once_and_shown() -> None:
    seen: list[httpx.Request] = []
    failure = lost(fetch(api({FIRST: "/a", "/a": "/b", "/b": "/a"}, seen=seen)))
    assert f"the API redirects in a circle: {FIRST} → /a → /b → /a" in failure.message
    assert len(seen) == 3


def test_an_address_that_redirects_to_itself_is_a_circle() -> None:
    assert f"in a circle: {FIRST} → {FIRST}" in lost(fetch(api({FIRST: FIRST}))).message


@pytest.mark.parametrize("location", ["http://evil.test/", "//evil.test/api/v2/pokemon/1/", "http://api.test:81/"])
def test_another_host_is_neither_asked_nor_told_the_credentials(location: str) -> None:
    seen: list[httpx.Request] = []
    failure = lost(fetch(api({FIRST: location}, seen=seen)))
    assert f"the API redirects from {FIRST} away from the target, to " in failure.message
    assert "name that host as the target if it is the one to watch" in failure.message
    assert {request.url.host for request in seen} == {"api.test"}
    assert len(seen) == 1


@pytest.mark.parametrize("location", ["http://api.test:abc/", "http://api.test/\x7f", "\x7f"])
def test_a_location_that_is_no_address_is_told_of(location: str) -> None:
    assert "which is no address" in lost(fetch(api({FIRST: location}))).message


def test_a_redirect_without_location_is_an_unexpected_status() -> None:
    exchange = fetch(lambda _: httpx.Response(302))
    assert exchange.failure is not None
    assert "answered 302 Found where 200 was expected" in exchange.failure.message


def test_a_redirect_that_is_expected_is_not_followed() -> None:
    exchange = fetch(api({FIRST: "/a"}), Request("pokemon", "1", expected=frozenset({302})))
    assert exchange.failure is None
    assert exchange.status == 302
    assert exchange.headers["location"] == "/a"


def test_a_redirect_of_a_method_that_changes_things_is_not_followed() -> None:
    exchange = fetch(api({FIRST: "/a"}), Request("pokemon", "1", method="POST"))
    assert exchange.failure is not None
    assert "answered 302 Found" in exchange.failure.message


def test_every_step_counts_against_the_rate_limit() -> None:
    clock = FakeClock()
    limiter = ProcessRateLimiter(1, 60.0, clock)
    exchange = fetch(api({FIRST: "/1", "/1": "/2"}), limiter=limiter, clock=clock)
    assert exchange.attempts[0].limited == 120.0
    assert exchange.elapsed == 0.0, "waiting for the limit is no latency"


def test_all_steps_of_an_attempt_share_one_deadline() -> None:
    clock = FakeClock()
    redirects = api({FIRST: "/1", "/1": "/2", "/2": "/3"})

    def slow(request: httpx.Request) -> httpx.Response:
        clock.advance(4)
        return redirects(request)

    exchange = fetch(slow, clock=clock)
    assert exchange.failure is not None
    assert exchange.failure.type is FailureType.TIMEOUT
    assert [attempt.elapsed for attempt in exchange.attempts] == pytest.approx([12.0] * 4)
