"""Keywords that know what must hold between the resources of the PokéAPI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import checked, exchange_behind
from observatory.asking.addresses import request_for
from observatory.record import plain
from observatory.record.field_path import EVERY, parse, values_at
from observatory.rules import invariants
from observatory.words import count
from robot_listener import LISTENER
from robot_session import fetched_together, plainly

_MOST_TOLD = 10  # breaches of a rule in one message


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class PokeApiRules:
    """Rules of the PokéAPI's world: what one resource says of another, the other must say of the one.

    The rules hold for any state of the data, so a suite that uses them needs no expected values. A rule that is
    broken names each place where it is.
    """

    @keyword
    def every_field_should_be(self, answers: Any, path: str, operator: AssertionOperator, expected: Any) -> None:
        """Fail where a field of one of several answers is not as it should be; `[]` in the path is each item of a list.

        ```robotframework
        ${pokemon} =    Get Many Pokemon    1, 25, 150
        Every Field Should Be    ${pokemon}    weight    >=    0
        Every Field Should Be    ${pokemon}    stats[].base_stat    >=    1
        ```
        """
        with plainly():
            broken = []
            for answer in answers:
                found = values_at(plain(answer), path)
                for value in found if EVERY in parse(path) else [found]:
                    broken += _breach(value, operator, expected, answer, path)
        _hold(broken, f"{count(len(answers), 'answer')} looked at")

    @keyword
    def every_list_should_have_length(
        self, answers: Any, path: str, operator: AssertionOperator, expected: int
    ) -> None:
        """Fail where a list in one of several answers is not as long as it should be.

        ```robotframework
        ${pokemon} =    Get Many Pokemon    1, 25, 150
        Every List Should Have Length    ${pokemon}    stats    ==    6
        ```
        """
        with plainly():
            broken = []
            for answer in answers:
                length = len(values_at(plain(answer), path))
                broken += _breach(length, operator, expected, answer, f"number of {path}")
        _hold(broken, f"{count(len(answers), 'answer')} looked at")

    @keyword
    def slots_should_rise(self, answers: Any, path: str) -> None:
        """Fail where the things of a list share a slot, or do not stand in the order of their slots.

        ```robotframework
        ${pokemon} =    Get Many Pokemon    1, 6, 25
        Slots Should Rise    ${pokemon}    types
        ```
        """
        with plainly():
            broken = invariants.disordered_slots(_plain(answers), path)
        _hold(broken, f"{count(len(answers), 'answer')} looked at")

    @keyword
    def hidden_abilities_should_be_in_the_third_slot(self, pokemon: Any) -> None:
        """Fail where a pokemon has a hidden ability in another slot than the third, or an open one in it.

        ```robotframework
        ${pokemon} =    Get Many Pokemon    1, 6, 25
        Hidden Abilities Should Be In The Third Slot    ${pokemon}
        ```
        """
        _hold(invariants.misplaced_hidden_abilities(_plain(pokemon)), f"{len(pokemon)} pokemon looked at")

    @keyword
    def damage_relations_should_be_symmetrical(self, types: Any) -> None:
        """Fail where one type says that it damages another, and the other does not say so of the one.

        `types` are all types; what is said of types that are not among them is left out.

        ```robotframework
        ${types} =    Get Many Types    1-18
        Damage Relations Should Be Symmetrical    ${types}
        ```
        """
        _hold(invariants.asymmetrical_damage(_plain(types)), f"{count(len(types), 'type')} compared")

    @keyword
    def types_should_damage_in_one_way_only(self, types: Any) -> None:
        """Fail where a type damages another in two ways at once, such as doubly and by half.

        ```robotframework
        ${types} =    Get Many Types    1-18
        Types Should Damage In One Way Only    ${types}
        ```
        """
        _hold(invariants.contradictory_damage(_plain(types)), f"{count(len(types), 'type')} looked at")

    @keyword
    def references_should_lead_back(self, answer: Any, references: str, back: str, at_most: int | None = None) -> None:
        """Follow references of an answer, and fail where what is found there does not name the answer back.

        `references` is the path to the references, `back` the path to the references in what they point to. Of a
        long list, `at_most` so many are followed.

        ```robotframework
        ${pokemon} =    Get Pokemon    bulbasaur
        References Should Lead Back    ${pokemon}    types[].type    pokemon[].pokemon
        ```
        """
        with plainly():
            found = _followed(values_at(plain(answer), references)[:at_most])
            broken = invariants.not_named_back(answer.name, found, back)
        _hold(broken, f"{count(len(found), 'reference')} followed")

    @keyword
    def references_should_lead_to_what_they_name(
        self, answer: Any, references: str, at_most: int | None = None
    ) -> None:
        """Follow references of an answer, and fail where what is found there has another name.

        ```robotframework
        ${type} =    Get Type    fire
        References Should Lead To What They Name    ${type}    damage_relations.double_damage_to[]
        ```
        """
        with plainly():
            named = values_at(plain(answer), references)[:at_most]
            broken = invariants.misleading(named, _followed(named))
        _hold(broken, f"{count(len(named), 'reference')} followed")

    @keyword
    def list_should_hold_each_resource_once(self, references: Any, expected: int) -> None:
        """Fail where references name a resource twice, or are not as many as expected.

        ```robotframework
        ${page} =    Get Page    type
        ${types} =    Get All References    type    page_size=5
        List Should Hold Each Resource Once    ${types}    ${page.count}
        ```
        """
        _hold(invariants.incomplete_list(plain(references), expected), f"{count(len(references), 'resource')} listed")

    @keyword
    def addresses_should_be_absolute(self, answer: Any) -> None:
        """Fail where an address in an answer is not absolute, or lies on another host than the others in it.

        ```robotframework
        ${pokemon} =    Get Pokemon    1
        Addresses Should Be Absolute    ${pokemon}
        ```
        """
        _hold(invariants.foreign_addresses(plain(answer)), "All addresses are on one host")

    @keyword
    def answers_should_be_the_same(self, first: Any, second: Any) -> None:
        """Fail when two answers differ in a single byte.

        ```robotframework
        ${by_number} =    Get Pokemon    1
        ${by_name} =    Get Pokemon    bulbasaur
        Answers Should Be The Same    ${by_number}    ${by_name}
        ```
        """
        with plainly():
            one, two = exchange_behind(first), exchange_behind(second)
            if one.body != two.body:
                bodies = " and ".join(
                    f"{len(each.body)} bytes ({each.content_hash.hex()[:12]}…)" for each in (one, two)
                )
                raise AssertionError(f"{one.url} and {two.url} should have the same body, but they have {bodies}.")

    @keyword
    def message_should_tell(self, message: str, *parts: str) -> None:
        """Fail when a message lacks one of some parts.

        ```robotframework
        ${message} =    Run Keyword And Expect Error    *    Get Pokemon    0
        Message Should Tell    ${message}    pokemon/0    404 Not Found    after 1 attempt
        ```
        """
        lacking = [part for part in parts if part not in message]
        if lacking:
            raise AssertionError(f"The message should tell {' and '.join(map(repr, lacking))}, but it is: {message}")


def _breach(seen: Any, operator: AssertionOperator, expected: Any, answer: Any, what: str) -> list[str]:
    try:
        checked(seen, operator, expected, exchange_behind(answer), what)
    except AssertionError as error:
        return [str(error)]
    return []


def _followed(references: Sequence[Any]) -> list[Any]:
    return [exchange.json for exchange in fetched_together([request_for(each["url"]) for each in references])]


def _plain(answers: Any) -> list[Any]:
    return [plain(answer) for answer in answers]


def _hold(broken: Sequence[str], fine: str) -> None:
    if broken:
        more = f"\n… and {len(broken) - _MOST_TOLD} more." if len(broken) > _MOST_TOLD else ""
        raise AssertionError("\n".join(broken[:_MOST_TOLD]) + more)
    logger.info(f"{fine}; the rule holds.")
