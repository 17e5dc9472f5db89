"""What a history holds and how large it is, looked at between runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from bench.apart import apart
from observatory.history import Database
from observatory.history.embedded import EmbeddedServer

_TABLES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of the whole database, and of each of our tables with its indexes and what it keeps out of line."""

    database: int
    tables: dict[str, int]

    @property
    def all_tables(self) -> int:
        """Bytes of our tables together."""
        return sum(self.tables.values())


@dataclass(frozen=True, slots=True)
class Holding:
    """How many rows the history has of what a check writes."""

    bodies: int
    responses: int
    samples: int
    attempts: int


def make(home: Path) -> None:
    """Make an empty history with all its tables."""
    apart(_make, home)


def look(home: Path) -> tuple[Size, Holding]:
    """The size as it is on disk, and the rows. Only a checkpoint is asked for: nothing is vacuumed."""
    return apart(_look, home)


def size_when_packed(home: Path) -> Size:
    """The size after VACUUM FULL, which writes every table anew without dead rows; so ask only at the very end."""
    return apart(_pack, home)


def _make(home: Path) -> None:
    database = Database.at(None, home)
    with database.transaction():
        pass
    database.close()


def _look(home: Path) -> tuple[Size, Holding]:
    with _connected(home) as connection:
        return _size(connection), _holding(connection)


def _pack(home: Path) -> Size:
    with _connected(home) as connection:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM FULL")
        return _size(connection)


@contextmanager
def _connected(home: Path) -> Iterator[Connection]:
    server = EmbeddedServer(home / "postgres")
    try:
        with closing(psycopg2.connect(server.url())) as connection:
            connection.autocommit = True
            yield connection
    finally:
        server.leave()


def _size(connection: Connection) -> Size:
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT pg_database_size(current_database())")
        (database,) = cursor.fetchone() or (0,)
        cursor.execute(_TABLES)
        return Size(database, dict(cursor.fetchall()))


def _holding(connection: Connection) -> Holding:
    counts = []
    with connection.cursor() as cursor:
        for table in ("bodies", "api_responses", "latency_samples", "test_attempts"):
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - the names are those above
            (rows,) = cursor.fetchone() or (0,)
            counts.append(rows)
    return Holding(*counts)
