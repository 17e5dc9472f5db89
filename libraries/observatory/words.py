"""How JSON values, counts and names are put into a few words, for messages that people read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_LONGEST_TEXT = 40
_MOST_NAMES = 12
_NUMBER = re.compile(r"([0-9]+)")


def seen(value: object) -> str:
    """A JSON value in a few words, however large it is: `'one' (text)`, `a list of 3 items`."""
    if isinstance(value, Mapping):
        return f"an object with {count(len(value), 'field')}" if value else "an empty object"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return f"a list of {count(len(value), 'item')}" if value else "an empty list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]!r}… (text of {len(value)} characters)"
    if isinstance(value, int) and value.bit_length() > 4 * _LONGEST_TEXT:
        # Python refuses to write integers of thousands of digits, and nobody would read them.
        return "a very large number (integer)"
    kind = {str: "text", int: "integer", float: "number"}.get(type(value), type(value).__name__)
    return f"{value!r} ({kind})"


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 field`, `2 fields`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str, longest: int = _LONGEST_TEXT) -> str:
    """A name cut to `longest` characters, with everything escaped that would break the line it stands in."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    if cut.isprintable():
        return cut
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in cut)


def listed(names: Iterable[str], most: int = _MOST_NAMES) -> str:
    """Names with commas between them, each fit for one line, and `… (7 more)` after the first `most`."""
    known = list(names)
    text = ", ".join(one_line(name) for name in known[:most])
    return text if len(known) <= most else f"{text} … ({len(known) - most} more)"


def natural(text: str) -> tuple[Any, ...]:
    """A key that sorts names as people do: `pokemon2` before `pokemon10`."""
    numbers = [part.lstrip("0") if odd % 2 else part for odd, part in enumerate(_NUMBER.split(text))]
    return tuple((len(part), part) if odd % 2 else part for odd, part in enumerate(numbers)), text


def percent(share: float, tenths_below: float = 0.01) -> str:
    """A share as people read it, such as `7 %`; one that is small, but not nothing, with a digit after the point."""
    is_small = 0 < abs(share) < tenths_below
    return f"{100 * share:.1f} %" if is_small else f"{100 * share:.0f} %"
