"""Keywords that guard the guard: they ask whether tests can be trusted, and whether the quarantine is in order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assertionengine import AssertionOperator
from robot.api import TestSuiteBuilder, logger
from robot.api.deco import keyword, library

from keyword_values import compared
from observatory.errors import ObservatoryError
from observatory.settings import PROJECT_ROOT
from observatory.words import count, percent
from robot_listener import LISTENER
from robot_quarantine import list_of_the_run, today
from robot_session import ROBOT_SESSION, plainly

if TYPE_CHECKING:
    from observatory.flakiness.quarantine import QuarantineList
    from observatory.history.flaky_queries import FlakyTest

_MOST_TOLD = 5


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class FlakyTests:
    """Ask whether the tests themselves can be trusted.

    A test is *flaky* when it both passed and failed at one revision of the tests and one of the API: nothing changed,
    and it says something else. Every attempt at every test is remembered, without a keyword; the last 100 of 30 days
    count. What was skipped does not count, nor what failed because the history, the stand-in or this machine's network
    was away. A test that fails always is broken, and not flaky.

    A rate of few attempts says little, so each has two bounds between which the true one lies in 95 of 100 cases. What
    is judged is the lower one: a test is complained of when it *surely* fails more often than it may.
    """

    @keyword
    def get_flaky_tests(self, operator: AssertionOperator | None = None, expected: Any = None) -> list[Any]:
        """Get the flaky tests of the target, those first that surely fail most often, and assert how many there are.

        Each has `name`, `attempts`, `failures`, `last_message`, `first_flaked_at`, `last_flaked_at`, and `rate` with
        `value`, `low` and `high`, shares between 0 and 1. Without a database the test is skipped.

        ```robotframework
        ${flaky} =    Get Flaky Tests
        Get Flaky Tests    <=    3
        ```
        """
        with plainly():
            found = _flaky()
            _show(found)
            compared(len(found), operator, expected, "number of flaky tests")
            return found

    @keyword
    def no_test_should_be_flaky(self, threshold: float = 0.05) -> None:
        """Fail when a test surely fails more often than a share of its attempts, though nothing changed.

        `threshold` is that share, between 0 and 1: with `0.05`, a test is complained of when the lower bound of its
        rate is above 5 %. Tests in quarantine are known already, and not complained of. Without a database the test is
        skipped; when the history is empty, it passes.

        ```robotframework
        No Test Should Be Flaky
        No Test Should Be Flaky    threshold=0.2
        ```
        """
        with plainly():
            if not 0 <= threshold < 1:
                raise ObservatoryError(
                    f"The threshold is a share from 0 to less than 1, such as 0.05, and not {threshold}."
                )
            found = _flaky()
            _show(found)
            quarantine = _quarantine()
            # This very test passes and fails with what others do.
            alerts = [
                test
                for test in found
                if test.is_alert(threshold) and not quarantine.of(test.name) and test.name != ROBOT_SESSION.test_name
            ]
            if alerts:
                raise ObservatoryError(_complaint(alerts, threshold))

    @keyword
    def quarantine_should_be_in_order(self) -> None:
        """Fail when an entry of the quarantine is wrong or over, or when there is no such test.

        The list is in `variables/quarantine.py`. Each entry names a test, the last day of its quarantine, at most 60
        days ahead, and the reason. A test is known when it is in a suite of the project, or was ever run.

        ```robotframework
        Quarantine Should Be In Order
        ```
        """
        from observatory.flakiness.quarantine import expiry

        with plainly():
            quarantine = _quarantine()
            problems = [*quarantine.problems, *map(expiry, quarantine.expired)]
            problems += [
                f"There is no test '{entry.test}', whose quarantine is until {entry.until:%Y-%m-%d}: "
                "write its name as log.html has it, or take it off the list."
                for entry in _without_a_test(quarantine)
            ]
            if problems:
                raise ObservatoryError("\n".join(problems))
            logger.info(f"{count(len(quarantine.active), 'test')} in quarantine, each with a reason and a last day.")


def _flaky() -> list[FlakyTest]:
    session = ROBOT_SESSION.main
    return session.memory.history.flaky.tests(session.target.name, datetime.now(UTC))


def _quarantine() -> QuarantineList:
    from observatory.flakiness.quarantine import QuarantineList, read_quarantine

    entries, problem = list_of_the_run()
    return QuarantineList(problems=(problem,)) if problem else read_quarantine(entries, today())


def _without_a_test(quarantine: QuarantineList) -> list[Any]:
    """The entries of which neither the project's suites nor the history has a test; the history is asked last."""
    if not (quarantine.active or quarantine.expired):
        return []
    suites = PROJECT_ROOT / "suites"
    names = [test.full_name for test in TestSuiteBuilder().build(suites).all_tests] if suites.is_dir() else []
    unknown = quarantine.unknown(names)
    if not unknown:
        return []
    ever = ROBOT_SESSION.main.memory.history.flaky.names()
    return [entry for entry in unknown if entry in quarantine.unknown(ever)]


def _complaint(alerts: list[FlakyTest], threshold: float) -> str:
    from observatory.flakiness.sentences import how_often

    told = [f"{test.name} {how_often(test)}: {test.last_message}" for test in alerts[:_MOST_TOLD]]
    more = [f"… and {len(alerts) - _MOST_TOLD} more"] if len(alerts) > _MOST_TOLD else []
    heading = f"{count(len(alerts), 'test')} cannot be trusted, for nothing changed and surely more than "
    advice = "See observatory flaky. Mend them, or put them into quarantine in variables/quarantine.py."
    return "\n".join([f"{heading}{percent(threshold)} of the attempts failed:", *told, *more, advice])


def _show(tests: list[FlakyTest]) -> None:
    from observatory.logs.flaky_html import flaky_table

    if tests:
        logger.info(flaky_table(tests, ROBOT_SESSION.masked), html=True)
    else:
        logger.info("No test both passed and failed at one revision in the last 30 days.")
