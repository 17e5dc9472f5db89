"""The writer: a thread that brings entries to the database behind the tests, and loses none while it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg2
from psycopg2.errorcodes import CLASS_TRANSACTION_ROLLBACK

from observatory.errors import HistoryError
from observatory.history.database import Database
from observatory.history.entries import Entry
from observatory.history.journal import Journal
from observatory.history.store import store

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange

_GATHER = 0.25  # seconds that entries are gathered before they are written together
_RETRY = 2.0  # seconds between two tries to reach a database that is away
_BATCH = 500  # entries in one transaction
_COLLISIONS = 10  # times a batch is tried again when it collided with another process


class _Pending(NamedTuple):
    entry: Entry
    is_in_journal: bool


class Writer:
    """Takes entries from any thread and stores them in batches; `add` costs one write to the journal.

    While the database is away the journal is the queue, and memory holds only what the journal could not take. When
    the database is back, or with the next run, the journal is stored from its beginning; an entry told twice is
    stored once. `on_connect` runs in the writer's thread each time the database is reached, `on_changes` when a batch
    brought changes of schemas to light that nobody told of in their run so far. `report` is told, in one
    sentence each, when the database goes away, when the journal cannot be written, and what the database refused.
    """

    def __init__(
        self,
        database: Database,
        spool: Path,
        *,
        report: Callable[[str], None],
        on_connect: Callable[[Database], None] = lambda _: None,
        on_changes: Callable[[Sequence[KnownChange]], None] = lambda _: None,
    ) -> None:
        """Start the thread, which reaches for the database at once so that nobody waits for it later."""
        self._database = database
        self._spool = spool
        self._report = report
        self._on_connect = on_connect
        self._on_changes = on_changes
        self._journal: Journal | None = None
        self._journal_works = True
        self._told: set[str] = set()  # what could not be judged, which may be so with every batch
        self._pending: list[_Pending] = []
        self._backlog = False  # the journal holds entries that are not in memory
        self._is_connected = False
        self._away_since: float | None = None
        self.problem = ""  # why the database is away, in one sentence; empty while it is not
        self._hurry = False
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="history-writer", daemon=True)
        self._thread.start()

    def add(self, entries: Iterable[Entry]) -> None:
        """Put entries into the journal and hand them to the thread."""
        with self._change:
            was_empty = not self._pending
            for entry in entries:
                is_in_journal = self._keep(entry)
                if is_in_journal and self._away_since is not None:
                    self._backlog = True
                else:
                    self._pending.append(_Pending(entry, is_in_journal))
            if was_empty or len(self._pending) >= _BATCH:
                self._change.notify_all()

    def flush(self, timeout: float = 15.0) -> bool:
        """Wait until all that was added is stored; False when the database is away or `timeout` seconds have passed."""
        deadline = time.monotonic() + timeout
        with self._change:
            while self._pending or self._backlog:
                if self._away_since is not None or not self._thread.is_alive():
                    return False
                self._hurry = True
                self._change.notify_all()
                if not self._change.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                    return False
        return True

    def close(self, timeout: float = 30.0) -> None:
        """Store what is left, in at most `timeout` seconds; the rest waits in the journal for the next run."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(timeout)
        if self._thread.is_alive():
            self._report(f"The history database is slow; what it did not take is kept in {self._spool}.")
            return
        lost = sum(not pending.is_in_journal for pending in self._pending)
        if lost:
            self._report(
                f"{lost} entries of the history are lost: the database is away and {self._spool} could not be written. "
                "Make room on that disk, or bring the database back, before the next run."
            )
        if self._journal is not None:
            self._journal.close()

    def _keep(self, entry: Entry) -> bool:
        try:
            if self._journal is None:
                self._journal = Journal.create(self._spool)
            self._journal.append(entry)
        except OSError as error:
            if self._journal_works:
                self._journal_works = False
                self._report(
                    f"The journal in {self._spool} cannot be written ({error}); until it can, entries of the history "
                    "that the database has not taken are held in memory only. Make room on that disk."
                )
            return False
        self._journal_works = True
        return True

    def _work(self) -> None:
        with self._change:
            # What has to be known when the database is reached depends on the run, which is told of first.
            self._change.wait_for(lambda: self._pending or self._closing)
        while True:
            try:
                self._store_next()
            except Exception as error:  # noqa: BLE001 -- whatever it is, the journal has it, and the thread must live
                self._go_away(error)
            with self._change:
                if self._closing and (self._away_since is not None or not (self._pending or self._backlog)):
                    return
                self._wait()

    def _wait(self) -> None:
        if self._away_since is not None:
            self._change.wait_for(lambda: self._closing, _RETRY)
        elif not self._backlog:
            self._change.wait_for(lambda: self._pending or self._closing)
            self._change.wait_for(lambda: self._hurry or self._closing or len(self._pending) >= _BATCH, _GATHER)
        self._hurry = False

    def _store_next(self) -> None:
        if not self._is_connected:
            self._reach()
        if self._backlog and self._journal is not None:
            self._store_journal(self._journal)
        with self._change:
            batch = self._pending[:_BATCH]
        self._store([pending.entry for pending in batch])
        with self._change:
            del self._pending[: len(batch)]
            self._backlog = False
            if not self._pending:
                if self._journal is not None:
                    self._journal.clear()
                self._change.notify_all()

    def _reach(self) -> None:
        with self._database.transaction():
            pass
        for abandoned in Journal.adopt_abandoned(self._spool):
            try:
                self._store_journal(abandoned)
            except BaseException:
                abandoned.close()
                raise
            if abandoned.has_unread:
                kept = abandoned.set_aside()
                self._report(f"Some entries of {kept} could not be read; they may be of another version. It is kept.")
            else:
                abandoned.remove()
        self._on_connect(self._database)
        with self._change:
            self._is_connected = True
            self._away_since = None
            self.problem = ""

    def _store_journal(self, journal: Journal) -> None:
        entries = journal.entries()
        while chunk := list(islice(entries, _BATCH)):
            self._store(chunk)

    def _store(self, entries: Sequence[Entry], collisions: int = 0) -> None:
        if not entries:
            return
        try:
            with self._database.transaction() as connection:
                stored = store(connection, entries)
        except (psycopg2.DataError, psycopg2.IntegrityError, ValueError) as error:
            if len(entries) == 1:
                self._refuse(entries[0], error)
            for entry in entries if len(entries) > 1 else ():
                self._store([entry])
        except psycopg2.OperationalError as error:
            collided = (error.pgcode or "").startswith(CLASS_TRANSACTION_ROLLBACK)
            if not collided or collisions == _COLLISIONS:
                raise
            self._store(entries, collisions + 1)
        else:
            if stored.problem and stored.problem not in self._told:
                self._told.add(stored.problem)
                self._report(stored.problem)
            if stored.changes:
                self._on_changes(stored.changes)

    def _refuse(self, entry: Entry, error: Exception) -> None:
        reason = " ".join(str(error).split())
        self._report(
            f"The history database refused a {type(entry).__name__} ({reason}); it is left out: {entry!r:.300}"
        )

    def _go_away(self, error: Exception) -> None:
        reason = str(error) if isinstance(error, HistoryError) else f"The history database failed: {error}".strip()
        with self._change:
            is_news = self._away_since is None
            self.problem = reason
            self._is_connected = False
            self._away_since = time.monotonic()
            self._backlog = self._backlog or any(pending.is_in_journal for pending in self._pending)
            self._pending = [pending for pending in self._pending if not pending.is_in_journal]
            self._change.notify_all()
        if is_news:
            self._report(f"{reason} The run goes on; its history is kept in {self._spool} and stored when it is back.")
