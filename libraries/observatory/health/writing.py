"""Writing the health page: the history is asked, and the file is there whole or as it was before."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError, ObservatoryError
from observatory.health.page import health_page
from observatory.health.stock import DAYS, take_stock
from observatory.health.values import Health
from observatory.history.latency_store import judge_all
from observatory.latency import WINDOW
from observatory.logs.masking import Masker

if TYPE_CHECKING:
    from observatory.flakiness.quarantine import QuarantineList
    from observatory.history import Database


def write_health(
    database: Database,
    file: Path,
    masker: Masker,
    now: datetime,
    *,
    days: int = DAYS,
    target: str | None = None,
    quarantine: QuarantineList | None = None,
    window: timedelta = WINDOW,
) -> Health:
    """Write the page about all targets, or about one; gives what it tells.

    Finished runs whose latency nobody judged yet are judged before. `quarantine` says which tests are in it; without
    it, none is. `window` is the time whose runs make a latency baseline.

    Raises:
        HistoryError: the history cannot be read, or knows no such target.
        ObservatoryError: the file cannot be written.
    """
    try:
        judge_all(database, now, window)
        health = take_stock(database, now, days=days, target=target)
    except psycopg2.Error as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise HistoryError(f"The history cannot be read: {reason.rstrip('.')}.") from error
    if quarantine is not None:
        health = replace(health, quarantine=quarantine)
    file = file.absolute()
    _write(file, health_page(health, file.parent, masker.mask_text))
    return health


def _write(file: Path, text: str) -> None:
    """Write a file at once: whoever reads it sees the old page or the new one."""
    passing = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            passing.write_text(text, "utf-8", errors="backslashreplace")
            passing.replace(file)
        finally:
            passing.unlink(missing_ok=True)
    except OSError as error:
        raise ObservatoryError(
            f"The health page could not be written to {file}: {error.strerror or error}. "
            "Name a file in a folder that may be written with --output."
        ) from error
