"""A change of a schema, as it is stored and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.shapes import is_below

Side: TypeAlias = str | list[str] | None
"""What stood at a path before or after: its kinds, such as `string or null`; the words of an enumeration; nothing."""

BREAKING: Final = frozenset(
    {ChangeKind.FIELD_REMOVED, ChangeKind.TYPE_CHANGED, ChangeKind.BECAME_NULLABLE, ChangeKind.RENAMED}
)
"""What a client of the API can break on, as oasdiff sees it for responses."""

_COMES_OR_GOES: Final = frozenset({ChangeKind.FIELD_ADDED, ChangeKind.FIELD_REMOVED, ChangeKind.RENAMED})

_IN_WORDS: Final = {
    ChangeKind.FIELD_ADDED: "was added",
    ChangeKind.FIELD_REMOVED: "was removed",
    ChangeKind.TYPE_CHANGED: "changed its type",
    ChangeKind.BECAME_NULLABLE: "became nullable",
    ChangeKind.NO_LONGER_NULLABLE: "is no longer nullable",
    ChangeKind.VALUES_WIDENED: "has new values",
    ChangeKind.RENAMED: "seems to be renamed",
}


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change of one path of an endpoint, with all resources of the run that show it.

    `part` is empty for the endpoint's resources, `list` for the pages of its list, else the name of a sub-resource
    such as `encounters`. `to` is the new path of a renamed field.
    """

    kind: ChangeKind
    endpoint: str
    path: str
    before: Side
    after: Side
    resources: tuple[str, ...]
    part: str = ""
    to: str | None = None

    @property
    def breaking(self) -> bool:
        """Whether a client that worked before may not work now."""
        return self.kind in BREAKING

    @property
    def count(self) -> int:
        """How many resources show the change."""
        return len(self.resources)

    @property
    def subject(self) -> str:
        """Whose schema changed, as a person says it: `pokemon`, `pokemon list`, `pokemon encounters`."""
        return f"{self.endpoint} {self.part}".strip()

    @property
    def words(self) -> str:
        """What happened, such as `became nullable`."""
        return _IN_WORDS[self.kind]

    @property
    def new_words(self) -> list[str]:
        """The words that an enumeration did not have before; none for any other kind of change."""
        known = set(self.before) if isinstance(self.before, list) else set()
        return [word for word in self.after if word not in known] if isinstance(self.after, list) else []

    def sentence(self) -> str:
        """The change in one sentence, without its resources."""
        rest = {
            ChangeKind.FIELD_ADDED: f" ({sided(self.after)})",
            ChangeKind.FIELD_REMOVED: f" ({sided(self.before)})" if self.after is None else f": now {self.after}",
            ChangeKind.TYPE_CHANGED: f" from {sided(self.before)} to {sided(self.after)}",
            ChangeKind.VALUES_WIDENED: f": {', '.join(self.new_words)}",
            ChangeKind.RENAMED: f" to {self.to}",
        }.get(self.kind, "")
        return f"{self.subject}: {self.path or 'the whole body'} {self.words}{rest}"

    def as_event(self) -> dict[str, Any]:
        """The change as one JSON line has it."""
        event = {
            "kind": self.kind.value,
            "endpoint": self.endpoint,
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "breaking": self.breaking,
            "resources": list(self.resources),
            "count": self.count,
        }
        if self.part:
            event["part"] = self.part
        if self.to is not None:
            event["to"] = self.to
        return event

    def tells(self, path: str) -> bool:
        """Whether this change says already that something at a normalised path came or went.

        What is there before and after, with another value, is a change of the data too.
        """
        is_there_elsewhere = self.kind is ChangeKind.FIELD_REMOVED and self.after is not None
        if self.kind not in _COMES_OR_GOES or is_there_elsewhere:
            return False
        return any(path == place or is_below(path, place) for place in (self.path, self.to) if place is not None)

    def reverses(self, other: SchemaChange) -> bool:
        """Whether this change takes another one back."""
        if (self.endpoint, self.part) != (other.endpoint, other.part):
            return False
        if ChangeKind.RENAMED in (self.kind, other.kind):
            return self.kind is other.kind and (self.path, self.to) == (other.to, other.path)
        is_inverse = _INVERSE.get(self.kind) is other.kind and self.path == other.path
        return is_inverse and (self.kind is not ChangeKind.TYPE_CHANGED or self.after == other.before)


_INVERSE: Final = {
    ChangeKind.FIELD_ADDED: ChangeKind.FIELD_REMOVED,
    ChangeKind.FIELD_REMOVED: ChangeKind.FIELD_ADDED,
    ChangeKind.TYPE_CHANGED: ChangeKind.TYPE_CHANGED,
    ChangeKind.BECAME_NULLABLE: ChangeKind.NO_LONGER_NULLABLE,
    ChangeKind.NO_LONGER_NULLABLE: ChangeKind.BECAME_NULLABLE,
}


def sided(side: Side) -> str:
    """One side of a change as text; empty for nothing."""
    return "" if side is None else side if isinstance(side, str) else ", ".join(side)
