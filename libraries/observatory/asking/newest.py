"""Which resources of a list are the newest: those at its end, where an API puts what it adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from observatory.asking.addresses import request_for
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, Request
from observatory.failures import raise_for_failure


def newest(fetch: Callable[[Request], Exchange], endpoint: str, number: int) -> list[Request]:
    """What to ask for to have the last resources of an endpoint's list, the oldest of them first.

    Raises:
        ExchangeError: the list could not be had.
        ObservatoryError: `number` is not above 0, or the list does not say how long it is.
    """
    if number < 1:
        raise ObservatoryError(f"The newest {number} resources of {endpoint} cannot be drawn; ask for 1 or more.")
    length = _list(fetch, Request(endpoint, params={"limit": "1", "offset": "0"}))["count"]
    params = {"limit": str(number), "offset": str(max(0, length - number))}
    rows = _list(fetch, Request(endpoint, params=params))["results"]
    return [request_for(row["url"]) for row in rows]


def _list(fetch: Callable[[Request], Exchange], request: Request) -> Any:
    exchange = fetch(request)
    raise_for_failure(exchange)
    return exchange.json
