"""Values that tests of how drift is shown are made from."""

from __future__ import annotations

import uuid
from typing import Any

from observatory.data_drift import DataChange, DataChangeKind
from observatory.history.known_changes import KnownChange
from observatory.schema_drift import ChangeKind, SchemaChange
from tests.history_values import NOW

RUN = uuid.UUID(int=7)
REVISION = "3f1c9ab27d5566aa0011"  # pragma: allowlist secret


def a_change(kind: ChangeKind = ChangeKind.FIELD_REMOVED, path: str = "moves[].order", **values: Any) -> SchemaChange:
    base = {
        "endpoint": "pokemon",
        "before": "integer",
        "after": None,
        "resources": ("1", "4"),
    }
    return SchemaChange(kind, path=path, **{**base, **values})


def a_known_change(change: SchemaChange | None = None, **values: Any) -> KnownChange:
    base = {"id": 12, "target": "live", "found_at": NOW, "run_id": RUN}
    return KnownChange(**{**base, "change": a_change() if change is None else change, **values})


def an_addition(path: str = "cries", **values: Any) -> SchemaChange:
    return a_change(ChangeKind.FIELD_ADDED, path, **{"before": None, "after": "object", **values})


def a_data_change(path: str = "weight", before: Any = 1, after: Any = 2, **values: Any) -> DataChange:
    return DataChange(path, values.pop("kind", DataChangeKind.CHANGED), before, after, **values)
