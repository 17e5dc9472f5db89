"""Further attempts at a test that failed, in the same run; in the log they are one test with its attempts in it.

Robot runs a test again when it is put once more behind itself, and takes it for another test of the same name then.
So that it stays one, the attempt before is taken from Robot's results when the next begins, and moved into the test
that it belongs to when output.xml is complete: just before log.html and report.html are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from robot.api import ExecutionResult, ResultVisitor
from robot.errors import DataError  # type: ignore[import-untyped]  # Robot types its public API only
from robot.libraries.BuiltIn import BuiltIn
from robot.output import LOGGER  # type: ignore[import-untyped]
from robot.output.loggerapi import LoggerApi  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from robot import result, running

RETRIED = "observatory:retried"
"""The tag of an attempt after which there is another; nobody sees it, unless output.xml could not be completed."""

MOST_RETRIES = 10
"""Further attempts that a test can have, as in the setting TEST_RETRIES."""

_RETRY_TAG = re.compile(r"(?:test|task):retry\((\d+)\)", re.IGNORECASE)
_NOT_RUN = "robot:exit"
_STOPPED = "Execution terminated by signal"
_HTML = "*HTML*"
_LEGACY = re.compile(rb"<robot [^>]*schemaversion=\"[1-4]\"")
_HEAD = 500  # bytes in which a file says what it is
_WARNING = "Multiple "  # tests with name '...' executed in suite '...'.


@dataclass(frozen=True)
class Earlier:
    """An attempt that failed, after which there is another: what Robot has of it, and what it said."""

    ended: result.TestCase
    message: str


class Retries:
    """Lets failed tests be tried again, and knows which attempt at its test the running one is."""

    def __init__(self, allowed: Callable[[], int]) -> None:
        """`allowed` gives how many further attempts a test has that does not say so by its tag."""
        self._allowed = allowed
        self._next: running.TestCase | None = None
        self._earlier: list[Earlier] = []
        self._added: list[running.TestCase] = []
        self._completion: _Completion | None = None

    @property
    def attempt(self) -> int:
        """The number of the running attempt at its test, from 1."""
        return len(self._earlier) + 1

    def begin(self, data: running.TestCase) -> None:
        """A test begins: it is another attempt at the one before, or a new one."""
        if data is not self._next:
            self._earlier.clear()
        else:
            _take_out(self._earlier[-1].ended)
        self._next = None

    def end(self, data: running.TestCase, ended: result.TestCase) -> None:
        """An attempt ended: let there be another, or say in the test's message how many there were."""
        if self._earlier and was_not_run(ended):
            ended.tags.remove(_NOT_RUN)
            ended.message = f"{self._earlier[-1].message}\n\nThe run was stopped, so it was not tried again."
        elif ended.failed and self._may_try_again(ended):
            self._try_again(data, ended)
        elif self._earlier and ended.failed:
            ended.message = f"{ended.message}\n\nFailed at each of {self.attempt} attempts."
        elif self._earlier and ended.passed:
            told = behind(f"Passed at attempt {self.attempt}; before that it failed: ", self._earlier[-1].message)
            ended.message = behind(f"{told}\n\n", ended.message) if ended.message else told

    def is_warning_of_retry(self, message: result.Message) -> bool:
        """Whether Robot warns of two tests with one name, and it is our retry that it means."""
        return self._next is not None and message.level == "WARN" and message.message.startswith(_WARNING)

    def warning(self) -> str:
        """What to say instead."""
        name = self._next.name if self._next is not None else ""
        return f"'{name}' failed and is tried again: attempt {self.attempt}."

    def clean_up(self, suite: running.TestSuite) -> None:
        """Take out of a suite that has ended what was put into it."""
        for data in self._added:
            if data.parent is suite:
                last = max(index for index, test in enumerate(suite.tests) if test is data)
                del suite.tests[last]
        self._added = [data for data in self._added if data.parent is not suite]

    def _may_try_again(self, ended: result.TestCase) -> bool:
        if was_not_run(ended) or was_stopped(ended) or is_suite_broken(ended) or BuiltIn().dry_run_active:
            return False  # it would fail again, before it begins
        wanted = _tagged(ended)
        return self.attempt <= (self._allowed() if wanted is None else wanted)

    def _try_again(self, data: running.TestCase, ended: result.TestCase) -> None:
        suite = data.parent
        if suite is None:
            return
        place = max(index for index, test in enumerate(suite.tests) if test is data)
        suite.tests.insert(place + 1, data)
        self._added.append(data)
        self._earlier.append(Earlier(ended, ended.message))
        self._next = data
        ended.tags.add(RETRIED)
        if self._completion is None or self._completion.is_over:
            self._completion = _Completion()
            # Robot tells the listeners of libraries nothing once the last suite has ended, and log.html is made then.
            LOGGER.register_logger(self._completion)


def behind(words: str, message: str) -> str:
    """A test's message behind a few words; where one of both is HTML, as Robot marks it, the whole is."""
    if not any(text.startswith(_HTML) for text in (words, message)):
        return f"{words}{message}"
    return f"{_HTML} {''.join(map(_as_html, (words, message)))}"


def _as_html(text: str) -> str:
    return text.removeprefix(_HTML).lstrip() if text.startswith(_HTML) else escape(text, quote=False)


def was_not_run(ended: result.TestCase) -> bool:
    """Whether Robot was told to stop before the test began."""
    return not ended.passed and _NOT_RUN in ended.tags


def was_stopped(ended: result.TestCase) -> bool:
    """Whether somebody stopped the run in the middle of the test, by Ctrl-C or at a time limit: it failed for that."""
    return _STOPPED in ended.message


def is_suite_broken(ended: result.TestCase) -> bool:
    """Whether the set-up of a suite around the test failed, so that the test was not run."""
    suite = ended.parent
    while suite is not None:
        if suite.has_setup and suite.setup.failed:
            return True
        suite = suite.parent
    return False


def complete(path: Path) -> None:
    """Make each test of an output file one, with its earlier attempts in it.

    Raises:
        OSError: the file cannot be written.
        DataError: it cannot be read.
    """
    done = ExecutionResult(str(path))
    done.visit(_Gathering())
    beside = path.with_name(f"{path.stem}.completed{path.suffix}")
    done.save(beside, legacy_output=_is_legacy(path))
    beside.replace(path)


def _is_legacy(path: Path) -> bool:
    """Whether the file is as Robot wrote it before version 7, which `--legacyoutput` asks for."""
    with path.open("rb") as file:
        return _LEGACY.search(file.read(_HEAD)) is not None


class _Completion(LoggerApi):  # type: ignore[misc]  # as above
    """Completes the output file of a run in which tests were tried again, as soon as it is written."""

    def __init__(self) -> None:
        self.is_over = False

    def output_file(self, path: Path | None) -> None:
        """Robot has closed the file."""
        self.is_over = True
        if path is None:
            return
        try:
            complete(path)
        except (OSError, DataError) as error:
            LOGGER.warn(f"The attempts at tests are told apart in {path}: it could not be completed ({error}).")


class _Gathering(ResultVisitor):  # type: ignore[misc]  # Robot's visitor is not typed
    def start_suite(self, suite: result.TestSuite) -> None:
        """Move each attempt that was followed by another into the test after it."""
        tests: list[result.TestCase] = []
        earlier: list[result.TestCase] = []
        for test in suite.tests:
            if RETRIED in test.tags:
                test.tags.remove(RETRIED)
                earlier.append(test)
            else:
                _put_in_front(test, earlier)
                tests.append(test)
                earlier = []
        suite.tests = [*tests, *earlier]  # the last ones of a run that was stopped have nothing after them


def _put_in_front(test: result.TestCase, earlier: list[result.TestCase]) -> None:
    if not earlier:
        return
    steps = list(test.body)
    test.body.clear()
    for number, attempt in enumerate(earlier, start=1):
        group = test.body.create_group(
            name=f"Attempt {number} of {len(earlier) + 1}",
            status=attempt.status,
            message=attempt.message,
            start_time=attempt.start_time,
            elapsed_time=attempt.elapsed_time,
        )
        for fixture in (attempt.setup if attempt.has_setup else None, *attempt.body):
            _append(group, fixture)
        _append(group, attempt.teardown if attempt.has_teardown else None)
    test.body.extend(steps)


def _append(group: result.Group, step: object) -> None:
    """Put a step into a group, where a set-up or tear-down is a keyword like any other."""
    if step is None:
        return
    if getattr(step, "type", "") in ("SETUP", "TEARDOWN"):
        step.type = "KEYWORD"  # type: ignore[attr-defined]  # it is a keyword, as its type has just told
    group.body.append(step)


def _take_out(ended: result.TestCase) -> None:
    """Robot counts a test once: by its last attempt."""
    if ended.parent is not None:
        tests = ended.parent.tests
        for index, test in enumerate(tests):
            if test is ended:
                del tests[index]
                return


def _tagged(ended: result.TestCase) -> int | None:
    """How many further attempts a test's own tag allows, such as `test:retry(3)`; no more than the setting could."""
    found = (_RETRY_TAG.fullmatch(str(tag)) for tag in ended.tags)
    return next((min(int(match[1]), MOST_RETRIES) for match in found if match), None)
