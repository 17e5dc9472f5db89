"""An exchange as a person reads it in log.html: one line, folded; behind it the attempts, the problem, the body."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from observatory.exchange import Attempt, Exchange
from observatory.json_fields import JsonFields
from observatory.record.naming import label
from observatory.words import count, one_line

if TYPE_CHECKING:
    from observatory.history import State

_MOST_LINES = 12  # of a body's outline
_MOST_NAMES = 3  # of the things in a list
_FIRST = ("id", "name")  # fields that say what a body is about
_LONGEST_VALUE = 60  # characters of a value in it
_LONGEST_EXCERPT = 300  # characters of a body that is not JSON
_LONGEST_MASKED = 10_000  # characters that are searched for secrets before they are cut
_UNBROKEN = "\u00a0"  # a blank that keeps what stands beside it on one line
_GOOD, _BAD = "#15803d", "#dc2626"  # readable on Robot's light and dark background alike


def exchange_block(exchange: Exchange, mask: Callable[[str], str] = str) -> str:
    """One folded block of HTML, open at once when the request failed.

    `mask` takes the secrets out of text that comes from a body; it is applied before the text is cut or escaped, for
    half a secret, or an escaped one, is not found any more.
    """
    parts = [
        _attempts(exchange.attempts),
        _failure(exchange),
        _unknown_fields(exchange.unknown_fields),
        _where_and_how_fast(exchange),
        _body(exchange, mask),
    ]
    is_open = " open" if exchange.failure else ""
    return f"<details{is_open}><summary>{_line(exchange)}</summary>{''.join(parts)}</details>"


def exchange_table(exchanges: Sequence[Exchange]) -> str:
    """Many exchanges as one folded table, those that failed first and open."""
    failed = [exchange for exchange in exchanges if exchange.failure]
    slowest = max((exchange.elapsed for exchange in exchanges), default=0.0)
    heading = f"{count(len(exchanges), 'request')}, {len(failed)} failed, the slowest {_seconds(slowest)}"
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
    if exchange.failure:
        facts.insert(0, f"<b>failed: {exchange.failure.type.value.replace('_', ' ')}</b>")
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


def _has_table(attempts: Sequence[Attempt]) -> bool:
    return len(attempts) > 1 or any(attempt.limited for attempt in attempts)


def _attempts(attempts: Sequence[Attempt]) -> str:
    if not _has_table(attempts):
        return ""
    rows = [
        (
            attempt.number,
            f"no{_UNBROKEN}answer" if attempt.status is None else attempt.status,
            "" if attempt.connect is None else _seconds(attempt.connect, _UNBROKEN),
            "" if attempt.first_byte is None else _seconds(attempt.first_byte, _UNBROKEN),
            _seconds(attempt.elapsed, _UNBROKEN),
            _seconds(attempt.waited, _UNBROKEN),
            _seconds(attempt.limited, _UNBROKEN),
            attempt.problem or "good",
        )
        for attempt in attempts
    ]
    head = ("attempt", "status", "connect", "first byte", "total", "pause before", "rate limit", "outcome")
    return _table(head, rows)


def _where_and_how_fast(exchange: Exchange) -> str:
    """The address, unless the failure's sentence names it, and the phases, unless they stand among the attempts.

    Text with nothing around it: what stands before and after it are blocks, and a log has hundreds of these lines.
    """
    facts = [] if exchange.failure else [escape(exchange.url)]
    phases = "" if _has_table(exchange.attempts) else "".join(_phases(attempt) for attempt in exchange.attempts)
    return " · ".join([*facts, phases] if phases else facts)


def _phases(attempt: Attempt) -> str:
    """Until when the connection stood, if it was a new one, and the head of the answer came; the total stands above."""
    phases = (("connect", attempt.connect), ("first byte", attempt.first_byte))
    return ", ".join(f"{name} {_seconds(seconds)}" for name, seconds in phases if seconds is not None)


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
    return f"<table cellpadding=3><tr>{cells}{lines}</table>"


def _body(exchange: Exchange, mask: Callable[[str], str]) -> str:
    if not exchange.body:
        return ""
    try:
        outline = "\n".join(_outline(exchange, mask))
        heading = f"Body, in short; whole: observatory show {exchange.content_hash.hex()[:12]}"
    except ValueError:  # not JSON: then the beginning of it, as it came
        outline = mask(exchange.body[:_LONGEST_MASKED].decode("utf-8", errors="replace"))[:_LONGEST_EXCERPT]
        heading = "Body, its beginning"
    return f"<details><summary>{heading}</summary><pre>{escape(outline, quote=False)}</pre></details>"


def _outline(exchange: Exchange, mask: Callable[[str], str]) -> Iterator[str]:
    """A line for each field of an object, what says most in a line first, and how many more there are."""
    fields = exchange.fields
    if fields is None:
        yield _in_a_line(*_cut(exchange.json), mask)
        return
    if not isinstance(fields, JsonFields):  # it was parsed as a whole; what follows looks at the texts of fields
        fields = JsonFields(exchange.body)
    names = sorted(fields, key=lambda name: _rank(name, fields.text(name)))
    for name in names[:_MOST_LINES]:
        yield f"{name}: {_in_a_line(*fields.glance(name, _MOST_NAMES), mask)}"
    if len(names) > _MOST_LINES:
        yield f"… and {len(names) - _MOST_LINES} more"


def _rank(name: str, text: bytes) -> tuple[bool, int, int]:
    """Where a field stands in an outline: values, lists from the shortest, objects, and then what says little."""
    says_little = text in (b"[]", b"{}", b"null") or text.startswith((b'"http', b'"/'))
    kind = 3 if says_little else 1 if text.startswith(b"[") else 2 if text.startswith(b"{") else 0
    return name not in _FIRST, kind, len(text) if kind in (1, 2) else 0


def _cut(value: Any) -> tuple[Any, int]:
    return (value[:_MOST_NAMES], len(value)) if isinstance(value, list) else (value, 0)


def _in_a_line(value: Any, size: int, mask: Callable[[str], str]) -> str:
    if isinstance(value, list):
        names = ", ".join(label(item) for item in value) + (" …" if size > len(value) else "")
        return f"{count(size, 'item')}{': ' if names else ''}{names}"
    if isinstance(value, dict):
        return label(value)
    text = mask(value[:_LONGEST_MASKED]) if isinstance(value, str) else json.dumps(value)
    return one_line(text, _LONGEST_VALUE)


def _seconds(seconds: float, blank: str = " ") -> str:
    return f"{seconds * 1000:.0f}{blank}ms" if seconds < 1 else f"{seconds:.2f}{blank}s"


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} KB"
