"""Which findings of a run are changes of the schema, and what is known after it.

The rules stand on what was measured on the public API's history: comparing each response with the last one of its
endpoint is wrong more often than right; a resource that changed against itself is nearly always right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Final

from observatory.logs.secret_names import is_secret_key
from observatory.parts import LIST
from observatory.record.field_path import Path, parse
from observatory.schema_drift.changes import SchemaChange, Side
from observatory.schema_drift.findings import Finding
from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.maps import is_map
from observatory.schema_drift.model import Model, about
from observatory.schema_drift.observation import Observation
from observatory.schema_drift.renames import renamed_pairs
from observatory.schema_drift.shapes import NULL, TYPES, child, key_of, kinds_in_words, parent_of
from observatory.words import natural

_LINKS: Final = frozenset({"next", "previous"})  # of a page: whether they are null depends on what is asked for
_ENOUGH: Final = 10  # resources that must be known before a new one alone can show a key more or less
_UNLIKELY: Final = 0.01  # how likely it may be, at most, that only the new resources happen to show something
_LOST: Final = 3  # resources, at least, that must have lost what only some ever had
_FILLED: Final = 5  # resources, at least, that must have got a value where they had null; fewer are data
_NEARLY_ALL: Final = 0.75  # of the number that is told by their bits, which is no exact one
_ENUMERATED: Final = 15  # resources that must be known before a field can be an enumeration
_WORDS: Final = 2  # that an enumeration has, at least
_A_WORD: Final = 4  # and so many of them, on average, for each of its words


def changes_of(endpoint: str, part: str, base: Model, seen: Observation) -> list[SchemaChange]:
    """What a run shows to have changed since before it, in the order of the paths; at most once for a path and kind."""
    together = _together(base, seen)
    found = [
        SchemaChange(kind, endpoint, path, *_sides(kind, path, base, seen), _ordered(finding.resources), part)
        for (kind, path), finding in seen.findings.items()
        if (path in base or kind is ChangeKind.FIELD_ADDED) and path in together  # else it is a key of a new map
        if not (part == LIST and path in _LINKS) and _IS_CHANGE[kind](path, finding, base, seen)
    ]
    return sorted(_folded(_with_renames(found, base, seen)), key=lambda change: (change.path, change.kind))


def known_after(base: Model, seen: Observation, changes: Iterable[SchemaChange]) -> Model:
    """What is known after a run: what was known before and what it saw, less what its changes took back."""
    known = _together(base, seen)
    for change in changes:
        match change.kind:
            case ChangeKind.FIELD_ADDED:
                _begin_anew(known, change.path, seen.model)
            case ChangeKind.FIELD_REMOVED | ChangeKind.RENAMED:
                gone = seen.findings[ChangeKind.FIELD_REMOVED, change.path].bits
                if not seen.model.knows(change.path) and _are_most(gone, base[change.path].present):
                    known.forget(change.path)
                if change.to is not None:
                    _begin_anew(known, change.to, seen.model)
            case ChangeKind.TYPE_CHANGED:
                if _are_most(seen.model[change.path].filled, base[change.path].filled):
                    known[change.path].types = seen.model[change.path].types
            case ChangeKind.NO_LONGER_NULLABLE:
                known[change.path].null = 0
    return known


def _together(base: Model, seen: Observation) -> Model:
    known = base.copy()
    known.merge(seen.model)
    return known


def _added(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    parent = parent_of(path) or ""
    if is_map(parent, base):
        return False
    return bool(finding.paired) or _speaks_for_itself(parent, base[parent].objects, finding, base, seen)


def _removed(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    known, parent = base[path], parent_of(path) or ""
    if known.absent:
        is_lost_everywhere = _are_all(finding, known.present, _LOST) and not seen.model.knows(path)
        return is_lost_everywhere and not is_map(parent, base)
    return bool(finding.paired) or _speaks_for_itself(parent, known.present, finding, base, seen)


def _type_changed(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    return bool(finding.paired) or _is_unlikely(finding, seen.model[path].filled, base[path].filled, seen)


def _became_nullable(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    return bool(finding.paired) or _is_unlikely(finding, seen.model[path].present, base[path].filled, seen)


def _no_longer_nullable(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    """A value where there was null is data, unless no resource is left that has null."""
    return _are_all(finding, base[path].null, _FILLED) and not seen.model[path].null


def _widened(path: str, finding: Finding, base: Model, seen: Observation) -> bool:
    known = base[path]
    if not _is_enumeration(path, base):
        return False
    return bool(finding.paired) or _is_unlikely(finding, seen.model[path].worded, known.worded, seen)


def _is_enumeration(path: str, base: Model) -> bool:
    """Whether the words at a path are few among many resources, and neither names of references nor secrets."""
    words, resources = base[path].values or {}, base[path].worded.bit_count()
    is_reference = child(parent_of(path) or "", "url") in base
    is_few = len(words) >= _WORDS and resources >= max(_ENUMERATED, _A_WORD * len(words))
    return is_few and not is_reference and not is_secret_key(key_of(path))


_IS_CHANGE: Final = {
    ChangeKind.FIELD_ADDED: _added,
    ChangeKind.FIELD_REMOVED: _removed,
    ChangeKind.TYPE_CHANGED: _type_changed,
    ChangeKind.BECAME_NULLABLE: _became_nullable,
    ChangeKind.NO_LONGER_NULLABLE: _no_longer_nullable,
    ChangeKind.VALUES_WIDENED: _widened,
}


def _speaks_for_itself(parent: str, resources: int, finding: Finding, base: Model, seen: Observation) -> bool:
    """Whether new resources can show that the keys of an object changed: at once where these were always the same.

    `resources` are those that show how it was: they have the object without a new key, or with one that is gone now.
    """
    is_firm = not any(known.absent for known in base.children(parent).values())
    now = seen.model[parent].objects
    return (is_firm and resources.bit_count() >= _ENOUGH) or _is_unlikely(finding, now, resources, seen)


def _are_all(finding: Finding, known: int, least: int) -> bool:
    """Whether a change holds for all resources that are known to have had something, and for so many at least.

    Bits alone do not tell when hundreds of resources share them: then the number of resources counts too.
    """
    is_none_left = not known & ~finding.bits
    return is_none_left and len(finding.paired) >= max(least, _NEARLY_ALL * about(known))


def _is_unlikely(finding: Finding, now: int, before: int, seen: Observation) -> bool:
    """Whether it is no accident that only resources of this run show something.

    When it has always been there, in as many resources of those before and now as show it, each choice of them is as
    likely as any other; this is the probability of the one that was seen. At most 63 of those before count, so that
    one new resource alone never speaks. Where nearly all that is new in a run is
    resources that were never seen, these are who could show it.
    """
    are_fresh = all(resource in seen.fresh for resource in finding.fresh)
    shown = len(finding.fresh)
    new = max(shown, min(about(now), (seen.fresh if are_fresh else seen.asked).size))
    return comb(new, shown) <= _UNLIKELY * comb(before.bit_count() + new, shown)


def _sides(kind: ChangeKind, path: str, base: Model, seen: Observation) -> tuple[Side, Side]:
    finding = seen.findings[kind, path]
    if kind is ChangeKind.FIELD_ADDED:
        return None, kinds_in_words(finding.flags)
    known = base[path]
    kinds = known.types | (NULL if known.null else 0)
    before: Side = kinds_in_words(kinds)
    if kind is ChangeKind.FIELD_REMOVED:
        return before, f"{before}, or missing" if seen.model.knows(path) else None
    if kind is ChangeKind.TYPE_CHANGED:
        return before, kinds_in_words(finding.flags | kinds & NULL)
    if kind is ChangeKind.VALUES_WIDENED:
        words = set(known.values or ())
        return sorted(words), sorted(words | finding.words)
    if kind is ChangeKind.NO_LONGER_NULLABLE:
        return before, kinds_in_words(known.types | finding.flags & TYPES)
    return before, kinds_in_words(known.types | NULL)


def _with_renames(found: list[SchemaChange], base: Model, seen: Observation) -> Iterator[SchemaChange]:
    removed = {
        change.path: change for change in found if change.kind is ChangeKind.FIELD_REMOVED and change.after is None
    }
    added = {change.path: change for change in found if change.kind is ChangeKind.FIELD_ADDED}
    both: set[str] = set()
    for old, new in renamed_pairs(removed, added, seen.renames, base, seen.model):
        gone, come = removed[old], added[new]
        both |= {old, new}
        yield SchemaChange(
            ChangeKind.RENAMED,
            gone.endpoint,
            old,
            gone.before,
            come.after,
            _ordered({*gone.resources, *come.resources}),
            gone.part,
            to=new,
        )
    keys = {ChangeKind.FIELD_REMOVED, ChangeKind.FIELD_ADDED}
    yield from (change for change in found if not (change.kind in keys and change.path in both))


def _folded(changes: Iterable[SchemaChange]) -> Iterable[SchemaChange]:
    """Let the change that is told one turn of a recursion higher tell of a change, with its resources."""
    told = {(change.kind, parse(change.path)): change for change in changes}
    for kind, path in sorted(told, key=lambda each: len(each[1]), reverse=True):
        higher = next((told[kind, shorter] for shorter in _without_a_turn(path) if (kind, shorter) in told), None)
        if higher is not None:
            resources = _ordered({*higher.resources, *told.pop((kind, path)).resources})
            told[kind, parse(higher.path)] = replace(higher, resources=resources)
    return told.values()


def _without_a_turn(path: Path) -> Iterator[Path]:
    """The path without a stretch after which it comes to the same key again: once around a recursion less."""
    for start, middle in combinations(range(len(path)), 2):
        if path[start] == path[middle] and isinstance(path[start], str):
            yield path[:start] + path[middle:]


def _begin_anew(known: Model, path: str, seen: Model) -> None:
    """Know a new path by this run alone, in which it came: that older bodies lack it does not make it optional."""
    known[path].absent = seen[path].absent


def _are_most(resources: int, known: int) -> bool:
    """Whether a change holds for most of the resources known, so that the others may be taken for not asked again.

    What only a few show stands beside what it was before: others that have it so are no change back.
    """
    return 2 * (resources & known).bit_count() >= known.bit_count()


def _ordered(resources: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(resources, key=natural))
