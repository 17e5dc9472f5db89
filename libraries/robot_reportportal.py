"""The listener that publishes a run to ReportPortal while it goes on: `observatory launch robot suites/` adds it.

Robot's thread only notes what happens. Another one tells ReportPortal, so that no test waits for it; what is still to
be told when the run ends has a moment, and whatever goes wrong there costs the run no more than that.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatory.errors import ObservatoryError
from observatory.launch import LaunchFolder, Report, Terms, terms_of
from observatory.launch.live import FOLDER, PATIENCE, UUID
from observatory.launch.payloads import data_payload, schema_payload
from observatory.logs.masking import Masker
from observatory.settings import load_settings
from robot_watchers import WATCHERS

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.exchange import Exchange
    from observatory.history.known_changes import KnownChange
    from observatory.session import Session
    from robot_reporter import Attributes, Reporter

_TIMEOUT = (0.5, 1.0)  # seconds until a connection stands, and until an answer comes: longer is not there
_SHORT_WAIT = 0.25  # seconds; a wait of this length is a server at work, and is not held against it
_LONGEST_START = 20.0  # seconds for the agent itself to be loaded, on a machine that does much else

Step = Callable[["Reporter"], None]


class Courier:
    """Takes steps to a reporter in a thread of its own, until one fails."""

    def __init__(self, make: Callable[[], Reporter], folder: LaunchFolder) -> None:
        """`make` makes the reporter, in the thread."""
        self._make = make
        self._folder = folder
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._reporter: Reporter | None = None
        self._thread = threading.Thread(target=self._carry, daemon=True, name="ReportPortal")
        self._thread.start()

    def put(self, step: Step) -> None:
        """Let something be told."""
        self._steps.put(step)

    def close(self, patience: float) -> float:
        """Wait until all is told, or for so many seconds, and give how many it were; the rest is not told any more."""
        self._steps.put(None)
        self._ready.wait(_LONGEST_START)
        began = time.monotonic()
        self._thread.join(patience)
        if self._thread.is_alive():
            left = self._steps.qsize()
            self._folder.tell(f"ReportPortal took too long: {left or 'some'} events of the run had to be left out")
        return time.monotonic() - began

    @property
    def report(self) -> Report:
        """What was told."""
        return self._reporter.report if self._reporter is not None else Report()

    def _carry(self) -> None:
        try:
            self._reporter = self._make()
            self._ready.set()
            while (step := self._steps.get()) is not None:
                if not self._folder.trouble:
                    step(self._reporter)
            self._reporter.close()
        except Exception as error:  # noqa: BLE001 - whatever the agent does not expect must not end in a trace
            self._folder.tell(f"ReportPortal's agent failed ({type(error).__name__}: {error})")
        finally:
            self._ready.set()


class Listener:
    """Publishes what Robot does in this process, if it is part of a launch."""

    ROBOT_LISTENER_API_VERSION = 2
    ROBOT_LISTENER_PRIORITY = -100
    """The last to be told, when others have said all that they have to say of a test."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """`environment` says which launch it is; without one, nothing is published."""
        self._courier: Courier | None = None
        self._run: tuple[str | None, str | None] = (None, None)
        if UUID not in environment:
            _say("The run is not published: start it with 'observatory launch', and robot and its options behind that.")
            return
        self._folder = LaunchFolder(Path(environment[FOLDER]))
        self._patience = float(environment[PATIENCE])
        try:
            settings = load_settings()
            terms = terms_of(settings)
        except ObservatoryError as error:
            self._folder.tell(str(error))
            return
        if terms is not None and not self._folder.trouble:
            self._folder.write(Report())
            make = partial(_reporter, terms, environment[UUID], self._folder, Masker(settings.secrets()))
            self._courier = Courier(make, self._folder)
            WATCHERS.append(self)

    def start_suite(self, name: str, attributes: Attributes) -> None:
        """A suite begins."""
        self._tell("start_suite", name, attributes)

    def end_suite(self, name: str, attributes: Attributes) -> None:
        """A suite ended."""
        self._tell("end_suite", name, attributes)

    def start_test(self, name: str, attributes: Attributes) -> None:
        """A test begins."""
        self._tell("start_test", name, attributes)

    def end_test(self, name: str, attributes: Attributes) -> None:
        """A test ended."""
        self._tell("end_test", name, attributes)

    def start_keyword(self, name: str, attributes: Attributes) -> None:
        """A keyword begins."""
        self._tell("start_keyword", name, attributes)

    def end_keyword(self, name: str, attributes: Attributes) -> None:
        """A keyword ended."""
        self._tell("end_keyword", name, attributes)

    def log_message(self, message: Attributes) -> None:
        """Something was logged."""
        self._tell("log_message", message)

    def saw(self, session: Session, exchanges: Sequence[Exchange]) -> None:
        """Something was asked of an API."""
        self._run = (str(session.run.id), session.run.api_revision)
        self._tell("saw", list(exchanges), session.memory.masker)

    def compared(self, session: Session, comparison: Comparison) -> None:
        """An answer changed something."""
        self._tell("attach", partial(data_payload, comparison, session.memory.masker))

    def schema_changed(self, session: Session, changes: Sequence[KnownChange]) -> None:
        """Schemas changed."""
        self._tell("attach", partial(schema_payload, list(changes), session.memory.masker))

    def close(self) -> None:
        """The run is over."""
        if self._courier is None:
            return
        if self in WATCHERS:
            WATCHERS.remove(self)
        spent = sum(each.waited for each in self._folder.reports() if each.waited > _SHORT_WAIT)
        waited = self._courier.close(max(0.0, self._patience - spent))
        run_id, revision = self._run
        told = replace(self._courier.report, run_id=run_id, api_revision=revision, waited=waited, is_over=True)
        self._folder.write(told)

    def _tell(self, what: str, *told: Any) -> None:
        if self._courier is not None:
            self._courier.put(lambda reporter: getattr(reporter, what)(*told))


def _reporter(terms: Terms, launch: str, folder: LaunchFolder, masker: Masker) -> Reporter:
    """The agent takes half a second to be loaded: that is done in the thread, too."""
    from robot_agent import Agent, Circuit
    from robot_reporter import Reporter

    circuit = Circuit(terms, folder.tell, lambda: folder.trouble)
    return Reporter(Agent(circuit, launch, _TIMEOUT), masker, Path())


def _say(sentence: str) -> None:
    from robot.api import logger

    logger.console(sentence, stream="stderr")
