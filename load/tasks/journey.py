"""A journey: open the list of pokemon, choose one of the page, and follow it to its type and its ability."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from load.question import Asking, Question

_ENDPOINT: Final = "pokemon"
_PAGE: Final = 20
_LINKS: Final = (("types", "type"), ("abilities", "ability"))


def travel(visitor: Asking) -> None:
    """Take one journey; it ends where an answer does not lead on."""
    offset = random.randrange(0, visitor.resources.count(_ENDPOINT), _PAGE)
    page = _object(visitor.ask(Question(_ENDPOINT, offset=offset)))
    chosen = _any(page.get("results"), "url")
    if chosen is None:
        return
    visitor.pause()
    pokemon = _object(visitor.ask(_question(chosen)))
    for items, reference in _LINKS:
        link = _any(pokemon.get(items), reference, "url")
        if link is not None:
            visitor.pause()
            visitor.ask(_question(link))


def _question(address: str) -> Question:
    endpoint, resource = address.rstrip("/").split("/")[-2:]
    return Question(endpoint, resource)


def _object(body: bytes) -> dict[str, Any]:
    """The body as an object; an empty one when it is none, which the check has told of already."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _any(items: Any, *keys: str) -> str | None:
    """The address below some keys of any of some items; None when there is none."""
    if not isinstance(items, list) or not items:
        return None
    value = random.choice(items)
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and "/" in value.rstrip("/") else None
