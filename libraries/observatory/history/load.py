"""Loads in the history: each is remembered once, and compared with those of its kind before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError
from observatory.history.entries import LOAD, Entry, LoadEntry, LoadNumbers, RunEntry

if TYPE_CHECKING:
    from observatory.history.database import Database
    from observatory.history.load_queries import RememberedLoad
    from observatory.load.report import LoadReport, Numbers, PastLoad


class Loads:
    """Remembers loads and asks for them; one for a process.

    `settle` waits until everything that was told is stored, and raises `HistoryError` when it cannot be; `tell` takes
    what is to be stored, behind whoever tells it.
    """

    def __init__(self, database: Database, settle: Callable[[], None], tell: Callable[[Sequence[Entry]], None]) -> None:
        """Ask nothing yet."""
        self._database = database
        self._settle = settle
        self._tell = tell

    def remember(self, report: LoadReport, run: RunEntry) -> RunEntry:
        """Remember a load that was judged, and give its run as it is stored; nothing here waits for the database.

        Telling it twice changes nothing. `run` says where it was made, and from which revision; the id, the target and
        the times are those of the report. What other runs measured of the same target meanwhile is left out of
        latency baselines.

        Raises:
            ValueError: the report has no verdict.
        """
        run = load_run(report, run)
        self._tell([run, load_entry(report)])
        return run

    def past(self, report: LoadReport, run: RunEntry, most: int = 10) -> list[PastLoad]:
        """The loads of the same kind before this one, the latest first: see `past_loads`.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.load_queries import past_loads

        with self._asking(), self._database.transaction() as connection:
            return past_loads(connection, report.plan, run.host, report.started_at, most)

    def latest(self, target: str | None = None, most: int = 20) -> list[RememberedLoad]:
        """The latest loads on a target, or on all, the newest first.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.load_queries import loads

        with self._asking(), self._database.transaction() as connection:
            return loads(connection, target, most)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        self._settle()
        try:
            yield
        except psycopg2.Error as error:
            raise HistoryError(f"The loads in the history could not be read: {error}".strip()) from error


def load_run(report: LoadReport, run: RunEntry) -> RunEntry:
    """The run of a load; `run` is one of this machine and revision."""
    return replace(
        run,
        id=report.id,
        target=report.plan.target,
        kind=LOAD,
        started_at=report.started_at,
        finished_at=report.ended_at,
    )


def load_entry(report: LoadReport) -> LoadEntry:
    """What is remembered of a load: no second of it by itself.

    Raises:
        ValueError: the report has no verdict.
    """
    if report.verdict is None:
        raise ValueError(f"The load {report.id} has no verdict: a load is judged before it is remembered.")
    plan, arrivals = report.plan, report.arrivals
    return LoadEntry(
        run_id=report.id,
        profile=plan.profile,
        shape=plan.shape,
        model=plan.model.value,
        visitor=plan.visitor,
        users=plan.users,
        rate=plan.rate,
        planned_seconds=plan.seconds,
        seconds=report.seconds,
        ending=report.ending.value,
        outcome=report.verdict.outcome.value,
        total=_numbers(report.total),
        endpoints=tuple(_numbers(each) for each in report.endpoints),
        scheduled=arrivals.scheduled if arrivals else None,
        sent=arrivals.sent if arrivals else None,
        processes=report.generator.processes,
    )


def _numbers(numbers: Numbers) -> LoadNumbers:
    return LoadNumbers(**{name: getattr(numbers, name) for name in LoadNumbers.__slots__})
