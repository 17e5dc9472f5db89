"""Which resources an API added since it was asked last, as far as their numbers tell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 -- psycopg2 names its class in lower case

_BLOCK: Final = 10_000
"""Numbers of one kind: the PokéAPI begins anew, at 10001, for what is a form of something else."""

_HIGHEST: Final = """
SELECT resource::bigint / %(block)s, max(resource::bigint) FROM api_responses
WHERE target_id = %(target_id)s AND endpoint = %(endpoint)s AND first_run_id <> %(run_id)s
    AND resource ~ '^[0-9]{1,15}$'
GROUP BY 1
"""


class Newer:
    """The resources of an endpoint that were not there before a run: of a higher number than all that were seen.

    A resource that was never asked for, among numbers that were, is as old as these: what it is like says nothing of
    a change. Names tell nothing, and count as new.
    """

    def __init__(self, cursor: Cursor, place: Mapping[str, Any]) -> None:
        """Ask only when somebody wants to know."""
        self._cursor = cursor
        self._place = place

    def __contains__(self, resource: str) -> bool:
        if self._place["part"]:  # pages of lists, and what hangs on a resource that may be old
            return False
        if not resource.isdecimal():
            return True
        return int(resource) > self._highest.get(int(resource) // _BLOCK, -1)

    @cached_property
    def _highest(self) -> dict[int, int]:
        self._cursor.execute(_HIGHEST, {**self._place, "block": _BLOCK})
        return {int(block): int(number) for block, number in self._cursor.fetchall()}
