"""The circuit breaker: an endpoint that fails too often is left alone for a while."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from threading import Lock

from observatory.client.clock import SYSTEM_CLOCK, Clock


class CircuitState(IntEnum):
    """The state of a circuit; the number is the gauge's value."""

    CLOSED = 0
    OPEN = 1
    HALF_OPEN = 2


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """When a circuit opens and closes; the defaults are those of requirement A5. Times are seconds.

    It opens when of at least `minimum_requests` in the last `window` a share of at least `failure_ratio`
    failed, is half-open after `open_for`, then lets `probes` through at a time, and closes after
    `successes_to_close` of them in a row were good.
    """

    failure_ratio: float = 0.5
    minimum_requests: int = 10
    window: float = 300.0
    open_for: float = 30.0
    probes: int = 3
    successes_to_close: int = 3


DEFAULT_RULES = CircuitRules()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request, given back with its outcome.

    `period` counts the breaker's changes of state: an outcome that comes home after a change says nothing
    about the new state, and is not counted in it.
    """

    period: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request may not be sent: since when the circuit is open, why, and when it is tried again."""

    since: datetime
    reason: str
    retry_at: datetime
    retry_in: float


class CircuitBreaker:
    """The circuit of one endpoint. May be used by any number of threads at once."""

    def __init__(self, rules: CircuitRules = DEFAULT_RULES, clock: Clock = SYSTEM_CLOCK) -> None:
        """Begin closed."""
        self._rules = rules
        self._clock = clock
        self._lock = Lock()
        self._state = CircuitState.CLOSED
        self._period = 0
        self._requests: deque[float] = deque()
        self._failures: deque[float] = deque()
        self._last_problem = ""
        self._since = clock.now()
        self._opened = clock.monotonic()
        self._first_reason = ""
        self._reason = ""
        self._probing = 0
        self._good_probes = 0

    @property
    def state(self) -> CircuitState:
        """The present state; an open circuit turns half-open by the mere passing of time."""
        with self._lock:
            self._pass_time()
            return self._state

    def is_open(self) -> bool:
        """Whether requests are refused at present."""
        return self.state is CircuitState.OPEN

    def admit(self) -> Permit | Refusal:
        """Leave to send a request, or why not. A permit must be given back, whatever comes of the request."""
        with self._lock:
            now = self._pass_time()
            if self._state is CircuitState.OPEN:
                return self._refusal(max(0.0, self._opened + self._rules.open_for - now))
            if self._state is CircuitState.HALF_OPEN:
                if self._probing >= self._rules.probes:
                    return self._refusal(0.0)
                self._probing += 1
            return Permit(self._period)

    def record_success(self, permit: Permit) -> None:
        """The endpoint answered the request that the permit was given for."""
        with self._lock:
            now = self._pass_time()
            if permit.period != self._period:
                return
            if self._state is CircuitState.CLOSED:
                self._requests.append(now)
                self._judge(now)
                return
            self._probing -= 1
            self._good_probes += 1
            if self._good_probes >= self._rules.successes_to_close:
                self._close()

    def record_failure(self, permit: Permit, problem: str) -> None:
        """The request that the permit was given for failed; `problem` says how, in one clause."""
        with self._lock:
            now = self._pass_time()
            if permit.period != self._period:
                return
            if self._state is CircuitState.CLOSED:
                self._last_problem = problem
                self._requests.append(now)
                self._failures.append(now)
                self._judge(now)
                return
            self._reason = f"{self._first_reason}, and a probe at {self._clock.now():%H:%M:%S} failed because {problem}"
            self._open(now)

    def release(self, permit: Permit) -> None:
        """The request that the permit was given for was given up: it says nothing about the endpoint."""
        with self._lock:
            if permit.period == self._period and self._state is CircuitState.HALF_OPEN:
                self._probing -= 1

    def _pass_time(self) -> float:
        now = self._clock.monotonic()
        if self._state is CircuitState.OPEN and now - self._opened >= self._rules.open_for:
            self._state = CircuitState.HALF_OPEN
            self._period += 1
            self._probing = 0
            self._good_probes = 0
        return now

    def _judge(self, now: float) -> None:
        for times in (self._requests, self._failures):
            while times and now - times[0] > self._rules.window:
                times.popleft()
        requests, failures = len(self._requests), len(self._failures)
        if requests >= self._rules.minimum_requests and failures >= self._rules.failure_ratio * requests:
            self._since = self._clock.now()
            self._first_reason = self._reason = (
                f"{failures} of {requests} requests failed in the last {_span(self._rules.window)}, "
                f"the last because {self._last_problem}"
            )
            self._open(now)

    def _open(self, now: float) -> None:
        self._state = CircuitState.OPEN
        self._opened = now
        self._period += 1

    def _close(self) -> None:
        self._state = CircuitState.CLOSED
        self._period += 1
        self._requests.clear()
        self._failures.clear()

    def _refusal(self, retry_in: float) -> Refusal:
        return Refusal(self._since, self._reason, self._clock.now() + timedelta(seconds=retry_in), retry_in)


class CircuitBreakers:
    """The circuits of all endpoints, each made when its endpoint is first asked for."""

    def __init__(self, rules: CircuitRules = DEFAULT_RULES, clock: Clock = SYSTEM_CLOCK) -> None:
        """Begin without any."""
        self._rules = rules
        self._clock = clock
        self._lock = Lock()
        self._breakers: dict[str, CircuitBreaker] = {}

    def of(self, endpoint: str) -> CircuitBreaker:
        """The circuit of an endpoint."""
        with self._lock:
            breaker = self._breakers.get(endpoint)
            if breaker is None:
                breaker = self._breakers[endpoint] = CircuitBreaker(self._rules, self._clock)
            return breaker

    def state(self, endpoint: str) -> CircuitState:
        """The state of an endpoint's circuit; closed when it was never asked for."""
        with self._lock:
            breaker = self._breakers.get(endpoint)
        return breaker.state if breaker else CircuitState.CLOSED

    def states(self) -> Iterator[tuple[str, CircuitState]]:
        """Each endpoint that was asked for, with the state of its circuit."""
        with self._lock:
            breakers = list(self._breakers.items())
        return ((endpoint, breaker.state) for endpoint, breaker in breakers)

    def reset(self) -> None:
        """Close all circuits and forget what was counted."""
        with self._lock:
            self._breakers.clear()


def _span(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:g} min" if minutes >= 1 else f"{seconds:g} s"
