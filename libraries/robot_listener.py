"""The one listener of all keyword libraries: what Robot says of suites, tests and messages is told to the session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from robot_attempts import Attempt, Attempts, is_last
from robot_masking import SecretKeeper
from robot_quarantine import Quarantine
from robot_retries import Retries, behind, was_not_run
from robot_session import ROBOT_SESSION, RobotSession
from schema_policy import policy_for

if TYPE_CHECKING:
    from robot import result, running


class SessionListener(SecretKeeper):
    """Tells the session which test is running and how each attempt ended, and closes it with the run.

    Every keyword library registers this one listener, and Robot calls it once for each library that a suite imports.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, session: RobotSession) -> None:
        """Listen for the session."""
        super().__init__(session.masked)
        self._session = session
        self._attempts = Attempts(session.tell)
        self._retries = Retries(session.test_retries)
        self._quarantine = Quarantine()
        self._begun: result.TestCase | result.TestSuite | None = None
        self._ended: result.TestCase | result.TestSuite | None = None

    def start_suite(self, data: running.TestSuite, begun: result.TestSuite) -> None:
        """Let the suite have a policy of its own, and put its tests into quarantine that are on the list."""
        if begun is self._begun:
            return
        self._begun = begun
        policy_for.cache_clear()
        self._quarantine.enter(data)

    def start_test(self, data: running.TestCase, begun: result.TestCase) -> None:
        """Name the test that is running."""
        if begun is self._begun:
            return
        self._begun = begun
        self._retries.begin(data)
        self._session.begin_test(begun.full_name)  # as it is, where that of the data is as it was written

    def end_test(self, data: running.TestCase, ended: result.TestCase) -> None:
        """Remember the attempt, count and log a failure, and let the test be tried again."""
        if ended is self._ended:
            return
        self._ended = ended
        self.mask_reason(ended)
        self._session.tell_news(wait=is_last(data))
        number, evidence = self._retries.attempt, self._session.evidence
        entry, failure = self._quarantine.failure_of(ended)
        if number == 1 or not was_not_run(ended):
            is_quarantined = entry is not None
            self._attempts.add(Attempt.of(ended, number, evidence, failure=failure, is_quarantined=is_quarantined))
        if entry is not None and failure is not None:
            ended.message = behind(entry.words, failure)
        self._retries.end(data, ended)
        self._session.end_test()

    def end_suite(self, data: running.TestSuite, ended: result.TestSuite) -> None:
        """Note when the suite ended; the whole run's tells at its top what changed."""
        if ended is self._ended:
            return
        self._ended = ended
        self.mask_reason(ended)
        self._retries.clean_up(data)
        self._session.tell_news()  # of a suite's tear-down
        if self._session.is_open:
            self._session.current.metrics.suite_ended(ended.full_name, datetime.now(UTC).timestamp())
        if told := self._session.what_changed():
            whole = ended
            while whole.parent is not None:  # Robot does not tell of its end when only suites in it import a library
                whole = whole.parent
            whole.metadata["What changed"] = told

    def message(self, message: result.Message) -> None:
        """Say that a test is tried again where Robot would warn of two tests with one name; mask all else."""
        super().message(message)
        if self._retries.is_warning_of_retry(message):
            message.message = self._retries.warning()

    def close(self) -> None:
        """Close the session: the run is over, and what the tear-downs of its suites failed is known."""
        self._attempts.take_back()
        self._session.open_for_the_told()
        if self._session.is_open:
            self._attempts.count_unmet()
            self._attempts.tell_rates(self._session.main)
        self._session.close()


LISTENER = SessionListener(ROBOT_SESSION)
