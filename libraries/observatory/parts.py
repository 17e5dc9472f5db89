"""The parts of an endpoint, each with a schema of its own: its resources, its list, what hangs on a resource."""

from __future__ import annotations

from typing import Final

LIST: Final = "list"
"""The pages of an endpoint's list."""

_WITHOUT_LIST: Final = frozenset({"", "meta"})


def part_of(endpoint: str, resource: str) -> str:
    """The part of an endpoint that a resource belongs to, which has a schema of its own.

    Empty for `pokemon/25`, `list` for `pokemon?limit=20`, `encounters` for `pokemon/25/encounters`.
    """
    if not resource or resource.startswith("?"):
        return "" if endpoint in _WITHOUT_LIST else LIST
    below = resource.partition("/")[2].split("/")
    return "/".join("*" if name.isdecimal() else name for name in below)
