"""A listener of Robot that times what drift adds to a run, in whatever thread it happens, and writes it down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import robot_session
from bench.unchanged import Spent
from observatory.history import drift, store
from observatory.history.drift import Drift
from observatory.session import Session
from robot_drift import DriftTeller
from robot_session import RobotSession

if TYPE_CHECKING:
    from robot import result, running

_IN_ROBOTS_THREAD: tuple[tuple[Any, str], ...] = (
    (Session, "is_news"),
    (DriftTeller, "saw"),
    (DriftTeller, "saw_many"),
    (robot_session, "hold_to_policy"),
    (DriftTeller, "pass_on"),
    (RobotSession, "tell_news"),
    (RobotSession, "what_changed"),
)
_IN_THE_WRITERS: tuple[tuple[Any, str, str], ...] = ((Drift, "connected", "once"), (store, "lessons", "in_writer"))
_QUERIES: tuple[tuple[Any, str], ...] = ((drift, "latest_bodies"), (drift, "has_open_changes"), (store, "lessons"))


class Stopwatch:
    """Stands around the functions that drift added, and counts the time that their threads spend in them.

    To look at a thread's clock takes half a microsecond or so, which counts as spent.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, output: str) -> None:
        """Begin; `output` is the file that is written in the end."""
        self._output = Path(output)
        self._spent = Spent()
        self._begun: tuple[float, float] | None = None
        self._is_within = False
        for owner, name in _QUERIES:
            setattr(owner, name, self._with_server(getattr(owner, name)))
        for owner, name in _IN_ROBOTS_THREAD:
            setattr(owner, name, self._in_robots_thread(getattr(owner, name)))
        for owner, name, part in _IN_THE_WRITERS:
            setattr(owner, name, self._in_the_writers(getattr(owner, name), part))

    def start_test(self, _data: running.TestCase, _result: result.TestCase) -> None:
        """Let the first test begin the time of the checks."""
        if self._begun is None:
            self._begun = time.process_time(), time.perf_counter()
        self._spent.checks += 1

    def end_test(self, _data: running.TestCase, _result: result.TestCase) -> None:
        """Take the time of the checks up to here."""
        if self._begun is not None:
            cpu, wall = self._begun
            self._spent.cpu, self._spent.wall = time.process_time() - cpu, time.perf_counter() - wall

    def close(self) -> None:
        """Write down what was spent: the session is closed by now."""
        self._output.write_text(json.dumps(asdict(self._spent)), "utf-8")

    def _in_robots_thread(self, act: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(act)
        def timed(*arguments: Any, **named: Any) -> Any:
            if self._is_within:
                return act(*arguments, **named)
            self._is_within = True
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return act(*arguments, **named)
            finally:
                self._spent.held_up += time.perf_counter() - wall
                self._spent.in_robots_thread += time.thread_time() - cpu
                self._is_within = False

        return timed

    def _in_the_writers(self, act: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(act)
        def timed(*arguments: Any, **named: Any) -> Any:
            begun = time.thread_time()
            try:
                return act(*arguments, **named)
            finally:
                setattr(self._spent, part, getattr(self._spent, part) + time.thread_time() - begun)

        return timed

    def _with_server(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """The same query, with the CPU that the server takes for it; the connection, or its cursor, comes first."""

        @wraps(ask)
        def asked(asking: Any, *arguments: Any) -> Any:
            process = getattr(asking, "connection", asking).get_backend_pid()
            before = _cpu_of(process)
            found = ask(asking, *arguments)
            self._spent.in_server += _cpu_of(process) - before
            self._spent.lessons += len(found) if ask.__name__ == "lessons" else 0
            return found

        return asked


def _cpu_of(process: int) -> float:
    """Seconds of CPU that another process used so far; Linux tells it to the nanosecond, others to their tick."""
    exact = Path(f"/proc/{process}/schedstat")
    if exact.exists():
        return int(exact.read_text("ascii").split()[0]) / 1e9
    times = psutil.Process(process).cpu_times()
    return float(times.user + times.system)
