"""The task of the endpoint ability."""

from __future__ import annotations

from typing import Final

from load.question import Asking, Question

WEIGHT: Final = 1
"""How often it is done, compared with the other tasks."""


def get_ability(visitor: Asking, due: float | None = None) -> None:
    """Look up an ability, any of those that there are."""
    visitor.ask(Question("ability", visitor.resources.any_of("ability")), due)
