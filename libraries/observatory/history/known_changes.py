"""A change of a schema as the history keeps it: since when, by which revision, and whether anybody accepted it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from observatory.schema_drift import SchemaChange


class ChangeState(StrEnum):
    """A change is open until a person accepts it, or the API takes it back."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class KnownChange:
    """A change, where and when it was seen first, and what became of it.

    `api_revision` is what the API called its own revision in that run, and `revision_before` what it was called in
    the run before; None where it did not say. `closed_by` and `reason` are the person's who accepted it.
    """

    id: int
    target: str
    change: SchemaChange
    found_at: datetime
    run_id: uuid.UUID
    state: ChangeState = ChangeState.OPEN
    api_revision: str | None = None
    revision_before: str | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    reason: str = ""

    @property
    def is_unannounced(self) -> bool:
        """Whether the API changed and says that it is at the same revision as before."""
        return self.api_revision is not None and self.api_revision == self.revision_before
