"""The journal: every entry is on disk before the test goes on, and stays there until the database has it.

A journal belongs to the process that holds its lock. A journal whose lock is free was left behind by a process
that was killed, or that ended while the database was away; the next process adopts it.
"""

from __future__ import annotations

import os
import threading
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fasteners
from msgspec import MsgspecError
from msgspec.json import Decoder, Encoder

from observatory.history.entries import Entry, LoadEntry, ResponseEntry, RunEntry, SampleEntry, TestAttemptEntry

_SUFFIX = ".journal"
_encoder = Encoder()
_decoders: dict[str, Decoder[Any]] = {
    entry.__name__: Decoder(entry) for entry in (RunEntry, ResponseEntry, SampleEntry, TestAttemptEntry, LoadEntry)
}
_held_here: set[Path] = set()


class Journal:
    """The journal of this process: entries go in as checked lines, in order, and are dropped once stored.

    Thread-safe. `append` costs one `write` to the page cache, which a kill of the process does not undo.
    """

    def __init__(self, path: Path) -> None:
        """Open a journal at `path`, which must not be held by another process, and lock it.

        Raises:
            BlockingIOError: another process holds this journal.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path.resolve()
        self._lock_path = self.path.with_suffix(".lock")
        self._lock = fasteners.InterProcessLock(self._lock_path)
        # A file lock keeps other processes out, not this one: a second session of ours must not adopt it either.
        if self.path in _held_here or not self._lock.acquire(blocking=False):
            raise BlockingIOError(f"the journal {path} is held by another process")
        _held_here.add(self.path)
        self._file = path.open("ab", buffering=0)
        self._mutex = threading.Lock()
        self.has_unread = False

    @classmethod
    def create(cls, folder: Path) -> Journal:
        """A new, empty journal in `folder`."""
        return cls(folder / f"{uuid.uuid4()}{_SUFFIX}")

    @classmethod
    def adopt_abandoned(cls, folder: Path) -> Iterator[Journal]:
        """Lock and yield every journal in `folder` that no living process holds, oldest first."""
        for path in sorted(folder.glob(f"*{_SUFFIX}"), key=_modified_at):
            try:
                journal = cls(path)
            except BlockingIOError:
                continue
            if path.stat().st_size:
                yield journal
            else:
                journal.remove()

    def append(self, entry: Entry) -> None:
        """Write one entry.

        Raises:
            OSError: it could not be written whole (a full disk, say); the journal is as it was before.
        """
        line = _encode(entry)
        with self._mutex:
            size = self._file.seek(0, os.SEEK_END)
            try:
                written = self._file.write(line)
            except OSError:
                self._file.truncate(size)
                raise
            if written != len(line):
                self._file.truncate(size)
                raise OSError(f"only {written} of {len(line)} bytes could be written")

    def entries(self) -> Iterator[Entry]:
        """Every whole entry from the beginning; what a crash cut off or damaged is passed over.

        An entry that is whole and cannot be read, as one of another version, is passed over too, and noted in
        `has_unread`.
        """
        with self.path.open("rb") as lines:
            for line in lines:
                if _is_whole(line):
                    entry = _decode(line)
                    if entry is None:
                        self.has_unread = True
                    else:
                        yield entry

    def clear(self) -> None:
        """Drop all entries: the database has them."""
        with self._mutex:
            self._file.truncate(0)

    def close(self) -> None:
        """Leave the journal where it is, for the next process to adopt; an empty one is removed."""
        is_empty = self._file.closed or not os.fstat(self._file.fileno()).st_size
        if is_empty or not self.path.exists():  # somebody may have deleted the whole folder meanwhile
            self.remove()
            return
        self._file.close()
        self._release()

    def set_aside(self) -> Path:
        """Close the journal and keep it under a name that nobody adopts, which is given."""
        kept = self.path.with_suffix(".unread")
        self._file.close()
        self.path.replace(kept)
        self._release()
        return kept

    def remove(self) -> None:
        """Close the journal and delete it."""
        self._file.close()
        self.path.unlink(missing_ok=True)
        self._release()
        self._lock_path.unlink(missing_ok=True)

    def _release(self) -> None:
        if self._lock.acquired:
            self._lock.release()
        _held_here.discard(self.path)


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # adopted and removed by another process since the folder was listed
        return 0.0


def _encode(entry: Entry) -> bytes:
    text = _encoder.encode(entry)
    return b"%08x %s %s\n" % (zlib.crc32(text), type(entry).__name__.encode(), text)


def _is_whole(line: bytes) -> bool:
    parts = line.rstrip(b"\n").split(b" ", 2)
    return line.endswith(b"\n") and len(parts) == 3 and parts[0] == b"%08x" % zlib.crc32(parts[2])


def _decode(line: bytes) -> Entry | None:
    _, name, text = line.rstrip(b"\n").split(b" ", 2)
    decoder = _decoders.get(name.decode("ascii", "replace"))
    try:
        return None if decoder is None else decoder.decode(text)
    except MsgspecError:
        return None
