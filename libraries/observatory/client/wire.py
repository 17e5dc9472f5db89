"""The two ways to the API, blocking and concurrent, behind one face for the logic above them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar, cast

import httpx

from observatory.client.clock import Clock
from observatory.client.deadline import Deadline
from observatory.client.reply import Reply

T = TypeVar("T")


class Wire(Protocol):
    """Sends one request and lets time pass."""

    async def send(self, request: httpx.Request, reply: Reply) -> None:
        """Send a request and read all of its answer into `reply`.

        Raises:
            httpx.HTTPError: the network failed.
            OSError: the network failed, or time ran out (`TimeoutError`).
            FaultError: the answer is too large.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function that may take its time."""
        ...


class BlockingWire:
    """One request after the other, on the thread of the caller: half the cost of the concurrent way.

    Its coroutines never suspend, so that `run_blocking` can run them without an event loop.
    """

    def __init__(self, transport: httpx.BaseTransport, clock: Clock) -> None:
        """Use an open transport."""
        self._transport = transport
        self._clock = clock
        self._was_answered = False

    async def send(self, request: httpx.Request, reply: Reply) -> None:
        """Send a request and read all of its answer into `reply`."""
        is_first = not self._was_answered
        deadline = Deadline(reply.timeout, reply.watch)
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), deadline)
        try:
            response = self._transport.handle_request(request)
            try:
                reply.begin(response.status_code, response.headers.raw)
                self._was_answered = True
                for chunk in cast("httpx.SyncByteStream", response.stream):
                    reply.take(chunk)
            finally:
                response.close()
        finally:
            reply.watch.stop(is_first=is_first)

    async def sleep(self, seconds: float) -> None:
        """Wait, holding the thread."""
        self._clock.sleep(seconds)

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function that may take its time."""
        return function()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class ConcurrentWire:
    """Many requests at once, on an event loop."""

    def __init__(self, transport: httpx.AsyncBaseTransport, clock: Clock) -> None:
        """Use an open transport."""
        self._transport = transport
        self._clock = clock
        self._was_answered = False
        self._is_first_under_way = False

    async def send(self, request: httpx.Request, reply: Reply) -> None:
        """Send a request and read all of its answer into `reply`."""
        # Of a first volley one is cold: the others wait for their connections too, but so they do in each run.
        is_first = not (self._was_answered or self._is_first_under_way)
        self._is_first_under_way = self._is_first_under_way or is_first
        request.extensions["timeout"] = {"connect": Deadline(reply.timeout, reply.watch)}
        try:
            # One deadline around everything: httpx's own time-outs begin anew with each piece that comes.
            async with asyncio.timeout(reply.timeout):
                response = await self._transport.handle_async_request(request)
                try:
                    reply.begin(response.status_code, response.headers.raw)
                    self._was_answered = True
                    async for chunk in cast("httpx.AsyncByteStream", response.stream):
                        reply.take(chunk)
                finally:
                    await response.aclose()
        finally:
            self._is_first_under_way = self._is_first_under_way and not is_first
            reply.watch.stop(is_first=is_first)

    async def sleep(self, seconds: float) -> None:
        """Wait, leaving the event loop to others."""
        await self._clock.sleep_async(seconds)

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function that may take its time on another thread, so that no other request seems slow by it."""
        return await asyncio.to_thread(function)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never suspends, whether or not an event loop runs on this thread.

    Raises:
        RuntimeError: the coroutine did suspend, and there is nothing that could wake it.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("A blocking request tried to wait on an event loop; its transport or clock is not blocking.")
