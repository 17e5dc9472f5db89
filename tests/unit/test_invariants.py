"""Rules that must hold between resources name each place where they do not."""

from __future__ import annotations

from typing import Any

from observatory.invariants import asymmetrical_damage, not_named_back

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
