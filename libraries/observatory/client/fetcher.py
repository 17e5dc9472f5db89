"""How a request becomes an exchange: the one way for all wires."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx

from observatory.client.circuit_breaker import CircuitBreaker, CircuitBreakers, Permit, Refusal
from observatory.client.fault import Fault, unsendable_fault
from observatory.client.pursuit import Outcome, Pursuit, Terms
from observatory.client.reading import NOT_PARSED
from observatory.client.wire import Wire
from observatory.exchange import Attempt, Exchange, FailureType, Request

_UNSENT: Final = Outcome(status=None)


class Fetcher:
    """Turns requests into exchanges, under the terms of one target and the circuits of its endpoints."""

    def __init__(self, terms: Terms, breakers: CircuitBreakers, headers: Mapping[str, str]) -> None:
        """Remember the headers that every request carries; those of a request go before them."""
        self._terms = terms
        self._breakers = breakers
        self._headers = _in_lower_case(headers)
        self._encoded = _encoded(self._headers)

    def carry(self, name: str, value: str) -> None:
        """Let every further request carry a header."""
        self._headers = {**self._headers, name.lower(): value}
        self._encoded = _encoded(self._headers)

    async def fetch(self, request: Request, wire: Wire, *, in_batch: bool = False) -> Exchange:
        """Ask, and say what came of it; whatever the API and the network do, an exchange comes back.

        `in_batch` tells that the request is one of many at once.
        """
        asked = self._asked(request, in_batch=in_batch)
        try:
            url = httpx.URL(asked.address)
        except httpx.InvalidURL as error:
            return _exchange(asked, unsendable_fault(str(error)))
        breaker = self._breakers.of(request.endpoint)
        permit = breaker.admit()
        if isinstance(permit, Refusal):
            return _exchange(asked, _circuit_fault(request.endpoint, permit))
        pursuit = Pursuit(self._terms, wire, request, url, asked.encoded_headers)
        try:
            outcome = await pursuit.run()
        except BaseException:
            breaker.release(permit)
            raise
        _record(breaker, permit, outcome.fault)
        exchange = _exchange(asked, outcome.fault, outcome, pursuit.attempts)
        if outcome.reading.json is not NOT_PARSED:
            # What was read to see that it is JSON need not be read again by whoever wants its values.
            exchange.__dict__["json"] = outcome.reading.json
        if outcome.reading.digest is not None:
            exchange.__dict__["content_hash"] = outcome.reading.digest
        return exchange

    def _asked(self, request: Request, *, in_batch: bool) -> _Asked:
        headers, encoded = self._headers, self._encoded
        if request.headers:
            headers = {**headers, **_in_lower_case(request.headers)}
            encoded = _encoded(headers)
        address = self._terms.base.address_of(request)
        return _Asked(request, address, self._terms.clock.now(), headers, encoded, in_batch)


@dataclass(frozen=True, slots=True)
class _Asked:
    request: Request
    address: str
    at: datetime
    headers: Mapping[str, str]
    encoded_headers: list[tuple[bytes, bytes]]
    in_batch: bool


def _exchange(
    asked: _Asked, fault: Fault | None, outcome: Outcome = _UNSENT, attempts: Sequence[Attempt] = ()
) -> Exchange:
    request = asked.request
    return Exchange(
        endpoint=request.endpoint,
        resource=request.resource,
        url=asked.address,
        started_at=asked.at,
        elapsed=attempts[-1].elapsed if attempts else 0.0,
        attempts=tuple(attempts),
        method=request.method,
        status=outcome.status,
        headers=outcome.headers,
        request_headers=asked.headers,
        body=outcome.reading.body,
        failure=fault.failure(_subject(request), len(attempts), asked.address) if fault else None,
        in_batch=asked.in_batch,
    )


def _record(breaker: CircuitBreaker, permit: Permit, fault: Fault | None) -> None:
    """Tell the circuit what came of a request. The API did its part when it answered, be it with a 404."""
    if fault is None or fault.is_answer:
        breaker.record_success(permit)
    elif fault.is_ours:
        breaker.release(permit)
    else:
        breaker.record_failure(permit, fault.problem)


def _subject(request: Request) -> str:
    return f"{request.endpoint}/{request.resource}" if request.resource else request.endpoint


def _circuit_fault(endpoint: str, refusal: Refusal) -> Fault:
    when = (
        f"it will be tried again at {refusal.retry_at:%H:%M:%S} UTC, in {refusal.retry_in:.0f} s"
        if refusal.retry_in > 0
        else "other requests are trying it again at this moment"
    )
    clause = (
        f"was not asked for, because the circuit of {endpoint} is open since "
        f"{refusal.since:%Y-%m-%d %H:%M:%S} UTC: {refusal.reason}; {when}"
    )
    return Fault(FailureType.CIRCUIT_OPEN, clause)


def _in_lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(errors="replace"), value.encode(errors="replace")) for name, value in headers.items()]
