"""The stand-in as an ASGI application: the API's answers, what is wrong with them, and who asked for what."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.answer import redirect
from sandbox.api import Api
from sandbox.faults import Faults, Kind
from sandbox.misbehaviour import LOOP_PATHS, TROUBLE, Wire, spoil
from sandbox.negotiation import fit, plain_response
from sandbox.source import API_PATH, Source

CONTROL_PATH = "/_faults"

Address = tuple[str, int]


class App:
    """Answers requests on a server that tells the transport of each connection.

    Args:
        source: what is served.
        faults: the board that says what goes wrong.
        transports: the transport of every open connection, by the client's address.
        requests_seen: counts the requests, by their path.
        sleep: waits some seconds.
        now: tells the seconds since 1970.
    """

    def __init__(
        self,
        source: Source,
        faults: Faults,
        transports: Mapping[Address, asyncio.Transport],
        requests_seen: MutableMapping[str, int] | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = Api(source)
        self._faults = faults
        self._transports = transports
        self._requests_seen = Counter[str]() if requests_seen is None else requests_seen
        self._sleep = sleep
        self._now = now
        self._control: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # Only the server's end cancels a request, after it has cut the connection: there is nobody to tell.
        with contextlib.suppress(asyncio.CancelledError):
            if scope["path"] == CONTROL_PATH:
                await self._controlled(scope, receive, send)
            else:
                await self._answered(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["raw_path"].decode("latin-1")
        self._requests_seen[path] = self._requests_seen.get(path, 0) + 1
        wire = Wire(send, receive, self._transports[scope["client"]], self._sleep, self._now)
        if path in LOOP_PATHS:
            # Still the same fault: it neither counts again nor meets another one.
            other = LOOP_PATHS[1 - LOOP_PATHS.index(path)]
            await wire.deliver(plain_response(redirect(other)))
            return
        answer = self._api.answer(method, path, scope["query_string"].decode("latin-1"))
        trouble = None
        for fault in self._faults.draw(subject(path)):
            if fault.kind is Kind.LATENCY:
                await self._sleep(fault.seconds)
            answer = spoil(answer, fault, self._now())
            trouble = fault
        response = fit(answer, method, scope["headers"])
        if trouble is not None and trouble.kind in TROUBLE:
            await TROUBLE[trouble.kind](wire, trouble, answer, response)
        else:
            await wire.deliver(response)

    async def _controlled(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None:
            from sandbox.control import control

            self._control = control(CONTROL_PATH, self._faults)
        await self._control(scope, receive, send)


def subject(path: str) -> str:
    """What a path asks for, as a fault's scope names it: `pokemon/25`; outside the API, the path itself."""
    return path.removeprefix(f"{API_PATH}/").rstrip("/").lower()
