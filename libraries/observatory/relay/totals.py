"""The sums of all pushes, in a file that survives the relay: a push and the note that it was had are one write."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from observatory.errors import ObservatoryError
from observatory.metrics.families import EXECUTED, FAMILY_OF, FLAKINESS, Family, Kind
from observatory.relay.folding import Folding
from observatory.relay.keys import Key, known_keys
from observatory.relay.reading import Sample

FIRST_SHOWN: Final = 35.0
"""Seconds for which a new counter is shown at 0, which is two scrapes: for Prometheus, nothing can't increase."""

_REMEMBERED: Final = 60 * 86_400.0  # seconds; numbers wait for half as long at most
_FLAKY_FOR: Final = 30 * 86_400.0  # seconds, as `observatory flaky` looks back
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS totals (
    target TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL,
    value REAL NOT NULL, changed_at REAL NOT NULL, is_shown INTEGER NOT NULL,
    PRIMARY KEY (target, name, labels)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pushes (id TEXT PRIMARY KEY, had_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pushes_had_at ON pushes (had_at);
"""


class TotalsError(ObservatoryError):
    """The file of the sums cannot be read or written; nothing was added."""


@dataclass(slots=True)
class _Total:
    value: float
    changed_at: float
    is_shown: bool
    shown_at_0_from: float | None = None


class Totals:
    """Adds counters and histograms, sets gauges, and forgets neither over a restart. Thread-safe.

    A counter that it has never heard of is shown at 0 for `first_shown` seconds of scrapes before its sum is: else
    Prometheus, which saw nothing before, would see no increase.
    """

    def __init__(self, path: Path, *, first_shown: float = FIRST_SHOWN) -> None:
        """Open the file at `path`, or make it.

        Raises:
            TotalsError: it cannot be made, is another relay's, or is no file of sums.
        """
        self._first_shown = first_shown
        self._mutex = threading.Lock()
        self._path = path
        with self._told("opened"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
            try:
                self._totals = self._read()
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> Self:
        """Use it, and close it in the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            self._file.close()

    def _read(self) -> dict[Key, _Total]:
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("BEGIN EXCLUSIVE")
        for statement in _TABLES.split(";"):
            self._file.execute(statement)
        self._file.execute("COMMIT")
        return {
            Key(target, name, tuple(map(tuple, json.loads(labels)))): _Total(value, changed_at, bool(is_shown))
            for target, name, labels, value, changed_at, is_shown in self._file.execute("SELECT * FROM totals")
            if name in FAMILY_OF  # a later version may have had others; they stay in the file
        }

    def know(self, now: float) -> None:
        """Have a sum of 0 for everything that is bound to be counted one day, from now on.

        Raises:
            TotalsError: the file cannot be written.
        """
        with self._mutex:
            born = {key: _Total(0.0, now, is_shown=False) for key in known_keys() if key not in self._totals}
            self._store(born)

    def add(self, target: str, push_id: str | None, samples: Sequence[Sample], now: float, *, age: float = 0.0) -> bool:
        """Add a push at `now`, in seconds since 1970, and say whether it was new; one without an id always is.

        `age` is for how many seconds its numbers have waited: a gauge that was set since then stays as it is.

        Raises:
            TotalsError: the file cannot be written, and nothing was added.
        """
        with self._mutex:
            with self._told("read"):
                had = self._file.execute("SELECT 1 FROM pushes WHERE id = ?", (push_id,)).fetchone()
            if had:
                return False
            changed: dict[Key, _Total] = {}
            folding = Folding({key: total.changed_at for key, total in self._totals.items()}, target)
            for sample in samples:
                key = folding.key(sample)
                if key is None:
                    continue
                family = FAMILY_OF[sample.name]
                before = changed.get(key) or self._totals.get(key)
                if family.kind is Kind.GAUGE:
                    if (gauge := _gauge(family, sample.value, before, now, age)) is not None:
                        changed[key] = gauge
                elif before is None:
                    changed[key] = _Total(sample.value, now, is_shown=False)
                else:
                    value = before.value + sample.value
                    changed[key] = _Total(value, now, before.is_shown, before.shown_at_0_from)
            self._store(changed, push_id=push_id, now=now, dropped=[*folding.dropped, *self._forgotten(changed, now)])
            return True

    def shown(self, now: float) -> Iterator[tuple[Key, float]]:
        """Each sum as a scrape at `now`, in seconds since 1970, sees it.

        Raises:
            TotalsError: the file cannot be written.
        """
        with self._mutex:
            due: dict[Key, _Total] = {}
            for key, total in self._totals.items():
                if not total.is_shown:
                    if total.shown_at_0_from is None or now < total.shown_at_0_from:  # the clock was set back
                        total.shown_at_0_from = now
                    elif now - total.shown_at_0_from >= self._first_shown:
                        due[key] = _Total(total.value, total.changed_at, is_shown=True)
            if due:  # noted before it is seen: after a restart it must not begin at 0 again
                self._store(due)
            return iter([(key, total.value if total.is_shown else 0.0) for key, total in self._totals.items()])

    def check(self) -> None:
        """See whether the file can be written.

        Raises:
            TotalsError: it cannot.
        """
        with self._mutex, self._writing():
            self._file.execute("PRAGMA user_version = 1")  # which is written even if it is so already

    def _forgotten(self, changed: dict[Key, _Total], now: float) -> Iterator[Key]:
        """The tests that were not flaky for so long that nobody calls them flaky any more."""
        for key, total in self._totals.items():
            if key.name == FLAKINESS.name and key not in changed and total.changed_at < now - _FLAKY_FOR:
                yield key

    def _store(
        self,
        changed: dict[Key, _Total],
        *,
        push_id: str | None = None,
        now: float = 0.0,
        dropped: Iterable[Key] = (),
    ) -> None:
        """Write, all or nothing, and then have it so in memory, too."""
        gone = list(dropped)
        rows = [(*_row(key), each.value, each.changed_at, each.is_shown) for key, each in changed.items()]
        with self._writing():
            self._file.executemany("INSERT OR REPLACE INTO totals VALUES (?, ?, ?, ?, ?, ?)", rows)
            where = "DELETE FROM totals WHERE target = ? AND name = ? AND labels = ?"
            self._file.executemany(where, [_row(key) for key in gone])
            if push_id is not None:
                self._file.execute("INSERT INTO pushes VALUES (?, ?)", (push_id, now))
                self._file.execute("DELETE FROM pushes WHERE had_at < ?", (now - _REMEMBERED,))
        self._totals.update(changed)
        for key in gone:
            self._totals.pop(key, None)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write, all or nothing."""
        with self._told("written"):
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._file.execute("COMMIT")
            except BaseException:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            advice = "Is another relay running with it, is the disk full, is it a file of a relay's?"
            raise TotalsError(f"The relay's sums in {self._path} could not be {what}: {error}. {advice}") from error


def _gauge(family: Family, value: float, before: _Total | None, now: float, age: float) -> _Total | None:
    """What a gauge is after a push; None when it stays as it is, for it was set after the push's numbers were."""
    as_of = now - age
    if family is EXECUTED:  # a time of its own, which a clock that is ahead must not keep for ever
        return _Total(max(min(value, now), before.value if before else 0.0), as_of, is_shown=True)
    if before is not None and as_of < before.changed_at <= now:
        return None
    return _Total(value, as_of, is_shown=True)


def _row(key: Key) -> tuple[str, str, str]:
    return (key.target, key.name, json.dumps(key.labels, separators=(",", ":")))
