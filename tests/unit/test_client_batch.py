"""Many requests at once, and the client's opening and closing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

import httpx
import pytest

from observatory.client import PokeApiClient, ProcessRateLimiter, RateLimiter
from observatory.client.wire import run_blocking
from observatory.exchange import Exchange, Request
from tests.fake_clock import FakeClock

BASE = "http://api.test/api/v2"
REQUESTS = [Request("pokemon", str(number)) for number in range(1, 31)]


async def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"path": request.url.path})


def client(handler: Callable[[httpx.Request], object] = answer, limiter: RateLimiter | None = None) -> PokeApiClient:
    transport = httpx.MockTransport(handler)  # type: ignore[arg-type]  # httpx's type leaves async handlers out
    return PokeApiClient(BASE, async_transport=transport, clock=FakeClock(), limiter=limiter)


def test_the_exchanges_come_in_the_order_of_the_requests_whoever_was_first() -> None:
    async def later_first(request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.rstrip("/").rpartition("/")[2])
        await asyncio.sleep((30 - number) * 0.001)
        return await answer(request)

    finished: list[str] = []
    with client(later_first) as asked:
        exchanges = asked.fetch_many(
            REQUESTS, concurrency=30, on_done=lambda exchange: finished.append(exchange.resource)
        )
    assert [exchange.resource for exchange in exchanges] == [request.resource for request in REQUESTS]
    assert sorted(finished) == sorted(request.resource for request in REQUESTS)
    assert finished != [request.resource for request in REQUESTS]


@pytest.mark.parametrize("concurrency", [1, 7, 100])
def test_no_more_are_on_their_way_than_allowed(concurrency: int) -> None:
    under_way = 0
    most = 0

    async def counting(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return await answer(request)

    with client(counting) as asked:
        exchanges = asked.fetch_many(REQUESTS, concurrency=concurrency)
    assert most == min(concurrency, len(REQUESTS))
    assert all(exchange.failure is None for exchange in exchanges)


def test_a_failure_of_one_leaves_the_others_alone() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.path.endswith("/7/") else await answer(request)

    with client(handler) as asked:
        exchanges = asked.fetch_many(REQUESTS)
    assert [exchange.resource for exchange in exchanges if exchange.failure] == ["7"]


def test_the_limit_of_a_batch_is_that_of_single_requests() -> None:
    limiter = ProcessRateLimiter(10, 60.0, FakeClock())
    with client(limiter=limiter) as asked:
        exchanges = asked.fetch_many(REQUESTS[:12])
    assert sorted(exchange.attempts[0].limited for exchange in exchanges) == [0.0] * 10 + [60.0] * 2


def test_a_limiter_that_takes_its_time_holds_up_nobody_else() -> None:
    class Slow:
        """Gives the first place only when another request was answered meanwhile."""

        def __init__(self) -> None:
            self.asked = 0

        def reserve(self) -> float:
            self.asked += 1
            if self.asked == 1:
                assert answered.wait(5), "the event loop stood still"
            return 0.0

    answered = threading.Event()

    async def noting(request: httpx.Request) -> httpx.Response:
        answered.set()
        return await answer(request)

    with client(noting, limiter=Slow()) as asked:
        assert all(exchange.failure is None for exchange in asked.fetch_many(REQUESTS[:2]))


def test_on_done_is_called_on_the_thread_of_the_caller() -> None:
    threads: set[int] = set()
    with client() as asked:
        asked.fetch_many(REQUESTS, on_done=lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}


def test_what_on_done_raises_ends_the_batch_and_gives_up_what_is_under_way() -> None:
    def refuse(_: Exchange) -> None:
        raise LookupError("enough")

    sent: list[str] = []
    given_up = threading.Event()

    async def only_the_first(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        if len(sent) == 1:
            return await answer(request)
        try:
            await asyncio.sleep(60)
        finally:
            given_up.set()
        raise AssertionError("not reached")

    with client(only_the_first) as asked:
        with pytest.raises(LookupError, match="enough"):
            asked.fetch_many(REQUESTS, concurrency=2, on_done=refuse)
        assert given_up.wait(5), "at once, and not only when the client is closed"
    assert len(sent) < len(REQUESTS)


def test_an_error_of_our_own_ends_the_batch_as_itself() -> None:
    async def broken(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    with client(broken) as asked, pytest.raises(ZeroDivisionError):
        asked.fetch_many(REQUESTS)


def test_an_empty_batch_asks_nobody() -> None:
    with client() as asked:
        assert asked.fetch_many([]) == []


def test_a_concurrency_of_nothing_is_refused() -> None:
    with client() as asked, pytest.raises(ValueError, match="A concurrency of 0 lets nothing through"):
        asked.fetch_many(REQUESTS, concurrency=0)


def test_a_batch_works_on_a_thread_whose_event_loop_runs() -> None:
    async def keyword() -> list[Exchange]:
        with client() as asked:
            return asked.fetch_many(REQUESTS)

    assert len(asyncio.run(keyword())) == len(REQUESTS)


def test_several_threads_can_ask_for_batches_at_once() -> None:
    with client() as asked:
        results: list[list[Exchange]] = []
        threads = [threading.Thread(target=lambda: results.append(asked.fetch_many(REQUESTS))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [len(result) for result in results] == [len(REQUESTS)] * 4


def test_one_connection_pool_serves_any_number_of_event_loops() -> None:
    with client() as asked:
        assert asyncio.run(asked.get_pokemon(1)).json == {"path": "/api/v2/pokemon/1/"}
        assert asyncio.run(asked.get_type("normal")).json == {"path": "/api/v2/type/normal/"}
        assert asyncio.run(asked.get_ability(1)).json == {"path": "/api/v2/ability/1/"}


def test_a_caller_who_waits_no_longer_cancels_the_request() -> None:
    cancelled = threading.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError("not reached")

    async def impatient(asked: PokeApiClient) -> None:
        async with asyncio.timeout(0.05):
            await asked.get_pokemon(1)

    with client(never) as asked:
        with pytest.raises(TimeoutError):
            asyncio.run(impatient(asked))
        assert cancelled.wait(5)


def test_closing_gives_up_what_is_under_way_and_ends_the_thread() -> None:
    begun = threading.Event()

    async def never(_: httpx.Request) -> httpx.Response:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError("not reached")

    asked = client(never)
    ended: list[CancelledError] = []

    def ask() -> None:
        try:
            asked.fetch_many(REQUESTS)
        except CancelledError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(5)
    asked.close()
    thread.join(5)
    assert len(ended) == 1
    assert "pokeapi-client" not in {other.name for other in threading.enumerate()}


def test_a_closed_client_says_so_and_can_be_closed_again() -> None:
    asked = client()
    asked.fetch_many(REQUESTS[:1])
    asked.close()
    asked.close()
    with pytest.raises(RuntimeError, match=f"The client of {BASE} is closed; make a new one."):
        asked.fetch_many(REQUESTS[:1])
    with pytest.raises(RuntimeError, match="is closed"):
        asked.fetch(REQUESTS[0])


def test_a_client_that_asked_nothing_opened_nothing() -> None:
    before = threading.active_count()
    PokeApiClient(BASE).close()
    assert threading.active_count() == before


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan")])
def test_a_timeout_that_leaves_no_time_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match="leaves no time for an answer"):
        PokeApiClient(BASE, timeout=timeout)


def test_a_blocking_request_over_a_transport_that_suspends_is_refused() -> None:
    with pytest.raises(RuntimeError, match="tried to wait on an event loop"):
        run_blocking(asyncio.sleep(0))
