"""Who conducts a load, in the process that is no worker: starts what it needs, watches it, and sees to its end."""

from __future__ import annotations

import logging
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Final

import gevent
import msgspec
from locust.html import get_html_report
from locust.runners import STATE_MISSING, MasterRunner

from load.collecting import Collection
from load.ending import Finished, finish, is_out_of_reach
from load.metrics_page import LoadNumbers, serve_numbers
from load.options import seconds
from load.planning import Course, planned
from load.progress import Progress
from load.stand_in import StandIn, start_stand_in
from observatory.errors import ObservatoryError
from observatory.load import Ending, Generator, summary
from observatory.settings import Settings
from observatory.targets import LIVE_URL, url_name
from observatory.words import count

ORDERS: Final = "observatory_orders"
"""Under this name, the options that the master sends to its workers hold what they are told."""

_LAST_WORDS: Final = 1.5  # seconds in which the workers tell what they counted last

_log = logging.getLogger(__name__)


class Conductor:
    """Conducts the loads of one Locust process, one after the other; `finished` is what came of the last one.

    Raises:
        ObservatoryError: an option has a value that it does not take, or the stand-in did not start.
    """

    def __init__(self, environment: Any, settings: Settings, collection: Collection) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._settings = settings
        self._collection = collection
        self._patience = seconds(self._options.give_up_after, "--give-up-after")
        self._folder = Path(self._options.results) if self._options.results else settings.results / "load"
        self._progress = Progress() if self._options.progress else None
        self._stand_in: StandIn | None = None
        self._stand_in_name = ""
        self._ahead: Course | None = None
        self._course: Course | None = None
        self._is_under_way = False
        self._began = self._ended = 0.0
        self._ending: Ending | None = None
        self._workers: set[str] = set()
        self._lost: set[str] = set()
        self.finished: Finished | None = None
        self._is_said = False
        self._listen()
        self._home = environment.host = environment.host or self._address()
        if self._options.metrics_port:
            numbers = LoadNumbers(lambda: collection.measured, lambda: self._runner.user_count, collection.workers)
            serve_numbers(numbers, self._options.metrics_host, self._options.metrics_port)

    def plan_ahead(self) -> None:
        """Plan by the options of the command line, before Locust puts its defaults there.

        Raises:
            ObservatoryError: an option has a value that it does not take, or the load would not be fair.
        """
        self._ahead = self._planned(from_page=False)

    def plan(self) -> Course | None:
        """The course of the load that is about to start; None when it must not, for a reason that is logged."""
        try:
            self._course = self._ahead or self._planned(from_page=True)
        except ObservatoryError as error:
            self._course = None
            _log.error(str(error))
        self._ahead = None
        return self._course

    def _planned(self, *, from_page: bool) -> Course:
        # On Locust's page the host may be changed, and left empty.
        address = self._environment.host = (self._environment.host or self._home).rstrip("/")
        is_own = self._stand_in is not None and address == self._stand_in.address
        name = self._stand_in_name if is_own else url_name(address)
        return planned(self._options, address, name, from_page=from_page)

    def over(self) -> None:
        """The load has come to its planned end; its last users are still at what they were doing."""
        if self._ending is None:
            self._ending, self._ended = Ending.FINISHED, time.time()

    def watch(self) -> None:
        """Look after the loads, once a second, for ever."""
        while True:
            gevent.sleep(1)
            if self._is_under_way and self._course is not None:
                self._look_at_workers()
                self._look_at_reach(self._course)
                if self._progress is not None and self._ending is None:
                    elapsed = time.time() - self._began
                    self._progress.show(self._course.plan, self._collection.measured, elapsed, self._runner.user_count)

    def _listen(self) -> None:
        events = self._environment.events
        events.test_start.add_listener(lambda **_: self._start())
        events.test_stop.add_listener(lambda **_: self._stop())
        events.quitting.add_listener(lambda **_: self._quit())
        events.quit.add_listener(lambda **_: self._say())

    def _address(self) -> str:
        """Where the target of the settings is; a stand-in of our own is started."""
        target = self._settings.target
        if target == "live":
            return LIVE_URL
        if target.startswith("http"):
            return target
        recording = self._settings.recording if target == "replay" else None
        processes = min(self._options.processes or 1, os.cpu_count() or 1)
        self._stand_in = start_stand_in(processes, recording)
        self._stand_in_name = f"replay:{recording}" if recording else "embedded"
        return self._stand_in.address

    def _start(self) -> None:
        """A load begins: every process is told what it needs to know."""
        if self._course is None:
            return
        orders = self._course.orders(self._settings, max(1, self._collection.workers()))
        setattr(self._options, ORDERS, msgspec.to_builtins(orders))
        self._environment.stop_timeout = max(self._environment.stop_timeout, orders.timeout)
        self._collection.begin()
        self._workers, self._lost = set(), set()
        self._ending, self._began, self._is_under_way = None, time.time(), True

    def _stop(self) -> None:
        """The load stops, for whatever reason."""
        if not self._is_under_way:
            return
        if self._ending is None:
            self._ended = time.time()
            self._ending = self._why_stopped()
        if not self._options.headless:
            gevent.spawn_later(_LAST_WORDS, self._report)

    def _why_stopped(self) -> Ending:
        if isinstance(self._runner, MasterRunner) and self._lost and not self._collection.workers():
            return Ending.WORKERS_LOST
        has_no_end = self._course is not None and self._course.plan.seconds is None
        return Ending.FINISHED if has_no_end else Ending.INTERRUPTED

    def _quit(self) -> None:
        """Locust is about to end: the workers are heard once more, then the report is made."""
        self._runner.quit()
        self._report()
        if self.finished is not None:
            self._environment.process_exit_code = self.finished.code
        if self._stand_in is not None:
            self._stand_in.stop()

    def _say(self) -> None:
        """Tell what came of the last load, after everything that Locust has to say."""
        if self.finished is not None and not self._is_said:
            self._is_said = True
            sys.stdout.write(self.finished.said)
            sys.stdout.flush()

    def _look_at_workers(self) -> None:
        if not isinstance(self._runner, MasterRunner):
            return
        for worker in list(self._runner.clients.values()):
            self._workers.add(worker.id)
            if worker.state == STATE_MISSING and worker.id not in self._lost:
                self._lost.add(worker.id)
                _log.warning(f"Worker {worker.id} is lost; the others take its users.")

    def _look_at_reach(self, course: Course) -> None:
        if self._ending is not None or self._patience is None:
            return
        if is_out_of_reach(self._collection.measured, time.time(), self._patience):
            _log.error(f"Nothing at {course.plan.address} was reached for {self._patience:g} s: the load is stopped.")
            self._ending, self._ended = Ending.UNREACHED, time.time()

    @property
    def has_given_up(self) -> bool:
        """Whether the load is to be stopped because nothing was reached."""
        return self._ending is Ending.UNREACHED

    def _report(self) -> None:
        """Make the report of the load, once."""
        if not self._is_under_way or self._course is None or self._ending is None:
            return
        self._is_under_way = False
        self._collection.hand_over()
        if self._progress is not None:
            self._progress.end()
        report = summary(
            uuid.uuid4(),
            self._course.plan,
            self._collection.measured,
            began=self._began,
            ended=self._ended,
            ending=self._ending,
            generator=Generator(max(1, len(self._workers)), len(self._lost), round(self._collection.busiest, 2)),
            notes=tuple(self._notes(self._course)),
        )
        self.finished, self._is_said = finish(report, self._folder, self._locust_page()), False
        if not self._options.headless:
            self._say()

    def _notes(self, course: Course) -> list[str]:
        notes = []
        if course.limit is not None:
            notes.append(
                f"The public API is shared by everyone, so all users together sent at most {course.limit} requests a "
                "minute: this says how it answers, and nothing of how much it holds."
            )
        if self._lost:
            notes.append(f"{count(len(self._lost), 'worker')} died; what they had not yet told is not counted.")
        return notes

    def _locust_page(self) -> str:
        page: str = get_html_report(self._environment, show_download_link=False)  # type: ignore[no-untyped-call]
        return page
