"""Rules that must hold between resources name each place where they do not."""

from __future__ import annotations

from typing import Any

import pytest

from observatory.rules.invariants import (
    asymmetrical_damage,
    contradictory_damage,
    disordered_slots,
    foreign_addresses,
    incomplete_list,
    misleading,
    misplaced_hidden_abilities,
    not_named_back,
)

_RELATIONS = ("double_damage_to", "half_damage_to", "no_damage_to")


def _type(name: str, **relations: list[str]) -> dict[str, Any]:
    every: dict[str, list[Any]] = {key: [] for way in _RELATIONS for key in (way, way.replace("_to", "_from"))}
    told = {key: [{"name": other} for other in others] for key, others in relations.items()}
    return {"name": name, "damage_relations": {**every, **told}}


def test_mirrored_relations_break_no_rule() -> None:
    fire = _type("fire", double_damage_to=["grass"], half_damage_from=["grass"])
    grass = _type("grass", double_damage_from=["fire"], half_damage_to=["fire"])
    assert asymmetrical_damage([fire, grass]) == []


def test_what_only_the_attacker_says_is_told() -> None:
    assert asymmetrical_damage([_type("fire", double_damage_to=["grass"]), _type("grass")]) == [
        "fire has grass in double_damage_to, but grass lacks fire in double_damage_from."
    ]


def test_what_only_the_defender_says_is_told() -> None:
    assert asymmetrical_damage([_type("fire"), _type("grass", no_damage_from=["fire"])]) == [
        "grass has fire in no_damage_from, but fire lacks grass in no_damage_to."
    ]


def test_types_that_are_not_there_are_left_out() -> None:
    assert asymmetrical_damage([_type("fire", double_damage_to=["ice"])]) == []


def test_references_that_lead_back_break_no_rule() -> None:
    grass = {"name": "grass", "pokemon": [{"pokemon": {"name": "bulbasaur"}}]}
    poison = {"name": "poison", "pokemon": [{"pokemon": {"name": "ekans"}}]}
    assert not_named_back("bulbasaur", [grass], "pokemon[].pokemon") == []
    assert not_named_back("bulbasaur", [grass, poison], "pokemon[].pokemon") == [
        "bulbasaur names poison, but poison does not name bulbasaur in pokemon[].pokemon."
    ]


def test_a_type_damages_another_in_one_way_only() -> None:
    fire = _type("fire", double_damage_to=["grass"], half_damage_to=["water"], double_damage_from=["water"])
    assert contradictory_damage([fire]) == []


def test_what_damages_in_two_ways_is_told() -> None:
    fire = _type("fire", double_damage_to=["grass", "ice"], half_damage_to=["grass"], no_damage_to=["grass"])
    assert contradictory_damage([fire]) == [
        "fire has grass in double_damage_to and in half_damage_to.",
        "fire has grass in double_damage_to and in no_damage_to.",
        "fire has grass in half_damage_to and in no_damage_to.",
    ]


def _reference(name: str, url: str) -> dict[str, Any]:
    return {"name": name, "url": url}


def test_a_reference_leads_to_what_it_names() -> None:
    references = [_reference("grass", "/type/12/"), _reference("ice", "/type/15/")]
    assert misleading(references, [{"name": "grass"}, {"name": "ice"}]) == []
    assert misleading(references, [{"name": "grass"}, {"id": 15}]) == [
        "/type/15/ is called ice, but what is found there is called None."
    ]


@pytest.mark.parametrize("slots", [[], [1], [1, 3], [1, 2, 3]])
def test_slots_that_rise_break_no_rule(slots: list[int]) -> None:
    assert disordered_slots([{"name": "mew", "types": [{"slot": slot} for slot in slots]}], "types") == []


@pytest.mark.parametrize("slots", [[1, 1], [2, 1]])
def test_slots_that_do_not_rise_are_told(slots: list[int]) -> None:
    (told,) = disordered_slots([{"name": "mew", "types": [{"slot": slot} for slot in slots]}], "types")
    assert told == f"mew has its types in the slots {slots[0]}, {slots[1]}, which should rise, each there once."


@pytest.mark.parametrize(
    ("slot", "is_hidden", "fits"), [(1, False, True), (3, True, True), (3, False, False), (2, True, False)]
)
def test_the_third_slot_is_for_the_hidden_ability(slot: int, is_hidden: bool, fits: bool) -> None:
    ability = {"ability": {"name": "static"}, "is_hidden": is_hidden, "slot": slot}
    told = misplaced_hidden_abilities([{"name": "pikachu", "abilities": [ability]}])
    assert (told == []) == fits
    assert fits or told[0].startswith(f"pikachu has static, which is {'' if is_hidden else 'not '}hidden, in slot")


def test_a_complete_list_breaks_no_rule() -> None:
    assert incomplete_list([_reference("a", "/1/"), _reference("b", "/2/")], 2) == []


def test_what_is_listed_twice_or_is_missing_is_told() -> None:
    twice = [_reference("a", "/1/"), _reference("b", "/2/"), _reference("a", "/1/")]
    assert incomplete_list(twice, 2) == [
        "/1/ is listed 2 times.",
        "The pages hold 3 resources, but their count says 2.",
    ]
    assert incomplete_list([], 1) == ["The pages hold 0 resources, but their count says 1."]


def test_absolute_addresses_on_one_host_break_no_rule() -> None:
    here = "https://api.example/v2"
    assert foreign_addresses({"url": f"{here}/1/", "list": [{"deep": {"url": f"{here}/2/"}}], "text": "url"}) == []
    assert foreign_addresses({}) == []


def test_relative_and_foreign_addresses_are_told() -> None:
    body = [{"url": "https://api.example/1/"}, {"url": "https://api.example/2/"}]
    assert foreign_addresses([*body, {"url": "/3/"}]) == ["/3/ is no absolute address on api.example."]
    assert foreign_addresses([*body, {"url": "https://other.example/3/"}]) == [
        "https://other.example/3/ is no absolute address on api.example."
    ]
    assert foreign_addresses({"url": "/1/"}) == ["/1/ is no absolute address on any host."]
    assert foreign_addresses({"url": "ftp://api.example/1/"}) == [
        "ftp://api.example/1/ is no absolute address on api.example."
    ]
