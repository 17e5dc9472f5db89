"""One line a second on the terminal: how far the load is, and how it goes."""

from __future__ import annotations

import sys
import time
from typing import Final, TextIO

from observatory.load import LoadPlan, Measurements
from observatory.load.sentences import NOTHING, milliseconds
from observatory.words import count

_SELDOM: Final = 5  # seconds


class Progress:
    """Writes how the load goes: over the same line on a terminal, every fifth second a new one elsewhere."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._width = 0
        self._is_gone = False

    def show(self, plan: LoadPlan, measured: Measurements, elapsed: float, users: int) -> None:
        """Write the line of a moment, `elapsed` seconds after the beginning."""
        if self._is_gone or (not self._is_terminal and int(elapsed) % _SELDOM):
            return
        line = progress_line(plan, measured, elapsed, users, time.time())
        self._write(f"\r{line:<{self._width}}" if self._is_terminal else f"{line}\n")
        self._width = len(line)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal and self._width:
            self._write("\n")

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # nobody reads any more; the load goes on
            self._is_gone = True


def progress_line(plan: LoadPlan, measured: Measurements, elapsed: float, users: int, now: float) -> str:
    """The words of a moment; the latest whole second is the one before `now`, in seconds since 1970."""
    latest = measured.moments.get(int(now) - 1)
    requests = sum(cell.requests for cell in measured.endpoints.values())
    failures = sum(cell.failures for cell in measured.endpoints.values())
    planned = f" of {plan.seconds:.0f}" if plan.seconds else ""
    rate = latest.requests if latest else 0
    p95 = milliseconds(latest.latencies().percentile(95)) if latest else NOTHING
    who = "stream" if plan.rate else "user"
    return (
        f"{elapsed:4.0f}{planned} s  {count(users, who)}  {rate} requests/s  P95 {p95}  "
        f"{requests} in all, {failures} failed"
    )
