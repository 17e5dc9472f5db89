"""The numbers that wait to be sent: a file for each process, written while it runs, so that none is lost with it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fasteners

from observatory.metrics.counting import Metrics
from observatory.metrics.reading import Reading

SETTLING: Final = 0.5
"""Seconds between something that is counted and its being on the disk."""

MOST_WAITING: Final = 1000
"""So many processes' numbers wait; of more, the oldest are let go."""

LONGEST_WAIT: Final = 30 * 86_400.0
"""Seconds after which numbers are let go: they would be shown at a time that has nothing to do with them."""

_DAY: Final = 86_400.0
_LEFT_BEHIND: Final = {".away": _DAY, ".new": _DAY, ".refused": LONGEST_WAIT, ".broken": LONGEST_WAIT}
"""Seconds after which what is beside the pushes goes: no run takes a day, and who wonders looks within a month."""

_SUFFIX: Final = ".prom"
_held_here: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Push:
    """The numbers of one process, for the relay: `id` tells it whether it has had them already."""

    id: uuid.UUID
    target: str
    text: str


class Outbox:
    """A folder of pushes, shared by all processes that count for one history.

    A process locks its own file for as long as it lives: what nobody holds was left behind by a process that ended
    without its push, or was killed, and is anybody's to send.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when there is something to keep."""
        self._folder = folder

    def begin(self, target: str, metrics: Metrics, *, since: Reading | None = None) -> Keeping:
        """Keep the numbers of a process in a file of their own from now on; only what came `since` an earlier one."""
        return Keeping(self._folder, target, metrics, since=since)

    def waiting(self) -> Iterator[Waiting]:
        """What nobody holds, the newest first: what waited can wait longer; each is held while it is looked at."""
        for path in reversed(self._files()):
            with _held(path) as is_mine:
                if is_mine and (push := _read(path)) is not None:
                    yield Waiting(push, path)

    def tidy(self, now: float) -> int:
        """Let go of what is too old at `now`, in seconds since 1970, or too much, and say of how many that was."""
        for suffix, longest in _LEFT_BEHIND.items():
            for path in self._folder.glob(f"*{suffix}"):
                if _written_at(path) < now - longest:
                    path.unlink(missing_ok=True)
        files = self._files()
        let_go = 0
        for path in files:
            if _written_at(path) > now - LONGEST_WAIT and len(files) - let_go <= MOST_WAITING:
                break
            with _held(path) as is_mine:
                if is_mine and path.exists():  # else another process has sent it meanwhile
                    path.unlink()
                    let_go += 1
        return let_go

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"), key=_written_at)


def _written_at(path: Path) -> float:
    """When a file was last written, in seconds since 1970; 0 when it is gone."""
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A push that waits in a file."""

    push: Push
    path: Path

    def age(self, now: float) -> float:
        """For how many seconds it has waited at `now`, in seconds since 1970."""
        return max(0.0, now - _written_at(self.path))

    def sent(self) -> None:
        """Forget it: the relay has it."""
        self.path.unlink(missing_ok=True)

    def refused(self) -> Path:
        """Put it aside, for the relay will never take it; gives where it is now."""
        return self.path.replace(self.path.with_suffix(".refused"))


class Keeping:
    """Keeps the numbers of this process on the disk, half a second behind at most, until they are given over."""

    def __init__(
        self,
        folder: Path,
        target: str,
        metrics: Metrics,
        *,
        since: Reading | None = None,
        settle: Callable[[threading.Event], object] = lambda closed: closed.wait(SETTLING),
    ) -> None:
        """`settle` waits a little, or until its event is set."""
        self._push_id = uuid.uuid4()
        self._path = folder / f"{self._push_id}{_SUFFIX}"
        self._target = target
        self._metrics = metrics
        self._since = since
        self._settle = settle
        self._lock: fasteners.InterProcessLock | None = None
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def changed(self) -> None:
        """Something was counted."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._follow, name="outbox", daemon=True)
            self._thread.start()
        self._changed.set()

    def close(self) -> Reading:
        """Write the last numbers, let go of the file, which waits to be sent, and give what was written.

        Raises:
            OSError: the numbers cannot be written. The file is held further, and the numbers are kept as before: were
                it let go, somebody could send what it held before, and the rest would be taken for the same push.
        """
        with self._writing:
            reading = self._write()
            self._closed.set()
            if self._lock is not None:
                self._lock.release()
                self._lock = None
                _held_here.discard(self._path)
        self._changed.set()
        return reading

    def _follow(self) -> None:
        while not self._closed.is_set():
            self._changed.wait()
            self._settle(self._closed)
            self._changed.clear()
            with self._writing, suppress(OSError):  # the last writing tells
                if not self._closed.is_set():  # what was let go is no longer this process's to write
                    self._write()

    def _write(self) -> Reading:
        if self._lock is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _acquired(_lock_path(self._path))
            _held_here.add(self._path)
        head = json.dumps({"push": str(self._push_id), "target": self._target})
        new = self._path.with_suffix(".new")
        reading = self._metrics.read()
        new.write_text(f"# {head}\n{reading.text(self._since)}", encoding="utf-8")
        new.replace(self._path)
        return reading


def _read(path: Path) -> Push | None:
    """The push in a file; None when another process has sent it meanwhile, or it is no push."""
    try:
        head, _, text = path.read_text("utf-8").partition("\n")
        said = json.loads(head.removeprefix("# "))
        return Push(uuid.UUID(str(said["push"])), str(said["target"]), text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        path.replace(path.with_suffix(".broken"))
        return None


def _acquired(lock_path: Path) -> fasteners.InterProcessLock:
    lock = fasteners.InterProcessLock(lock_path)
    try:
        lock.acquire()
    except threading.ThreadError as error:  # the file system has no locks
        raise OSError(str(error)) from error
    return lock


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Hold the file of a push; gives whether it could be, for a process that lives holds its own."""
    if path in _held_here:  # a lock keeps other processes out, not this one
        yield False
        return
    lock_path = _lock_path(path)
    lock = fasteners.InterProcessLock(lock_path)
    if not lock.acquire(blocking=False):
        lock.lockfile.close()
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
        if not path.exists():
            lock_path.unlink(missing_ok=True)


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".lock")
