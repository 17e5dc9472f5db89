"""The response models: what must be there, what may be null, and that all real answers fit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatory.models import MODELS, Verdict, describe, fingerprint, judge, kind_for, model_of
from observatory.record.field_path import Json, normalise, render
from tests.examples import ABILITY, EXAMPLES, PAGE, POKEMON, TYPE, Body, as_bytes, copy_of

RECORDED = Path(__file__).parents[2].parent / "shared" / "pokeapi" / "recorded" / "api" / "v2"
with_recording = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded real responses are not here")

REQUIRED = {
    "ability": "effect_changes effect_entries flavor_text_entries generation id is_main_series name names pokemon",
    "page": "count next previous results",
    "pokemon": "abilities base_experience cries forms game_indices height held_items id is_default "
    "location_area_encounters moves name order past_abilities past_stats past_types species sprites stats "
    "types weight",
    "type": "damage_relations game_indices generation id move_damage_class moves name names "
    "past_damage_relations pokemon sprites",
}
NULLABLE = {
    "ability": set(),
    "page": {"next", "previous"},
    "pokemon": {
        "base_experience",
        "cries.legacy",
        "moves[].version_group_details[].order",
        "past_abilities[].abilities[].ability",
        "sprites.back_default",
        "sprites.back_female",
        "sprites.back_shiny",
        "sprites.back_shiny_female",
        "sprites.front_default",
        "sprites.front_female",
        "sprites.front_shiny",
        "sprites.front_shiny_female",
    },
    "type": {"move_damage_class"},
}
# What each game drew is known for the recorded resources only, so nothing below these is demanded.
LENIENT = {"pokemon": ("sprites.other.", "sprites.versions."), "type": ("sprites.",)}

Place = tuple[str | int, ...]


def every_place(value: Json, place: Place = ()) -> Iterator[Place]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*place, key)
        yield from every_place(child, (*place, key))


def strict_places(kind: str) -> list[Place]:
    return [
        place
        for place in every_place(EXAMPLES[kind])
        if not render(place).startswith(LENIENT.get(kind, ("nothing is lenient",)))
    ]


def parent_of(body: Json, place: Place) -> Json:
    for key in place[:-1]:
        body = body[key]
    return body


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_example_fits_its_model_without_unknown_fields(kind: str) -> None:
    assert judge(model_of(kind), as_bytes(EXAMPLES[kind])) == Verdict()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_empty_object_lacks_exactly_the_required_fields(kind: str) -> None:
    errors = judge(model_of(kind), b"{}").errors
    assert sorted(each.path for each in errors) == REQUIRED[kind].split()
    assert {(each.expected, each.seen) for each in errors} == {("present", "missing")}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_field_of_an_example_is_required_down_to_the_last_reference(kind: str) -> None:
    for place in strict_places(kind):
        if isinstance(place[-1], str):
            body = copy_of(EXAMPLES[kind])
            del parent_of(body, place)[place[-1]]
            errors = judge(model_of(kind), as_bytes(body)).errors
            assert [(each.path, each.seen) for each in errors] == [(render(place), "missing")]


@pytest.mark.parametrize("kind", EXAMPLES)
def test_null_is_accepted_where_the_api_serves_it_and_nowhere_else(kind: str) -> None:
    accepted = set()
    for place in strict_places(kind):
        body = copy_of(EXAMPLES[kind])
        parent_of(body, place)[place[-1]] = None
        verdict = judge(model_of(kind), as_bytes(body))
        if verdict.accepted:
            accepted.add(render(normalise(place)))
        else:
            assert [(each.path, each.seen) for each in verdict.errors] == [(render(place), "null")]
    assert accepted == NULLABLE[kind]


def test_sprites_of_games_may_be_absent_or_null() -> None:
    body = copy_of(POKEMON)
    lacking: list[Body] = [
        {"other": {}, "versions": {}},
        {"other": {"home": None}, "versions": {"generation-i": None, "generation-ii": {"gold": None}}},
    ]
    for sprites in lacking:
        body["sprites"].update(sprites)
        assert judge(MODELS["pokemon"], as_bytes(body)) == Verdict()
    assert judge(MODELS["type"], as_bytes(TYPE | {"sprites": {}})) == Verdict()


@pytest.mark.parametrize(
    ("kind", "field", "value", "expected", "seen"),
    [
        ("pokemon", "id", "1", "integer", "'1' (text)"),
        ("pokemon", "height", 7.5, "integer", "7.5 (number)"),
        ("pokemon", "weight", True, "integer", "true"),
        ("pokemon", "name", 1, "text", "1 (integer)"),
        ("pokemon", "is_default", 1, "true or false", "1 (integer)"),
        ("pokemon", "types", {}, "a list", "an empty object"),
        ("pokemon", "species", "bulbasaur", "an object", "'bulbasaur' (text)"),
        ("pokemon", "base_experience", [64], "integer", "a list of 1 item"),
        ("type", "name", {"en": "Normal"}, "text", "an object with 1 field"),
        ("ability", "is_main_series", "yes", "true or false", "'yes' (text)"),
        ("page", "count", 10**60, "", ""),
    ],
)
def test_types_are_exact(kind: str, field: str, value: object, expected: str, seen: str) -> None:
    errors = judge(model_of(kind), as_bytes(EXAMPLES[kind] | {field: value})).errors
    assert [(each.path, each.expected, each.seen) for each in errors] == ([(field, expected, seen)] if expected else [])


def test_unknown_fields_are_allowed_and_noticed_once_each_and_in_order() -> None:
    body = copy_of(POKEMON)
    body["zeal"] = 1
    body["sprites"]["versions"]["generation-x"] = {"winds": None}
    for move in body["moves"]:
        for detail in move["version_group_details"]:
            detail["order2"] = None
    assert judge(MODELS["pokemon"], as_bytes(body)) == Verdict(
        unknown=("moves[].version_group_details[].order2", "sprites.versions.generation-x", "zeal")
    )


def test_errors_and_unknown_fields_are_found_together() -> None:
    verdict = judge(MODELS["ability"], as_bytes(ABILITY | {"id": "1", "a.b": 1}))
    assert [each.path for each in verdict.errors] == ["id"]
    assert verdict.unknown == ('["a.b"]',)


def test_a_page_of_things_without_names_fits_the_plain_page() -> None:
    page = PAGE | {"results": [{"url": "https://pokeapi.co/api/v2/machine/1/"}]}
    assert judge(model_of("plain-page"), as_bytes(page)) == Verdict()
    assert [each.path for each in judge(model_of("page"), as_bytes(page)).errors] == ["results[0].name"]
    assert [each.path for each in judge(model_of("plain-page"), b"{}").errors] == REQUIRED["page"].split()


@pytest.mark.parametrize(
    ("endpoint", "resource", "kind"),
    [
        ("pokemon", "25", "pokemon"),
        ("type", "normal", "type"),
        ("ability", "1", "ability"),
        ("pokemon", "", "page"),
        ("machine", "", "plain-page"),
        ("meta", "", "meta"),
        ("berry", "1", None),
        ("pokemon", "1/encounters", None),
        ("", "", None),
        ("page", "1", None),
    ],
)
def test_each_address_has_the_model_of_what_it_answers(endpoint: str, resource: str, kind: str | None) -> None:
    assert kind_for(endpoint, resource) == kind


def test_models_are_found_by_endpoint() -> None:
    assert {endpoint: model.__name__ for endpoint, model in MODELS.items()} == {
        "ability": "Ability",
        "pokemon": "Pokemon",
        "type": "Type",
    }
    assert len(MODELS) == 3
    assert "page" not in MODELS


def test_importing_the_models_loads_no_pydantic_before_a_body_is_judged() -> None:
    script = "import sys, observatory.models; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "observatory.models.judge" in done.stdout.split()
    assert not {"pydantic", "observatory.models.pokemon"} & set(done.stdout.split())


def test_the_fingerprint_changes_with_any_source_file(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "same", "other", "renamed")]
    for folder, (name, text) in zip(
        folders, [("a.py", "x = 1"), ("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", "x = 1")], strict=True
    ):
        folder.mkdir()
        (folder / name).write_text(text)
    one, same, other, renamed = map(fingerprint, folders)
    assert one == same
    assert len({one, other, renamed}) == 3


def test_the_fingerprint_of_the_models_is_short_and_stays() -> None:
    assert len(fingerprint()) == 12
    assert fingerprint() == fingerprint()


@with_recording
@pytest.mark.parametrize("endpoint", MODELS)
def test_every_recorded_resource_fits_its_model_without_unknown_fields(endpoint: str) -> None:
    bodies = sorted((RECORDED / endpoint).glob("*/index.json"))
    assert bodies
    for file in bodies:
        verdict = judge(MODELS[endpoint], file.read_bytes())
        assert verdict == Verdict(), f"{file}: {describe(endpoint, verdict)}"


@with_recording
@pytest.mark.parametrize("endpoint", ["ability", "meta", "pokemon", "type"])
def test_every_recorded_list_fits_its_model(endpoint: str) -> None:
    kind = kind_for(endpoint)
    assert kind is not None
    body = (RECORDED / endpoint / "index.json").read_bytes()
    assert judge(model_of(kind), body) == Verdict()


@with_recording
@pytest.mark.parametrize("endpoint", MODELS)
def test_an_example_holds_no_field_that_real_answers_lack(endpoint: str) -> None:
    missing = {normalise(place) for place in every_place(EXAMPLES[endpoint])}
    for file in sorted((RECORDED / endpoint).glob("*/index.json")):
        missing -= {normalise(place) for place in every_place(json.loads(file.read_bytes()))}
        if not missing:
            break
    assert not missing
