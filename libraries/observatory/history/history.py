"""The history of one process: what was seen goes in behind the tests, what was seen before comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError
from observatory.exchange import Exchange
from observatory.history.database import Database
from observatory.history.drift import Drift
from observatory.history.entries import (
    Body,
    Entry,
    ResponseEntry,
    RunEntry,
    TestAttemptEntry,
    is_good_answer,
    stored_resource,
)
from observatory.history.flaky import FlakyTests
from observatory.history.latency import Latency
from observatory.history.load import Loads
from observatory.history.queries import State, known_bodies, states
from observatory.history.samples import samples
from observatory.history.writer import Writer

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange


class History:
    """Remembers runs, responses, samples and attempts; one for a process, whatever targets it watches.

    `on_known` is called from the writer's thread with the hashes of all stored bodies, and the fingerprint of the
    models that accepted each, when the database is reached; `on_changes`, from there too, with changes of schemas that
    this process is the first in its run to bring to light.
    """

    def __init__(
        self,
        database: Database,
        spool: Path,
        *,
        report: Callable[[str], None],
        on_known: Callable[[dict[bytes, str | None]], None] = lambda _: None,
        on_changes: Callable[[Sequence[KnownChange]], None] = lambda _: None,
        latency_window: timedelta = timedelta(days=7),
    ) -> None:
        """Begin to write behind the tests; nothing here waits for the database."""
        self.database = database
        self.drift = Drift(database, self._settle)
        self.flaky = FlakyTests(database, self._settle)
        self.latency = Latency(database, self._settle, latency_window)
        self.load = Loads(database, self._settle, self._tell)
        self._on_known = on_known
        self._known: dict[bytes, str | None] = {}
        self._targets: set[str] = set()
        self._writer = Writer(database, spool, report=report, on_connect=self._learn_known, on_changes=on_changes)

    def begin(self, run: RunEntry) -> None:
        """Tell of a run, or tell more of it (the API's revision, its end)."""
        self._targets.add(run.target)
        self._writer.add([run])

    def saw(self, exchange: Exchange, run: RunEntry, *, accepted_by: str | None = None) -> None:
        """Remember an exchange: a sample of each attempt, and its body when it is a good answer and new."""
        entries: list[Entry] = [*samples(exchange, run.id)]
        if is_good_answer(exchange):
            entries.append(self._response(exchange, run, accepted_by))
        self._writer.add(entries)

    def knows(self, body_hash: bytes) -> bool:
        """Whether a body with this hash was stored or is on its way: then it was read as JSON before, and was good."""
        return body_hash in self._known

    def attempted(self, attempt: TestAttemptEntry) -> None:
        """Remember an attempt at a test."""
        self._writer.add([attempt])

    def states(self, target: str, endpoint: str, resource: str) -> list[State]:
        """The states a resource of a target was seen in, the latest first, this run's included.

        Raises:
            HistoryError: the database cannot be reached, or went away meanwhile.
        """
        self._settle()
        try:
            with self.database.transaction() as connection:
                return states(connection, target, endpoint, resource)
        except psycopg2.Error as error:
            raise HistoryError(f"The history of {endpoint}/{resource} could not be read: {error}".strip()) from error

    def flush(self, timeout: float = 15.0) -> bool:
        """Wait until the database has everything; False when it is away or took longer than `timeout` seconds."""
        return self._writer.flush(timeout)

    def close(self) -> None:
        """Store what is left and leave the database."""
        self._writer.close()
        self.database.close()

    def _tell(self, entries: Iterable[Entry]) -> None:
        self._writer.add(entries)

    def _settle(self) -> None:
        if not self._writer.flush():
            raise HistoryError(self._writer.problem or "The history cannot be asked: it is slow to take in this run.")

    def _response(self, exchange: Exchange, run: RunEntry, accepted_by: str | None) -> ResponseEntry:
        content_hash, body = exchange.content_hash, None
        is_known = content_hash in self._known
        if not is_known or (accepted_by is not None and self._known[content_hash] != accepted_by):
            self._known[content_hash] = accepted_by
            body = Body(content_hash, exchange.body, accepted_by)
        return ResponseEntry(
            run_id=run.id,
            target=run.target,
            endpoint=exchange.endpoint,
            resource=stored_resource(exchange),
            body_hash=content_hash,
            seen_at=exchange.started_at,
            body=body,
        )

    def _learn_known(self, database: Database) -> None:
        with database.transaction() as connection:
            known = known_bodies(connection)
        self._known.update(known)
        self.drift.connected(database, list(self._targets))
        self._on_known(known)
