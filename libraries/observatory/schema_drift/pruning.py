"""Bodies without what a change of the schema tells of already, so that only data is left to be compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from observatory.record.field_path import EVERY, Path, parse
from observatory.schema_drift.changes import SchemaChange


def prune(changes: Iterable[SchemaChange], *bodies: Any) -> None:
    """Take the fields out of parsed bodies that these changes tell of."""
    for change in changes:
        for path in (change.path, change.to):
            if path is not None and change.tells(path):
                for body in bodies:
                    _take_out(body, parse(path))


def _take_out(body: Any, path: Path) -> None:
    if not path or not isinstance(path[-1], str):
        return
    above = [body]
    for segment in path[:-1]:
        if segment is EVERY:
            above = [item for value in above if type(value) is list for item in value]
        else:
            above = [value[segment] for value in above if type(value) is dict and segment in value]
    for value in above:
        if type(value) is dict:
            value.pop(path[-1], None)
