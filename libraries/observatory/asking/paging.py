"""Walking through all pages of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from observatory.asking.addresses import request_for
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, Request
from observatory.failures import raise_for_failure


def window_of(address: str | None) -> str:
    """Which rows the address of a page asks for, in words and in the address's own order: `offset 20, limit 20`.

    `none` when there is no such page.
    """
    if address is None:
        return "none"
    return ", ".join(f"{name} {value}" for name, value in parse_qsl(urlsplit(address).query, keep_blank_values=True))


def all_references(fetch: Callable[[Request], Exchange], first: Request) -> list[Any]:
    """Every entry in `results` of every page, from `first` along `next` to the last.

    Raises:
        ExchangeError: a page could not be had.
        ObservatoryError: a page says that one before it comes next, so the walk would never end.
    """
    found: list[Any] = []
    visited: set[str] = set()
    request: Request | None = first
    while request is not None:
        exchange = fetch(request)
        raise_for_failure(exchange)
        if exchange.url in visited:
            raise ObservatoryError(
                f"The pages of {first.endpoint} run in a circle: {exchange.url} comes a second time."
            )
        visited.add(exchange.url)
        found.extend(exchange.json["results"])
        following = exchange.json["next"]
        request = request_for(following) if following else None
    return found
