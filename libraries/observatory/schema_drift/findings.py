"""What one body shows that speaks for a change: compared with the same resource before, and with all that is known.

A finding is no alarm yet. Whether it becomes a change is decided over all resources of a run, in `judgement`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.model import Evidence, Model, bit_of
from observatory.schema_drift.shapes import MISSING, NULL, OBJECT, TYPES, Shape, any_child, is_in_map, key_of, parent_of


@dataclass(frozen=True, slots=True)
class Sign:
    """One body's sign of a change of one path.

    `is_paired`: the same resource had it otherwise before; else the resource was not seen before, or not with what
    is above the path. `flags` are the kinds now; `words` the new ones of an enumeration.
    """

    kind: ChangeKind
    path: str
    is_paired: bool
    flags: int = 0
    words: frozenset[str] = frozenset()


@dataclass(slots=True)
class Finding:
    """The signs of one change of one path in a run: the resources, by whether they were seen before."""

    paired: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    flags: int = 0
    words: set[str] = field(default_factory=set)

    @property
    def resources(self) -> set[str]:
        """All resources that show the change."""
        return self.paired | self.fresh

    @property
    def bits(self) -> int:
        """The bits of all resources that show the change."""
        bits = 0
        for resource in self.paired | self.fresh:
            bits |= bit_of(resource)
        return bits

    def take(self, sign: Sign, resource: str) -> None:
        """Note that a resource shows the change."""
        (self.paired if sign.is_paired else self.fresh).add(resource)
        self.flags |= sign.flags
        self.words |= sign.words

    def join(self, other: Finding) -> None:
        """Take in the signs that another process saw."""
        self.paired |= other.paired
        self.fresh |= other.fresh
        self.flags |= other.flags
        self.words |= other.words

    def as_list(self) -> list[Any]:
        """Plain values, for JSON."""
        return [sorted(self.paired), sorted(self.fresh), self.flags, sorted(self.words)]

    @classmethod
    def of(cls, values: list[Any]) -> Finding:
        """What `as_list` wrote."""
        paired, fresh, flags, words = values
        return cls(set(paired), set(fresh), flags, set(words))


def signs(before: Shape | None, after: Shape, base: Model) -> Iterator[Sign]:
    """What a body shows against the resource's body before, if there is one, and what is known of the endpoint.

    `base` is what was known before this run. What was known of nothing changed.
    """
    if not base or before == after:
        return
    old = before.fields if before is not None else {}
    for path, flags in after.fields.items():
        had = old.get(path, 0)
        known = base.get(path)
        if known is None or not known.present:
            if _is_added(path, flags, had, base):
                yield Sign(ChangeKind.FIELD_ADDED, path, bool(old.get(parent_of(path) or "", 0) & OBJECT), flags)
            continue
        yield from _changed(path, after.fields, had, base)
        if flags & MISSING and not known.absent and not had & MISSING and not _lacked(path, old):
            yield Sign(ChangeKind.FIELD_REMOVED, path, bool(had), flags)
        yield from _widened(path, before, after, known)
    yield from _removed(old, after.fields, base)


def _is_added(path: str, flags: int, had: int, base: Model) -> bool:
    parent = parent_of(path)
    if had or parent is None:  # it is not new to this resource; or a list has its first items, which is data
        return False
    above = base.get(parent)
    if above is None or not above.objects:  # what is above is new itself, and tells of both
        return False
    if is_in_map(path):  # it has got too many keys to be anything but a map
        return False
    # A null below an object or a list of the same name may be the end of a recursion that other bodies show.
    return bool(flags & TYPES) or not _is_turn(path)


def _is_turn(path: str) -> bool:
    """Whether a path is the second turn of a recursion, such as `parent.parent` and `evolves_to[].evolves_to`."""
    return key_of(parent_of(path) or "") == key_of(path)


def _ends(path: str) -> Iterator[str]:
    """Where null is when a recursion from this path ends after one turn; when it ends after more, null is here."""
    key = key_of(path)
    if not path.endswith("[]"):
        yield from (f"{above}{key}" if key.startswith("[") else f"{above}.{key}" for above in (path, f"{path}[]"))


def _lacked(path: str, old: Mapping[str, int]) -> bool:
    """Whether the resource did not have a path before either: what never came to it was not taken from it."""
    return not old.get(path, 0) and bool(old.get(parent_of(path) or "", 0) & OBJECT)


def _changed(path: str, now: Mapping[str, int], had: int, base: Model) -> Iterator[Sign]:
    known, flags = base[path], now[path]
    strange = flags & TYPES & ~known.types & ~had
    if strange and known.types:
        yield Sign(ChangeKind.TYPE_CHANGED, path, bool(had & TYPES), flags & TYPES)
    is_null = flags & NULL and not known.null and known.filled and not had & NULL
    if is_null and not any(end in base and base[end].null and not base[end].types for end in _ends(path)):
        yield Sign(ChangeKind.BECAME_NULLABLE, path, bool(had & TYPES), flags)
    was_null = had & NULL and known.types and flags & TYPES and not flags & NULL and known.null
    if was_null and not any(now.get(end) == NULL for end in _ends(path)):
        yield Sign(ChangeKind.NO_LONGER_NULLABLE, path, is_paired=True, flags=flags)


def _widened(path: str, before: Shape | None, after: Shape, known: Evidence) -> Iterator[Sign]:
    words = after.values.get(path)
    if not words or not known.values:
        return
    had = before.values.get(path, frozenset()) if before is not None else frozenset()
    strange = words - known.values.keys() - had
    if strange:
        yield Sign(ChangeKind.VALUES_WIDENED, path, bool(had), words=strange)


def _removed(old: Mapping[str, int], now: Mapping[str, int], base: Model) -> Iterator[Sign]:
    """The keys that an object should have and has not; an optional one only when the resource had it before."""
    for path in base.keys() - now.keys():
        parent = parent_of(path)
        if parent is None or not now.get(parent, 0) & OBJECT or any_child(parent) in now:
            continue
        known = base[path]
        had = old.get(path, 0)
        if not known.types and _is_turn(path):  # the end of a recursion, which is longer now
            continue
        if known.present and (had or not (known.absent or _lacked(path, old))):
            yield Sign(ChangeKind.FIELD_REMOVED, path, bool(had))
