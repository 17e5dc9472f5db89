"""The task of the endpoint pokemon."""

from __future__ import annotations

from typing import Final

from load.question import Asking, Question

WEIGHT: Final = 3
"""How often it is done, compared with the other tasks."""


def get_pokemon(visitor: Asking, due: float | None = None) -> None:
    """Look up a pokemon, any of those that there are."""
    visitor.ask(Question("pokemon", visitor.resources.any_of("pokemon")), due)
