"""The shorthand inside the tables' cells: ranges of ids, valued ranges, slots and learned moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


def numbers(text: str) -> Iterator[int]:
    """Spell out ids: `1-3 7` is 1, 2, 3, 7."""
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def valued(text: str) -> list[tuple[int, int]]:
    """Spell out which id has which value: `153:1-2 1:4` is (1, 153), (2, 153), (4, 1)."""
    pairs = []
    for part in text.split():
        value, _, ids = part.partition(":")
        pairs += [(number, int(value)) for number in numbers(ids)]
    return pairs


@dataclass(frozen=True, slots=True)
class AbilitySlot:
    """Where a pokemon has an ability: `34:3h` is ability 34 in slot 3, hidden; `-:2` is none in slot 2."""

    ability: int | None
    slot: int
    is_hidden: bool

    @classmethod
    def all(cls, text: str) -> list[AbilitySlot]:
        """Read the slots of one cell."""
        return [cls._of(*part.split(":")) for part in text.split()]

    @classmethod
    def _of(cls, ability: str, slot: str) -> AbilitySlot:
        return cls(None if ability == "-" else int(ability), int(slot.rstrip("h")), slot.endswith("h"))


@dataclass(frozen=True, slots=True)
class LearnedMove:
    """A move learned at a level: `45:1:2` is move 45 at level 1, second of those learned at that level."""

    move: int
    level: int
    order: int | None

    @classmethod
    def all(cls, text: str) -> list[LearnedMove]:
        """Read the moves of one cell."""
        return [cls._of(*map(int, part.split(":"))) for part in text.split()]

    @classmethod
    def _of(cls, move: int, level: int, order: int | None = None) -> LearnedMove:
        return cls(move, level, order)
