"""The stand-in as a server in this process: started and stopped in a blink."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sandbox.catalogue import Catalogue
from sandbox.errors import ServerError
from sandbox.faults import Faults
from sandbox.source import API_PATH, Source

if TYPE_CHECKING:
    from sandbox.serving import Serving

HOST = "127.0.0.1"
_BACKLOG = 512
_PATIENCE = 10.0
"""Seconds to wait for a start or a stop that takes milliseconds, before something is wrong."""


class Server:
    """Serves a source on the loopback interface from a thread of its own.

    Args:
        source: what to serve; the catalogue if not given.
        faults: the board that says what goes wrong; an empty one if not given.
        port: the port; a free one if 0.

    A server can be started again after it was stopped; it then may get another port.
    """

    def __init__(self, source: Source | None = None, faults: Faults | None = None, port: int = 0) -> None:
        self.source: Source = Catalogue() if source is None else source
        self.faults = Faults() if faults is None else faults
        self.port = port
        self._wanted_port = port
        self._requests_seen: Counter[str] = Counter()
        self._serving: Serving | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The address of the API's root, such as `http://127.0.0.1:8001/api/v2`."""
        return f"http://{HOST}:{self.port}{API_PATH}"

    @property
    def requests_seen(self) -> Counter[str]:
        """How many requests came for each path, those that met a fault included."""
        return self._requests_seen.copy()

    def start(self) -> None:
        """Start serving; connections are accepted when this returns.

        Raises:
            ServerError: the port is taken, or the server did not come up.
        """
        if self._thread is not None:
            return
        listener = listening(self._wanted_port)
        self.port = listener.getsockname()[1]
        from sandbox.serving import Serving

        self._serving = Serving(self.source, self.faults, self._requests_seen)
        self._thread = threading.Thread(
            target=self._serving.run, args=(listener,), name=f"sandbox:{self.port}", daemon=True
        )
        self._thread.start()
        if not self._serving.ready.wait(_PATIENCE):
            raise ServerError(f"The stand-in did not start on port {self.port} within {_PATIENCE:g} s; try again.")

    def stop(self) -> None:
        """Stop at once: open connections are cut, answers under way are given up."""
        if self._thread is None or self._serving is None:
            return
        self._serving.stop()
        self._thread.join(_PATIENCE)
        self._thread = self._serving = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def listening(port: int) -> socket.socket:
    """A socket that listens on the loopback interface, on a free port if `port` is 0.

    Raises:
        ServerError: the port cannot be had.
    """
    # The protocol is named because asyncio switches Nagle's algorithm off only on sockets that name it:
    # with it, each chunked answer took 40 ms instead of a half.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServerError(f"The stand-in cannot listen on {HOST}:{port} ({error}); choose another port.") from error
    listener.listen(_BACKLOG)
    return listener
