"""The model of a type, as `/type/{id}` serves it."""

from __future__ import annotations

from observatory.models.reference import ApiModel, GenerationGameIndex, Name, NamedResource
from observatory.models.sprites import DashedModel


class DamageRelations(ApiModel):
    """The types that this type is strong, weak or powerless against, in both directions."""

    double_damage_from: list[NamedResource]
    double_damage_to: list[NamedResource]
    half_damage_from: list[NamedResource]
    half_damage_to: list[NamedResource]
    no_damage_from: list[NamedResource]
    no_damage_to: list[NamedResource]


class PastDamageRelations(ApiModel):
    """The damage relations that held up to a generation."""

    damage_relations: DamageRelations
    generation: NamedResource


class TypePokemon(ApiModel):
    """A pokemon that has this type."""

    pokemon: NamedResource
    slot: int


class TypeIcons(ApiModel):
    """How one game draws the type; null where it drew nothing."""

    name_icon: str | None = None
    symbol_icon: str | None = None


class GenerationIII(DashedModel):
    """Games of generation III."""

    colosseum: TypeIcons | None = None
    emerald: TypeIcons | None = None
    firered_leafgreen: TypeIcons | None = None
    ruby_sapphire: TypeIcons | None = None
    xd: TypeIcons | None = None


class GenerationIV(DashedModel):
    """Games of generation IV."""

    diamond_pearl: TypeIcons | None = None
    heartgold_soulsilver: TypeIcons | None = None
    platinum: TypeIcons | None = None


class GenerationV(DashedModel):
    """Games of generation V."""

    black_2_white_2: TypeIcons | None = None
    black_white: TypeIcons | None = None


class GenerationVI(DashedModel):
    """Games of generation VI."""

    omega_ruby_alpha_sapphire: TypeIcons | None = None
    x_y: TypeIcons | None = None


class GenerationVII(DashedModel):
    """Games of generation VII."""

    lets_go_pikachu_lets_go_eevee: TypeIcons | None = None
    sun_moon: TypeIcons | None = None
    ultra_sun_ultra_moon: TypeIcons | None = None


class GenerationVIII(DashedModel):
    """Games of generation VIII."""

    brilliant_diamond_shining_pearl: TypeIcons | None = None
    legends_arceus: TypeIcons | None = None
    sword_shield: TypeIcons | None = None


class GenerationIX(DashedModel):
    """Games of generation IX."""

    scarlet_violet: TypeIcons | None = None


class TypeSprites(DashedModel):
    """The icons of a type by generation and game; a newer type may lack the older games."""

    generation_iii: GenerationIII | None = None
    generation_iv: GenerationIV | None = None
    generation_v: GenerationV | None = None
    generation_vi: GenerationVI | None = None
    generation_vii: GenerationVII | None = None
    generation_viii: GenerationVIII | None = None
    generation_ix: GenerationIX | None = None


class Type(ApiModel):
    """A type; the move damage class is null for the types that came after classes went to the moves."""

    damage_relations: DamageRelations
    game_indices: list[GenerationGameIndex]
    generation: NamedResource
    id: int
    move_damage_class: NamedResource | None
    moves: list[NamedResource]
    name: str
    names: list[Name]
    past_damage_relations: list[PastDamageRelations]
    pokemon: list[TypePokemon]
    sprites: TypeSprites
