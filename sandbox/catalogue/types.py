"""The body of a type, built from the facts."""

from __future__ import annotations

from typing import Any

from sandbox.catalogue.facts import Facts, Row
from sandbox.catalogue.names import names
from sandbox.catalogue.notation import valued

_FACTORS = {"double": "2", "half": "0.5", "no": "0"}
_DIRECTIONS = ("from", "to")


def type_document(row: Row, facts: Facts) -> dict[str, Any]:
    """Build the whole body; its pokemon are those of the catalogue."""
    number = int(row["id"])
    return {
        "damage_relations": _damage_relations(number, facts),
        "game_indices": [
            {"game_index": index, "generation": facts.link("generation", generation)}
            for generation, index in valued(row["game_indices"])
        ],
        "generation": facts.link("generation", row["generation_id"]),
        "id": number,
        "move_damage_class": (
            facts.link("move-damage-class", row["damage_class_id"]) if row["damage_class_id"] else None
        ),
        "moves": [
            facts.link("move", move) for move, told in facts.table("move").items() if told["type_id"] == row["id"]
        ],
        "name": row["name"],
        "names": names(row, facts),
        "past_damage_relations": [
            {
                "damage_relations": _past_damage_relations(past, facts),
                "generation": facts.link("generation", past["generation_id"]),
            }
            for past in facts.past_damage
            if past["type_id"] == row["id"]
        ],
        "pokemon": _pokemon(number, facts),
        "sprites": facts.sprites("type", number),
    }


def _damage_relations(number: int, facts: Facts) -> dict[str, Any]:
    """Both directions come from one table, so that they cannot contradict each other."""
    relations: dict[str, Any] = {}
    for word, factor in _FACTORS.items():
        told = [pair for pair, seen in facts.damage.items() if seen == factor]
        relations[f"{word}_damage_from"] = [facts.link("type", attacker) for attacker, hit in told if hit == number]
        relations[f"{word}_damage_to"] = [facts.link("type", hit) for attacker, hit in told if attacker == number]
    return relations


def _past_damage_relations(past: Row, facts: Facts) -> dict[str, Any]:
    keys = [f"{word}_damage_{direction}" for word in _FACTORS for direction in _DIRECTIONS]
    return {key: [facts.link("type", other) for other in past[key].split()] for key in keys}


def _pokemon(number: int, facts: Facts) -> list[dict[str, Any]]:
    return [
        {"pokemon": facts.link("pokemon", pokemon), "slot": slot}
        for pokemon, row in facts.table("pokemon").items()
        for slot, kind in enumerate(row["types"].split(), start=1)
        if int(kind) == number
    ]
