"""What Locust reads: `locust -f load/locustfile.py --profile light`, or without a profile, with its web page."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Any

import gevent
import locust.runners
import msgspec
from locust import events
from locust.runners import WorkerRunner

from load.collecting import Collection
from load.conduct import ORDERS, Conductor
from load.course import ProfileShape
from load.crew import Crew, Orders, muster
from load.interruption import Interruption
from load.options import add_options, target
from load.visitors import ArrivalVisitor, JourneyVisitor, LookupVisitor
from observatory.errors import ObservatoryError
from observatory.settings import load_settings

__all__ = ["ArrivalVisitor", "JourneyVisitor", "LookupVisitor", "ProfileShape"]

_GARBAGE = 20_000
"""Objects more than before, from which on the garbage collector looks at them."""

_NOT_STARTED = 2
"""The exit code when there was no load."""

# The web page, too, should be no older than a second.
locust.runners.WORKER_REPORT_INTERVAL = 1.0
# A worker whose master was killed makes load that nobody counts: not for a minute.
locust.runners.MASTER_HEARTBEAT_TIMEOUT = 10


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_options(parser: Any, **_: Any) -> None:
    add_options(parser)


@events.init.add_listener  # type: ignore[untyped-decorator]
def _assemble(environment: Any, **_: Any) -> None:
    """Put the parts together, in each process."""
    options, runner = environment.parsed_options, environment.runner
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes addresses whole, with user and password
    if options.progress:
        logging.getLogger("locust.stats_logger").setLevel(logging.ERROR)
    try:
        settings = load_settings(target=target(options.target))
        collection = Collection(environment)
        if not isinstance(runner, WorkerRunner):
            conductor = Conductor(environment, settings, collection)
            environment.shape_class.conductor = conductor
            if options.headless or options.autostart:
                conductor.plan_ahead()
            gevent.spawn(conductor.watch)
    except ObservatoryError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_NOT_STARTED)
    gevent.spawn(collection.run)
    Interruption(runner, headless=options.headless).listen()

    def start(environment: Any, **_: Any) -> None:
        orders = getattr(environment.parsed_options, ORDERS, None)
        if orders is not None:
            told = msgspec.convert(orders, Orders)
            if isinstance(runner, WorkerRunner):
                collection.begin(told.load)
            muster(environment, Crew(told, settings, collection.counting))
            # Models and libraries are here to stay, and a request leaves hardly any garbage behind: to look for it
            # again and again costs a tenth of the requests.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_GARBAGE)

    # After the conductor's, so that in a single process the orders are given when they are read.
    environment.events.test_start.add_listener(start)
