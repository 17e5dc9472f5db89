"""Connections for an event loop, that tell the stopwatch of a request when they stand."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from observatory.client.deadline import Deadline, tell_connected, tell_connecting


class WatchedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on an event loop; the deadline of a request, given as its time-out, leads to its stopwatch.

    The deadline itself is kept by whoever sends the request, around all of it.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend | None = None) -> None:
        """Connect through another backend; httpcore's own for asyncio when none is given."""
        self._backend = backend or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that accepts."""
        stream = await self._backend.connect_tcp(host, port, _without_deadline(timeout), local_address, socket_options)
        tell_connected(timeout)
        return WatchedStream(stream)


class WatchedStream(httpcore.AsyncNetworkStream):
    """A connection that tells when it was made a safe one."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        """Wrap an open connection."""
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- as above
        """Read what has come."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- as above
        """Write all of the buffer."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- as above
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands for TLS; who reads and writes then has nobody between."""
        tell_connecting(timeout)
        stream = await self._stream.start_tls(ssl_context, server_hostname, _without_deadline(timeout))
        tell_connected(timeout)
        return stream

    def get_extra_info(self, info: str) -> object:
        """Whatever the connection below knows."""
        return self._stream.get_extra_info(info)


def _without_deadline(timeout: float | None) -> float | None:
    return None if isinstance(timeout, Deadline) else timeout
