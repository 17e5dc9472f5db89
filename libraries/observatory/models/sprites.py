"""The addresses of a pokemon's pictures: nothing in here is required, because each game drew only some.

The eight pictures of today are required fields that may be null. Below `other` and `versions` a
resource may lack what its game never had, so every field there may be absent or null.
"""

from __future__ import annotations

from pydantic import ConfigDict, Field

from observatory.models.reference import ApiModel


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class DashedModel(ApiModel):
    """A record whose keys are written with dashes: `generation-i`, `red-blue`."""

    model_config = ConfigDict(alias_generator=_dashed)


class FrontSprites(ApiModel):
    """From the front, and shiny."""

    front_default: str | None = None
    front_shiny: str | None = None


class BothSidesSprites(FrontSprites):
    """From the front and the back, and shiny."""

    back_default: str | None = None
    back_shiny: str | None = None


class IconSprites(ApiModel):
    """From the front, male and female."""

    front_default: str | None = None
    front_female: str | None = None


class FemaleFrontSprites(FrontSprites):
    """From the front, shiny, male and female."""

    front_female: str | None = None
    front_shiny_female: str | None = None


class FemaleSprites(FemaleFrontSprites):
    """From both sides, shiny, male and female."""

    back_default: str | None = None
    back_female: str | None = None
    back_shiny: str | None = None
    back_shiny_female: str | None = None


class AnimatedSprites(FemaleSprites):
    """The same, and moving."""

    animated: FemaleSprites | None = None


class GraySprites(ApiModel):
    """From both sides, in colour, gray, and on a transparent ground."""

    back_default: str | None = None
    back_gray: str | None = None
    back_transparent: str | None = None
    front_default: str | None = None
    front_gray: str | None = None
    front_transparent: str | None = None


class MetalSprites(BothSidesSprites):
    """From both sides, shiny, and the front on a transparent ground."""

    front_transparent: str | None = None


class CrystalSprites(MetalSprites):
    """From both sides, shiny, and all of them on a transparent ground."""

    back_shiny_transparent: str | None = None
    back_transparent: str | None = None
    front_shiny_transparent: str | None = None


class GenerationI(DashedModel):
    """Games of generation I."""

    red_blue: GraySprites | None = None
    yellow: GraySprites | None = None


class GenerationII(DashedModel):
    """Games of generation II."""

    crystal: CrystalSprites | None = None
    gold: MetalSprites | None = None
    silver: MetalSprites | None = None


class GenerationIII(DashedModel):
    """Games of generation III."""

    emerald: FrontSprites | None = None
    firered_leafgreen: BothSidesSprites | None = None
    ruby_sapphire: BothSidesSprites | None = None


class GenerationIV(DashedModel):
    """Games of generation IV."""

    diamond_pearl: FemaleSprites | None = None
    heartgold_soulsilver: FemaleSprites | None = None
    platinum: FemaleSprites | None = None


class GenerationV(DashedModel):
    """Games of generation V."""

    black_white: AnimatedSprites | None = None


class GenerationVI(DashedModel):
    """Games of generation VI."""

    omegaruby_alphasapphire: FemaleFrontSprites | None = None
    x_y: FemaleFrontSprites | None = None


class GenerationVII(DashedModel):
    """Games of generation VII."""

    icons: IconSprites | None = None
    ultra_sun_ultra_moon: FemaleFrontSprites | None = None


class GenerationVIII(DashedModel):
    """Games of generation VIII."""

    brilliant_diamond_shining_pearl: IconSprites | None = None
    icons: IconSprites | None = None


class GenerationIX(DashedModel):
    """Games of generation IX."""

    scarlet_violet: IconSprites | None = None


class VersionSprites(DashedModel):
    """Pictures by generation and game."""

    generation_i: GenerationI | None = None
    generation_ii: GenerationII | None = None
    generation_iii: GenerationIII | None = None
    generation_iv: GenerationIV | None = None
    generation_v: GenerationV | None = None
    generation_vi: GenerationVI | None = None
    generation_vii: GenerationVII | None = None
    generation_viii: GenerationVIII | None = None
    generation_ix: GenerationIX | None = None


class OtherSprites(ApiModel):
    """Pictures that come from no game cartridge."""

    dream_world: IconSprites | None = None
    home: FemaleFrontSprites | None = None
    official_artwork: FrontSprites | None = Field(default=None, alias="official-artwork")
    showdown: FemaleSprites | None = None


class PokemonSprites(ApiModel):
    """All pictures of a pokemon."""

    back_default: str | None
    back_female: str | None
    back_shiny: str | None
    back_shiny_female: str | None
    front_default: str | None
    front_female: str | None
    front_shiny: str | None
    front_shiny_female: str | None
    other: OtherSprites
    versions: VersionSprites
