"""How a JSON value stands in a cell of a table: in one short line, without secrets, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from observatory.words import seen

_LONGEST_MASKED = 10_000  # characters that are searched for secrets before they are cut
_LONGEST_VALUE = 60  # characters of a value
_LEAD = 20  # characters shown before the place where two long texts begin to differ
# A text is shown from here at the latest: what is cut off unmasked lies far behind it.
_LATEST_START = _LONGEST_MASKED // 2
_MOST_PARTS, _DEEPEST = 4, 2  # of an object or list


def json_cell(value: Any, mask: Callable[[str], str] = str) -> str:
    """A JSON value as JSON writes it, cut to one line of plain text; `mask` takes out secrets before it is cut."""
    if isinstance(value, str):
        return _window(mask(value[:_LONGEST_MASKED]), 0)
    text = printable(mask(_written(value, mask)))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def json_cells(before: Any, after: Any, mask: Callable[[str], str] = str) -> tuple[str, str]:
    """Two JSON values like `json_cell` writes them; of two long texts the part in which they begin to differ."""
    if not isinstance(before, str) or not isinstance(after, str):
        return json_cell(before, mask), json_cell(after, mask)
    old, new = mask(before[:_LONGEST_MASKED]), mask(after[:_LONGEST_MASKED])
    if max(len(old), len(new)) <= _LONGEST_VALUE:
        return _window(old, 0), _window(new, 0)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = min(max(0, alike - _LEAD), _LATEST_START)
    return _window(old, start), _window(new, start)


def printable(text: str) -> str:
    """The text with each character escaped that shows nothing, or turns around how the line is read."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _window(text: str, start: int) -> str:
    lead, rest = "…" if start else "", "…" if len(text) > start + _LONGEST_VALUE else ""
    return f"{lead}{printable(_quoted(text[start : start + _LONGEST_VALUE]))}{rest}"


def _written(value: Any, mask: Callable[[str], str], depth: int = 0) -> str:
    """The first few parts of a value as JSON: enough for a cell, and to know a secret by the name it stands under."""
    if isinstance(value, str):
        return _quoted(mask(value[:_LONGEST_MASKED]))
    if isinstance(value, int) and not isinstance(value, bool):
        return seen(value).removesuffix(" (integer)")  # Python refuses to write integers of thousands of digits
    if not isinstance(value, dict | list):
        return json.dumps(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    if value and depth == _DEEPEST:
        return f"{opening}…{closing}"
    if isinstance(value, dict):
        first = list(value.items())[:_MOST_PARTS]
        parts = [f"{_quoted(mask(key[:_LONGEST_MASKED]))}: {_written(item, mask, depth + 1)}" for key, item in first]
    else:
        parts = [_written(item, mask, depth + 1) for item in value[:_MOST_PARTS]]
    rest = ", …" if len(value) > _MOST_PARTS else ""
    return f"{opening}{', '.join(parts)}{rest}{closing}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
