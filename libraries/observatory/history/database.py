"""The way to PostgreSQL: find the server, bring its tables up to date, lend out connections."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.pool import PoolError, ThreadedConnectionPool

from observatory.errors import HistoryError
from observatory.history.embedded import EmbeddedServer
from observatory.history.migrations import bring_up_to_date

if TYPE_CHECKING:
    from pydantic import SecretStr

_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,  # seconds
    "application_name": "observatory",
    "options": "-c timezone=UTC",
}
_MOST_CONNECTIONS = 4


class Database:
    """A PostgreSQL server with the history's tables: reached when first needed, and again after it was away.

    `locate` gives the server's address, starting the server if that is how it is had; `leave` is called at the end.
    Thread-safe.
    """

    def __init__(self, locate: Callable[[], str], leave: Callable[[], None] = lambda: None) -> None:
        """Remember how to find the server; nothing is reached yet."""
        self._locate = locate
        self._leave = leave
        self._pool: ThreadedConnectionPool | None = None
        self._lock = threading.Lock()

    @classmethod
    def at(cls, url: SecretStr | None, home: Path) -> Database:
        """The database at `url`, or the embedded one under `home` when there is no URL."""
        if url is not None:
            return cls(url.get_secret_value)
        server = EmbeddedServer(home / "postgres")
        return cls(server.url, server.leave)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection within one transaction: committed at the end, rolled back when anything is raised.

        Raises:
            HistoryError: the database cannot be reached, or is of a newer version of the observatory.
            psycopg2.Error: a statement failed.
        """
        pool = self._reach()
        try:
            connection = pool.getconn()
        except PoolError as error:  # all connections are lent out, or the pool was closed meanwhile
            raise HistoryError(_away(error)) from error
        except psycopg2.OperationalError as error:
            self._forget(pool)
            raise HistoryError(_away(error)) from error
        try:
            with connection:
                yield connection
        finally:
            if connection.closed:
                # The server went away; the other connections in the pool are dead too.
                self._forget(pool)
            elif not pool.closed:
                pool.putconn(connection)

    def close(self) -> None:
        """Close all connections and leave the server."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.closeall()
        self._leave()

    def _reach(self) -> ThreadedConnectionPool:
        with self._lock:
            if self._pool is None:
                try:
                    url = self._locate()
                    bring_up_to_date(lambda: _connect(url))
                    self._pool = ThreadedConnectionPool(1, _MOST_CONNECTIONS, url, **_OPTIONS)
                except psycopg2.Error as error:
                    raise HistoryError(_away(error)) from error
            return self._pool

    def _forget(self, pool: ThreadedConnectionPool) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        if not pool.closed:
            pool.closeall()


def _connect(url: str) -> Connection:
    connection: Connection = psycopg2.connect(url, **_OPTIONS)
    return connection


def _away(error: Exception) -> str:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"The history database cannot be reached: {reason.rstrip('.')}."
