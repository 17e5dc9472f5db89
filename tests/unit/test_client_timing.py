"""The phases of an attempt: measured by a clock that is passed in, added up over redirects, true when clocks jump."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.client import PokeApiClient, ProcessRateLimiter
from observatory.client.deadline import Deadline, tell_connected, tell_connecting
from observatory.client.reply import Reply
from observatory.client.timing import Stopwatch, Timing
from observatory.client.wire import BlockingWire, ConcurrentWire, run_blocking
from observatory.exchange import Exchange, FailureType, Request
from tests.fake_clock import START, FakeClock

BASE = "http://api.test/api/v2"
JSON = {"content-type": "application/json"}

Handler = Callable[[httpx.Request], httpx.Response]


class JumpingClock(FakeClock):
    """A clock whose hands can be set while time passes as ever."""

    def __init__(self) -> None:
        super().__init__()
        self.set_by = timedelta()
        self.set_by_in_each_sleep = timedelta()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.set_by += self.set_by_in_each_sleep

    def now(self) -> datetime:
        return super().now() + self.set_by


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture(params=["fetch", "fetch_async", "fetch_many"])
def fetch(request: pytest.FixtureRequest, clock: JumpingClock) -> Iterator[Callable[..., Exchange]]:
    """Ask a handler for `pokemon/1`, on one of the ways."""
    clients: list[PokeApiClient] = []

    def fetch(handler: Handler, **terms: Any) -> Exchange:
        transport = httpx.MockTransport(handler)
        client = PokeApiClient(
            BASE, clock=clock, jitter=lambda: 0.0, transport=transport, async_transport=transport, **terms
        )
        clients.append(client)
        asked = Request("pokemon", "1")
        if request.param == "fetch":
            return client.fetch(asked)
        if request.param == "fetch_async":
            return asyncio.run(client.fetch_async(asked))
        return client.fetch_many([asked])[0]

    yield fetch
    for client in clients:
        client.close()


def taking(clock: FakeClock, *answers: tuple[float, int]) -> Handler:
    """Take so many seconds for an answer with this status, one after the other."""
    waiting = iter(answers)

    def handler(_: httpx.Request) -> httpx.Response:
        seconds, status = next(waiting)
        clock.advance(seconds)
        return httpx.Response(status, headers=JSON, content=b"{}")

    return handler


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class TestAttempts:
    def test_each_attempt_has_its_own_time_and_no_pause(
        self, fetch: Callable[..., Exchange], clock: JumpingClock
    ) -> None:
        exchange = fetch(taking(clock, (0.25, 503), (0.5, 503), (0.125, 200)))
        # The pauses between them are 1 s and 2 s.
        seen = [(attempt.status, attempt.started_at, attempt.elapsed) for attempt in exchange.attempts]
        assert seen == [(503, at(0), 0.25), (503, at(1.25), 0.5), (200, at(3.75), 0.125)]
        assert [attempt.first_byte for attempt in exchange.attempts] == [0.25, 0.5, 0.125]
        assert exchange.elapsed == 0.125

    def test_an_attempt_begins_when_the_rate_limit_lets_it_go(
        self, fetch: Callable[..., Exchange], clock: JumpingClock
    ) -> None:
        limiter = ProcessRateLimiter(1, 60.0, clock)
        limiter.reserve()
        (attempt,) = fetch(taking(clock, (0.25, 200)), limiter=limiter).attempts
        assert (attempt.limited, attempt.started_at, attempt.elapsed) == (60.0, at(60), 0.25)

    def test_each_attempt_that_went_wrong_says_what_kind_of_trouble_it_was(
        self, fetch: Callable[..., Exchange]
    ) -> None:
        answers: Iterator[httpx.Response | Exception] = iter(
            [httpx.ConnectError("refused"), httpx.Response(429), httpx.Response(200, json={})]
        )

        def handler(_: httpx.Request) -> httpx.Response:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        exchange = fetch(handler)
        assert [(attempt.status, attempt.failure_type) for attempt in exchange.attempts] == [
            (None, FailureType.CONNECTION),
            (429, FailureType.RATE_LIMITED),
            (200, None),
        ]
        assert exchange.attempts[0].first_byte is None

    def test_what_the_client_follows_adds_up_without_waits_for_the_rate_limit(
        self, fetch: Callable[..., Exchange], clock: JumpingClock
    ) -> None:
        def handler(request: httpx.Request) -> httpx.Response:
            clock.advance(0.25)
            if request.url.path.endswith("/new/"):
                return httpx.Response(200, headers=JSON, content=b"{}")
            return httpx.Response(302, headers={"location": "/api/v2/new/"})

        (attempt,) = fetch(handler, limiter=ProcessRateLimiter(1, 60.0, clock)).attempts
        assert attempt.limited > 59
        assert attempt.started_at == at(0)
        assert (attempt.first_byte, attempt.elapsed) == pytest.approx((0.5, 0.5))
        assert attempt.clock_jumped is False

    def test_only_a_batch_is_said_to_be_one(
        self, fetch: Callable[..., Exchange], clock: JumpingClock, request: pytest.FixtureRequest
    ) -> None:
        is_batch = request.node.callspec.params["fetch"] == "fetch_many"
        assert fetch(taking(clock, (0.25, 200))).in_batch is is_batch


class TestClockJumps:
    @pytest.mark.parametrize("jump", [-3600.0, -1.5, 1.5, 8 * 3600.0])
    def test_an_attempt_during_which_the_clock_was_set_says_so(
        self, fetch: Callable[..., Exchange], clock: JumpingClock, jump: float
    ) -> None:
        def handler(_: httpx.Request) -> httpx.Response:
            clock.advance(0.25)
            clock.set_by += timedelta(seconds=jump)
            return httpx.Response(200, headers=JSON, content=b"{}")

        (attempt,) = fetch(handler).attempts
        assert attempt.clock_jumped
        assert attempt.elapsed == 0.25, "which the monotonic clock knows all the same"

    @pytest.mark.parametrize("slew", [-0.5, 0.0, 0.5])
    def test_a_clock_that_is_put_right_a_little_did_not_jump(
        self, fetch: Callable[..., Exchange], clock: JumpingClock, slew: float
    ) -> None:
        def handler(_: httpx.Request) -> httpx.Response:
            clock.advance(9.0)
            clock.set_by += timedelta(seconds=slew)
            return httpx.Response(200, headers=JSON, content=b"{}")

        assert not fetch(handler).attempts[0].clock_jumped

    def test_a_jump_between_attempts_is_in_none_of_them(
        self, fetch: Callable[..., Exchange], clock: JumpingClock
    ) -> None:
        clock.set_by_in_each_sleep = timedelta(hours=1)
        first, second = fetch(taking(clock, (0.25, 503), (0.25, 200))).attempts
        assert (first.clock_jumped, second.clock_jumped) == (False, False)
        assert second.started_at == at(3600 + 1.25)


class Connecting(httpx.BaseTransport):
    """Opens a connection in a second for each request it is told to, as a network backend would; then fails, or not."""

    def __init__(self, clock: FakeClock, *opens: bool, failing: int = 0) -> None:
        self._clock = clock
        self._opens = list(opens)
        self._failing = failing

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = request.extensions["timeout"]["connect"]
        assert isinstance(deadline, Deadline)
        if self._opens.pop(0):
            self._clock.advance(1.0)
            tell_connected(deadline)
        if self._failing:
            self._failing -= 1
            raise httpx.ReadError("reset")
        self._clock.advance(0.5)
        return httpx.Response(200, headers=JSON, content=b"{}")


class ConnectingOnALoop(httpx.AsyncBaseTransport):
    """The same on an event loop."""

    def __init__(self, transport: Connecting) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


def timings(transport: Connecting, clock: FakeClock, count: int, *, on_a_loop: bool) -> list[Timing]:
    """Send so many requests, one after the other, and give their timings."""
    wire = ConcurrentWire(ConnectingOnALoop(transport), clock) if on_a_loop else BlockingWire(transport, clock)
    replies: list[Reply] = []

    async def send_all() -> None:
        for _ in range(count):
            reply = Reply(clock, timeout=10.0, max_bytes=1000)
            replies.append(reply)
            try:
                await wire.send(httpx.Request("GET", BASE), reply)
            except httpx.ReadError:
                continue

    if on_a_loop:
        asyncio.run(send_all())
    else:
        run_blocking(send_all())
    return [reply.timing for reply in replies]


@pytest.mark.parametrize("on_a_loop", [False, True])
class TestColdStart:
    def test_the_request_that_opens_the_first_connection_is_cold(self, clock: JumpingClock, on_a_loop: bool) -> None:
        first, second, third = timings(Connecting(clock, True, False, True), clock, 3, on_a_loop=on_a_loop)
        assert (first.connect, first.first_byte, first.elapsed, first.is_cold) == (1.0, 1.5, 1.5, True)
        assert (second.connect, second.first_byte, second.elapsed, second.is_cold) == (None, 0.5, 0.5, False)
        assert (third.connect, third.is_cold) == (1.0, False)

    def test_it_stays_cold_until_the_target_has_answered(self, clock: JumpingClock, on_a_loop: bool) -> None:
        seen = timings(Connecting(clock, True, True, True, failing=1), clock, 3, on_a_loop=on_a_loop)
        assert [timing.is_cold for timing in seen] == [True, True, False]
        assert [timing.first_byte for timing in seen] == [None, 1.5, 1.5]


class TestStopwatch:
    def test_what_did_not_happen_has_no_time(self, clock: JumpingClock) -> None:
        watch = Stopwatch(clock)
        clock.advance(2.0)
        watch.stop(is_first=True)
        assert watch.timing == Timing(START, 2.0)

    def test_a_connection_that_could_not_be_made_safe_does_not_stand(self, clock: JumpingClock) -> None:
        watch = Stopwatch(clock)
        deadline = Deadline(10.0, watch)
        tell_connected(deadline)
        tell_connecting(deadline)
        watch.stop(is_first=True)
        assert watch.timing == Timing(START, 0.0)

    def test_it_counts_until_the_connection_is_safe(self, clock: JumpingClock) -> None:
        watch = Stopwatch(clock)
        deadline = Deadline(10.0, watch)
        clock.advance(0.25)
        tell_connected(deadline)
        tell_connecting(deadline)
        clock.advance(0.5)
        tell_connected(deadline)
        watch.stop(is_first=False)
        assert watch.timing.connect == 0.75

    @pytest.mark.parametrize("timeout", [None, 5.0, Deadline(5.0)])
    def test_nobody_need_be_told(self, timeout: float | None) -> None:
        tell_connecting(timeout)
        tell_connected(timeout)


_SECONDS = st.floats(0, 100, allow_nan=False)


@st.composite
def _timings(draw: st.DrawFn) -> Timing:
    connect, first_byte, elapsed = sorted(draw(st.tuples(_SECONDS, _SECONDS, _SECONDS)))
    return Timing(
        START,
        elapsed,
        draw(st.sampled_from([None, connect])),
        draw(st.sampled_from([None, first_byte])),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@given(_timings(), _timings())
def test_however_they_add_up_the_phases_keep_their_order(first: Timing, second: Timing) -> None:
    both = first.then(second)
    assert both.elapsed == first.elapsed + second.elapsed
    known = [seconds for seconds in (both.connect, both.first_byte, both.elapsed) if seconds is not None]
    assert known == sorted(known)
    assert (both.connect is None) is (first.connect is None and second.connect is None)
    assert (both.first_byte is None) is (second.first_byte is None), "what counts is the head of the last answer"
    assert both.is_cold is (first.is_cold or second.is_cold)
    assert both.clock_jumped is (first.clock_jumped or second.clock_jumped)
