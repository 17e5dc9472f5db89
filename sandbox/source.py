"""What the stand-in serves, whoever holds it: resources, lists and the revision of them all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

BASE_URL = "https://pokeapi.co"
"""Where every address in a body points to, whatever host was asked."""

API_PATH = "/api/v2"

_NAMES = """
    ability berry berry-firmness berry-flavor characteristic contest-effect contest-type currency egg-group
    encounter-condition encounter-condition-value encounter-method evolution-chain evolution-trigger gender
    generation growth-rate item item-attribute item-category item-fling-effect item-pocket language location
    location-area machine meta move move-ailment move-battle-style move-category move-damage-class
    move-learn-method move-target nature pal-park-area pokeathlon-stat pokedex pokemon pokemon-color
    pokemon-form pokemon-habitat pokemon-shape pokemon-species region stat super-contest-effect type version
    version-group
"""
ENDPOINTS = frozenset(_NAMES.split())
"""The endpoints of the public API, as its own OpenAPI description lists them."""

ENCOUNTERS = "encounters"
"""The one resource that lies below another: `pokemon/25/encounters`."""


class Absence(Enum):
    """Why a source gives nothing: the API has no such resource, or it has and this source does not."""

    UNKNOWN = "unknown"
    NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Meta:
    """The revision of all that a source holds, as `/api/v2/meta/` tells it."""

    hash: str
    deploy_date: str
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The full list of an endpoint: every resource with its address, and its name where it has one."""

    count: int
    results: tuple[Mapping[str, Any], ...]
    ids: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Learn which id each name and id stands for."""
        ids = {}
        for entry in self.results:
            number = entry["url"].rstrip("/").rpartition("/")[2]
            ids[number] = number
            ids[entry.get("name", number)] = number
        object.__setattr__(self, "ids", ids)


class Source(Protocol):
    """Where the answers come from. All bodies are compact JSON with sorted keys and absolute addresses."""

    @property
    def label(self) -> str:
        """What this source is, for people."""

    @property
    def meta(self) -> Meta:
        """The revision of the source."""

    @property
    def endpoints(self) -> frozenset[str]:
        """The endpoints that this source holds something of."""

    def index(self) -> bytes:
        """The page at the root, which names the endpoints."""

    def listing(self, endpoint: str) -> Listing | Absence:
        """The full list of an endpoint."""

    def document(self, endpoint: str, resource: str, below: str = "") -> bytes | Absence:
        """The body of a resource, by id or lower-case name; `below` is empty or `encounters`."""


def address(endpoint: str, resource: int | str = "", below: str = "") -> str:
    """The address of a list, a resource, or what lies below it, as the public API writes it."""
    if below:
        return f"{BASE_URL}{API_PATH}/{endpoint}/{resource}/{below}"
    return f"{BASE_URL}{API_PATH}/{endpoint}/{resource}/" if resource else f"{BASE_URL}{API_PATH}/{endpoint}/"


def compact(value: object) -> bytes:
    """JSON as the public API sends it: no white space, keys sorted, text as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def why_absent(listing: Listing | Absence, endpoint: str, resource: str, below: str) -> Absence:
    """Tell whether the public API would have a resource that a source cannot give.

    It would when the list names the resource. Without a list nothing can be said about it, which counts
    as not recorded too.
    """
    if below and endpoint != "pokemon":
        return Absence.UNKNOWN
    if isinstance(listing, Listing) and resource not in listing.ids:
        return Absence.UNKNOWN
    return Absence.NOT_RECORDED
