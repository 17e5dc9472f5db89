"""The differences between two versions of a resource's data: list items paired by identity, leaves exact."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from observatory.data_drift.alike import Shapes, atom, same, without_host
from observatory.data_drift.changes import DataChange, DataChangeKind
from observatory.data_drift.identity import Identity
from observatory.data_drift.ignoring import COVERED, Ignoring, State
from observatory.data_drift.matching import match
from observatory.record.field_path import EVERY, Segment, render

_ABSENT: Final = object()
_NOTHING: Final = Ignoring(())
_Place: TypeAlias = "tuple[_Place, Segment] | None"
_Within: TypeAlias = "tuple[Identity, dict[str, Any]] | None"
_Part: TypeAlias = tuple[Any, Any, _Place, _Within, State]
"""Two versions of a part not known to be the same: before, after, place, the list item it is in, state."""


def differences(before: Any, after: Any, *, ignoring: Ignoring = _NOTHING) -> list[DataChange]:
    """What changed between two parsed JSON values, in the order of the document.

    List items are paired by what identifies them, else by what they hold: an order is never a change. A whole
    item or field that comes or goes is one change. Numbers are compared by value, URLs without scheme and
    host, NaN equals NaN, and true is not 1. Parts that `ignoring` covers are not looked at.
    """
    start = ignoring.start()
    if start is COVERED or same(before, after):
        return []
    changes: list[DataChange] = []
    shapes = Shapes(ignoring)
    # A list of what is left to do instead of recursion: a body may be deeper than Python's stack.
    todo: list[_Part] = [(before, after, None, None, start)]
    while todo:
        part = todo.pop()
        old, new = part[0], part[1]
        if isinstance(old, dict) and isinstance(new, dict):
            found = _in_object(old, new, part, ignoring)
        elif isinstance(old, list) and isinstance(new, list):
            found = _in_list(old, new, part, ignoring, shapes)
        else:
            changes += _here(part)
            continue
        found.reverse()
        todo += found
    return changes


def _here(part: _Part) -> list[DataChange]:
    before, after, place, within, _ = part
    if not isinstance(before, dict | list) and not isinstance(after, dict | list) and atom(before) == atom(after):
        return []
    about = within[0].told(within[1]) if within else ""
    if before is _ABSENT:
        return [DataChange(_written(place), DataChangeKind.ADDED, None, after, about)]
    if after is _ABSENT:
        return [DataChange(_written(place), DataChangeKind.REMOVED, before, None, about)]
    return [DataChange(_written(place), DataChangeKind.CHANGED, before, after, about)]


def _in_object(before: dict[str, Any], after: dict[str, Any], part: _Part, ignoring: Ignoring) -> list[_Part]:
    _, _, place, within, state = part
    found: list[_Part] = []
    for key, old in before.items():
        new = after.get(key, _ABSENT)
        if old.__class__ is str and new.__class__ is str:
            alike = old == new or without_host(old) == without_host(new)
        else:
            alike = old is new or same(old, new)
        if not alike:
            found.append((old, new, (place, key), within, state))
    if len(after) != len(before) or not before.keys() >= after.keys():
        found += [(_ABSENT, new, (place, key), within, state) for key, new in after.items() if key not in before]
    return _looked_at(found, state, ignoring)


def _in_list(before: list[Any], after: list[Any], part: _Part, ignoring: Ignoring, shapes: Shapes) -> list[_Part]:
    place, state = part[2], part[4]
    if ignoring.below(state, EVERY) is COVERED:
        return []
    matched = match(before, after, state, ignoring, shapes)
    identity = matched.identity

    def within(item: Any) -> _Within:
        return (identity, item) if identity is not None and isinstance(item, dict) else None

    found: list[_Part] = [
        (before[i], after[j], (place, j), within(after[j]), state)
        for i, j in sorted(matched.pairs, key=lambda pair: pair[1])
    ]
    found += [(before[i], _ABSENT, (place, i), within(before[i]), state) for i in matched.gone]
    found += [(_ABSENT, after[j], (place, j), within(after[j]), state) for j in matched.new]
    return _looked_at(found, state, ignoring)


def _looked_at(found: list[_Part], state: State, ignoring: Ignoring) -> list[_Part]:
    """The parts that are not ignored, each with its own state."""
    if not state:
        return found
    looked_at: list[_Part] = []
    for before, after, place, within, _ in found:
        there = ignoring.below(state, place[1]) if place else state
        if there is not COVERED:
            looked_at.append((before, after, place, within, there))
    return looked_at


def _written(place: _Place) -> str:
    segments: list[Segment] = []
    while place is not None:
        place, segment = place
        segments.append(segment)
    return render(reversed(segments))
