"""What the history says of tests while a run goes on: which of them lie, and how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError

if TYPE_CHECKING:
    from observatory.history.database import Database
    from observatory.history.flaky_queries import FlakyTest


class FlakyTests:
    """Asks the history about tests; one for a process.

    `settle` waits until everything that was told is stored, and raises `HistoryError` when it cannot be.
    """

    def __init__(self, database: Database, settle: Callable[[], None]) -> None:
        """Ask nothing yet."""
        self._database = database
        self._settle = settle

    def tests(self, target: str, now: datetime, names: Sequence[str] | None = None) -> list[FlakyTest]:
        """The flaky tests of a target, this run's attempts included; only those of these names, if any are given.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.flaky_queries import flaky_tests

        self._settle()
        try:
            with self._database.transaction() as connection:
                return flaky_tests(connection, now, target=target, names=names)
        except psycopg2.Error as error:
            raise HistoryError(f"The flaky tests of {target} could not be read: {error}".strip()) from error

    def names(self) -> set[str]:
        """The long names of all tests that were ever run, this run's included.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.flaky_queries import known_tests

        self._settle()
        try:
            with self._database.transaction() as connection:
                return known_tests(connection)
        except psycopg2.Error as error:
            raise HistoryError(f"The names of the tests could not be read: {error}".strip()) from error
