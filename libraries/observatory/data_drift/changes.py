"""One change in a resource's data: where, what kind, from what to what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from observatory.record.field_path import normalise, parse, render

_INDEX = re.compile(r"\[[0-9]+\]")


class DataChangeKind(StrEnum):
    """What happened to a place in the data."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class DataChange:
    """One difference between two versions of a resource.

    `path` is exact, with indices of the current body (`stats[0].base_stat`); for a removed list item, and what
    is in it, with its index in the previous one. `before` and `after` are plain JSON values, None for a side
    that is missing. `about` is what identifies the innermost list item around the place (`hp`), or empty.
    """

    path: str
    kind: DataChangeKind
    before: Any
    after: Any
    about: str = ""

    @property
    def normalised(self) -> str:
        """The path with `[]` for each index, so that all items of a list share one path."""
        return normalised(self.path)


def normalised(path: str) -> str:
    """A written path with `[]` for each index."""
    if '"' in path:
        return render(normalise(parse(path)))
    # Most paths have no quoted key, and then each bracket is an index: ten times as fast as reading the path.
    return _INDEX.sub("[]", path) if "[" in path else path
