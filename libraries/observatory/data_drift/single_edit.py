"""Whether two list items are one that was edited in a single place, or two different ones."""

from __future__ import annotations

from typing import Any

from observatory.data_drift.alike import Shapes
from observatory.data_drift.ignoring import COVERED, Ignoring, State


def is_single_edit(before: Any, after: Any, state: State, ignoring: Ignoring, shapes: Shapes) -> bool:
    """Whether exactly one field differs between two items with different identities, however deep it is.

    An item whose very identity was edited has no partner in the other version; this tells it from one that
    was taken away while another one came. What identifies is never inside a list, so lists are whole here.
    """
    while isinstance(before, dict) and isinstance(after, dict):
        differing = []
        for key in before.keys() | after.keys():
            there = ignoring.below(state, key)
            if there is COVERED:
                continue
            old, new = before.get(key, _ABSENT), after.get(key, _ABSENT)
            if shapes.of(old, there) != shapes.of(new, there):
                differing.append((old, new, there))
        if len(differing) != 1:
            return False
        before, after, state = differing[0]
    return True


_ABSENT = object()
