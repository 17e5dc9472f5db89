"""The session of this Robot process: opened by the first keyword that needs it, closed at the end of the run.

The keyword libraries stand on this module; the engine knows nothing of it, nor of Robot.
"""

from __future__ import annotations

import gc
import os
import queue
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot.api import SkipExecution, logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.errors import HistoryError, ObservatoryError
from observatory.exchange import Exchange, FailureType, Request
from observatory.failures import ExchangeError, NotRecordedError, raise_for_failure, raise_for_failures
from observatory.history import RunEntry, TestAttemptEntry
from observatory.logs.exchange_html import exchange_block, exchange_table
from observatory.session import Session
from observatory.settings import load_settings
from robot_drift import DriftTeller
from schema_policy import hold_to_policy, policy_for

if TYPE_CHECKING:
    from robot import result, running

FAULTS = "faults"
"""The target that suites use instead of the run's, to see what the client makes of faults."""

_VARIABLES = ("TARGET", "RECORDING", "RATE_LIMIT")
"""Robot variables, given with `--variable`, that are settings of the same name in lower case."""


class RobotSession:
    """Holds the session of the run's target, and that of another target while a suite asks for it."""

    def __init__(self) -> None:
        """Nothing is opened yet."""
        self._main: Session | None = None
        self._other: Session | None = None
        self._current: Session | None = None
        self._reports: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._drift = DriftTeller()
        self._output = Path()
        self.test_name = ""
        self.last_endpoint = ""
        self.last_error: ExchangeError | None = None
        self.seen: list[Exchange] = []
        self._early: list[Callable[[Session], None]] = []

    @property
    def current(self) -> Session:
        """The session that keywords use now; opened when there is none yet.

        Raises:
            SettingsError: a setting is wrong, or the target cannot be opened.
        """
        if self._current is None:
            self._main = self._current = self._open()
            for tell in self._early:
                tell(self._main)
            self._early.clear()
        self.pass_on_reports()
        self._current.test_name = self.test_name
        return self._current

    @property
    def is_open(self) -> bool:
        """Whether any keyword has needed the session so far."""
        return self._main is not None

    @property
    def asked(self) -> Session | None:
        """The session that keywords use now, if any has needed one."""
        return self._current

    @property
    def main(self) -> Session:
        """The session of the run's target, whatever target keywords use now."""
        return self._main or self.current

    def tell(self, what: Callable[[Session], None]) -> None:
        """Tell the session of the run's target; what happens before a keyword needs it is told when it is opened."""
        if self._main is None:
            self._early.append(what)
        else:
            what(self._main)

    def target_of(self, exchange: Exchange) -> str:
        """The name of the target that an exchange was had from."""
        return self.main.target.name if exchange.run_id == self.main.run.id.hex else FAULTS

    def run_of(self, exchange: Exchange) -> RunEntry:
        """The run that an exchange belongs to."""
        sessions = [session for session in (self.main, self._other) if session is not None]
        return next((each.run for each in sessions if each.run.id.hex == exchange.run_id), self.main.run)

    def what_changed(self) -> str:
        """What this run saw to have changed, when there is more of it than was asked for before; else nothing."""
        return self._drift.what_changed(self._main) if self._main is not None else ""

    def use_target(self, target: str, **terms: Any) -> Session:
        """Let keywords ask another target until `leave_target`: a new session, on the terms of `Session.watching`."""
        main = self.main
        self.leave_target()
        self._current = self._other = main.watching(target, **terms)
        return self._current

    def leave_target(self) -> None:
        """Let keywords ask the target of the run again."""
        other, self._other, self._current = self._other, None, self._main
        if other is not None:
            other.close()

    def close(self) -> None:
        """Close everything that was opened; what the parts have to say is said."""
        if self._main is None:
            return
        self.leave_target()
        main, self._main, self._current = self._main, None, None
        self._write_metrics(main)
        main.close()
        main.memory.close()
        self.pass_on_reports()

    def masked(self, text: str) -> str:
        """The text without the secrets that the session knows."""
        return self._main.memory.masker.mask_text(text) if self._main is not None else text

    def pass_on_reports(self) -> None:
        """Say what other threads reported: only Robot's own thread can write to its log."""
        while not self._reports.empty():
            logger.warn(self._reports.get())
        if self._main is not None:
            self._drift.pass_on(self._main)

    def show(self, exchange: Exchange) -> None:
        """Remember an exchange, and write it into log.html with what it changed."""
        self.last_endpoint = exchange.endpoint
        self.seen.append(exchange)
        logger.info(self.masked(exchange_block(exchange, self.masked)), html=True)
        self._drift.saw(self.current, exchange)

    def show_together(self, exchanges: Sequence[Exchange]) -> None:
        """The same for many that came together, as one table."""
        if exchanges:
            self.last_endpoint = exchanges[-1].endpoint
        self.seen.extend(exchanges)
        logger.info(self.masked(exchange_table(exchanges)), html=True)
        self._drift.saw_many(self.current, exchanges)

    def tell_news(self, *, wait: bool = False) -> None:
        """Say what was seen to have changed and could not be said at the request; `wait` until the history knows."""
        if self._main is not None:
            self._drift.tell(self._main, wait=wait)

    def _write_metrics(self, session: Session) -> None:
        path = self._output / "metrics.prom"
        try:
            session.metrics.write(path)
        except OSError as error:
            logger.warn(f"The numbers of this run could not be written to {path}: {error}.")

    def _open(self) -> Session:
        given = {name.lower(): BuiltIn().get_variable_value(f"${{{name}}}") for name in _VARIABLES}
        self._output = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
        settings = load_settings(**given)
        if settings.run_id is None:
            settings = settings.model_copy(update={"run_id": _run_id(self._output)})
        session = Session.open(settings, report=self._reports.put, on_changes=self._drift.put)
        watching = f"Watching {session.target.name} at {session.target.base_url}, as run {session.run.id}."
        logger.info(session.memory.masker.mask_text(watching))
        # What is loaded by now stays to the end: the garbage collector need not look at it again and again while
        # large bodies come and go.
        gc.freeze()
        return session


ROBOT_SESSION = RobotSession()


class SessionListener:
    """Tells the session which test is running and how it ended, and closes it with the run.

    Every keyword library registers this one listener, and Robot calls it once for each library that a suite imports.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, session: RobotSession) -> None:
        """Listen for the session."""
        self._session = session
        self._ended: result.TestCase | result.TestSuite | None = None

    def start_suite(self, _data: running.TestSuite, _result: result.TestSuite) -> None:
        """Let the suite have a policy of its own."""
        policy_for.cache_clear()

    def start_test(self, data: running.TestCase, _result: result.TestCase) -> None:
        """Name the test that is running."""
        self._session.test_name = data.full_name
        self._session.last_error = None
        self._session.last_endpoint = ""

    def end_test(self, data: running.TestCase, ended: result.TestCase) -> None:
        """Remember the attempt, and count and log a failure."""
        if ended is self._ended:
            return
        self._ended = ended
        self._session.tell_news(wait=_is_last(data))
        attempt = _Attempt.of(ended, self._session)
        self._session.tell(attempt.tell)
        self._session.test_name = ""
        # Robot keeps a test's variables in circles of references long after its end.
        for exchange in self._session.seen:
            exchange.let_go()
        self._session.seen.clear()

    def end_suite(self, _data: running.TestSuite, ended: result.TestSuite) -> None:
        """Note when the suite ended; the whole run's tells at its top what changed."""
        if ended is self._ended:
            return
        self._ended = ended
        self._session.tell_news()  # of a suite's tear-down
        if self._session.is_open:
            self._session.current.metrics.suite_ended(ended.full_name, datetime.now(UTC).timestamp())
        if told := self._session.what_changed():
            whole = ended
            while whole.parent is not None:  # Robot does not tell of its end when only suites in it import a library
                whole = whole.parent
            whole.metadata["What changed"] = told

    def close(self) -> None:
        """Close the session: the run is over."""
        self._session.close()


LISTENER = SessionListener(ROBOT_SESSION)

_TELLING = 200  # characters at the beginning of a message, which tell it from others; Robot cuts long ones


@dataclass(frozen=True)
class _Attempt:
    """How a test ended, whom it asked last, and the failed request that it failed for, if it was one."""

    ended: result.TestCase
    asked: Session | None
    error: ExchangeError | None
    endpoint: str

    @classmethod
    def of(cls, ended: result.TestCase, session: RobotSession) -> _Attempt:
        error = session.last_error
        if error is not None and session.masked(str(error))[:_TELLING] not in ended.message:
            error = None  # it was expected, and the test failed for another reason, or not at all
        return cls(ended, session.asked, error, session.last_endpoint)

    def tell(self, session: Session) -> None:
        """Tell history, metrics and log, each what is its part."""
        ended = self.ended
        session.test_ended(
            TestAttemptEntry(
                run_id=session.run.id,  # a test belongs to the run, whatever targets it asks
                name=ended.full_name,
                status=ended.status,
                started_at=ended.start_time.astimezone(UTC),
                elapsed=ended.elapsed_time.total_seconds(),
                message=session.memory.masker.mask_text(ended.message),
            )
        )
        if ended.failed:
            self._tell_failure(session)

    def _tell_failure(self, session: Session) -> None:
        failure = self.error.exchange.failure if self.error is not None else None
        if failure is None and self.endpoint:  # the requests were good, and what was said of them did not hold
            (self.asked or session).metrics.failed(self.endpoint, FailureType.ASSERTION)
        ended = self.ended
        setup, teardown = ended.has_setup and ended.setup, ended.has_teardown and ended.teardown
        steps = [step for top in (setup, *ended.body, teardown) for step in _failed_steps(top)]
        session.memory.log.test_failed(
            ended.full_name,
            reason=ended.message,
            trace="".join(traceback.format_exception(self.error)) if self.error is not None else "\n".join(steps),
            assertion=steps[-1] if steps else ended.message,
            endpoint=self.endpoint,
            failure_type=(failure.type if failure else FailureType.ASSERTION).value,
        )


def _is_last(test: running.TestCase) -> bool:
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


def _run_id(output: Path) -> str | None:
    """The run that all processes of one pabot command share; None outside pabot.

    pabot empties its folder before it starts the processes, so the first one to make this file names the run.
    """
    shared = next((folder for folder in (output, *output.parents) if folder.name == "pabot_results"), None)
    if shared is None:
        return None
    name = shared / "observatory-run"
    mine = shared / f"observatory-run.{os.getpid()}"
    mine.write_text(str(uuid.uuid4()), encoding="ascii")
    with suppress(FileExistsError):
        os.link(mine, name)  # there whole or not at all
    mine.unlink()
    return name.read_text(encoding="ascii")


@contextmanager
def plainly() -> Iterator[None]:
    """Let the engine's errors fail a keyword with their message alone.

    What a recording lacks, and what a history that is away would know, skips the test instead: nothing can be said.
    """
    try:
        yield
    except (NotRecordedError, HistoryError) as error:
        raise SkipExecution(ROBOT_SESSION.masked(str(error))) from error
    except ObservatoryError as error:
        if isinstance(error, ExchangeError):
            ROBOT_SESSION.last_error = error
        raise AssertionError(ROBOT_SESSION.masked(str(error))) from error


def fetched(request: Request) -> Exchange:
    """Ask, write the exchange into log.html, and give it back if it is good, and as the policy wants it."""
    with plainly():
        exchange = shown(ROBOT_SESSION.current.fetch(request))
        raise_for_failure(exchange)
        hold_to_policy(ROBOT_SESSION.current, [exchange])
        return exchange


def fetched_together(requests: Sequence[Request], concurrency: int | None = None) -> list[Exchange]:
    """Ask for many at once, write the exchanges into log.html, and give them back if all are good."""
    with plainly():
        exchanges = shown_together(ROBOT_SESSION.current.fetch_many(requests, concurrency=concurrency))
        raise_for_failures(exchanges)
        hold_to_policy(ROBOT_SESSION.current, exchanges)
        return exchanges


def shown(exchange: Exchange) -> Exchange:
    """Write an exchange into log.html, with what it changed, and give it back."""
    ROBOT_SESSION.show(exchange)
    return exchange


def shown_together(exchanges: list[Exchange]) -> list[Exchange]:
    """Write many exchanges into log.html as one table, with what they changed, and give them back."""
    ROBOT_SESSION.show_together(exchanges)
    return exchanges
