"""An exchange as a person reads it in log.html: one line, folded; behind it the attempts, the problem, the body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from observatory.exchange import Attempt, Exchange

if TYPE_CHECKING:
    from observatory.history import State

_MOST_FIELDS = 12  # of an object shown in the body's excerpt
_LONGEST_TEXT = 60  # characters of a string shown there
_GOOD, _BAD = "#15803d", "#dc2626"  # readable on Robot's light and dark background alike

# On demand: the excerpt is one line of JSON until somebody unfolds it.
_UNFOLD = "let p=this.lastChild;try{p.textContent=JSON.stringify(JSON.parse(p.textContent),null,2)}catch(e){}"


def exchange_block(exchange: Exchange) -> str:
    """One folded block of HTML, open at once when the request failed."""
    parts = [
        _attempts(exchange.attempts),
        _failure(exchange),
        _unknown_fields(exchange.unknown_fields),
        f"<div>{escape(exchange.url)}</div>",
        _body(exchange),
    ]
    is_open = " open" if exchange.failure else ""
    return f"<details{is_open}><summary>{_line(exchange)}</summary>{''.join(parts)}</details>"


def exchange_table(exchanges: Sequence[Exchange]) -> str:
    """Many exchanges as one folded table, those that failed first and open."""
    failed = [exchange for exchange in exchanges if exchange.failure]
    slowest = max((exchange.elapsed for exchange in exchanges), default=0.0)
    heading = f"{len(exchanges)} requests, {len(failed)} failed, the slowest {_seconds(slowest)}"
    rows = "".join(
        f"<tr><td>{_line(exchange)}<td>{escape(exchange.failure.message) if exchange.failure else ''}"
        for exchange in [*failed, *(exchange for exchange in exchanges if not exchange.failure)]
    )
    is_open = " open" if failed else ""
    return f"<details{is_open}><summary>{heading}</summary><table>{rows}</table></details>"


def states_table(subject: str, states: Sequence[State]) -> str:
    """The states a resource was seen in, as a table, the latest first."""
    rows = [
        (
            f"{state.first_seen_at:%Y-%m-%d %H:%M:%S}",
            f"{state.last_seen_at:%Y-%m-%d %H:%M:%S}",
            _size(state.size),
            state.body_hash.hex()[:12],
        )
        for state in states
    ]
    return f"<b>{escape(subject)}</b>{_table(('first seen (UTC)', 'last seen (UTC)', 'size', 'SHA-256'), rows)}"


def _line(exchange: Exchange) -> str:
    colour = _BAD if exchange.failure else _GOOD
    facts = [_status(exchange), _seconds(exchange.elapsed), _size(len(exchange.body))]
    if len(exchange.attempts) > 1:
        facts.append(f"{len(exchange.attempts)} attempts")
    waited = sum(attempt.limited for attempt in exchange.attempts)
    if waited >= 0.001:
        facts.append(f"waited {_seconds(waited)} for the rate limit")
    subject = escape(exchange.subject + _query(exchange.url))
    return f'<b style="color:{colour}">{exchange.method} {subject}</b> {" · ".join(facts)}'


def _query(url: str) -> str:
    query = url.partition("?")[2]
    return f"?{query}" if query else ""


def _status(exchange: Exchange) -> str:
    if exchange.status is None:
        return "no answer"
    try:
        return f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        return str(exchange.status)


def _attempts(attempts: Sequence[Attempt]) -> str:
    if len(attempts) == 1 and attempts[0].problem is None and attempts[0].limited < 0.001:
        return ""
    rows = [
        (
            attempt.number,
            "no answer" if attempt.status is None else attempt.status,
            _seconds(attempt.elapsed),
            _seconds(attempt.waited),
            _seconds(attempt.limited),
            attempt.problem or "good",
        )
        for attempt in attempts
    ]
    return _table(("attempt", "status", "took", "after a pause of", "and of, for the rate limit", "outcome"), rows)


def _failure(exchange: Exchange) -> str:
    failure = exchange.failure
    if failure is None:
        return ""
    if failure.fields:
        rows = [(field.path, field.expected, field.seen) for field in failure.fields]
        return _table(("field", "expected", "seen"), rows)
    return f'<div style="color:{_BAD}">{escape(failure.message)}</div>'


def _unknown_fields(paths: Sequence[str]) -> str:
    return f"<div>Fields the model does not know: {escape(', '.join(paths))}</div>" if paths else ""


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    cells = "".join(f"<th align=left>{escape(text)}" for text in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}" for cell in row) for row in rows)
    return f"<table><tr>{cells}{lines}</table>"


def _body(exchange: Exchange) -> str:
    if not exchange.body:
        return ""
    try:
        excerpt = json.dumps(_cut(exchange.json), ensure_ascii=False, separators=(",", ":"))
    except ValueError:  # not JSON: then the beginning of it, as it came
        excerpt = exchange.body[:300].decode("utf-8", errors="replace")
    shown = f"<pre>{escape(excerpt, quote=False)}</pre>"
    return f'<details ontoggle="{_UNFOLD}"><summary>Body, in short</summary>{shown}</details>'


def _cut(value: Any, depth: int = 0) -> Any:
    """A small value of the same shape: long lists and deep objects are told by their size, long strings are cut."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[:_LONGEST_TEXT] + "…"
    if isinstance(value, Mapping):
        if depth > 1:
            return f"… {len(value)} fields"
        shown = {key: _cut(item, depth + 1) for key, item in list(value.items())[:_MOST_FIELDS]}
        return shown if len(value) <= _MOST_FIELDS else {**shown, "…": f"{len(value) - _MOST_FIELDS} more fields"}
    if isinstance(value, list):
        if depth > 0 or len(value) > 3:
            return f"… {len(value)} items"
        return [_cut(item, depth + 1) for item in value]
    return value


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} KB"
