"""The tasks, one module for each endpoint, and the journey through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from load.tasks.ability import WEIGHT as ABILITIES
from load.tasks.ability import get_ability
from load.tasks.journey import travel
from load.tasks.pokemon import WEIGHT as POKEMON
from load.tasks.pokemon import get_pokemon
from load.tasks.type import WEIGHT as TYPES
from load.tasks.type import get_type

LOOKUP: Final = "lookup"
JOURNEY: Final = "journey"
VISITORS: Final = (LOOKUP, JOURNEY)
"""What a user can do, by the names that people choose it by."""

LOOKUPS: Final[Mapping[Callable[..., None], int]] = {get_pokemon: POKEMON, get_type: TYPES, get_ability: ABILITIES}
"""The tasks that ask for one resource each, with how often they are done."""

__all__ = ["JOURNEY", "LOOKUP", "LOOKUPS", "VISITORS", "travel"]
