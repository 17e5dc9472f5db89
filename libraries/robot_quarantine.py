"""Tests in quarantine: they get a tag when their suite begins, and what they fail for does not fail the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.flakiness.quarantine import (
    QUARANTINE_FILE,
    Quarantined,
    QuarantineList,
    expiry,
    read_quarantine,
    written_list,
)

if TYPE_CHECKING:
    from robot import result, running

TAG = "quarantine"
_SKIPS = "robot:skip-on-failure"
_SKIPPED = ("Failed test skipped using ", "Failed task skipped using ")
_ORIGINAL = "Original failure:\n"


def today() -> date:
    """The day it is in UTC, so that a list means the same everywhere."""
    return datetime.now(UTC).date()


class Quarantine:
    """Puts the tests on the list into quarantine, and says once what is wrong with the list, or over."""

    def __init__(self, today: Callable[[], date] = today) -> None:
        """Nothing was read yet."""
        self._today = today
        self._list = QuarantineList()
        self._told: set[str] = set()

    def enter(self, suite: running.TestSuite) -> None:
        """A suite begins: mark those of its own tests that are on the list."""
        entries, problem = list_of_the_run()
        self._list = read_quarantine(entries, self._today())
        for sentence in (problem,) if problem else self._list.problems:
            self._warn(sentence)
        for test in suite.tests:
            if self._list.of(test.full_name) is not None:
                test.tags.add([TAG, _SKIPS])
            elif (over := self._list.over_for(test.full_name)) is not None:
                self._warn(expiry(over))

    def failure_of(self, ended: result.TestCase) -> tuple[Quarantined | None, str | None]:
        """By which entry a test is in quarantine, if it is, and what it failed for, if it did."""
        entry = self._list.of(ended.full_name)  # before the tags: Robot takes a tenth of a millisecond to look there
        if entry is None or TAG not in ended.tags:
            return None, None
        if not ended.skipped or not ended.message.startswith(_SKIPPED):
            return entry, None
        return entry, ended.message.partition(_ORIGINAL)[2]

    def _warn(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            logger.warn(sentence)


def list_of_the_run() -> tuple[object, str]:
    """The list as somebody wrote it, and what is wrong if it cannot be read.

    It is the variable `QUARANTINE` of the suite or of the command line, else that in `variables/quarantine.py`.
    """
    given = BuiltIn().get_variable_value("${QUARANTINE}")
    return (given, "") if given is not None else written_list(QUARANTINE_FILE)
