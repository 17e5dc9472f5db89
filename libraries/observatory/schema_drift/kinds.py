"""The kinds of changes of a schema."""

from __future__ import annotations

from enum import StrEnum


class ChangeKind(StrEnum):
    """What can change in a schema."""

    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    TYPE_CHANGED = "type_changed"
    BECAME_NULLABLE = "became_nullable"
    NO_LONGER_NULLABLE = "no_longer_nullable"
    VALUES_WIDENED = "values_widened"
    RENAMED = "renamed"
