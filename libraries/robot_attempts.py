"""The attempts at tests in this process: how each ended is told to history, metrics and log, and compared with others.

Stands below `robot_session`, which hands it the session.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from robot.api import logger

from observatory.errors import HistoryError
from observatory.exchange import FailureType
from observatory.failures import ExchangeError
from observatory.flakiness import Cause, cause_of_message, fingerprint
from observatory.history import TestAttemptEntry
from observatory.session import Session
from observatory.words import count, listed
from robot_retries import is_suite_broken, was_not_run, was_stopped

if TYPE_CHECKING:
    from robot import result, running

_TELLING = 200  # characters at the beginning of a message, which tell it from others; Robot cuts long ones
_MOST_NAMED = 5  # other tests with the same error


@dataclass(frozen=True)
class Evidence:
    """What was seen of requests while a test ran: whom it asked last, and the errors that may have failed it.

    `blamed` are the messages of errors that something of ours caused, each with that cause.
    """

    asked: Session | None = None
    endpoint: str = ""
    error: ExchangeError | None = None
    blamed: Sequence[tuple[str, Cause]] = ()


@dataclass(frozen=True)
class Attempt:
    """How an attempt at a test ended, as it was before anybody else changed what Robot says of it."""

    ended: result.TestCase
    number: int
    status: str
    message: str
    cause: Cause | None
    is_quarantined: bool
    evidence: Evidence
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @classmethod
    def of(
        cls,
        ended: result.TestCase,
        number: int,
        evidence: Evidence,
        *,
        failure: str | None = None,
        is_quarantined: bool = False,
    ) -> Attempt:
        """What Robot has of an attempt; `failure` is what it failed for though Robot says that it was skipped."""
        status = "FAIL" if failure is not None else ended.status
        message = failure if failure is not None else ended.message
        cause = cause_of_message(message, evidence.blamed)
        if was_not_run(ended) or was_stopped(ended):
            status = "SKIP"  # the run was told to stop: nothing is known of this test
        elif status == "FAIL" and is_suite_broken(ended):
            cause = Cause.SUITE
        return cls(ended, number, status, message, cause, is_quarantined, evidence)

    @property
    def failed(self) -> bool:
        """Whether the test failed, whatever comes of it for the run."""
        return self.status == "FAIL"

    def entry(self, session: Session) -> TestAttemptEntry:
        """The attempt as the history keeps it; a test belongs to the run, whatever targets it asks."""
        message = session.memory.masker.mask_text(self.message)
        return TestAttemptEntry(
            run_id=session.run.id,
            name=self.ended.full_name,
            status=self.status,
            started_at=self.ended.start_time.astimezone(UTC),
            elapsed=self.ended.elapsed_time.total_seconds(),
            message=message,
            id=self.id,
            attempt=self.number,
            cause=self.cause.value if self.cause is not None else "",
            fingerprint=fingerprint(message) if self.failed else "",
            quarantined=self.is_quarantined,
        )

    def tell_status(self, session: Session) -> None:
        """Tell the history, which may know it as passed already."""
        session.test_ended(self.entry(session))

    def tell(self, session: Session) -> None:
        """Tell history, metrics and log, each what is its part."""
        self.tell_status(session)
        if self.failed:
            self._tell_failure(session)

    def is_unmet(self, session: Session) -> bool:
        """Whether the requests were good, and what was said of their answers did not hold."""
        counts = self.failed and self.cause is None and not self.is_quarantined
        error = self._error(session)
        return counts and bool(self.evidence.endpoint) and (error is None or error.exchange.failure is None)

    def _error(self, session: Session) -> ExchangeError | None:
        """The error of a request that the test failed for; None when it was expected, and there is another reason."""
        error = self.evidence.error
        if error is not None and session.memory.masker.mask_text(str(error))[:_TELLING] not in self.message:
            return None
        return error

    def _tell_failure(self, session: Session) -> None:
        error, endpoint = self._error(session), self.evidence.endpoint
        failure = error.exchange.failure if error is not None else None
        ended = self.ended
        setup, teardown = ended.has_setup and ended.setup, ended.has_teardown and ended.teardown
        steps = [step for top in (setup, *ended.body, teardown) for step in _failed_steps(top)]
        session.memory.log.test_failed(
            ended.full_name,
            reason=self.message,
            trace="".join(traceback.format_exception(error)) if error is not None else "\n".join(steps),
            assertion=steps[-1] if steps else self.message,
            endpoint=endpoint,
            failure_type=(failure.type if failure else FailureType.ASSERTION).value,
        )


class Attempts:
    """All attempts of this process: tells each, says which failed of the same error, and which tests are flaky."""

    def __init__(self, tell: Callable[[Callable[[Session], None]], None]) -> None:
        """`tell` hands something to the session of the run, now or when there is one."""
        self._tell = tell
        self._passed: list[Attempt] = []
        self._failed_of: dict[str, list[str]] = {}
        self._outcomes: dict[str, set[str]] = {}
        self._flaky: set[str] = set()
        self._unmet: tuple[str, Session, str] | None = None

    def add(self, attempt: Attempt) -> None:
        """Take in an attempt that has ended, and write into its log what can be said of it."""
        if attempt.failed:
            self._say_more(attempt)
        elif attempt.status == "PASS" and attempt.number == 1:  # that others failed before it, stays so
            self._passed.append(replace(attempt, evidence=Evidence()))
        self._tell(attempt.tell)
        self._tell(lambda session: self._note(attempt, session))
        self._judge(attempt)

    def take_back(self) -> None:
        """Tell again what passed and did not in the end: a suite's tear-down fails its tests when all are over."""
        for attempt in self._passed:
            if not attempt.ended.passed:
                ended = attempt.ended
                changed = replace(attempt, status=ended.status, message=ended.message, cause=Cause.SUITE)
                self._tell(changed.tell_status)
        self._passed.clear()

    def count_unmet(self) -> None:
        """Count the test whose last attempt failed though its requests were good, once for its endpoint."""
        if self._unmet is not None:
            _, session, endpoint = self._unmet
            session.metrics.failed(endpoint, FailureType.ASSERTION)
            self._unmet = None

    def tell_rates(self, session: Session) -> None:
        """Show the rates of the tests that were flaky in this run as metrics, when the history can be asked."""
        if self._flaky:
            with suppress(HistoryError):  # that it is away was said already
                for test in session.memory.history.flaky.tests(
                    session.target.name, datetime.now(UTC), sorted(self._flaky)
                ):
                    session.metrics.flakiness(test.name, test.rate.value)

    def _note(self, attempt: Attempt, session: Session) -> None:
        """Note whether this attempt is one to count; the one before was the last at its test, if that is another."""
        name, evidence = attempt.ended.full_name, attempt.evidence
        if self._unmet is not None and self._unmet[0] != name:
            self.count_unmet()
        self._unmet = (name, evidence.asked or session, evidence.endpoint) if attempt.is_unmet(session) else None

    def _say_more(self, attempt: Attempt) -> None:
        if attempt.cause is not None:
            logger.info(f"This failure does not count against the test: {attempt.cause.words}.")
        name, mark = attempt.ended.full_name, fingerprint(attempt.message)
        alike = self._failed_of.setdefault(mark, [])
        others = [other for other in alike if other != name]
        if others:
            tests = count(len(others), "other test")
            logger.info(f"The same error as in {tests} of this run: {listed(others, _MOST_NAMED)}.")
        if name not in alike:
            alike.append(name)

    def _judge(self, attempt: Attempt) -> None:
        """A test that both passes and fails in one run does so at one revision."""
        if attempt.status == "SKIP" or attempt.cause is not None:
            return
        name, suite = attempt.ended.full_name, attempt.ended.parent
        outcomes = self._outcomes.setdefault(name, set())
        outcomes.add(attempt.status)
        if len(outcomes) > 1 and name not in self._flaky:
            self._flaky.add(name)
            suite_name = suite.full_name if suite is not None else ""
            self._tell(lambda session: session.metrics.flaked(suite_name))


def is_last(test: running.TestCase) -> bool:
    """Whether no other test of the run comes after this one."""
    suite, is_last = test.parent, test.parent is not None and test is test.parent.tests[-1] and not test.parent.suites
    while is_last and suite is not None and suite.parent is not None:
        is_last, suite = suite is suite.parent.suites[-1], suite.parent
    return is_last


def _failed_steps(step: Any) -> Iterator[str]:
    """The way to the failure: each failed step with its arguments, the outermost first."""
    if getattr(step, "failed", False):
        name = getattr(step, "full_name", None) or step.type
        is_keyword = step.type in (step.KEYWORD, step.SETUP, step.TEARDOWN)
        yield "    ".join([name, *(step.args if is_keyword else ())])
        for inner in getattr(step, "body", ()):
            yield from _failed_steps(inner)
