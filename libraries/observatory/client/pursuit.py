"""One request followed to its end: attempt after attempt, until it is answered or given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from observatory.client.address import BaseAddress
from observatory.client.clock import Clock
from observatory.client.fault import Fault, FaultError, timeout_fault, transport_fault
from observatory.client.rate_limit import RateLimiter
from observatory.client.reading import Reading, read
from observatory.client.redirect import Trail
from observatory.client.reply import Reply
from observatory.client.retry import RetryPlan, RetryRules
from observatory.client.timing import Timing
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
    is_known: Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the last attempt."""

    status: int | None
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
        self._limited = 0.0

    async def run(self) -> Outcome:
        """Try until an attempt is good or no retry is left, and give the last one's outcome."""
        # A plain loop and no library for it: the usual one leaves each answer in a circle of references, and
        # collecting that garbage cost more than the request itself (2 ms for 230 KB of JSON).
        wait = 0.0
        while True:
            outcome = await self._attempt(wait)
            retry_after = outcome.headers.get("retry-after")
            following = self._plan.wait_after(outcome.fault, retry_after, self._terms.clock.now())
            if following is None:
                return outcome
            wait = following
            await self._wire.sleep(wait)

    async def _attempt(self, waited: float) -> Outcome:
        self._limited = 0.0
        outcome, timing = await self._ask()
        fault = outcome.fault
        self.attempts.append(
            Attempt(
                number=len(self.attempts) + 1,
                status=outcome.status,
                elapsed=timing.elapsed,
                problem=fault.problem if fault else None,
                limited=self._limited,
                waited=waited,
                started_at=timing.started_at,
                connect=timing.connect,
                first_byte=timing.first_byte,
                failure_type=fault.type if fault else None,
                is_cold=timing.is_cold,
                clock_jumped=timing.clock_jumped,
            )
        )
        return outcome

    async def _ask(self) -> tuple[Outcome, Timing]:
        """Ask, and ask again wherever the answer points to, all within one deadline."""
        terms = self._terms
        trail = Trail(terms.base, self._url)
        timing: Timing | None = None
        while True:
            await self._wait_for_the_limit()
            left = terms.timeout if timing is None else max(terms.timeout - timing.elapsed, 0.0)
            reply = Reply(terms.clock, timeout=left, max_bytes=terms.max_body_bytes)
            fault = await self._exchange(trail.here, reply)
            timing = reply.timing if timing is None else timing.then(reply.timing)
            try:
                if fault is None and trail.follow(self._request, reply):
                    continue
            except FaultError as error:
                fault = error.fault
            reading = (
                Reading(fault=fault) if fault else read(self._request, reply, terms.max_body_bytes, terms.is_known)
            )
            return Outcome(reply.status, reply.headers, reading), timing

    async def _wait_for_the_limit(self) -> None:
        if self._terms.limiter is not None:
            wait = await self._wire.call(self._terms.limiter.reserve)
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
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            # The last is for a host name too long to be one.
            return transport_fault(error, url.host, answered=reply.status is not None, received=reply.received)
        return None
