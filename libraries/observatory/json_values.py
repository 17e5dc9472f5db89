"""JSON as plain Python values, also where it is deeper or holds larger numbers than fast parsers take."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from msgspec import MsgspecError, Raw
from msgspec.json import Decoder, decode

_SYNTAX = Decoder(Raw)
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


def _patiently(content: bytes) -> Any:
    try:
        return json.loads(content, parse_constant=_refused, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
