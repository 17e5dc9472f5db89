"""The stand-in's own catalogue: facts about the first pokemon, their types and abilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sandbox.catalogue.abilities import ability_document
from sandbox.catalogue.facts import Facts, Row
from sandbox.catalogue.pokemon import pokemon_document
from sandbox.catalogue.types import type_document
from sandbox.source import Absence, Listing, Meta, address, compact, why_absent

COLLECTED_AT = "1786147200"
"""When the facts were collected, in seconds since 1970: 2026-08-08."""

_BUILDERS: Mapping[str, Callable[[Row, Facts], dict[str, Any]]] = {
    "ability": ability_document,
    "pokemon": pokemon_document,
    "type": type_document,
}


class Catalogue:
    """Serves pokemon, types and abilities that refer to each other consistently; loaded when first asked."""

    label = "the catalogue"
    endpoints = frozenset(_BUILDERS)

    @cached_property
    def _facts(self) -> Facts:
        return Facts()

    @cached_property
    def meta(self) -> Meta:
        """The catalogue's revision: a digest of its facts."""
        return Meta(hash=self._facts.digest, deploy_date=COLLECTED_AT)

    def index(self) -> bytes:
        """The page at the root: the three endpoints the catalogue has."""
        return compact({name: address(name) for name in self.endpoints})

    def listing(self, endpoint: str) -> Listing | Absence:
        """The full list of one of the catalogue's endpoints."""
        return self._listings.get(endpoint, Absence.NOT_RECORDED)

    def document(self, endpoint: str, resource: str, below: str = "") -> bytes | Absence:
        """The body of a resource, built from the facts; the catalogue knows of no encounters."""
        listing = self.listing(endpoint)
        if isinstance(listing, Absence) or below or resource not in listing.ids:
            return why_absent(listing, endpoint, resource, below)
        row = self._facts.table(endpoint)[int(listing.ids[resource])]
        return compact(_BUILDERS[endpoint](row, self._facts))

    @cached_property
    def _listings(self) -> Mapping[str, Listing]:
        listings = {}
        for endpoint in self.endpoints:
            entries = tuple(self._facts.link(endpoint, number) for number in self._facts.table(endpoint))
            listings[endpoint] = Listing(count=len(entries), results=entries)
        return listings
