"""Who conducts loads, in the process that is no worker: starts what they need, watches them, sees to their end."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from dataclasses import replace
from typing import Any, Final

import gevent
import msgspec
from locust.html import get_html_report
from locust.runners import STATE_MISSING, MasterRunner

from load import options
from load.collecting import Collection
from load.crew import authorization
from load.ending import Finished, check_writable, finish, is_out_of_reach
from load.metrics_page import LoadNumbers, serve_numbers
from load.planning import Course, planned
from load.progress import Progress
from load.resources import learned, reader
from load.under_way import LoadUnderWay
from load.venue import Venue
from observatory.errors import ObservatoryError
from observatory.load import Ending
from observatory.settings import Settings
from observatory.targets import without_credentials

ORDERS: Final = "observatory_orders"
"""Under this name, the options that the master sends to its workers hold what they are told."""

_LAST_WORDS: Final = 1.5  # seconds in which the workers tell what they counted last

_log = logging.getLogger(__name__)


class Conductor:
    """Conducts the loads of one Locust process, one after the other.

    Raises:
        ObservatoryError: an option has a value that it does not take, or the stand-in did not start.
    """

    def __init__(self, environment: Any, settings: Settings, collection: Collection) -> None:
        self._environment = environment
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._settings = settings
        self._collection = collection
        self._owned: bool = self._options.i_own_this_server
        self._patience = options.seconds(self._options.give_up_after, "--give-up-after")
        self._folder = options.folder(self._options.results) or settings.results / "load"
        check_writable(self._folder)
        self._progress = Progress() if self._options.progress else None
        self._ahead: Course | None = None
        self._course: Course | None = None
        self._resources: dict[str, list[str]] = {}
        self._load: LoadUnderWay | None = None
        self._finished: Finished | None = None
        self._venue = Venue(environment.host, settings, self._options)
        # As it may be shown, on Locust's page and in its report; the users know where they go.
        environment.host = without_credentials(self._venue.address)
        self._listen(environment.events)
        if self._options.metrics_port:
            numbers = LoadNumbers(lambda: collection.measured, lambda: self._runner.user_count, collection.workers)
            serve_numbers(numbers, self._options.metrics_host, self._options.metrics_port)

    def plan_ahead(self) -> None:
        """Plan by the options of the command line, before Locust puts its defaults there.

        Raises:
            ObservatoryError: an option has a value that it does not take, or the load would not be fair.
        """
        self._ahead = self._planned(from_page=False)
        # Locust's own timer would begin when this load has ended, and then end the next.
        self._options.run_time = None

    def plan(self) -> Course | None:
        """The course of the load that is about to start; None when it must not, for a reason that is logged."""
        self._report(self._load)  # of a load that was stopped a moment ago
        try:
            self._course = self._ahead or self._planned(from_page=True)
            self._resources = self._learned(self._course)
        except ObservatoryError as error:
            self._course = None
            _log.error(str(error))
        self._ahead = None
        return self._course

    def over(self) -> None:
        """The load has come to its planned end; its last users are still at what they were doing."""
        if self._load is not None:
            self._load.end(Ending.FINISHED)

    @property
    def has_given_up(self) -> bool:
        """Whether the load is to be stopped because nothing was reached."""
        return self._load is not None and self._load.ending is Ending.UNREACHED

    def watch(self) -> None:
        """Look after the loads, once a second, for ever."""
        while True:
            gevent.sleep(1)
            if self._load is not None:
                self._look_at_workers(self._load)
                if self._load.ending is None:
                    self._look_at_reach(self._load)
                    self._show(self._load)

    def _listen(self, events: Any) -> None:
        events.test_start.add_listener(lambda **_: self._start())
        events.worker_connect.add_listener(lambda **_: self._joined())
        events.test_stop.add_listener(lambda **_: self._stop())
        events.quitting.add_listener(lambda **_: self._quit())
        events.quit.add_listener(lambda **_: self._say())

    def _planned(self, *, from_page: bool) -> Course:
        # On Locust's page the host may be changed, and left empty.
        address, shown = self._venue.address, without_credentials(self._venue.address)
        if self._environment.host not in (None, "", shown):
            address = options.address(self._environment.host, "--host")
        self._environment.host = without_credentials(address)
        name, wanted = self._venue.name_of(address), self._settings.rate_limit
        return planned(self._options, address, name, from_page=from_page, wanted=wanted, owned=self._owned)

    def _learned(self, course: Course) -> dict[str, list[str]]:
        """What there is to ask for."""
        headers = authorization(self._settings, course.address)
        return learned(course.address, reader(self._settings.timeout, headers))

    def _start(self) -> None:
        """A load begins: every process is told what it needs to know."""
        if self._course is None:
            return
        load = self._load = LoadUnderWay(self._course)
        orders = self._course.orders(load.id, self._settings, max(1, self._collection.workers()), self._resources)
        setattr(self._options, ORDERS, msgspec.to_builtins(orders))
        if orders.limit == 0:
            _log.error(f"{self._course.limit} requests a minute cannot be shared by so many processes: none is sent.")
        self._environment.stop_timeout = max(self._environment.stop_timeout, orders.timeout)
        self._collection.begin(orders.load)

    def _joined(self) -> None:
        """A worker joins a load that is under way: a limit was shared out already, and it gets no part of it."""
        if self._load is not None and self._load.course.limit is not None:
            orders = self._load.course.orders(self._load.id, self._settings, 1, self._resources)
            setattr(self._options, ORDERS, msgspec.to_builtins(replace(orders, limit=0)))

    def _stop(self) -> None:
        """The load stops, for whatever reason."""
        if self._load is not None:
            self._look_at_workers(self._load)  # the last one may have been lost this very moment
            self._load.stopped(self._collection.workers() if isinstance(self._runner, MasterRunner) else None)
            if not self._options.headless:
                gevent.spawn_later(_LAST_WORDS, self._report, self._load)

    def _quit(self) -> None:
        """Locust is about to end: the workers are heard once more, then the report is made."""
        self._runner.quit()
        self._report(self._load)
        if self._finished is not None:
            self._environment.process_exit_code = self._finished.code
        self._venue.close()

    def _report(self, load: LoadUnderWay | None) -> None:
        """Make the report of a load, once."""
        if load is None or load is not self._load:
            return
        self._load = None
        self._collection.hand_over()
        if self._progress is not None:
            self._progress.end()
        report = load.report(self._collection.measured, self._collection.busiest, self._collection.other_clocks)
        page: str = get_html_report(self._environment, show_download_link=False)  # type: ignore[no-untyped-call]
        self._finished = finish(report, self._folder, page)
        if not self._options.headless:
            self._say()

    def _say(self) -> None:
        """Tell what came of the last load, after everything that Locust has to say."""
        if self._finished is not None:
            with contextlib.suppress(OSError):  # nobody reads any more
                sys.stdout.write(self._finished.said)
                sys.stdout.flush()
            self._finished = self._finished._replace(said="")

    def _look_at_workers(self, load: LoadUnderWay) -> None:
        if not isinstance(self._runner, MasterRunner):
            return
        for worker in list(self._runner.clients.values()):
            if worker.state != STATE_MISSING:
                if not load.has_worker(worker.id):
                    # The others have its users by now: with them and its own there would be too many.
                    self._runner.send_message("quit", client_id=worker.id)
            elif load.lost_worker(worker.id):
                _log.warning(f"Worker {worker.id} is lost; the others take its users.")

    def _look_at_reach(self, load: LoadUnderWay) -> None:
        if self._patience is not None and is_out_of_reach(self._collection.measured, time.time(), self._patience):
            address = load.course.plan.address
            _log.error(f"Nothing at {address} was reached for {self._patience:g} s: the load is stopped.")
            load.end(Ending.UNREACHED)

    def _show(self, load: LoadUnderWay) -> None:
        if self._progress is not None:
            self._progress.show(load.course.plan, self._collection.measured, load.elapsed, self._runner.user_count)
