"""The samples of an exchange: one for each attempt, and why one is not held against a baseline."""

from __future__ import annotations

import uuid
from typing import Final

from observatory.exchange import Attempt, Exchange
from observatory.history.entries import FAILED, SampleEntry, asked_resource, is_failed

OTHER_METHOD: Final = "other method"
CLOCK_JUMP: Final = "clock jump"
COLD_START: Final = "cold start"


def samples(exchange: Exchange, run_id: uuid.UUID) -> list[SampleEntry]:
    """A sample for each attempt, each with its own time; none when nothing was sent.

    The last one has the id of the exchange, and its failure, which may have been found after the answer was there.
    """
    return [
        _sample(exchange, attempt, run_id, is_last=position == len(exchange.attempts))
        for position, attempt in enumerate(exchange.attempts, start=1)
    ]


def why_left_out(
    method: str,
    status: int | None,
    failure_type: str | None,
    *,
    clock_jumped: bool,
    is_cold: bool,
) -> str:
    """Why an attempt says nothing about how fast the API usually is; empty when it does.

    An error is answered faster, or slower, than the work would be: PokéAPI's 404 takes a second. A clock that jumped
    cannot have measured. The first connection of a process waits for names, certificates and code that later ones
    find ready. A body that its model rejects came as fast as any other.
    """
    if is_failed(status, failure_type):
        return FAILED
    if method != "GET":
        return OTHER_METHOD
    if clock_jumped:
        return CLOCK_JUMP
    return COLD_START if is_cold else ""


def _sample(exchange: Exchange, attempt: Attempt, run_id: uuid.UUID, *, is_last: bool) -> SampleEntry:
    failure_type = exchange.failure.type if is_last and exchange.failure else attempt.failure_type
    return SampleEntry(
        id=exchange.id if is_last else uuid.uuid5(exchange.id, str(attempt.number)),
        run_id=run_id,
        endpoint=exchange.endpoint,
        resource=asked_resource(exchange),
        started_at=attempt.started_at or exchange.started_at,
        elapsed=attempt.elapsed,
        attempts=len(exchange.attempts),
        status=attempt.status,
        failure_type=failure_type.value if failure_type else None,
        test_name=exchange.test_name,
        attempt=attempt.number,
        connect=attempt.connect,
        first_byte=attempt.first_byte,
        in_batch=exchange.in_batch,
        left_out=why_left_out(
            exchange.method,
            attempt.status,
            failure_type,
            clock_jumped=attempt.clock_jumped,
            is_cold=attempt.is_cold,
        ),
    )
