"""How a place inside JSON is written, read and looked up: `types[0].slot`, or `moves[].move.name` for all.

A key made of ASCII letters, digits, `_` and `-` is written as it is; every other key is written as a JSON
string in brackets, `["a.b"]`, so that no key can be taken for another path. `[0]` is the first item of a
list, `[]` is each of its items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeAlias

from observatory.errors import ObservatoryError
from observatory.words import listed, seen


class Every(Enum):
    """The segment `[]`: each item of a list."""

    ITEM = "[]"


EVERY: Final = Every.ITEM
Segment: TypeAlias = str | int | Every
Path: TypeAlias = tuple[Segment, ...]
Json: TypeAlias = Any
"""A plain JSON value, or a view of one as `observatory.record` makes them."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TOKEN = re.compile(
    r"""\[(?P<index>[0-9]{1,18})\]
      | (?P<every>\[\])
      | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
      | (?P<dot>\.?)(?P<bare>[^.\[\]"]+)""",
    re.VERBOSE | re.DOTALL,
)
_LONGEST_QUOTE = 40


class PathSyntaxError(ObservatoryError, ValueError):
    """A written path cannot be read; the message shows where and how it should look."""


class NoSuchFieldError(ObservatoryError, AttributeError, KeyError):
    """A field is not there; the message names the part that does not exist and what is there instead."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would put the sentence in quotes


@lru_cache(maxsize=1024)
def parse(text: str) -> Path:
    """Read a written path; the empty text is the path of the whole value.

    Keys outside ASCII need no quotes here, although `render` writes them with quotes.

    Raises:
        PathSyntaxError: the text is no path.
    """
    segments: list[Segment] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        # A dot stands between two parts and nowhere else: not at the start, not missing before a key.
        if token is None or (token["bare"] is not None and bool(token["dot"]) != bool(segments)):
            raise PathSyntaxError(_not_readable(text, position))
        segments.append(_segment(token, text))
        position = token.end()
    return tuple(segments)


def render(segments: Iterable[Segment]) -> str:
    """Write a path; `parse` reads back exactly these segments."""
    written = ""
    for segment in segments:
        if isinstance(segment, str):
            key = _key(segment)
            written += f".{key}" if written and not key.startswith("[") else key
        elif segment is EVERY:
            written += "[]"
        else:
            written += f"[{segment}]"
    return written


def normalise(segments: Iterable[Segment]) -> Path:
    """The same path with `[]` in place of each index, so that all items of a list share one path."""
    return tuple(segment if isinstance(segment, str) else EVERY for segment in segments)


def values_at(value: Json, path: str | Path) -> Json:
    """The value at a path, or the list of all values, in order, when the path has a `[]`.

    Works on plain dictionaries and lists and on the light views of `observatory.record`.

    Raises:
        PathSyntaxError: `path` is text that is no path.
        NoSuchFieldError: some part of the path does not exist in the value.
    """
    segments = parse(path) if isinstance(path, str) else path
    found: list[tuple[Json, Path]] = [(value, ())]
    for segment in segments:
        found = [below for above, place in found for below in _step(above, place, segment)]
    if EVERY in segments:
        return [each for each, _ in found]
    return found[0][0]


@lru_cache(maxsize=4096)
def _key(key: str) -> str:
    if _BARE.fullmatch(key):
        return key
    return f"[{json.dumps(key, ensure_ascii=not key.isprintable())}]"


def _segment(token: re.Match[str], text: str) -> Segment:
    if token["every"]:
        return EVERY
    if token["index"]:
        return int(token["index"])
    if token["bare"]:
        return str(token["bare"])
    try:
        return str(json.loads(token["quoted"]))
    except json.JSONDecodeError as error:
        raise PathSyntaxError(_not_readable(text, token.start())) from error


def _not_readable(text: str, position: int) -> str:
    return (
        f"The path {text!r} cannot be read from {text[position : position + _LONGEST_QUOTE]!r} on (character "
        f'{position + 1}); write it like types[0].slot, moves[].move.name or sprites["a.b"].'
    )


def _step(value: Json, place: Path, segment: Segment) -> Iterable[tuple[Json, Path]]:
    """What lies one segment below a value, each with its own place; raises when nothing does."""
    if isinstance(segment, str):
        if isinstance(value, Mapping) and segment in value:
            return [(value[segment], (*place, segment))]
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        if segment is EVERY:
            return [(item, (*place, index)) for index, item in enumerate(value)]
        if isinstance(segment, int) and 0 <= segment < len(value):
            return [(value[segment], (*place, segment))]
    raise NoSuchFieldError(_missing(value, place, segment))


def _missing(value: Json, place: Path, segment: Segment) -> str:
    from difflib import get_close_matches

    there = render(place) or "the whole value"
    if isinstance(segment, str) and isinstance(value, Mapping):
        instead = f"has the fields {listed(value)}" if value else "is an object without fields"
    else:
        instead = f"is {seen(value)}"
    near = get_close_matches(segment, value, n=1) if isinstance(segment, str) and isinstance(value, Mapping) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{render((*place, segment))} does not exist: {there} {instead}.{hint}"
