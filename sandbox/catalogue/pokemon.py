"""The body of a pokemon, built from the facts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sandbox.catalogue.facts import Facts, Row
from sandbox.catalogue.notation import AbilitySlot, LearnedMove, valued
from sandbox.source import ENCOUNTERS, address

_STATS = ("hp", "attack", "defense", "special_attack", "special_defense", "speed")
_LEVEL_UP = 1
"""The id of the learn method that the facts cover."""
_CRIES = "https://raw.githubusercontent.com/PokeAPI/cries/main/cries/pokemon"


def pokemon_document(row: Row, facts: Facts) -> dict[str, Any]:
    """Build the whole body; what the facts do not cover (other moves) is left out of its list."""
    number = int(row["id"])
    return {
        "abilities": _abilities(row["abilities"], facts),
        "base_experience": int(row["base_experience"]) if row["base_experience"] else None,
        "cries": {
            "latest": f"{_CRIES}/latest/{number}.ogg",
            "legacy": f"{_CRIES}/legacy/{number}.ogg" if row["has_legacy_cry"] == "yes" else None,
        },
        "forms": [{"name": row["name"], "url": address("pokemon-form", row["form_id"])}],
        "game_indices": [
            {"game_index": index, "version": facts.link("version", version)}
            for version, index in valued(row["game_indices"])
        ],
        "height": int(row["height"]),
        "held_items": [_held_item(held, facts) for held in facts.of_pokemon("held_items", number)],
        "id": number,
        "is_default": row["is_default"] == "yes",
        "location_area_encounters": address("pokemon", number, ENCOUNTERS),
        "moves": _moves(number, facts),
        "name": row["name"],
        "order": int(row["order"]),
        **_past(number, facts),
        "species": {"name": row["species"], "url": address("pokemon-species", row["species_id"])},
        "sprites": facts.sprites("pokemon", number),
        "stats": [
            {"base_stat": int(row[name]), "effort": int(effort), "stat": facts.link("stat", stat)}
            for stat, (name, effort) in enumerate(zip(_STATS, row["effort"].split(), strict=True), start=1)
        ],
        "types": _types(row["types"], facts),
        "weight": int(row["weight"]),
    }


def _abilities(text: str, facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "ability": None if slot.ability is None else facts.link("ability", slot.ability),
            "is_hidden": slot.is_hidden,
            "slot": slot.slot,
        }
        for slot in AbilitySlot.all(text)
    ]


def _types(text: str, facts: Facts) -> list[dict[str, Any]]:
    return [{"slot": slot, "type": facts.link("type", kind)} for slot, kind in enumerate(text.split(), start=1)]


def _held_item(row: Row, facts: Facts) -> dict[str, Any]:
    return {
        "item": facts.link("item", row["item_id"]),
        "version_details": [
            {"rarity": rarity, "version": facts.link("version", version)} for version, rarity in valued(row["rarities"])
        ],
    }


def _moves(number: int, facts: Facts) -> list[dict[str, Any]]:
    learned = defaultdict(list)
    for row in facts.of_pokemon("learnsets", number):
        for move in LearnedMove.all(row["moves"]):
            learned[move.move].append(
                {
                    "level_learned_at": move.level,
                    "move_learn_method": facts.link("move-learn-method", _LEVEL_UP),
                    "order": move.order,
                    "version_group": facts.link("version-group", row["version_group_id"]),
                }
            )
    return [
        {"move": facts.link("move", move), "version_group_details": details}
        for move, details in sorted(learned.items())
    ]


def _past(number: int, facts: Facts) -> dict[str, Any]:
    """What was different until some generation: abilities, stats and types."""
    past: dict[str, list[dict[str, Any]]] = {"past_abilities": [], "past_stats": [], "past_types": []}
    for row in facts.of_pokemon("pokemon_past", number):
        generation = facts.link("generation", row["generation_id"])
        if row["abilities"]:
            past["past_abilities"].append({"abilities": _abilities(row["abilities"], facts), "generation": generation})
        if row["stats"]:
            past["past_stats"].append({"generation": generation, "stats": _past_stats(row["stats"], facts)})
        if row["types"]:
            past["past_types"].append({"generation": generation, "types": _types(row["types"], facts)})
    return past


def _past_stats(text: str, facts: Facts) -> list[dict[str, Any]]:
    stats = []
    for part in text.split():
        stat, base, effort = map(int, part.split(":"))
        stats.append({"base_stat": base, "effort": effort, "stat": facts.link("stat", stat)})
    return stats
