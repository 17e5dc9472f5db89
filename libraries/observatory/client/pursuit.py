"""One request followed to its end: attempt after attempt, until it is answered or given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx
from tenacity import AsyncRetrying, RetryCallState

from observatory.client.address import BaseAddress
from observatory.client.clock import Clock
from observatory.client.fault import Fault, FaultError, timeout_fault, transport_fault
from observatory.client.rate_limit import RateLimiter
from observatory.client.reading import Reading, read
from observatory.client.redirect import Trail
from observatory.client.reply import Reply
from observatory.client.retry import RetryPlan, RetryRules
from observatory.client.wire import Wire
from observatory.exchange import Attempt, Request


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for every request to one target; times are seconds."""

    base: BaseAddress
    timeout: float
    retry_rules: RetryRules
    limiter: RateLimiter | None
    max_body_bytes: int
    clock: Clock
    jitter: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the last attempt."""

    status: int | None
    elapsed: float
    headers: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)

    @property
    def fault(self) -> Fault | None:
        """What was wrong with it."""
        return self.reading.fault


class Pursuit:
    """The attempts at one request; lives until the request is answered or given up."""

    def __init__(
        self, terms: Terms, wire: Wire, request: Request, url: httpx.URL, headers: list[tuple[bytes, bytes]]
    ) -> None:
        """Begin without an attempt."""
        self.attempts: list[Attempt] = []
        self._terms = terms
        self._wire = wire
        self._request = request
        self._url = url
        self._headers = headers
        self._plan = RetryPlan(terms.retry_rules, terms.jitter, request.method)
        self._wait: float | None = None
        self._limited = 0.0

    async def run(self) -> Outcome:
        """Try until an attempt is good or no retry is left, and give the last one's outcome."""
        retrying = AsyncRetrying(retry=self._wants_another, wait=self._next_wait, sleep=self._wire.sleep)
        outcome: Outcome = await retrying(self._attempt)
        return outcome

    def _wants_another(self, state: RetryCallState) -> bool:
        if state.outcome is None or state.outcome.failed:
            return False  # an error of ours, or a cancellation: tenacity hands it on
        outcome: Outcome = state.outcome.result()
        self._wait = self._plan.wait_after(outcome.fault, outcome.headers.get("retry-after"), self._terms.clock.now())
        return self._wait is not None

    def _next_wait(self, _state: RetryCallState) -> float:
        return self._wait or 0.0

    async def _attempt(self) -> Outcome:
        waited, self._limited = self._wait or 0.0, 0.0
        outcome = await self._ask()
        self.attempts.append(
            Attempt(
                number=len(self.attempts) + 1,
                status=outcome.status,
                elapsed=outcome.elapsed,
                problem=outcome.fault.problem if outcome.fault else None,
                limited=self._limited,
                waited=waited,
            )
        )
        return outcome

    async def _ask(self) -> Outcome:
        """Ask, and ask again wherever the answer points to, all within one deadline."""
        terms = self._terms
        trail = Trail(terms.base, self._url)
        elapsed = 0.0
        while True:
            await self._wait_for_the_limit()
            reply = Reply(terms.clock, timeout=max(terms.timeout - elapsed, 0.0), max_bytes=terms.max_body_bytes)
            fault = await self._exchange(trail.here, reply)
            elapsed += reply.elapsed
            try:
                if fault is None and trail.follow(self._request, reply):
                    continue
            except FaultError as error:
                fault = error.fault
            reading = Reading(fault=fault) if fault else read(self._request, reply, terms.max_body_bytes)
            return Outcome(reply.status, elapsed, reply.headers, reading)

    async def _wait_for_the_limit(self) -> None:
        if self._terms.limiter is not None:
            wait = self._terms.limiter.reserve()
            if wait > 0:
                await self._wire.sleep(wait)
                self._limited += wait

    async def _exchange(self, url: httpx.URL, reply: Reply) -> Fault | None:
        """Send one request and read its answer; give what went wrong on the way."""
        try:
            await self._wire.send(httpx.Request(self._request.method, url, headers=self._headers), reply)
        except FaultError as error:
            return error.fault
        except (TimeoutError, httpx.TimeoutException):
            return timeout_fault(self._terms.timeout, answered=reply.status is not None, received=reply.received)
        except (
            httpx.HTTPError,
            OSError,
            UnicodeError,
        ) as error:  # the last for a name too long to be looked up
            return transport_fault(error, url.host, answered=reply.status is not None, received=reply.received)
        return None
