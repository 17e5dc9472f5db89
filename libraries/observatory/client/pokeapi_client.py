"""The client: one face for asking once, asking on an event loop, and asking for many at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Final, Self

import httpx

from observatory.client.address import BaseAddress
from observatory.client.background_loop import BackgroundLoop
from observatory.client.body import ACCEPTED_ENCODINGS
from observatory.client.circuit_breaker import CircuitBreakers
from observatory.client.clock import SYSTEM_CLOCK, Clock
from observatory.client.fetcher import Fetcher
from observatory.client.pursuit import Terms
from observatory.client.rate_limit import RateLimiter
from observatory.client.retry import RetryRules
from observatory.client.transports import blocking_transport, concurrent_transport
from observatory.client.wire import BlockingWire, ConcurrentWire, run_blocking
from observatory.exchange import Exchange, Request

MIB: Final = 1024 * 1024


class PokeApiClient:
    """Asks one API; whatever happens, an exchange comes back, with `failure` set if it failed.

    A single request takes the cheap way, on the thread of the caller; `fetch_async` and `fetch_many` share
    an event loop on a thread of the client's own, so that they work wherever they are called from, and
    their connections outlive the caller's loop. Connections are made when first needed, and kept. Any
    number of threads may use one client.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        rate_limit_retries: int = 5,
        pause: float = 1.0,
        limiter: RateLimiter | None = None,
        breakers: CircuitBreakers | None = None,
        max_body_bytes: int = 32 * MIB,
        headers: Mapping[str, str] | None = None,
        user_agent: str = "pokeapi-observatory",
        clock: Clock = SYSTEM_CLOCK,
        jitter: Callable[[], float] = random.random,
        is_known: Callable[[bytes], bool] = lambda _: False,
        transport: httpx.BaseTransport | None = None,
        async_transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Set the terms; nothing is opened yet.

        Args:
            base_url: what all requests go below, such as `https://pokeapi.co/api/v2`.
            timeout: seconds that one attempt may take on the wire, from the look-up of the name to the last
                byte.
            retries: further attempts after network errors, statuses 5xx and bodies that were cut off.
            rate_limit_retries: further attempts after a status 429, counted apart.
            pause: seconds of the first wait between two attempts, by which all waits but those that the API
                asks for are measured.
            limiter: says when the next request may leave; None for no limit.
            breakers: the circuits of the endpoints; new ones when none are given.
            max_body_bytes: the largest body that is read, before and after decompression.
            headers: sent with every request, and only to the host of `base_url`.
            user_agent: how the client names itself.
            clock: tells the time and lets it pass.
            jitter: pauses between 0 and 1 that are added to the waits between attempts.
            is_known: whether a body with this SHA-256 was found to be JSON before; such a one is not parsed to see it.
            transport: used by `fetch` instead of real connections.
            async_transport: used by `fetch_async` and `fetch_many` instead of real connections.

        Raises:
            SettingsError: `base_url` is not an http or https address.
            ValueError: `timeout` is not above 0.
        """
        if not timeout > 0:
            raise ValueError(f"A timeout of {timeout} s leaves no time for an answer; give one above 0.")
        base = BaseAddress(base_url)
        own_headers = {
            "accept": "application/json",
            "accept-encoding": ACCEPTED_ENCODINGS,
            "user-agent": user_agent,
        }
        if base.authorization:
            own_headers["authorization"] = base.authorization
        given_headers = {name.lower(): value for name, value in (headers or {}).items()}
        rules = RetryRules(retries, rate_limit_retries, pause)
        terms = Terms(base, timeout, rules, limiter, max_body_bytes, clock, jitter, is_known)
        self.base_url = base.text
        self.breakers = breakers or CircuitBreakers(clock=clock)
        self._base = base
        self._clock = clock
        self._fetcher = Fetcher(terms, self.breakers, {**own_headers, **given_headers})
        self._lock = Lock()
        self._closed = False
        self._transport = transport
        self._async_transport = async_transport
        self._blocking: BlockingWire | None = None
        self._concurrent: tuple[BackgroundLoop, ConcurrentWire] | None = None

    def fetch(self, request: Request) -> Exchange:
        """Ask once (with retries), on this thread; an event loop that runs on it waits meanwhile."""
        return run_blocking(self._fetcher.fetch(request, self._blocking or self._open_blocking()))

    async def fetch_async(self, request: Request) -> Exchange:
        """Ask once (with retries), leaving the caller's event loop to others meanwhile."""
        loop, wire = self._concurrent or self._open_concurrent()
        return await asyncio.wrap_future(loop.submit(self._fetcher.fetch(request, wire)))

    def fetch_many(
        self,
        requests: Sequence[Request],
        *,
        concurrency: int = 20,
        on_done: Callable[[Exchange], None] | None = None,
    ) -> list[Exchange]:
        """Ask for many at once; the exchanges come in the order of the requests.

        Args:
            requests: what to ask for.
            concurrency: how many may be on their way at once.
            on_done: told of each exchange as soon as it is complete, on the caller's thread. What it raises
                ends the batch: requests under way are given up.

        Raises:
            ValueError: `concurrency` is less than 1.
        """
        if concurrency < 1:
            raise ValueError(f"A concurrency of {concurrency} lets nothing through; give 1 or more.")
        if not requests:
            return []
        loop, wire = self._concurrent or self._open_concurrent()
        done: SimpleQueue[tuple[int, Exchange] | None] = SimpleQueue()
        batch = loop.submit(self._fetch_all(requests, concurrency, wire, done))
        batch.add_done_callback(lambda _: done.put(None))
        exchanges: dict[int, Exchange] = {}
        try:
            while (item := done.get()) is not None:
                position, exchange = item
                exchanges[position] = exchange
                if on_done is not None:
                    on_done(exchange)
        except BaseException:
            batch.cancel()
            raise
        batch.result()
        return [exchanges[position] for position in range(len(requests))]

    async def get_pokemon(self, resource: int | str) -> Exchange:
        """The pokemon with this number or name."""
        return await self.fetch_async(Request("pokemon", str(resource)))

    async def get_type(self, resource: int | str) -> Exchange:
        """The type with this number or name."""
        return await self.fetch_async(Request("type", str(resource)))

    async def get_ability(self, resource: int | str) -> Exchange:
        """The ability with this number or name."""
        return await self.fetch_async(Request("ability", str(resource)))

    def carry(self, name: str, value: str) -> None:
        """Let every further request carry a header; it goes only to the host of `base_url`."""
        self._fetcher.carry(name, value)

    def close(self) -> None:
        """Close all connections; requests under way are given up. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            blocking, self._blocking = self._blocking, None
            concurrent, self._concurrent = self._concurrent, None
        if blocking is not None:
            blocking.close()
        if concurrent is not None:
            loop, _ = concurrent
            loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _open_blocking(self) -> BlockingWire:
        with self._lock:
            self._check_open()
            if self._blocking is None:
                transport = self._transport or blocking_transport(self._base.url)
                self._blocking = BlockingWire(transport, self._clock)
            return self._blocking

    def _open_concurrent(self) -> tuple[BackgroundLoop, ConcurrentWire]:
        with self._lock:
            self._check_open()
            if self._concurrent is None:
                transport = self._async_transport or concurrent_transport(self._base.url)
                wire = ConcurrentWire(transport, self._clock)
                self._concurrent = BackgroundLoop("pokeapi-client", at_end=wire.close), wire
            return self._concurrent

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"The client of {self.base_url} is closed; make a new one.")

    async def _fetch_all(
        self,
        requests: Sequence[Request],
        concurrency: int,
        wire: ConcurrentWire,
        done: SimpleQueue[tuple[int, Exchange] | None],
    ) -> None:
        waiting = enumerate(requests)

        async def work() -> None:
            # All workers draw from one iterator: each request is taken once.
            for position, request in waiting:
                done.put((position, await self._fetcher.fetch(request, wire, in_batch=True)))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(concurrency, len(requests))):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            # Only an error of ours can end here, and the first one is the cause of the rest.
            raise errors.exceptions[0] from None
