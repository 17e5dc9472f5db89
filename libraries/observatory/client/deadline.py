"""One deadline for a whole answer on blocking sockets: what comes in drops gets no more time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from ipaddress import ip_address
from socket import SOCK_STREAM, getaddrinfo
from threading import Thread
from typing import Any, Final, Self

import httpcore

from observatory.client.timing import Stopwatch

LookUp = Callable[[str], list[str]]
"""Gives the addresses of a host name; raises OSError when it has none."""

_LEAST: Final = 0.001  # seconds; a socket that is given 0 would not block at all


class Deadline(float):
    """A time-out, in seconds, that knows how much of it is left.

    It goes through httpx and httpcore as the number it is; the stream below asks it before each operation. It belongs
    to one request, so whoever opens a connection for that request finds its stopwatch here: this costs nothing where a
    connection is used again, while httpcore's tracing calls back ten times for each request.
    """

    def __new__(cls, seconds: float, watch: Stopwatch | None = None) -> Self:
        """Make the number."""
        del watch
        return super().__new__(cls, seconds)

    def __init__(self, seconds: float, watch: Stopwatch | None = None) -> None:
        """Begin now; `watch` is told of a connection that is opened meanwhile."""
        super().__init__()
        self.watch = watch
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds left; below 0 when it has passed."""
        return self._at - time.monotonic()


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens blocking connections that keep to the deadline of the request they serve.

    Looking up a name and trying its addresses counts too: a name server that is silent would hold a plain
    `connect` for half a minute, and each address gets its share of what is left.
    """

    def __init__(self, backend: httpcore.NetworkBackend | None = None, look_up: LookUp | None = None) -> None:
        """Connect through another backend and name service; httpcore's own and the system's when none is given."""
        self._backend = backend or httpcore.SyncBackend()
        self._look_up = look_up or _look_up

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that accepts."""
        options = None if socket_options is None else list(socket_options)
        addresses = _addresses(self._look_up, host, _left(timeout, httpcore.ConnectTimeout))
        for position, address in enumerate(addresses, start=1):
            left = _left(timeout, httpcore.ConnectTimeout)
            share = None if left is None else left / (len(addresses) - position + 1)
            try:
                stream = self._backend.connect_tcp(address, port, share, local_address, options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if position == len(addresses):
                    raise
            else:
                tell_connected(timeout)
                return DeadlineStream(stream)
        raise httpcore.ConnectError(f"The host {host} has no address.")


class DeadlineStream(httpcore.NetworkStream):
    """A connection each of whose operations gets what is left of the request's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        """Wrap an open connection."""
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of the buffer."""
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands for TLS."""
        left = _left(timeout, httpcore.ConnectTimeout)
        tell_connecting(timeout)
        stream = DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))
        tell_connected(timeout)
        return stream

    def get_extra_info(self, info: str) -> object:
        """Whatever the connection below knows."""
        return self._stream.get_extra_info(info)


def tell_connecting(timeout: float | None) -> None:
    """Tell the stopwatch of the request, if it has one, that a connection does not stand yet."""
    if isinstance(timeout, Deadline) and timeout.watch is not None:
        timeout.watch.connecting()


def tell_connected(timeout: float | None) -> None:
    """Tell the stopwatch of the request, if it has one, that a connection stands."""
    if isinstance(timeout, Deadline) and timeout.watch is not None:
        timeout.watch.connected()


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    if not isinstance(timeout, Deadline):
        return timeout
    left = timeout.left()
    if left <= 0:
        raise error("The deadline has passed.")
    return max(left, _LEAST)


def _look_up(host: str) -> list[str]:
    # An address may be listed several times; the order is the system's.
    return list(dict.fromkeys(str(info[4][0]) for info in getaddrinfo(host, None, type=SOCK_STREAM)))


def _addresses(look_up: LookUp, host: str, timeout: float | None) -> list[str]:
    """The addresses of a host, looked up on a thread of its own, as a look-up cannot be told to hurry."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        pass  # a name, not an address
    found: Future[list[str]] = Future()

    def ask() -> None:
        try:
            found.set_result(look_up(host))
        except (OSError, UnicodeError) as error:  # the second for a name too long to be one
            found.set_exception(error)

    Thread(target=ask, name=f"look-up of {host}", daemon=True).start()
    try:
        return found.result(timeout)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(f"Looking up {host} took too long.") from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
