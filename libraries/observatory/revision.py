"""Revisions: which commit of the suites is running, and since when the API is at its own."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path


def git_revision(folder: Path) -> str | None:
    """The commit that is checked out in `folder`; None outside a git checkout or where git is not installed."""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        answer = subprocess.check_output(command, stderr=subprocess.DEVNULL, text=True, timeout=5)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.strip() or None


def deploy_time(seconds: str) -> datetime | None:
    """The time that the API gives as its deploy date, in seconds since 1970; None for what is no such time."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
