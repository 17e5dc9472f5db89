"""Changes of data without the values of secrets, which are known by the keys that they stand under."""

from __future__ import annotations

from dataclasses import replace

from observatory.data_drift import DataChange
from observatory.logs.secret_shapes import MASK, is_secret_key
from observatory.record.field_path import parse


def concealed(change: DataChange) -> DataChange:
    """The change, with a mask in place of each value that stands under the key of a secret."""
    if not any(isinstance(segment, str) and is_secret_key(segment) for segment in parse(change.path)):
        return change
    return replace(change, before=_masked(change.before), after=_masked(change.after))


def _masked(value: object) -> object:
    return value if value is None else MASK
