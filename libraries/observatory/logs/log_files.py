"""Where the lines of the structured log go: one file, or a file a day in parts, of which old ones are deleted."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import NamedTuple, Protocol

MEBIBYTE = 1024 * 1024
LARGEST_PART = 64 * MEBIBYTE
"""Bytes at which a day's file is full and its next part begins: about 150,000 lines."""

DAYS_KEPT = 14
"""Days, today among them, whose files are kept: twice as long as Loki keeps what it was sent."""

MOST_KEPT = 1024 * MEBIBYTE
"""Bytes that all files together may have when a new one is begun."""

STILL_IN_USE = timedelta(hours=1)
"""A file that was written to more recently than this is never deleted: a process may be about to write to it."""

_NAME = re.compile(r"observatory-(\d{4}-\d{2}-\d{2})(?:_(\d{3,}))?\.jsonl")


class LogFiles(Protocol):
    """Knows which file a line is appended to."""

    @property
    def path(self) -> Path:
        """The file that was opened last, or would be opened first."""

    def opened(self, day: date, length: int) -> FileIO:
        """The file, open for appending, that takes a line of `length` bytes which was made on `day` in UTC.

        Raises:
            OSError: it cannot be opened.
        """

    def close(self) -> None:
        """Close what is open; a line that comes later opens it again."""


class OneFile:
    """Every line goes to the same file, which is made with its folders for the first one."""

    def __init__(self, path: Path) -> None:
        """Keep the path."""
        self.path = path
        self._file: FileIO | None = None

    def opened(self, day: date, length: int) -> FileIO:
        """The file."""
        del day, length
        if self._file is None:
            self._file = _appending(self.path)
        return self._file

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


class DailyFiles:
    """A file a day, in parts of a bounded size, for any number of processes that know nothing of each other.

    `observatory-2026-11-20.jsonl` is a day's first part, `observatory-2026-11-20_002.jsonl` its second. Nothing is
    ever renamed, moved or cut short, and no lock is taken: whoever finds a part full appends to the next one, which
    is there or is made, and all processes arrive at the same. So no line is lost or written twice, and a program that
    follows the files needs only to look for new names. A part may outgrow its limit by one line of each process.

    When a file is begun, those of days long gone are deleted, and the oldest ones while all are too large together.
    Only names like the two above are ever deleted.
    """

    def __init__(
        self,
        folder: Path,
        *,
        largest_part: int = LARGEST_PART,
        days_kept: int = DAYS_KEPT,
        most_kept: int = MOST_KEPT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        complain: Callable[[str], object] | None = None,
    ) -> None:
        """Write below `folder`, which is made, with the folders above it, for the first line.

        Args:
            folder: where the files are.
            largest_part: bytes at which a part is full.
            days_kept: days whose files are kept, today among them.
            most_kept: bytes of all files together, above which the oldest are deleted.
            clock: tells which files were written to lately, as an aware time.
            complain: takes one sentence when an old file cannot be deleted; without it, standard error does.
        """
        self._folder = folder
        self._largest_part = largest_part
        self._days_kept = days_kept
        self._most_kept = most_kept
        self._clock = clock
        self._complain = complain
        self._part: _Part | None = None
        self._file: FileIO | None = None
        self.path = folder
        """The file that was opened last; before the first line, the folder."""

    def opened(self, day: date, length: int) -> FileIO:
        """The part of the day that has room; a line longer than a whole part has one for itself.

        Raises:
            OSError: it cannot be opened.
        """
        if self._file is None or self._part is None or self._part.day != day:
            self._begin(day)
        while not self._has_room(length):
            self._begin(day)
        if self._file is None:
            raise FileNotFoundError(f"No file is open in {self._folder}.")
        return self._file

    def close(self) -> None:
        """Close the part that is open."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _begin(self, day: date) -> None:
        """Open the newest part of the day; when that is the one that was open, the next."""
        full = self._part if self._file is not None and self._part is not None and self._part.day == day else None
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        newest = max((found.part.number for found in self._found() if found.part.day == day), default=1)
        self._part = _Part(day, newest if full is None else max(newest, full.number + 1))
        self.path = self._folder / self._part.name
        is_new = not self.path.exists()
        self._file = _appending(self.path)
        if is_new:
            self._tidy(day)

    def _has_room(self, length: int) -> bool:
        """Whether the open part takes a line; one that somebody deleted is made anew, and is empty."""
        if self._file is None:
            return False
        seen = os.fstat(self._file.fileno())
        if seen.st_nlink == 0:
            self.close()
            self._file = _appending(self.path)
            return True
        return seen.st_size == 0 or seen.st_size + length <= self._largest_part

    def _tidy(self, today: date) -> None:
        """Delete what is too old or too much; that it cannot be done must not cost a line."""
        try:
            self._delete_old(today)
        except OSError as error:
            reason = error.strerror or str(error)
            sentence = f"Old files of the structured log in {self._folder} cannot be deleted: {reason}. Delete them."
            print(sentence, file=sys.stderr) if self._complain is None else self._complain(sentence)  # noqa: T201

    def _delete_old(self, today: date) -> None:
        oldest_kept = today - timedelta(days=self._days_kept - 1)
        in_use_since = (self._clock() - STILL_IN_USE).timestamp()
        found = sorted(self._found())
        total = sum(each.size for each in found)
        for each in found:
            is_wanted = each.part.day >= oldest_kept and total <= self._most_kept
            if is_wanted or each.part == self._part or each.changed_at > in_use_since:
                continue
            (self._folder / each.part.name).unlink(missing_ok=True)  # another process may have been sooner
            total -= each.size

    def _found(self) -> Iterator[_Found]:
        with os.scandir(self._folder) as entries:
            for entry in entries:
                part = _Part.named(entry.name)
                if part is not None:
                    try:
                        seen = entry.stat()
                    except FileNotFoundError:
                        continue  # deleted by another process since the folder was read
                    yield _Found(part, seen.st_size, seen.st_mtime)


@dataclass(frozen=True, slots=True, order=True)
class _Part:
    """One file of a day; the first has the number 1."""

    day: date
    number: int

    @classmethod
    def named(cls, name: str) -> _Part | None:
        """The part that a file name stands for; None for a file that is not ours."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        try:
            return cls(date.fromisoformat(match[1]), int(match[2] or 1))
        except ValueError:
            return None  # 2026-02-30 is no day of ours either

    @property
    def name(self) -> str:
        """Names sort as the parts do, for whoever reads them all with `*.jsonl`."""
        number = "" if self.number == 1 else f"_{self.number:03}"
        return f"observatory-{self.day.isoformat()}{number}.jsonl"


class _Found(NamedTuple):
    """A part that is there, its bytes, and when it was written to, in seconds since 1970."""

    part: _Part
    size: int
    changed_at: float


def _appending(path: Path) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileIO(path, "ab")
