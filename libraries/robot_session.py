"""The session of this Robot process: opened by the first keyword that needs it, closed at the end of the run.

The keyword libraries stand on this module; the engine knows nothing of it, nor of Robot.
"""

from __future__ import annotations

import gc
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robot.api import SkipExecution, logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.errors import HistoryError, ObservatoryError, SettingsError
from observatory.exchange import Exchange, Request
from observatory.failures import ExchangeError, NotRecordedError, raise_for_failure, raise_for_failures
from observatory.history import RunEntry
from observatory.logs.exchange_html import exchange_block, exchange_table
from observatory.logs.masking import Masker
from observatory.metrics.delivery import Delivery
from observatory.session import Session
from observatory.settings import Settings, load_settings, retries_of_tests
from robot_attempts import Evidence
from robot_blame import Blame
from robot_drift import DriftTeller
from robot_run import kind_of_run, log_of_the_run, shared_run_id
from robot_watchers import WATCHERS
from schema_policy import hold_to_policy

FAULTS = "faults"
"""The target that suites use instead of the run's, to see what the client makes of faults."""

_VARIABLES = ("TARGET", "RECORDING", "RATE_LIMIT", "TEST_RETRIES")
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
        self._delivery: Delivery | None = None
        self.test_name = ""
        self.last_endpoint = ""
        self.last_error: ExchangeError | None = None
        self.seen: list[Exchange] = []
        self._early: list[Callable[[Session], None]] = []
        self._blame = Blame()
        self._masker: Masker | None = None

    @property
    def current(self) -> Session:
        """The session that keywords use now; opened when there is none yet.

        Raises:
            SettingsError: a setting is wrong, or the target cannot be opened.
        """
        if self._current is None:
            self._main = self._current = self._open()
            self._masker = self._main.memory.masker
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

    def begin_test(self, name: str) -> None:
        """A test begins, which knows nothing of the one before."""
        self.test_name = name
        self.last_endpoint = ""
        self.last_error = None
        self._blame.forget()

    def end_test(self) -> None:
        """The test is over; what it asked for is let go, for Robot keeps its variables long after its end."""
        self.test_name = ""
        for exchange in self.seen:
            exchange.let_go()
        self.seen.clear()

    @property
    def evidence(self) -> Evidence:
        """What was seen of requests while the test ran."""
        return Evidence(self.asked, self.last_endpoint, self.last_error, self._blame.found)

    def blame(self, error: ObservatoryError) -> None:
        """An error is about to fail the test: remember it, and what of ours caused it, if anything did."""
        if isinstance(error, ExchangeError):
            self.last_error = error
        self._blame.error(error, self.masked(str(error)), self._current)

    def test_retries(self) -> int:
        """How many further attempts a test has that fails."""
        try:
            settings = self._main.settings if self._main is not None else _settings()
        except SettingsError:
            return 0  # it failed for that, and would again
        return retries_of_tests(settings, os.environ)

    def open_for_the_told(self) -> None:
        """Open the session when nothing has needed it and something is to be told: tests may fail before a request."""
        if self._main is None and self._early and not BuiltIn().dry_run_active:
            try:
                _ = self.current
            except ObservatoryError as error:
                self._early.clear()  # each library's listener is closed, and once is enough
                logger.warn(f"This run is not remembered: {self.masked(str(error))}")

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
        main.close()
        main.memory.close()
        self._write_metrics(main)  # the last changes of schemas are found when the history is home
        self._deliver(Delivery.end)
        self.pass_on_reports()

    def masked(self, text: str) -> str:
        """The text without the secrets that the session knows; while there is none, without those that are set."""
        if self._masker is None:
            try:
                self._masker = Masker(_settings().secrets())
            except SettingsError:  # told by the keyword that needs them; what looks like a secret is masked even so
                self._masker = Masker()
        return self._masker.mask_text(text)

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
        self._blame.saw(self.current, [exchange])
        logger.info(self.masked(exchange_block(exchange, self.masked)), html=True)
        for watcher in WATCHERS:
            watcher.saw(self.main, [exchange])
        self._drift.saw(self.current, exchange)

    def show_together(self, exchanges: Sequence[Exchange]) -> None:
        """The same for many that came together, as one table."""
        if exchanges:
            self.last_endpoint = exchanges[-1].endpoint
        self.seen.extend(exchanges)
        self._blame.saw(self.current, exchanges)
        logger.info(self.masked(exchange_table(exchanges)), html=True)
        for watcher in WATCHERS:
            watcher.saw(self.main, exchanges)
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

    def send_numbers(self) -> None:
        """Give the relay what this process has counted so far."""
        _ = self.main  # there is something to send when there is a session
        self._deliver(Delivery.send_now)

    def _deliver(self, deliver: Callable[[Delivery], str]) -> None:
        if self._delivery is None:
            return
        try:
            complaint = deliver(self._delivery)
        except OSError as error:
            complaint = f"The numbers of this run could not be kept for the relay: {error}."
        if complaint:
            logger.warn(self.masked(complaint))

    def _open(self) -> Session:
        self._output = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
        settings = _settings()
        if settings.run_id is None:
            settings = settings.model_copy(update={"run_id": shared_run_id(self._output)})
        log = log_of_the_run(self._output, BuiltIn().get_variable_value("${LOG FILE}"))
        session = Session.open(
            settings,
            kind=kind_of_run(self._output),
            log=log,
            report=self._reports.put,
            on_changes=self._drift.put,
        )
        self._delivery = Delivery(settings, session.run.id, session.target.name, session.metrics)
        watching = f"Watching {session.target.name} at {session.target.base_url}, as run {session.run.id}."
        logger.info(session.memory.masker.mask_text(watching))
        # What is loaded by now stays to the end: the garbage collector need not look at it again and again while
        # large bodies come and go.
        gc.freeze()
        return session


ROBOT_SESSION = RobotSession()


def _settings() -> Settings:
    """The settings, with what the variables of the suite say of them."""
    return load_settings(**{name.lower(): BuiltIn().get_variable_value(f"${{{name}}}") for name in _VARIABLES})


@contextmanager
def plainly() -> Iterator[None]:
    """Let the engine's errors fail a keyword with their message alone.

    What a recording lacks, and what a history that is away would know, skips the test instead: nothing can be said.
    """
    try:
        yield
    except (NotRecordedError, HistoryError) as error:
        ROBOT_SESSION.blame(error)
        raise SkipExecution(ROBOT_SESSION.masked(str(error))) from error
    except ObservatoryError as error:
        ROBOT_SESSION.blame(error)
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
