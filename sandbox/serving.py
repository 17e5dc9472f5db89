"""The web server under the stand-in: uvicorn, without its signals, its log and its slow farewell."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import MutableMapping

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.app import Address, App
from sandbox.faults import Faults
from sandbox.source import Source

_KEEP_ALIVE = 300
"""Seconds; a test that pauses must not find its connection closed."""


class Serving:
    """One run of the web server; `ready` is set when it accepts connections."""

    def __init__(self, source: Source, faults: Faults, requests_seen: MutableMapping[str, int]) -> None:
        transports: dict[Address, asyncio.Transport] = {}
        config = uvicorn.Config(
            App(source, faults, transports, requests_seen),
            http=_protocol(transports),
            ws="none",
            lifespan="off",
            loop="asyncio",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            log_level="warning",
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self.ready = threading.Event()
        self._server = _Uvicorn(config, self.ready)
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, listener: socket.socket) -> None:
        """Serve the connections of a listening socket until `stop` is called."""
        with contextlib.closing(listener), asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._server.serve(sockets=[listener]))

    def stop(self) -> None:
        """End the run soon; may be called from any thread."""
        if self._loop is not None:
            # The loop is closed already if the run ended by itself.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._server.stop)


class _Uvicorn(uvicorn.Server):
    """Tells when it is up, and ends when asked instead of at the next of ten looks a second."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._end = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._end.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        # Each look also renews the Date header, which has seconds.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), timeout=1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # One turn for the requests under way to notice; the end of the loop cancels those that still wait.
        await asyncio.sleep(0)


def _protocol(transports: MutableMapping[Address, asyncio.Transport]) -> type[H11Protocol]:
    """Uvicorn's protocol, which also notes the transport of each open connection."""

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                transports.pop(self.client, None)
            super().connection_lost(exc)

    return Protocol
