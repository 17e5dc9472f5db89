"""What is known of an endpoint's schema: for each path, the evidence of all bodies seen, in bounded memory.

Each resource has one of 63 bits, by its name. A set of resources is then an integer, the number of its bits is a lower
bound of its size, and two pieces of evidence are joined by `|`. So models merge in any order, any number of times, to
the same model, and their size depends on the number of paths, never on that of resources.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache, reduce
from math import ceil, log
from operator import or_
from typing import Any, Final

from observatory.schema_drift.shapes import (
    MISSING,
    MOST_KEYS,
    MOST_VALUES,
    NULL,
    OBJECT,
    STRING,
    TYPES,
    Shape,
    any_child,
    is_below,
    is_in_map,
    parent_of,
)

_BITS: Final = 63  # what fits into the integers of databases and other languages
_MANY: Final = 1 << 20
_ALL: Final = (1 << _BITS) - 1


@lru_cache(maxsize=1 << 12)
def bit_of(resource: str) -> int:
    """The bit of a resource, the same in every process."""
    digest = hashlib.blake2b(resource.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return 1 << (int.from_bytes(digest, "big") % _BITS)


def about(bits: int) -> int:
    """About how many resources have these bits, from how many bits they are; a large number when these are all."""
    free = _BITS - bits.bit_count()
    return ceil(_BITS * log(_BITS / free)) if free else _MANY


class Evidence:
    """What is known of one path.

    `types`: the kinds that were seen there, as flags. Of the resources: `filled` had a value that is not null there,
    `objects` an object, `null` a null, and `absent` an object above that lacks the key. `values`: which had each word
    of an enumeration; None when there are too many words, or others than words.
    """

    __slots__ = ("absent", "filled", "null", "objects", "types", "values")

    def __init__(
        self,
        types: int = 0,
        filled: int = 0,
        null: int = 0,
        objects: int = 0,
        absent: int = 0,
        values: dict[str, int] | None = None,
    ) -> None:
        """Evidence of nothing, or of what is given."""
        self.types = types
        self.filled = filled
        self.null = null
        self.objects = objects
        self.absent = absent
        self.values = values

    @property
    def present(self) -> int:
        """The resources that have the path, null or not."""
        return self.filled | self.null

    @property
    def worded(self) -> int:
        """The resources that have words of an enumeration; all with a value when it is none."""
        return self.filled if self.values is None else reduce(or_, self.values.values(), 0)

    def learn(self, flags: int, words: frozenset[str] | None, bit: int) -> None:
        """Take in the kinds, and the words of an enumeration, that one resource has at the path."""
        self.types |= flags & TYPES
        if flags & TYPES:
            self.filled |= bit
        if flags & NULL:
            self.null |= bit
        if flags & OBJECT:
            self.objects |= bit
        if flags & MISSING:
            self.absent |= bit
        if flags & STRING and self.values is not None:
            self.values = None if words is None else _joined(self.values, dict.fromkeys(words, bit))

    def join(self, other: Evidence) -> None:
        """Take in other evidence of the same path."""
        self.values = _joined(self.values, other.values)
        self.types |= other.types
        self.filled |= other.filled
        self.null |= other.null
        self.objects |= other.objects
        self.absent |= other.absent

    def copy(self) -> Evidence:
        """The same evidence, to be changed by itself."""
        return Evidence(
            self.types,
            self.filled,
            self.null,
            self.objects,
            self.absent,
            None if self.values is None else dict(self.values),
        )

    def as_list(self) -> list[Any]:
        """Plain values, for JSON."""
        return [self.types, self.filled, self.null, self.objects, self.absent, self.values]


class Model(Mapping[str, Evidence]):
    """The evidence of each path of one endpoint's bodies."""

    def __init__(self, paths: Mapping[str, Iterable[Any]] | None = None) -> None:
        """An empty model, or the one that `as_json` wrote."""
        self._paths = {path: Evidence(*values) for path, values in (paths or {}).items()}

    @classmethod
    def of(cls, shape: Shape, resource: str) -> Model:
        """What one body teaches."""
        model = cls()
        model.learn(shape, resource)
        return model

    def __getitem__(self, path: str) -> Evidence:
        return self._paths[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.as_json() == other.as_json()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def knows(self, path: str) -> bool:
        """Whether the path was ever seen, and not taken back."""
        known = self._paths.get(path)
        return known is not None and bool(known.present)

    def copy(self) -> Model:
        """The same model, to be changed by itself."""
        twin = Model()
        twin._paths = {path: evidence.copy() for path, evidence in self._paths.items()}
        return twin

    def learn(self, shape: Shape, resource: str) -> None:
        """Take in the shape of one more body; the same body again changes nothing."""
        bit, fields = bit_of(resource), shape.fields
        absent = {path: self._absent_so_far(path) for path in fields.keys() - self._paths.keys()}
        for path, bits in absent.items():
            self._paths[path] = Evidence(absent=bits, values={})
        for path, flags in fields.items():
            self._paths[path].learn(flags, shape.values.get(path), bit)
        for path in self._paths.keys() - fields.keys() if len(self._paths) > len(fields) else ():
            parent = parent_of(path)
            if parent is not None and fields.get(parent, 0) & OBJECT:
                self._paths[path].absent |= bit
        if absent:
            self._fold_maps()

    def merge(self, other: Model) -> None:
        """Take in what another model knows."""
        mine, theirs = self._paths, other._paths
        only_mine = {path: other._absent_so_far(path) for path in mine.keys() - theirs.keys()}
        only_theirs = {path: self._absent_so_far(path) for path in theirs.keys() - mine.keys()}
        for path, absent in only_mine.items():
            mine[path].absent |= absent
        for path, evidence in theirs.items():
            if path in mine:
                mine[path].join(evidence)
            else:
                mine[path] = evidence.copy()
                mine[path].absent |= only_theirs[path]
        if only_theirs:
            self._fold_maps()

    def forget(self, path: str) -> None:
        """Take a path back, with all below it: it is unknown until it is seen again."""
        for place in [place for place in self._paths if place == path or is_below(place, path)]:
            del self._paths[place]

    def children(self, path: str) -> dict[str, Evidence]:
        """The evidence of each key of the object at a path."""
        return {place: known for place, known in self._paths.items() if known.present and parent_of(place) == path}

    def below(self, path: str) -> dict[str, int]:
        """The kinds at a path and at all paths below it, by the rest of the path."""
        return {
            place[len(path) :]: known.types
            for place, known in self._paths.items()
            if place == path or is_below(place, path)
        }

    def as_json(self) -> dict[str, list[Any]]:
        """Plain values, in the order of the paths."""
        return {path: self._paths[path].as_list() for path in sorted(self._paths)}

    def _absent_so_far(self, path: str) -> int:
        """The resources that had an object above a path, and not the path, while it was unknown.

        The keys of a map may be absent anywhere, and so may all below them.
        """
        if is_in_map(path):
            return _ALL
        parent = parent_of(path)
        known = self._paths.get(parent) if parent is not None else None
        return known.objects if known is not None else 0

    def _fold_maps(self) -> None:
        """Let the keys of every object with too many of them share one path."""
        # Few paths can only be folded into one that is there already, whose written form ends in a bare star.
        if len(self._paths) > MOST_KEYS or any(path.endswith("*") for path in self._paths):
            while (crowded := self._crowded()) is not None:
                self._fold(crowded)

    def _crowded(self) -> str | None:
        keys = Counter(parent for parent in map(parent_of, self._paths) if parent is not None)
        return min(
            (
                parent
                for parent, number in keys.items()
                if number > MOST_KEYS or (number > 1 and any_child(parent) in self._paths)
            ),
            key=len,
            default=None,
        )

    def _fold(self, parent: str) -> None:
        shared = any_child(parent)
        keys = [path for path in self._paths if parent_of(path) == parent]
        for key in keys:
            for path in [place for place in self._paths if place == key or is_below(place, key)]:
                evidence = self._paths.pop(path)
                evidence.absent = _ALL
                place = shared + path[len(key) :]
                if place in self._paths:
                    self._paths[place].join(evidence)
                else:
                    self._paths[place] = evidence


def _joined(mine: dict[str, int] | None, theirs: dict[str, int] | None) -> dict[str, int] | None:
    if mine is None or theirs is None:
        return None
    joined = dict(mine)
    for value, bits in theirs.items():
        joined[value] = joined.get(value, 0) | bits
    return joined if len(joined) <= MOST_VALUES else None
