"""Revisions: what the suites are that run, and since when the API is at its own."""

from __future__ import annotations

import hashlib
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_LARGE: Final = 1_000_000  # bytes; of larger files that are not committed, size and time have to do
_DIGITS: Final = 12
_MADE_OF: Final = frozenset({".robot", ".resource", ".py", ".yaml", ".yml", ".toml", ".csv"})
_FIELDS_BEFORE_PATH: Final = {"1": 8, "2": 9, "u": 10, "?": 1}
"""How many words stand before the path in a line of `git status --porcelain=v2`, by its first word."""


def git_revision(folder: Path) -> str | None:
    """The revision of the work tree that `folder` is in; None outside a git checkout or where git is not installed.

    It is the commit that is checked out; with changes that are not committed, a `+` and a hash of them follow, so that
    a test which was edited meanwhile is not taken for the same.
    """
    asked = ("status", "--porcelain=v2", "--branch", "--untracked-files=all", "-z", "--", ".")
    command = ["git", "--no-optional-locks", "-C", str(folder), *asked]
    try:
        answer = subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=5)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    lines = answer.decode("utf-8", "surrogateescape").split("\0")
    head = next((line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")), "")
    if not head or head == "(initial)":
        return None
    changes = [line for line in lines if line and not line.startswith("# ") and not _is_by_the_way(line)]
    return f"{head}+{_hash_of(changes, _top_of(folder))}" if changes else head


def _is_by_the_way(line: str) -> bool:
    """Whether a line is of a file that git does not know and no test is made of, such as a log somebody keeps."""
    return line.startswith("? ") and Path(line).suffix not in _MADE_OF


def _hash_of(changes: list[str], top: Path) -> str:
    digest = hashlib.sha256()
    for line in changes:
        digest.update(line.encode("utf-8", "surrogateescape") + b"\0")
        before_path = _FIELDS_BEFORE_PATH.get(line[:1])
        if before_path is not None:
            digest.update(_content(top / line.split(" ", before_path)[-1]) + b"\0")
    return digest.hexdigest()[:_DIGITS]


def _content(path: Path) -> bytes:
    """What a file holds; of a large one, its size and time; nothing of one that is gone."""
    try:
        about = path.stat()
        if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGE:
            return path.read_bytes()
        return f"{about.st_size} {about.st_mtime_ns}".encode()
    except OSError:
        return b""


def _top_of(folder: Path) -> Path:
    """The folder that git's paths start from."""
    resolved = folder.resolve()
    return next((each for each in (resolved, *resolved.parents) if (each / ".git").exists()), resolved)


def deploy_time(seconds: str) -> datetime | None:
    """The time that the API gives as its deploy date, in seconds since 1970; None for what is no such time."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
