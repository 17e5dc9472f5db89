"""The catalogue is whole, agrees with itself, and agrees with the real API where both speak."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandbox import Catalogue, Recording
from sandbox.source import Absence, Listing, address

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "pokeapi" / "recorded"
REQUIRED_PATHS = Path(__file__).with_name("sandbox_required_paths.txt")
ENDPOINTS = ("pokemon", "type", "ability")

needs_recording = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"there is no recording at {RECORDED}")
catalogue = Catalogue()


@cache
def everything(endpoint: str) -> dict[int, dict[str, Any]]:
    """All bodies of an endpoint, by id."""
    bodies = {}
    for entry in listing(endpoint).results:
        body = catalogue.document(endpoint, entry["name"])
        assert isinstance(body, bytes)
        bodies[int(entry["url"].split("/")[-2])] = json.loads(body)
    return bodies


def listing(endpoint: str) -> Listing:
    found = catalogue.listing(endpoint)
    assert isinstance(found, Listing)
    return found


def paths(value: object, prefix: str = "") -> Iterator[str]:
    """Every key path of a body, positions in lists left out: `types[].slot`."""
    if isinstance(value, dict):
        for key, child in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from paths(child, path)
    elif isinstance(value, list):
        for child in value:
            yield from paths(child, f"{prefix}[]")


@cache
def all_paths(endpoint: str) -> frozenset[str]:
    return frozenset(path for body in everything(endpoint).values() for path in paths(body))


def test_the_first_generation_and_two_far_ones_are_there() -> None:
    assert list(everything("pokemon")) == [*range(1, 152), 1025, 10001]


def test_all_types_are_there() -> None:
    assert list(everything("type")) == [*range(1, 20), 10001, 10002]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_list_names_each_resource_once_and_as_the_resource_names_itself(endpoint: str) -> None:
    entries = [(entry["name"], entry["url"]) for entry in listing(endpoint).results]
    bodies = [(body["name"], address(endpoint, number)) for number, body in everything(endpoint).items()]
    assert entries == bodies
    assert listing(endpoint).count == len(set(entries)) == len(entries)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_resource_knows_its_own_id(endpoint: str) -> None:
    assert all(number == body["id"] for number, body in everything(endpoint).items())


def test_types_and_pokemon_name_each_other() -> None:
    from_types = {
        (body["name"], member["pokemon"]["name"], member["slot"])
        for body in everything("type").values()
        for member in body["pokemon"]
    }
    from_pokemon = {
        (entry["type"]["name"], body["name"], entry["slot"])
        for body in everything("pokemon").values()
        for entry in body["types"]
    }
    assert from_types == from_pokemon


def test_abilities_and_pokemon_name_each_other() -> None:
    from_abilities = {
        (body["name"], member["pokemon"]["name"], member["slot"], member["is_hidden"])
        for body in everything("ability").values()
        for member in body["pokemon"]
    }
    from_pokemon = {
        (entry["ability"]["name"], body["name"], entry["slot"], entry["is_hidden"])
        for body in everything("pokemon").values()
        for entry in body["abilities"]
    }
    assert from_abilities == from_pokemon


def test_every_reference_to_a_served_endpoint_leads_somewhere() -> None:
    def references(value: object) -> Iterator[dict[str, str]]:
        if isinstance(value, dict):
            if value.keys() == {"name", "url"}:
                yield value
            for child in value.values():
                yield from references(child)
        elif isinstance(value, list):
            for child in value:
                yield from references(child)

    served = {(entry["name"], entry["url"]) for endpoint in ENDPOINTS for entry in listing(endpoint).results}
    for endpoint in ENDPOINTS:
        for reference in references(list(everything(endpoint).values())):
            if reference["url"].split("/")[-3] in ENDPOINTS:
                assert (reference["name"], reference["url"]) in served


@pytest.mark.parametrize("word", ["double", "half", "no"])
def test_damage_relations_are_symmetrical(word: str) -> None:
    types = {body["name"]: body["damage_relations"] for body in everything("type").values()}

    def pairs(direction: str) -> set[tuple[str, str]]:
        return {
            (name, other["name"])
            for name, relations in types.items()
            for other in relations[f"{word}_damage_{direction}"]
        }

    assert pairs("to") == {(attacker, defender) for defender, attacker in pairs("from")}
    assert pairs("to")


def test_every_pokemon_has_six_stats_and_one_or_two_types() -> None:
    for body in everything("pokemon").values():
        assert len(body["stats"]) == 6
        assert len(body["types"]) in {1, 2}


def test_a_known_pokemon_is_as_everybody_knows_it() -> None:
    pikachu = everything("pokemon")[25]
    assert (pikachu["name"], pikachu["height"], pikachu["weight"]) == ("pikachu", 4, 60)
    assert [entry["type"]["name"] for entry in pikachu["types"]] == ["electric"]
    assert [stat["base_stat"] for stat in pikachu["stats"]] == [35, 55, 40, 50, 50, 90]


@pytest.mark.parametrize("required", REQUIRED_PATHS.read_text().splitlines())
def test_every_key_of_the_real_api_is_there(required: str) -> None:
    endpoint, path = required.split(": ")
    assert path in all_paths(endpoint)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_bodies_of_an_endpoint_have_the_same_keys(endpoint: str) -> None:
    """No key is ever absent in the real API; what is optional is null or an empty list."""
    assert len({frozenset(body) for body in everything(endpoint).values()}) == 1


@needs_recording
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_key_of_the_recording_is_there(endpoint: str) -> None:
    recorded = {path for body in recorded_bodies(endpoint) for path in paths(body)}
    assert recorded - all_paths(endpoint) == set()
    assert all_paths(endpoint) - recorded == set()


@needs_recording
def test_pokemon_are_as_recorded_but_for_moves_not_covered() -> None:
    for recorded in recorded_bodies("pokemon"):
        ours = dict(everything("pokemon")[recorded["id"]])
        moves = learned(recorded.pop("moves"))
        assert learned(ours.pop("moves")) <= moves
        assert ours == recorded


@needs_recording
def test_types_are_as_recorded_but_for_pokemon_and_languages_not_covered() -> None:
    for recorded in recorded_bodies("type"):
        ours = dict(everything("type")[recorded["id"]])
        for part in ("pokemon", "names", "moves"):
            theirs = recorded.pop(part)
            assert [entry for entry in ours.pop(part) if entry not in theirs] == []
        assert by_name(ours) == by_name(recorded)


@needs_recording
def test_abilities_are_as_recorded_but_for_words() -> None:
    for recorded in recorded_bodies("ability"):
        ours = everything("ability").get(recorded["id"])
        if ours is None:
            continue
        for fact in ("generation", "id", "is_main_series", "name"):
            assert ours[fact] == recorded[fact]
        for part in ("pokemon", "names"):
            assert [entry for entry in ours[part] if entry not in recorded[part]] == []
        changed = {change["version_group"]["name"] for change in recorded["effect_changes"]}
        assert {change["version_group"]["name"] for change in ours["effect_changes"]} <= changed


@needs_recording
def test_abilities_are_described_in_words_of_our_own() -> None:
    theirs = {
        entry[key].strip().lower()
        for body in recorded_bodies("ability")
        for part, key in (
            ("effect_entries", "effect"),
            ("effect_entries", "short_effect"),
            ("flavor_text_entries", "flavor_text"),
        )
        for entry in body[part]
    }
    ours = {entry["effect"].lower() for body in everything("ability").values() for entry in body["effect_entries"]}
    assert ours & theirs == set()
    assert len(ours) == len(everything("ability"))


def test_an_unknown_id_is_unknown_and_an_endpoint_not_covered_is_not_recorded() -> None:
    assert catalogue.document("pokemon", "999999") is Absence.UNKNOWN
    assert catalogue.document("berry", "1") is Absence.NOT_RECORDED
    assert catalogue.document("pokemon", "1", "encounters") is Absence.NOT_RECORDED
    assert catalogue.document("pokemon", "999999", "encounters") is Absence.UNKNOWN
    assert catalogue.document("type", "1", "encounters") is Absence.UNKNOWN


def test_the_root_names_what_is_served() -> None:
    assert json.loads(catalogue.index()) == {endpoint: address(endpoint) for endpoint in sorted(ENDPOINTS)}


def test_the_revision_is_the_same_for_the_same_facts() -> None:
    assert Catalogue().meta == catalogue.meta
    assert len(catalogue.meta.hash) == 40


def recorded_bodies(endpoint: str) -> Iterator[dict[str, Any]]:
    recording = Recording(RECORDED)
    for folder in (RECORDED / "api" / "v2" / endpoint).iterdir():
        if folder.is_dir():
            body = recording.document(endpoint, folder.name)
            assert isinstance(body, bytes)
            yield json.loads(body)


def learned(moves: list[dict[str, Any]]) -> set[tuple[str, str, str, int, int | None]]:
    return {
        (
            move["move"]["url"],
            detail["version_group"]["name"],
            detail["move_learn_method"]["url"],
            detail["level_learned_at"],
            detail["order"],
        )
        for move in moves
        for detail in move["version_group_details"]
    }


def by_name(body: dict[str, Any]) -> dict[str, Any]:
    """The body of a type with its damage relations ordered, for their order has no meaning."""
    relations = {key: sorted(other["name"] for other in others) for key, others in body["damage_relations"].items()}
    return {**body, "damage_relations": relations}
