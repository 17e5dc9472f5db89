"""Which parts of the data are not compared: patterns of paths, such as `moves, sprites.versions, **.url`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeAlias

from observatory.errors import ObservatoryError
from observatory.record.field_path import EVERY, Every, PathSyntaxError, Segment, parse


class IgnoringSyntaxError(ObservatoryError, ValueError):
    """A pattern of what to ignore cannot be read; the message names it and shows how it should look."""


class _Wildcard(Enum):
    KEY = "*"
    DEPTH = "**"


_Part: TypeAlias = Segment | _Wildcard
_Pattern: TypeAlias = tuple[_Part, ...]
State: TypeAlias = frozenset[tuple[int, int]]
"""How far a place has come in each pattern: pairs of a pattern's number and how many of its parts are behind."""

COVERED: Final[State] = frozenset({(-1, -1)})
"""The state of a place that is ignored, and of everything below it."""

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PATTERNS = re.compile(rf'(?:{_QUOTED}|[^",]|")+', re.DOTALL)


class Ignoring:
    """The places that are not compared; made by `of`, asked by `covers`, walked by `start` and `below`."""

    __slots__ = ("_indices", "_keys", "_patterns", "_steps")

    def __init__(self, patterns: Iterable[_Pattern]) -> None:
        """Take patterns that are read already; `of` reads them."""
        self._patterns = tuple(dict.fromkeys(patterns))
        parts = [part for pattern in self._patterns for part in pattern]
        self._keys = frozenset(part for part in parts if isinstance(part, str))
        self._indices = frozenset(part for part in parts if isinstance(part, int))
        # All keys and indices that no pattern names lead to one step, so this cannot grow with the data.
        self._steps: dict[tuple[State, Segment | None], State] = {}

    @classmethod
    def of(cls, patterns: str | Iterable[str]) -> Ignoring:
        """Read patterns: one text with commas between them, or several texts.

        A pattern covers its place and everything below. It is a path, in which `[]` is each item of a list,
        `*` any one key and `**` any number of keys and indices, none included; a key that is a star or holds
        a comma is written in quotes and brackets, `["*"]`.

        Raises:
            IgnoringSyntaxError: a pattern cannot be read.
        """
        texts = [patterns] if isinstance(patterns, str) else patterns
        pieces = [piece.strip() for text in texts for piece in _PATTERNS.findall(text)]
        return cls(_read(piece) for piece in pieces if piece)

    def covers(self, path: str) -> bool:
        """Whether a place is left out of the comparison.

        Raises:
            PathSyntaxError: `path` is no path.
        """
        state = self.start()
        for segment in parse(path):
            state = self.below(state, segment)
        return state is COVERED

    def start(self) -> State:
        """The state of the whole value."""
        return self._reached({(number, 0) for number in range(len(self._patterns))})

    def below(self, state: State, segment: Segment) -> State:
        """The state one segment further; `COVERED` stays covered."""
        if state is COVERED or not state:
            return state
        if isinstance(segment, str):
            known: Segment | None = segment if segment in self._keys else None
        else:
            known = segment if segment in self._indices else EVERY
        step = (state, known)
        if step not in self._steps:
            self._steps[step] = self._after(state, segment)
        return self._steps[step]

    def _after(self, state: State, segment: Segment) -> State:
        reached: set[tuple[int, int]] = set()
        for number, behind in state:
            part = self._patterns[number][behind]
            if part is _Wildcard.DEPTH:
                reached.add((number, behind))
            elif _fits(part, segment):
                reached.add((number, behind + 1))
        return self._reached(reached)

    def _reached(self, places: set[tuple[int, int]]) -> State:
        """The state of these places, having also gone past each `**`, which may stand for nothing."""
        todo = list(places)
        while todo:
            number, behind = todo.pop()
            pattern = self._patterns[number]
            if behind == len(pattern):
                return COVERED
            if pattern[behind] is _Wildcard.DEPTH and (number, behind + 1) not in places:
                places.add((number, behind + 1))
                todo.append((number, behind + 1))
        return frozenset(places)

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ignoring) and set(self._patterns) == set(other._patterns)

    def __hash__(self) -> int:
        return hash(frozenset(self._patterns))


def _fits(part: _Part, segment: Segment) -> bool:
    if isinstance(segment, str):
        return part is _Wildcard.KEY or part == segment
    return part is EVERY or (part == segment and not isinstance(segment, Every))


def _read(text: str) -> _Pattern:
    parts: list[_Part] = []
    literal = ""
    position = 0
    try:
        for stars in _unquoted_stars(text):
            literal = text[position : stars.start()]
            after = text[stars.end() : stars.end() + 1]
            if len(stars.group()) > 2 or (stars.start() and literal[-1:] != ".") or after not in {"", ".", "["}:
                raise IgnoringSyntaxError(_not_readable(text))
            parts += _literal(literal, follows=bool(position), leads=True)
            parts.append(_Wildcard(stars.group()))
            position = stars.end()
        parts += _literal(text[position:], follows=bool(position), leads=False)
    except PathSyntaxError as error:
        raise IgnoringSyntaxError(_not_readable(text)) from error
    return tuple(parts)


def _unquoted_stars(text: str) -> list[re.Match[str]]:
    return [found for found in re.finditer(rf"{_QUOTED}|\*+", text, re.DOTALL) if found.group()[0] == "*"]


def _literal(text: str, *, follows: bool, leads: bool) -> tuple[Segment, ...]:
    """The segments between two wildcards, without the dots that join them to these."""
    if leads and text:
        text = text[:-1]
        if not text and not follows:
            raise PathSyntaxError("a dot at the start")
    if follows and text.startswith("."):
        text = text[1:] or "."
    return parse(text)


def _not_readable(text: str) -> str:
    return (
        f"The pattern {text!r} of what to ignore cannot be read; write a path like moves, game_indices[].version, "
        f"stats[0] or sprites.*.front_default, where * is any one key, ** is any number of keys and items, "
        f'and a key of other characters is quoted: sprites["a*b"].'
    )
