"""The task of the endpoint type."""

from __future__ import annotations

from typing import Final

from load.question import Asking, Question

WEIGHT: Final = 1
"""How often it is done, compared with the other tasks."""


def get_type(visitor: Asking, due: float | None = None) -> None:
    """Look up a type, any of those that there are."""
    visitor.ask(Question("type", visitor.resources.any_of("type")), due)
