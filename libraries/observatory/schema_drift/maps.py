"""Which objects are maps, whose keys are data: told by evidence, never by the look of a name."""

from __future__ import annotations

from typing import Final

from observatory.schema_drift.model import Model
from observatory.schema_drift.shapes import any_child

_RESOURCES: Final = 5  # that must have the object
_KEYS: Final = 5  # different ones, at least
_SHARE: Final = 0.5  # of the resources that have a key, on average, at most


def is_map(path: str, known: Model) -> bool:
    """Whether the object at a path is a map.

    A record has the same keys everywhere. A map has many keys, each of them in few resources and none in all, and
    their values are of one kind.
    """
    if any_child(path) in known:
        return True
    above = known.get(path)
    if above is None or above.objects.bit_count() < _RESOURCES:
        return False
    keys = list(known.children(path).values())
    resources = above.objects.bit_count()
    shares = [key.present.bit_count() / resources for key in keys]
    if len(keys) < _KEYS or max(shares) == 1 or sum(shares) > _SHARE * len(shares):
        return False
    return len({key.types for key in keys if key.types}) == 1
