"""Keywords that know what must hold between the resources of the PokéAPI."""

from __future__ import annotations

from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from observatory.addresses import request_for
from observatory.failures import raise_for_failures
from observatory.field_path import values_at
from observatory.invariants import asymmetrical_damage, not_named_back
from observatory.record import plain
from robot_session import LISTENER, ROBOT_SESSION, plainly, shown_together


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class PokeApiRules:
    """Rules of the PokéAPI's world: what one resource says of another, the other must say of the one.

    The rules hold for any state of the data, so a suite that uses them needs no expected values.
    """

    @keyword
    def damage_relations_should_be_symmetrical(self, types: Any) -> None:
        """Fail where one type says that it damages another, and the other does not say so of the one.

        `types` are all types; what is said of types that are not among them is left out.

        ```robotframework
        ${types} =    Get Many Types    1-18
        Damage Relations Should Be Symmetrical    ${types}
        ```
        """
        _hold(asymmetrical_damage([plain(kind) for kind in types]), f"{len(types)} types were compared")

    @keyword
    def references_should_lead_back(self, answer: Any, references: str, back: str) -> None:
        """Follow references of an answer, and fail where what is found there does not name the answer back.

        `references` is the path to the references, `back` the path to the references in what they point to.

        ```robotframework
        ${pokemon} =    Get Pokemon    bulbasaur
        References Should Lead Back    ${pokemon}    types[].type    pokemon[].pokemon
        ```
        """
        with plainly():
            requests = [request_for(found["url"]) for found in values_at(plain(answer), references)]
            exchanges = shown_together(ROBOT_SESSION.current.fetch_many(requests))
            raise_for_failures(exchanges)
            broken = not_named_back(answer.name, [exchange.json for exchange in exchanges], back)
        _hold(broken, f"{len(exchanges)} references lead back")


def _hold(broken: list[str], fine: str) -> None:
    if broken:
        raise AssertionError("\n".join(broken))
    logger.info(f"{fine}; the rule holds.")
