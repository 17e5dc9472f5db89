"""Changes that the API takes back: whether a body still shows one, and what is known when none does."""

from __future__ import annotations

from functools import reduce
from operator import or_

from observatory.schema_drift.changes import SchemaChange
from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.model import Model, bit_of
from observatory.schema_drift.shapes import MISSING, NULL, OBJECT, TYPES, Shape, kinds_from_words, parent_of


def shows(change: SchemaChange, shape: Shape) -> bool:
    """Whether a body of this shape still shows a change."""
    flags = shape.fields.get(change.path, 0)
    above = shape.fields.get(parent_of(change.path) or "", 0)
    match change.kind:
        case ChangeKind.FIELD_ADDED:
            return bool(flags & (TYPES | NULL))
        case ChangeKind.FIELD_REMOVED | ChangeKind.RENAMED:
            return bool(above & OBJECT) and (not flags or bool(flags & MISSING))
        case ChangeKind.TYPE_CHANGED:
            return bool(flags & TYPES & ~kinds_from_words(change.before))
        case ChangeKind.BECAME_NULLABLE:
            return bool(flags & NULL)
        case ChangeKind.NO_LONGER_NULLABLE:
            return not flags & NULL
        case ChangeKind.VALUES_WIDENED:
            return bool(shape.values.get(change.path, frozenset()) & set(change.new_words))


def take_back(known: Model, change: SchemaChange) -> None:
    """Know a path as it was before a change that the API took back: when the change comes again, it is told again."""
    evidence = known.get(change.path)
    if evidence is None:
        return
    others = ~reduce(or_, map(bit_of, change.resources), 0)
    match change.kind:
        case ChangeKind.FIELD_REMOVED:
            evidence.absent &= others
        case ChangeKind.BECAME_NULLABLE:
            evidence.null &= others
        case ChangeKind.TYPE_CHANGED:
            evidence.types &= ~(kinds_from_words(change.after) & ~kinds_from_words(change.before))
