"""Which model judges what: by endpoint for single resources, and one for the pages of all lists."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic_core

if TYPE_CHECKING:
    from pydantic import BaseModel

# Module and class by kind. They are imported when first asked for, so that a run whose bodies are all known
# already never pays for building a model.
_HOME: Mapping[str, tuple[str, str]] = {
    "ability": ("ability", "Ability"),
    "pokemon": ("pokemon", "Pokemon"),
    "type": ("type", "Type"),
    "page": ("page", "Page"),
    "plain-page": ("page", "PlainPage"),
    "meta": ("meta", "Meta"),
}
_ENDPOINTS = ("ability", "pokemon", "type")
# These answer without a resource, and yet not with a list: the API's revision, and its table of endpoints.
_NO_LIST = frozenset({"meta", ""})


class _LazyModels(Mapping[str, "type[BaseModel]"]):
    """Models by endpoint, each imported on its first use."""

    def __getitem__(self, endpoint: str) -> type[BaseModel]:
        if endpoint not in _ENDPOINTS:
            raise KeyError(endpoint)
        return model_of(endpoint)

    def __iter__(self) -> Iterator[str]:
        return iter(_ENDPOINTS)

    def __len__(self) -> int:
        return len(_ENDPOINTS)


MODELS: Mapping[str, type[BaseModel]] = _LazyModels()


def kind_for(endpoint: str, resource: str = "") -> str | None:
    """The kind of body that an address answers with, or None when no model knows it.

    The kind is the endpoint for its single resources, `page` for the lists of the endpoints with a model,
    `plain-page` for all other lists, whose resources may lack names, and `meta` for the API's revision.
    """
    if resource:
        return endpoint if endpoint in _ENDPOINTS and "/" not in resource else None
    if endpoint in _NO_LIST:
        return endpoint or None
    return "page" if endpoint in _ENDPOINTS else "plain-page"


def model_of(kind: str) -> type[BaseModel]:
    """The model that judges a kind of body, as `kind_for` names it.

    Raises:
        KeyError: there is no such kind.
    """
    module, name = _HOME[kind]
    model: type[BaseModel] = getattr(import_module(f"observatory.models.{module}"), name)
    return model


@cache
def fingerprint(folder: Path = Path(__file__).parent) -> str:
    """Twelve characters that change with the models: a stored verdict holds only while they are the same.

    Taken from the source files of this folder and the version of the validator, not from the built models,
    so that it costs a few small reads.

    Args:
        folder: where the source files lie; this one, unless a test says otherwise.
    """
    digest = hashlib.sha256(pydantic_core.__version__.encode())
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
