"""JSON as plain Python values, also where it is deeper or holds larger numbers than fast parsers take."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, decode

_SYNTAX = Decoder(Raw)
_OBJECT = Decoder(dict[str, Raw])
_LIST = Decoder(list[Raw])
_LAYERS = 4  # of a body that are searched for what did not change
_SMALL = 200  # bytes that are parsed as quickly as searched
_MOST_DIGITS = 4000  # of an integer; Python refuses to read many more


def parsed(content: bytes) -> Any:
    """The value of a JSON text. An integer of thousands of digits is read as infinite, for nobody computes with it.

    Raises:
        ValueError: the text is no JSON; NaN and Infinity are none.
    """
    try:
        return decode(content)
    except (MsgspecError, RecursionError):
        return _patiently(content)


def parsed_pair(before: bytes, after: bytes) -> tuple[Any, Any]:
    """The values of two JSON texts; what is the same text in both is one value, parsed once and equal at a glance.

    Raises:
        ValueError: one of the texts is no JSON.
    """
    value = parsed(after)
    try:
        return _sharing(before, after, value, _LAYERS), value
    except (MsgspecError, RecursionError):
        return parsed(before), value


def check(content: bytes) -> None:
    """Make sure that a text can be `parsed`, in a fifth of the time.

    Raises:
        ValueError: the text is no JSON; NaN and Infinity are none.
    """
    content.decode("utf-8")
    try:
        _SYNTAX.decode(content)
    except (MsgspecError, RecursionError):
        _patiently(content)


def _sharing(text: bytes, other: bytes, value: Any, layers: int) -> Any:
    """The value of a text, made of parts of the value of another text wherever these are the same."""
    if text == other:
        return value
    if layers and len(text) > _SMALL:
        if isinstance(value, dict) and text.startswith(b"{"):
            theirs = _OBJECT.decode(other)
            return {
                key: _sharing(bytes(part), bytes(theirs[key]), value[key], layers - 1)
                if key in theirs
                else decode(part)
                for key, part in _OBJECT.decode(text).items()
            }
        if isinstance(value, list) and text.startswith(b"["):
            own, items = ([bytes(part) for part in _LIST.decode(each)] for each in (text, other))
            known = dict(zip(items, value, strict=True))
            if known.keys() & own:  # else little is gained by a search of the items
                return [
                    known[part] if part in known else _beside(part, number, items, value, layers - 1)
                    for number, part in enumerate(own)
                ]
    return decode(text)


def _beside(text: bytes, number: int, items: Sequence[bytes], values: Sequence[Any], layers: int) -> Any:
    """The value of a list's item, sharing what it can with the item at the same place of the other list."""
    return _sharing(text, items[number], values[number], layers) if number < len(items) else decode(text)


def _patiently(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_refused, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
