"""One page of a list: which rows, and where the next and the previous page are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sandbox.source import Listing

DEFAULT_LIMIT = 20

_LEADING_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that was asked for."""

    offset: int = 0
    limit: int = DEFAULT_LIMIT

    @classmethod
    def of(cls, query: str) -> Window:
        """Read `offset` and `limit` from a query string; what makes no sense, or is 0, means the default.

        The digits a value begins with count (`5xyz` is 5, `10.7` is 10); of a parameter given twice the
        first one wins.
        """
        first: dict[str, str] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            first.setdefault(name, value)
        return cls(
            offset=_leading_integer(first.get("offset", "")),
            limit=_leading_integer(first.get("limit", "")) or DEFAULT_LIMIT,
        )

    def next(self, count: int) -> Window | None:
        """The window behind this one, cut where the list ends; None when no row is left."""
        begin = self.offset + self.limit
        end = min(begin + self.limit, count)
        return Window(begin, end - begin) if end > begin else None

    def previous(self) -> Window | None:
        """The window before this one, cut where the list begins; None when this one is at the beginning."""
        begin = max(self.offset - self.limit, 0)
        return Window(begin, self.offset - begin) if begin < self.offset else None


def page(listing: Listing, window: Window, address: str) -> dict[str, Any]:
    """Build the body of a list page.

    Args:
        listing: the full list.
        window: the part that was asked for.
        address: the list's own address, with or without the trailing slash it was asked with.
    """

    def link(to: Window | None) -> str | None:
        return None if to is None else f"{address}?offset={to.offset}&limit={to.limit}"

    return {
        "count": listing.count,
        "next": link(window.next(listing.count)),
        "previous": link(window.previous()),
        # Slices count negative positions from the end, as the public API does.
        "results": listing.results[window.offset : window.offset + window.limit],
    }


def _leading_integer(text: str) -> int:
    found = _LEADING_INTEGER.match(text)
    return int(found[1]) if found else 0
