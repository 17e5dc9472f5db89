"""What all response models share: their base and the ways in which the API points at other resources."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """A record that the API serves: types are exact, unknown fields are allowed and kept.

    Strict means that `"1"` is no integer and 1 is no text. A field without a default must be there; one
    that is null in some resources says so. The schema is built when the first body is judged, not on import.
    """

    model_config = ConfigDict(extra="allow", strict=True, defer_build=True)


class NamedResource(ApiModel):
    """A pointer to another resource, by its name and address."""

    name: str
    url: str


class Name(ApiModel):
    """A name in one language."""

    language: NamedResource
    name: str


class GenerationGameIndex(ApiModel):
    """The number by which the games of one generation know a resource."""

    game_index: int
    generation: NamedResource


class VersionGameIndex(ApiModel):
    """The number by which one game version knows a resource."""

    game_index: int
    version: NamedResource
