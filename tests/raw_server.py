"""A server on a real socket that does what no web server would: it breaks off, dawdles and babbles by a script."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

Script = Callable[[socket.socket, int], bool]
"""Answers the request of this number (from 1) on a connection; says whether the connection stays open."""


class RawServer:
    """Accepts connections on loopback and lets a script do to them what no web server would."""

    def __init__(self, script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None) -> None:
        self.requests = 0
        self.connections = 0
        self.ended = 0
        self._script = script
        self._wrap = wrap
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # the listener was shut
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # Whatever the client does to the connection is its right.
        with connection, suppress(OSError):
            connection.settimeout(0.05)
            with self._wrap(connection) if self._wrap else connection as stream:
                self._talk(stream)
        self.ended += 1

    def _talk(self, stream: socket.socket) -> None:
        received = b""
        while not self._over.is_set():
            try:
                chunk = stream.recv(65536)
            except TimeoutError:
                continue
            if not chunk:
                return
            received += chunk
            if received.endswith(b"\r\n\r\n"):
                received = b""
                with self._lock:
                    self.requests += 1
                    number = self.requests
                if not self._script(stream, number):
                    return

    def pause(self, seconds: float) -> bool:
        """Wait, unless the test is over; says whether it goes on."""
        return not self._over.wait(seconds)

    def has_ended(self, connections: int) -> bool:
        """Wait until so many connections were closed on this side."""
        patience = time.monotonic() + 5
        while self.ended < connections and time.monotonic() < patience:
            time.sleep(0.002)
        return self.ended == connections

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
