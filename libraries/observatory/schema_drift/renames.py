"""Renamed fields: one that is gone and one that is new in the same object, with the same shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import product
from typing import Any, TypeAlias

from observatory.record.field_path import NoSuchFieldError, values_at
from observatory.schema_drift.changes import SchemaChange
from observatory.schema_drift.model import Model, bit_of
from observatory.schema_drift.shapes import key_of, parent_of

Pair: TypeAlias = tuple[str, str]
"""The path that is gone, and the path that is new."""


def same_values(before: Any, body: Any, removed: Iterable[str], added: Iterable[str]) -> Iterator[Pair]:
    """The pairs within one object under which a body now has the very values that the other had before."""
    had = {old: _values(before, old) for old in removed}
    has = {new: _values(body, new) for new in added}
    for old, new in product(had, has):
        if parent_of(old) == parent_of(new) and had[old] == has[new] and _says_something(had[old]):
            yield old, new


def renamed_pairs(
    removed: Mapping[str, SchemaChange],
    added: Mapping[str, SchemaChange],
    votes: Mapping[Pair, set[str]],
    base: Model,
    seen: Model,
) -> Iterator[Pair]:
    """The pairs that are taken for a rename, each path in one pair at most, the likeliest first.

    Both have the same shape in the same object. Where that says little, as it does of plain values and of empty lists,
    the values must also be the same in most resources that show the change.
    """
    if not (removed and added):
        return
    before = {old: base.below(old) for old in removed}
    after = {new: seen.below(new) for new in added}
    likely = [
        (len(votes.get((old, new), ())), _likeness(old, new), old, new)
        for old, new in product(before, after)
        if parent_of(old) == parent_of(new) and _are_alike(before[old], after[new])
    ]
    taken: set[str] = set()
    for agreeing, _, old, new in sorted(likely, reverse=True):
        is_plain = len(before[old]) == 1
        # Of those that had a value there: null, and nothing in a list, say nothing.
        telling = sum(bool(base[old].filled & bit_of(resource)) for resource in removed[old].resources)
        if taken & {old, new} or (is_plain and (not agreeing or 2 * agreeing < telling)):
            continue
        taken |= {old, new}
        yield old, new


def _says_something(value: Any) -> bool:
    """Whether it is no accident that two fields have this value: nothing, or nothing in a list, many have."""
    if isinstance(value, list):
        return any(map(_says_something, value))
    return value is not None and value != {}


def _values(body: Any, path: str) -> Any:
    try:
        return values_at(body, path)
    except NoSuchFieldError:  # some objects have it and some have not
        return None


def _are_alike(old: Mapping[str, int], new: Mapping[str, int]) -> bool:
    return old.keys() == new.keys() and all(
        not types or not new[rest] or types == new[rest] for rest, types in old.items()
    )


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, key_of(old), key_of(new)).ratio()
