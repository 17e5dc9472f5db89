"""The end of a load: why it ended, the report of what was done, and the verdict, which a fresh process gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from load.options import LoadOptionError
from observatory.load import LoadReport, Measurements, write_report

LOCUST_PAGE: Final = "locust.html"
_LEAST_TRIES: Final = 5


class Finished(NamedTuple):
    """What came of a report: the text for people, and the exit code."""

    said: str
    code: int


def is_out_of_reach(measured: Measurements, now: float, patience: float) -> bool:
    """Whether nothing has been reached for `patience` seconds, though it was tried.

    A timeout is no reach either: nobody answered. `now` is seconds since 1970.
    """
    first = int(now - patience)
    moments = {second: moment for second, moment in measured.moments.items() if second >= first}
    tries = sum(moment.requests for moment in moments.values())
    unreached = sum(moment.unreached for moment in moments.values())
    has_lasted = any(second <= first for second in measured.moments)
    return has_lasted and tries >= _LEAST_TRIES and unreached == tries


def check_writable(folder: Path) -> None:
    """Make the folder of the report, before a load is made for nothing.

    Raises:
        LoadOptionError: it cannot be made, or not be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise LoadOptionError(
            f"No report can be written to {folder} ({why}); say another folder by --results."
        ) from error


def finish(report: LoadReport, folder: Path, locust_page: str) -> Finished:
    """Write the report, and let a process of its own judge it, remember it and make the page of it.

    This process is not the one for it: Locust has put its own sockets and threads in the place of Python's. Each load
    is finished in a folder of its own, so that two that end at once do not meet.
    """
    own = folder / f".{report.id}"
    try:
        write_report(report, own)
        (own / LOCUST_PAGE).write_text(locust_page, encoding="utf-8")
    except OSError as error:
        return Finished(f"The report could not be written to {folder}: {error}.\n", 1)
    command = [sys.executable, "-m", "observatory.commands", "load", "finish", str(own), "--into", str(folder)]
    try:
        done = subprocess.run(  # noqa: S603 - the command is the one above
            command, capture_output=True, encoding="utf-8", check=False, timeout=120, start_new_session=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finished(f"The report is in {own}, and could not be judged: {error}.\n", 1)
    return Finished(f"{done.stdout}{done.stderr}", done.returncode)
