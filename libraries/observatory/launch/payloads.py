"""What goes to a test in ReportPortal beside its log, as JSON: exchanges, and changes of data and of schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from observatory.exchange import Exchange
from observatory.logs.masking import Masker
from observatory.words import count

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.history.known_changes import KnownChange

MOST_BYTES_OF_PASSED = 300_000
"""Bytes of answers that a test which passed keeps in ReportPortal; one that failed keeps all."""

_UNNAMED = re.compile(r"[^A-Za-z0-9_.-]+")
_MIME = "application/json"


@dataclass(frozen=True, slots=True)
class Payload:
    """A line in the log of a test, with a file: its name, its content, and what the line says."""

    name: str
    data: bytes
    message: str
    level: str = "INFO"
    at: datetime | None = None
    mime: str = _MIME


def kept(exchanges: Sequence[Exchange], *, failed: bool) -> Iterator[Exchange]:
    """The exchanges of a test that are attached to it: all if it failed, else the first ones that are not too large."""
    size = 0
    for exchange in exchanges:
        size += len(exchange.body)
        if failed or size <= MOST_BYTES_OF_PASSED:
            yield exchange
        else:
            size -= len(exchange.body)


def exchange_payload(exchange: Exchange, masker: Masker) -> Payload:
    """Request and answer, as `pokemon-25.json`, without secrets."""
    failure = exchange.failure
    told = {
        "request": {"method": exchange.method, "url": exchange.url, "headers": dict(exchange.request_headers)},
        "response": {"status": exchange.status, "headers": dict(exchange.headers), "body": _body(exchange)},
        "started_at": exchange.started_at.isoformat(),
        "elapsed_seconds": exchange.elapsed,
        "attempts": [
            {"number": each.number, "status": each.status, "elapsed_seconds": each.elapsed, "problem": each.problem}
            for each in exchange.attempts
        ],
        "failure": None if failure is None else {"type": failure.type.value, "message": failure.message},
    }
    outcome = f"failed: {failure.type.value.replace('_', ' ')}" if failure else f"status {exchange.status}"
    message = f"{exchange.method} {exchange.subject}, {outcome}, {exchange.elapsed * 1000:.0f} ms"
    level = "ERROR" if failure else "INFO"
    data = _json(masker.mask(told))
    return Payload(f"{_name(exchange.subject)}.json", data, masker.mask_text(message), level, exchange.started_at)


def data_payload(comparison: Comparison, masker: Masker) -> Payload | None:
    """What changed in the data of a resource; None when nothing did."""
    if not comparison.data and comparison.state_of is None:
        return None
    told = {
        "endpoint": comparison.endpoint,
        "resource": comparison.resource,
        "last_seen_before": _time(comparison.before),
        "back_at_the_state_of": _time(comparison.state_of),
        "changes": [
            {"path": each.path, "kind": each.kind.value, "before": each.before, "after": each.after}
            for each in comparison.data
        ],
    }
    message = f"{count(len(comparison.data), 'change')} in the data of {comparison.subject}"
    if comparison.state_of is not None:
        message += ", which is back at an earlier state"
    return Payload(f"{_name(comparison.subject)}-diff.json", _json(masker.mask(told)), message, "WARN")


def schema_payload(changes: Iterable[KnownChange], masker: Masker) -> Payload:
    """Changes of schemas, as a warning."""
    known = list(changes)
    told = [
        {
            "id": each.id,
            "state": each.state.value,
            "first_seen_at": each.found_at.isoformat(),
            "api_revision": each.api_revision,
            "resources": list(each.change.resources),
            **each.change.as_event(),
        }
        for each in known
    ]
    sentences = "\n".join(f"- {each.change.sentence()}" for each in known)
    message = masker.mask_text(f"{count(len(known), 'schema change')}:\n{sentences}")
    return Payload("schema-changes.json", _json(masker.mask(told)), message, "WARN")


def _body(exchange: Exchange) -> Any:
    """The parsed body; its text when it is no JSON."""
    try:
        return json.loads(exchange.body) if exchange.body else None
    except (ValueError, RecursionError):
        return exchange.body.decode("utf-8", errors="replace")


def _name(subject: str) -> str:
    return _UNNAMED.sub("-", subject).strip("-") or "exchange"


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8", errors="replace")
