"""The model of a pokemon, as `/pokemon/{id}` serves it."""

from __future__ import annotations

from observatory.models.reference import ApiModel, NamedResource, VersionGameIndex
from observatory.models.sprites import PokemonSprites


class PokemonAbility(ApiModel):
    """An ability that a pokemon has."""

    ability: NamedResource
    is_hidden: bool
    slot: int


class PastAbility(ApiModel):
    """An ability in a slot of old; null where the slot was empty then."""

    ability: NamedResource | None
    is_hidden: bool
    slot: int


class PastAbilities(ApiModel):
    """The abilities that were others up to a generation."""

    abilities: list[PastAbility]
    generation: NamedResource


class PokemonType(ApiModel):
    """A type that a pokemon has."""

    slot: int
    type: NamedResource


class PastTypes(ApiModel):
    """The types that a pokemon had up to a generation."""

    generation: NamedResource
    types: list[PokemonType]


class PokemonStat(ApiModel):
    """One of a pokemon's base stats."""

    base_stat: int
    effort: int
    stat: NamedResource


class PastStats(ApiModel):
    """The stats that were others up to a generation."""

    generation: NamedResource
    stats: list[PokemonStat]


class MoveVersion(ApiModel):
    """How, and at what level, a move is learned in one version group."""

    level_learned_at: int
    move_learn_method: NamedResource
    order: int | None
    version_group: NamedResource


class PokemonMove(ApiModel):
    """A move that a pokemon can learn."""

    move: NamedResource
    version_group_details: list[MoveVersion]


class HeldItemVersion(ApiModel):
    """How rarely an item is held in one game version."""

    rarity: int
    version: NamedResource


class HeldItem(ApiModel):
    """An item that a pokemon may hold when it is met in the wild."""

    item: NamedResource
    version_details: list[HeldItemVersion]


class Cries(ApiModel):
    """The addresses of a pokemon's cries."""

    latest: str
    legacy: str | None


class Pokemon(ApiModel):
    """A pokemon; height is in decimetres, weight in hectograms."""

    abilities: list[PokemonAbility]
    base_experience: int | None
    cries: Cries
    forms: list[NamedResource]
    game_indices: list[VersionGameIndex]
    height: int
    held_items: list[HeldItem]
    id: int
    is_default: bool
    location_area_encounters: str
    moves: list[PokemonMove]
    name: str
    order: int
    past_abilities: list[PastAbilities]
    past_stats: list[PastStats]
    past_types: list[PastTypes]
    species: NamedResource
    sprites: PokemonSprites
    stats: list[PokemonStat]
    types: list[PokemonType]
    weight: int
