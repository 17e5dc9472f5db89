"""Small valid bodies, one for each model, written by hand: what a test changes, it changes on a copy.

Names are the API's, texts are our own words. Each list holds an item or two, also where the real one is
empty, so that every nested record is there; what is null here is null in some real body too.
"""

from __future__ import annotations

import copy
import json
from typing import Any

Body = dict[str, Any]

_ROOT = "https://pokeapi.co/api/v2"


def reference(endpoint: str, number: int, name: str) -> Body:
    """A pointer to another resource, as bodies hold them."""
    return {"name": name, "url": f"{_ROOT}/{endpoint}/{number}/"}


def copy_of(body: Body) -> Body:
    """A body of one's own to change."""
    return copy.deepcopy(body)


def as_bytes(body: object) -> bytes:
    """A body as the API sends it: compact, keys sorted."""
    return json.dumps(body, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()


_NO_PICTURES = {
    "back_default": None,
    "back_female": None,
    "back_shiny": None,
    "back_shiny_female": None,
    "front_default": None,
    "front_female": None,
    "front_shiny": None,
    "front_shiny_female": None,
}

POKEMON: Body = {
    "abilities": [
        {"ability": reference("ability", 65, "overgrow"), "is_hidden": False, "slot": 1},
        {"ability": reference("ability", 34, "chlorophyll"), "is_hidden": True, "slot": 3},
    ],
    "base_experience": 64,
    "cries": {"latest": "https://example.org/cries/latest/1.ogg", "legacy": None},
    "forms": [reference("pokemon-form", 1, "bulbasaur")],
    "game_indices": [{"game_index": 153, "version": reference("version", 1, "red")}],
    "height": 7,
    "held_items": [
        {
            "item": reference("item", 132, "oran-berry"),
            "version_details": [{"rarity": 5, "version": reference("version", 12, "diamond")}],
        }
    ],
    "id": 1,
    "is_default": True,
    "location_area_encounters": f"{_ROOT}/pokemon/1/encounters",
    "moves": [
        {
            "move": reference("move", 33, "tackle"),
            "version_group_details": [
                {
                    "level_learned_at": 1,
                    "move_learn_method": reference("move-learn-method", 1, "level-up"),
                    "order": 1,
                    "version_group": reference("version-group", 25, "scarlet-violet"),
                },
                {
                    "level_learned_at": 1,
                    "move_learn_method": reference("move-learn-method", 1, "level-up"),
                    "order": None,
                    "version_group": reference("version-group", 1, "red-blue"),
                },
            ],
        }
    ],
    "name": "bulbasaur",
    "order": 1,
    "past_abilities": [
        {
            "abilities": [{"ability": None, "is_hidden": True, "slot": 3}],
            "generation": reference("generation", 4, "generation-iv"),
        }
    ],
    "past_stats": [
        {
            "generation": reference("generation", 1, "generation-i"),
            "stats": [{"base_stat": 65, "effort": 0, "stat": reference("stat", 9, "special")}],
        }
    ],
    "past_types": [
        {
            "generation": reference("generation", 5, "generation-v"),
            "types": [{"slot": 1, "type": reference("type", 1, "normal")}],
        }
    ],
    "species": reference("pokemon-species", 1, "bulbasaur"),
    "sprites": {
        **_NO_PICTURES,
        "front_default": "https://example.org/sprites/1.png",
        "other": {
            "dream_world": {"front_default": None, "front_female": None},
            "official-artwork": {
                "front_default": "https://example.org/artwork/1.png",
                "front_shiny": None,
            },
            "showdown": dict(_NO_PICTURES),
        },
        "versions": {
            "generation-i": {"red-blue": {"back_gray": None, "front_gray": "https://example.org/gray/1.png"}},
            "generation-v": {"black-white": {**_NO_PICTURES, "animated": dict(_NO_PICTURES)}},
        },
    },
    "stats": [
        {"base_stat": 45, "effort": 0, "stat": reference("stat", 1, "hp")},
        {"base_stat": 49, "effort": 0, "stat": reference("stat", 2, "attack")},
        {"base_stat": 49, "effort": 0, "stat": reference("stat", 3, "defense")},
        {"base_stat": 65, "effort": 1, "stat": reference("stat", 4, "special-attack")},
        {"base_stat": 65, "effort": 0, "stat": reference("stat", 5, "special-defense")},
        {"base_stat": 45, "effort": 0, "stat": reference("stat", 6, "speed")},
    ],
    "types": [
        {"slot": 1, "type": reference("type", 12, "grass")},
        {"slot": 2, "type": reference("type", 4, "poison")},
    ],
    "weight": 69,
}

TYPE: Body = {
    "damage_relations": {
        "double_damage_from": [reference("type", 2, "fighting")],
        "double_damage_to": [reference("type", 2, "fighting")],
        "half_damage_from": [reference("type", 2, "fighting")],
        "half_damage_to": [reference("type", 6, "rock"), reference("type", 9, "steel")],
        "no_damage_from": [reference("type", 8, "ghost")],
        "no_damage_to": [reference("type", 8, "ghost")],
    },
    "game_indices": [{"game_index": 0, "generation": reference("generation", 1, "generation-i")}],
    "generation": reference("generation", 1, "generation-i"),
    "id": 1,
    "move_damage_class": reference("move-damage-class", 2, "physical"),
    "moves": [reference("move", 1, "pound"), reference("move", 33, "tackle")],
    "name": "normal",
    "names": [{"language": reference("language", 9, "en"), "name": "Normal"}],
    "past_damage_relations": [
        {
            "damage_relations": {
                "double_damage_from": [reference("type", 2, "fighting")],
                "double_damage_to": [reference("type", 4, "poison")],
                "half_damage_from": [reference("type", 7, "bug")],
                "half_damage_to": [reference("type", 6, "rock")],
                "no_damage_from": [reference("type", 8, "ghost")],
                "no_damage_to": [reference("type", 8, "ghost")],
            },
            "generation": reference("generation", 1, "generation-i"),
        }
    ],
    "pokemon": [{"pokemon": reference("pokemon", 16, "pidgey"), "slot": 1}],
    "sprites": {
        "generation-iii": {"xd": {"name_icon": "https://example.org/types/1.png", "symbol_icon": None}},
        "generation-v": {"black-2-white-2": {"name_icon": None, "symbol_icon": None}},
    },
}

ABILITY: Body = {
    "effect_changes": [
        {
            "effect_entries": [
                {"effect": "Does nothing outside of battle.", "language": reference("language", 9, "en")}
            ],
            "version_group": reference("version-group", 11, "black-white"),
        }
    ],
    "effect_entries": [
        {
            "effect": "One hit in ten makes the target lose its turn.",
            "language": reference("language", 9, "en"),
            "short_effect": "May cost the target its turn.",
        }
    ],
    "flavor_text_entries": [
        {
            "flavor_text": "Its smell keeps others busy.",
            "language": reference("language", 9, "en"),
            "version_group": reference("version-group", 5, "ruby-sapphire"),
        }
    ],
    "generation": reference("generation", 3, "generation-iii"),
    "id": 1,
    "is_main_series": True,
    "name": "stench",
    "names": [{"language": reference("language", 9, "en"), "name": "Stench"}],
    "pokemon": [{"is_hidden": True, "pokemon": reference("pokemon", 44, "gloom"), "slot": 3}],
}

PAGE: Body = {
    "count": 1351,
    "next": f"{_ROOT}/pokemon?offset=4&limit=2",
    "previous": f"{_ROOT}/pokemon?offset=0&limit=2",
    "results": [reference("pokemon", 3, "venusaur"), reference("pokemon", 4, "charmander")],
}

EXAMPLES: dict[str, Body] = {"ability": ABILITY, "page": PAGE, "pokemon": POKEMON, "type": TYPE}
"""The bodies by what they are: an endpoint's resource, or a page of its list."""
