"""How a load is interrupted: by Ctrl-C or a request to end, at any time, and never amid what a user does."""

from __future__ import annotations

import signal
import sys
from typing import Any, Final

import gevent
from locust.runners import STATE_INIT, WorkerRunner

_NOT_STARTED: Final = 2
_IMPATIENT: Final = 1
"""The exit code when it was interrupted again, while the report was being made."""


class Interruption:
    """Takes the signals of a process to where Locust waits for the end of the load.

    Python would raise a KeyboardInterrupt wherever it is, which may be in a user, whose end would be a traceback. And
    Locust listens to SIGTERM only after a load without its web page has ended, so that it would be the end of
    everything without a report.
    """

    def __init__(self, runner: Any, *, headless: bool) -> None:
        self._runner = runner
        self._headless = headless and not isinstance(runner, WorkerRunner)
        self._main: Any = gevent.get_hub().parent
        self._has_come = False

    def listen(self) -> None:
        """Take the signals from now on; with its web page, and in a worker, Locust sees to SIGTERM itself."""
        gevent.signal_handler(signal.SIGINT, self._interrupted)
        if self._headless:
            gevent.signal_handler(signal.SIGTERM, self._interrupted)
            if hasattr(signal, "SIGHUP"):  # the terminal is gone
                gevent.signal_handler(signal.SIGHUP, self._interrupted)

    def _interrupted(self) -> None:
        if self._has_come:
            gevent.kill(self._main, SystemExit(_IMPATIENT))
        elif self._headless and self._runner.state == STATE_INIT and self._runner.shape_greenlet is None:
            sys.stderr.write("Interrupted before the load began.\n")
            gevent.kill(self._main, SystemExit(_NOT_STARTED))
        else:
            gevent.kill(self._main, KeyboardInterrupt())
        self._has_come = True
