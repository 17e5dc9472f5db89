"""The stand-in in several processes that share one port, for load that one process cannot answer."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Semaphore
from types import TracebackType
from typing import Final, Self

from sandbox.errors import ServerError
from sandbox.faults import Faults
from sandbox.server import HOST, listening
from sandbox.source import API_PATH, Source

_PATIENCE: Final = 30.0
"""Seconds that the processes may take to begin."""


class Crowd:
    """Serves a source on the loopback interface from processes of its own; nothing goes wrong there on purpose.

    Args:
        make_source: makes what is served; called once in each process.
        processes: how many there are.
        port: the port; a free one if 0.
    """

    def __init__(self, make_source: Callable[[], Source], processes: int, port: int = 0) -> None:
        self._make_source = make_source
        self._count = processes
        self._processes: list[BaseProcess] = []
        self.port = port

    @property
    def base_url(self) -> str:
        """The address of the API's root, such as `http://127.0.0.1:8001/api/v2`."""
        return f"http://{HOST}:{self.port}{API_PATH}"

    def start(self) -> None:
        """Start serving; all processes answer when this returns.

        Raises:
            ServerError: the port is taken, or a process did not come up.
        """
        listener = listening(self.port)
        self.port = listener.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        ready = context.Semaphore(0)
        arguments = (self._make_source, listener, ready)
        self._processes = [context.Process(target=_serve, args=arguments, daemon=True) for _ in range(self._count)]
        for process in self._processes:
            process.start()
        listener.close()
        for _ in self._processes:
            if not ready.acquire(timeout=_PATIENCE):
                self.stop()
                raise ServerError(f"The stand-in did not start on port {self.port} within {_PATIENCE:g} s; try again.")

    def stop(self) -> None:
        """Stop at once."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
        self._processes = []

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _serve(make_source: Callable[[], Source], listener: socket.socket, ready: Semaphore) -> None:
    from sandbox.serving import Serving

    # A Ctrl-C goes to all processes of a terminal; the one that started this one says when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serving = Serving(make_source(), Faults(), Counter())
    threading.Thread(target=_tell, args=(serving.ready, ready), daemon=True).start()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    serving.run(listener)


def _tell(is_up: threading.Event, ready: Semaphore) -> None:
    is_up.wait()
    ready.release()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(0)
