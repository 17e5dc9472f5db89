"""The model of an ability, as `/ability/{id}` serves it."""

from __future__ import annotations

from observatory.models.reference import ApiModel, Name, NamedResource


class VerboseEffect(ApiModel):
    """What an ability does, at length and in short, in one language."""

    effect: str
    language: NamedResource
    short_effect: str


class Effect(ApiModel):
    """What an ability did, in one language."""

    effect: str
    language: NamedResource


class EffectChange(ApiModel):
    """The effect that an ability had up to a version group."""

    effect_entries: list[Effect]
    version_group: NamedResource


class FlavorText(ApiModel):
    """The words of one version group in one language."""

    flavor_text: str
    language: NamedResource
    version_group: NamedResource


class AbilityPokemon(ApiModel):
    """A pokemon that can have this ability."""

    is_hidden: bool
    pokemon: NamedResource
    slot: int


class Ability(ApiModel):
    """An ability."""

    effect_changes: list[EffectChange]
    effect_entries: list[VerboseEffect]
    flavor_text_entries: list[FlavorText]
    generation: NamedResource
    id: int
    is_main_series: bool
    name: str
    names: list[Name]
    pokemon: list[AbilityPokemon]
