"""How what is counted comes together: each process counts for itself, and tells the master once a second."""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any, Final

import gevent
from locust.runners import MasterRunner, WorkerRunner

from load.visitors import NOT_COUNTED, TroubleError
from observatory.exchange import FailureType
from observatory.load import Counting, Measurements, Trouble
from observatory.words import one_line

_MESSAGE: Final = "observatory measured"
_SAME_TIME: Final = 1.0  # seconds by which clocks may differ
_SETTLED_AFTER: Final = 10  # seconds, within which every process has told what it counted
_SPAN: Final = 5  # seconds over which it is told how busy a process is
_LONGEST: Final = 160  # characters of a message


class Collection:
    """Counts every request of this process, and brings the counts to where the report is made.

    On the master, or where there is only one process, `measured` is what all have counted since `begin`, and
    `busiest` the largest share of a CPU that one of them used for some seconds. `other_clocks` is by how many seconds
    the clock of a worker differs most, 0 when all agree; then its seconds are moved to those of this clock.
    """

    def __init__(self, environment: Any) -> None:
        self.counting = Counting()
        self.measured = Measurements()
        self.other_clocks = 0
        self._load = ""
        self._behind: dict[str, float] = {}
        self.busiest = 0.0
        self._runner = environment.runner
        self._used: deque[tuple[float, float]] = deque(maxlen=_SPAN + 1)
        environment.events.request.add_listener(self._ended)
        if isinstance(self._runner, MasterRunner):
            self._runner.register_message(_MESSAGE, self._arrived)
        if isinstance(self._runner, WorkerRunner):
            environment.events.test_stop.add_listener(self._stopped)
            environment.events.quitting.add_listener(lambda **_: self.hand_over())

    def begin(self, load: str) -> None:
        """Forget what was counted before; what is counted from now on is of this load, and of no other."""
        self._load = load
        self._used.clear()
        self.counting.take()
        self.measured, self.busiest, self.other_clocks = Measurements(), 0.0, 0

    def run(self) -> None:
        """Hand over what was counted, once in each second, for ever."""
        while True:
            # In the middle of the next second: a loop that sleeps for one each time leaves one out now and then.
            gevent.sleep(1.5 - time.time() % 1)
            self.hand_over()
            if not isinstance(self._runner, WorkerRunner):
                moment = self.measured.at(int(time.time()))
                moment.users, moment.workers = self._runner.user_count, self.workers()
                self.measured.settle(int(time.time()) - _SETTLED_AFTER)

    def hand_over(self) -> None:
        """Bring what was counted since the last time to where the report is made."""
        taken, busy = self.counting.take(), self._busy()
        if isinstance(self._runner, WorkerRunner):
            self._runner.send_message(_MESSAGE, {"load": self._load, "now": time.time(), "taken": taken, "busy": busy})
        else:
            self._add(taken, busy)

    def workers(self) -> int:
        """How many processes make the load."""
        return self._runner.worker_count if isinstance(self._runner, MasterRunner) else 1

    def _stopped(self, environment: Any, **_: Any) -> None:
        self.hand_over()
        # Its users are gone: a worker that waits for them once more is missing at the next start.
        environment.stop_timeout = 0.0

    def _arrived(self, environment: Any, msg: Any) -> None:
        del environment
        # A message takes some time on its way: the quickest one tells by how much the clocks differ.
        behind = min(time.time() - msg.data["now"], self._behind.get(msg.node_id, math.inf))
        self._behind[msg.node_id] = behind
        if msg.data["load"] == self._load:
            is_other = abs(behind) > _SAME_TIME
            self._add(msg.data["taken"], msg.data["busy"], round(behind) if is_other else 0)
            self.other_clocks = max(self.other_clocks, abs(round(behind)) if is_other else 0)

    def _add(self, taken: dict[str, Any], busy: float, behind: int = 0) -> None:
        self.measured.add(taken, behind)
        if taken["cells"]:
            self.busiest = max(self.busiest, busy)

    def _busy(self) -> float:
        """The share of a CPU that this process used in the last seconds of the load; 0 before it is known."""
        self._used.append((time.monotonic(), time.process_time()))
        if len(self._used) <= 1:
            return 0.0
        (began, used_by_then), (now, used) = self._used[0], self._used[-1]
        return (used - used_by_then) / (now - began)

    def _ended(
        self,
        name: str,
        response_time: float,
        response_length: int,
        exception: BaseException | None,
        context: dict[str, Any],
        **_: Any,
    ) -> None:
        if NOT_COUNTED in context:
            return
        trouble = None
        if isinstance(exception, TroubleError):
            trouble = exception.trouble
        elif exception is not None:  # of a user that somebody added, and that does not check as ours do
            trouble = Trouble(FailureType.ASSERTION, one_line(f"{type(exception).__name__}: {exception}", _LONGEST))
        self.counting.ended(name, time.time(), response_time / 1000, response_length, trouble)
