"""Which resources a person means by `1-151`, `1, 4, 7` or `bulbasaur, mew`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from observatory.errors import ObservatoryError

_RANGE = re.compile(r"(\d+)\s*-\s*(\d+)")
_MOST = 100_000


def resources_in(text: int | str | Iterable[int | str]) -> list[str]:
    """The resources that are meant, in the order given, each once.

    A number, a name, a range of numbers (`1-151`), several of them with commas between, or a list of such.

    Raises:
        ObservatoryError: a part is empty, or a range runs backwards or over 100,000 numbers.
    """
    parts = [text] if isinstance(text, int) else text.split(",") if isinstance(text, str) else text
    found: dict[str, None] = {}
    for part in parts:
        found.update(dict.fromkeys(_resources(str(part).strip(), text)))
    if not found:
        raise ObservatoryError(f"'{text}' names no resource; write it like 1-151 or 1, 4, mew.")
    return list(found)


def _resources(part: str, whole: object) -> Iterable[str]:
    if not part:
        raise ObservatoryError(f"'{whole}' names no resource in one of its places; write it like 1-151 or 1, 4, mew.")
    numbers = _RANGE.fullmatch(part)
    if numbers is None:
        return [part]
    first, last = int(numbers[1]), int(numbers[2])
    if not first <= last < first + _MOST:
        raise ObservatoryError(f"The range '{part}' should run upwards over at most {_MOST:,} numbers, like 1-151.")
    return map(str, range(first, last + 1))
