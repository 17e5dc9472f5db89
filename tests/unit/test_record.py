"""Records: what a tester reads, how it prints, and that Robot Framework takes it for what it is."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from observatory.errors import ObservatoryError
from observatory.exchange import Exchange
from observatory.record import (
    NoSuchItemError,
    ReadOnlyError,
    Record,
    Records,
    exchange_of,
    plain,
    record_of,
    view,
)
from observatory.record.field_path import Json, NoSuchFieldError
from tests.examples import ABILITY, PAGE, POKEMON, as_bytes


def exchange(body: object = POKEMON, endpoint: str = "pokemon", resource: str = "1") -> Exchange:
    return Exchange(
        endpoint=endpoint,
        resource=resource,
        url=f"https://pokeapi.co/api/v2/{endpoint}/{resource}",
        started_at=datetime(2026, 8, 8, tzinfo=UTC),
        elapsed=0.1,
        attempts=(),
        status=200,
        body=as_bytes(body),
    )


@pytest.fixture
def pokemon() -> Record:
    found = record_of(exchange())
    assert isinstance(found, Record)
    return found


def test_fields_read_as_attributes_and_items(pokemon: Record) -> None:
    assert pokemon.name == "bulbasaur"
    assert pokemon["name"] == "bulbasaur"
    assert pokemon.types[0].type.name == "grass"
    assert pokemon["types"][0]["type"]["name"] == "grass"
    assert pokemon.cries.legacy is None
    assert pokemon.is_default is True


def test_keys_with_dashes_read_with_underscores_too(pokemon: Record) -> None:
    assert pokemon.sprites.other.official_artwork.front_shiny is None
    assert pokemon.sprites.other["official-artwork"].front_shiny is None
    assert pokemon.sprites.versions.generation_v.black_white.animated == POKEMON["sprites"]["other"]["showdown"]


def test_a_field_with_underscores_comes_before_one_with_dashes() -> None:
    assert view({"a-b": 1, "a_b": 2}).a_b == 2
    with pytest.raises(
        NoSuchFieldError,
        match=r"several fields that could be meant by 'a_b_c': a-b_c, a_b-c; .* such as \[a-b_c\]",
    ):
        _ = view({"a-b_c": 1, "a_b-c": 2}).a_b_c


def test_an_unknown_field_is_told_with_what_there_is(pokemon: Record) -> None:
    with pytest.raises(AttributeError) as caught:
        _ = pokemon.nmae
    assert str(caught.value) == (
        "pokemon/1 has no field 'nmae'; did you mean 'name'? It has: abilities, base_experience, cries, "
        "forms, game_indices, height, held_items, id, is_default, location_area_encounters, moves, name … "
        "(9 more)."
    )
    assert isinstance(caught.value, ObservatoryError)


@pytest.mark.parametrize(
    ("read", "sentence"),
    [
        (lambda it: it["zeal"], "pokemon/1 has no field 'zeal'. It has: abilities, "),
        (
            lambda it: it.types[1].slt,
            "types[1] of pokemon/1 has no field 'slt'; did you mean 'slot'? It has: slot, type.",
        ),
        (lambda it: it.types[1:][0].x, "types[1] of pokemon/1 has no field 'x'. It has: slot, type."),
        (lambda it: it.types[2], "types of pokemon/1 has no item 2; it has 2 items, from 0 on."),
        (lambda it: it.types[-3], "types of pokemon/1 has no item -3; it has 2 items, from 0 on."),
        (
            lambda it: it.types.slot,
            "types of pokemon/1 is a list of 2 items and has no field 'slot'; take one item by its number, ",
        ),
        (
            lambda it: it.types.each("type.nme"),
            "In types of pokemon/1: [0].type.nme does not exist: [0].type has the fields name, url.",
        ),
        (lambda it: it.types["fire"], "types of pokemon/1 has no item named 'fire'. It has: grass, poison."),
        (
            lambda it: it.past_abilities[0].abilities.names,
            "Item 0 of past_abilities[0].abilities of pokemon/1 has no name, and points at nothing that has ",
        ),
        (lambda _: view({}).name, "the record has no field 'name'. It has no fields at all."),
        (lambda _: view([])["hp"], "the list has no item named 'hp'. It is empty."),
        (
            lambda _: view({"a": [1]}).a.names,
            "Item 0 of a has no name, and points at nothing that has one: it is 1",
        ),
    ],
)
def test_what_is_not_there_is_told_with_its_place(pokemon: Record, read: Json, sentence: str) -> None:
    with pytest.raises((NoSuchFieldError, NoSuchItemError), match=f"^{re.escape(sentence)}"):
        read(pokemon)


def test_missing_fields_and_items_are_errors_of_the_usual_kinds(pokemon: Record) -> None:
    assert not hasattr(pokemon, "zeal")
    assert getattr(pokemon, "zeal", "default") == "default"
    with pytest.raises(KeyError):
        _ = pokemon["zeal"]
    with pytest.raises(IndexError):
        _ = pokemon.types[9]
    assert not hasattr(view([1]), "names")


def test_fields_win_over_everything_a_record_can_do() -> None:
    body = {
        "items": [{"name": "potion", "url": "u"}],
        "keys": {"a": 1},
        "get": 3,
        "exchange": "stock",
        "names": [],
    }
    record = record_of(exchange(body, "item-category", "1"))
    assert record.items.names == ["potion"]
    assert record.keys.a == 1
    assert record.get == 3
    assert record.exchange == "stock"
    assert record.names == []
    # Whoever takes it for a mapping still can.
    assert dict(record) == body
    assert dict(record.items()) == body
    assert list(record.keys()) == sorted(body)
    assert pickle.loads(pickle.dumps(record.items)) == body["items"]  # noqa: S301  # our own bytes


def test_a_record_is_a_mapping(pokemon: Record) -> None:
    assert isinstance(pokemon, Mapping)
    assert "name" in pokemon
    assert "nmae" not in pokemon
    assert len(pokemon) == 21
    assert list(pokemon) == sorted(POKEMON)
    assert list(pokemon.keys()) == sorted(POKEMON)
    assert dict(pokemon) == POKEMON
    assert {**pokemon.types[0]} == POKEMON["types"][0]
    assert pokemon.get("name") == "bulbasaur"
    assert pokemon.get("zeal") is None
    assert pokemon.get("zeal", 3) == 3
    assert [value.name for key, value in pokemon.items() if key == "species"] == ["bulbasaur"]
    assert list(pokemon.species.values()) == list(POKEMON["species"].values())
    assert {"name", "exchange", "items"} <= set(dir(pokemon))
    match pokemon.species:
        case {"name": name}:
            assert name == "bulbasaur"
        case _:
            pytest.fail("a record is no mapping to a match statement")


def test_a_list_of_records_is_a_sequence(pokemon: Record) -> None:
    types = pokemon.types
    assert isinstance(pokemon.types, Sequence)
    assert len(types) == 2
    assert [each.slot for each in types] == [1, 2]
    assert [each.slot for each in reversed(types)] == [2, 1]
    assert types[-1].type.name == "poison"
    assert types[::-1].names == ["poison", "grass"]
    assert types[1:] == POKEMON["types"][1:]
    assert POKEMON["types"][0] in types
    assert types[1] in types
    assert "grass" not in types
    assert types.index(types[1]) == 1
    assert types.count(types[0]) == 1
    first, second = types
    assert (first.slot, second.slot) == (1, 2)


def test_records_equal_the_plain_json_and_each_other(pokemon: Record) -> None:
    assert pokemon == POKEMON
    assert pokemon == POKEMON
    assert pokemon == record_of(exchange())
    assert pokemon != record_of(exchange(ABILITY, "ability"))
    assert pokemon.types == POKEMON["types"]
    assert POKEMON["types"] == pokemon.types
    assert pokemon.types != pokemon.stats
    assert pokemon != 1
    assert pokemon.species != "bulbasaur"
    assert {"types": pokemon.types} == {"types": POKEMON["types"]}


def test_an_empty_record_is_false(pokemon: Record) -> None:
    assert pokemon
    assert pokemon.types
    assert not view({})
    assert not view([])


def test_scalars_are_no_views() -> None:
    for value in (None, True, 1, 1.5, "text"):
        assert view(value) is value
        assert plain(value) is value


def test_nothing_is_copied(pokemon: Record) -> None:
    body = pokemon.exchange.json
    assert plain(pokemon) is body
    assert plain(pokemon.types) is body["types"]
    assert plain(pokemon.types[0]) is body["types"][0]
    assert plain(pokemon.types[:1]) == body["types"][:1]


def test_the_answer_carries_its_exchange_and_its_parts_know_it(pokemon: Record) -> None:
    assert isinstance(pokemon.exchange, Exchange)
    assert pokemon.exchange.subject == "pokemon/1"
    assert exchange_of(pokemon) is pokemon.exchange
    assert exchange_of(pokemon.types[0].type) is pokemon.exchange
    assert exchange_of("bulbasaur") is None
    assert not hasattr(pokemon.species, "exchange")
    assert not hasattr(pokemon.types, "exchange")
    assert not hasattr(view({}), "exchange")
    assert record_of(exchange([1, 2])).exchange.resource == "1"


def test_lists_of_named_things_know_the_names(pokemon: Record) -> None:
    assert pokemon.types.names == ["grass", "poison"]
    assert pokemon.abilities.names == ["overgrow", "chlorophyll"]
    assert pokemon.forms.names == ["bulbasaur"]
    assert pokemon.moves.names == ["tackle"]
    assert pokemon.past_types.names == ["generation-v"]
    assert view(PAGE).results.names == ["venusaur", "charmander"]
    assert view(ABILITY).names.names == ["Stench"]
    assert view([]).names == []


def test_one_of_several_names_must_be_chosen() -> None:
    texts = record_of(exchange(ABILITY, "ability")).flavor_text_entries
    with pytest.raises(NoSuchFieldError) as caught:
        _ = texts.names
    assert str(caught.value) == (
        "Item 0 of flavor_text_entries of ability/1 points at several named things "
        "(language, version_group), so its name is not clear; say which, such as each('language.name')."
    )
    assert texts.each("language.name") == ["en"]


def test_an_item_is_found_by_its_name(pokemon: Record) -> None:
    assert pokemon.stats["special-attack"].base_stat == 65
    assert pokemon.stats.named("hp").effort == 0
    assert pokemon.stats[1:]["speed"].base_stat == 45
    twins = view([{"name": "a"}, {"name": "a"}])
    with pytest.raises(NoSuchFieldError, match="the list has 2 items named 'a'"):
        _ = twins["a"]


def test_each_gives_one_value_of_each_item(pokemon: Record) -> None:
    assert pokemon.stats.each("base_stat") == [45, 49, 49, 65, 65, 45]
    assert pokemon.moves.each("version_group_details[].order") == [1, None]
    assert pokemon.types.each("type") == [POKEMON["types"][0]["type"], POKEMON["types"][1]["type"]]


def test_nothing_can_be_changed(pokemon: Record) -> None:
    sentence = r"^(types of )?pokemon/1 is what the API answered and cannot be changed; put what you want"
    with pytest.raises(ReadOnlyError, match=sentence):
        pokemon.name = "missingno"
    with pytest.raises(ReadOnlyError, match=sentence):
        del pokemon.name
    with pytest.raises(ReadOnlyError, match=sentence):
        pokemon["name"] = "missingno"
    with pytest.raises(ReadOnlyError, match=sentence):
        pokemon.types[0] = None
    with pytest.raises(ReadOnlyError, match=sentence):
        del pokemon.types[0]
    with pytest.raises(TypeError):
        hash(pokemon)
    assert pokemon == POKEMON


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (record_of(exchange()), "Pokemon bulbasaur (id 1)"),
        (record_of(exchange({"id": 7}, "evolution-chain", "7")), "Evolution chain (id 7)"),
        (record_of(exchange(PAGE, "pokemon", "")), "Pokemon list {4 fields: count, next, previous, results}"),
        (record_of(exchange()).species, "bulbasaur {2 fields: name, url}"),
        (
            record_of(exchange()).sprites,
            "{10 fields: back_default, back_female, back_shiny, back_shiny_female, front_default … (5 more)}",
        ),
        (record_of(exchange()).types, "[2 items: grass, poison]"),
        (record_of(exchange()).stats, "[6 items: hp, attack, defense, special-attack, special-defense …]"),
        (view({"id": 3, "name": "overgrow"}), "overgrow (id 3)"),
        (view({}), "{0 fields}"),
        (view({"id": True, "name": None}), "{2 fields: id, name}"),
        (view([]), "[0 items]"),
        (view([1, None, [2], {"a": 1}, 1.5]), "[5 items: 1, null, [1 item], {1 field}, 1.5 (number)]"),
        (view(["x" * 500]), f"[1 item: {'x' * 60}…]"),
        (view({"name": "a\nb\x1b[0m"}), r"a\nb\x1b[0m {1 field: name}"),
        (view({"id": 10**5000, "name": "x"}), "x (id a very large number)"),
    ],
)
def test_a_record_prints_in_one_short_line(value: Json, text: str) -> None:
    assert str(value) == repr(value) == f"{value}" == text


def test_records_can_be_pickled_and_copied(pokemon: Record) -> None:
    for value in (pokemon, pokemon.types, pokemon.types[1:], pokemon.sprites.other):
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):  # noqa: S301
            assert twin == value
            assert type(twin) is type(value)
            assert repr(twin) == repr(value)
            assert exchange_of(twin) == exchange_of(value)
    assert plain(copy.deepcopy(pokemon.types)) is not plain(pokemon.types)
    with pytest.raises(NoSuchFieldError, match=r"^types\[1\] of pokemon/1 has no field 'x'"):
        _ = pickle.loads(pickle.dumps(pokemon.types[1:]))[0].x  # noqa: S301


def test_a_whole_answer_reads_the_same_after_its_exchange_let_go_of_what_was_parsed(pokemon: Record) -> None:
    types, parsed = pokemon.types, plain(pokemon)
    pokemon.exchange.let_go()
    assert pokemon == parsed
    assert plain(pokemon) is not parsed
    assert types == pokemon.types


def test_a_half_made_record_is_an_attribute_error_and_no_endless_loop() -> None:
    with pytest.raises(AttributeError):
        _ = object.__new__(Record).name
    with pytest.raises(AttributeError):
        _ = object.__new__(Records).names


SUITE = """
*** Settings ***
Library    Collections
Library    pokedex.py    {body}

*** Test Cases ***
Fields Read Naturally
    ${{pokemon}} =    Get Pokemon
    Should Be Equal    ${{pokemon.name}}    bulbasaur
    Should Be Equal As Integers    ${{pokemon.types[0].slot}}    1
    Should Be Equal    ${{pokemon}}[types][1][type][name]    poison
    Should Be Equal    ${{pokemon.sprites.other.official_artwork.front_shiny}}    ${{None}}
    Should Be Equal As Integers    ${{pokemon.stats}}[hp][base_stat]    45
    Should Be Equal As Strings    ${{pokemon.exchange.status}}    200

A Record Is A Dictionary
    ${{pokemon}} =    Get Pokemon
    Dictionary Should Contain Key    ${{pokemon}}    weight
    ${{weight}} =    Get From Dictionary    ${{pokemon}}    weight
    Should Be Equal As Integers    ${{weight}}    69
    Length Should Be    ${{pokemon}}    21
    Should Contain    ${{pokemon}}    name
    ${{keys}} =    Get Dictionary Keys    ${{pokemon}}
    Should Be Equal    ${{keys}}[0]    abilities
    &{{reference}} =    Create Dictionary    &{{pokemon.species}}    extra=1
    Should Be Equal    ${{reference.name}} ${{reference.extra}}    bulbasaur 1
    &{{copied}} =    Get Pokemon
    Should Be Equal    ${{copied.types.names}}    ${{pokemon.types.names}}
    ${{seen}} =    Create List
    FOR    ${{key}}    ${{value}}    IN    &{{pokemon.types[0]}}
        Append To List    ${{seen}}    ${{key}}
    END
    Should Be Equal    ${{seen}}    ${{{{['slot', 'type']}}}}
    Dictionaries Should Be Equal    ${{pokemon.types[0]}}    ${{{{dict($pokemon.types[0])}}}}
    Log Dictionary    ${{pokemon}}

A List Of Records Is A List
    ${{pokemon}} =    Get Pokemon
    Should Be Equal    ${{pokemon.types.names}}    ${{{{['grass', 'poison']}}}}
    Should Contain    ${{pokemon.types.names}}    grass
    Length Should Be    ${{pokemon.stats}}    6
    Should Be Empty    ${{pokemon.types[2:]}}
    Should Not Be Empty    ${{pokemon.types}}
    ${{total}} =    Set Variable    ${{0}}
    FOR    ${{stat}}    IN    @{{pokemon.stats}}
        ${{total}} =    Evaluate    $total + $stat.base_stat
    END
    Should Be Equal As Integers    ${{total}}    318
    ${{first}} =    Get From List    ${{pokemon.types}}    0
    Should Be Equal    ${{first.type.name}}    grass
    List Should Contain Value    ${{pokemon.types}}    ${{first}}
    Lists Should Be Equal    ${{pokemon.types}}    ${{{{list($pokemon.types)}}}}
    Log List    ${{pokemon.moves}}

An Unknown Field Is Told
    ${{pokemon}} =    Get Pokemon
    Run Keyword And Expect Error    *pokemon/1 has no field 'nmae'; did you mean 'name'?*
    ...    Log    ${{pokemon.nmae}}
    Run Keyword And Expect Error    *types of pokemon/1 has no item named 'fire'. It has: grass, poison.*
    ...    Log    ${{pokemon.types}}[fire]

A Record Stays As It Is
    ${{pokemon}} =    Get Pokemon
    ${{own}} =    Set To Dictionary    ${{pokemon}}    name=missingno
    Should Be Equal    ${{own}}[name]    missingno
    Should Be Equal    ${{pokemon.name}}    bulbasaur
    Run Keyword And Expect Error    *pokemon/1 is what the API answered and cannot be changed*
    ...    Evaluate    operator.setitem($pokemon, 'name', 'missingno')

A Body Is Never Printed
    ${{pokemon}} =    Get Pokemon
    Log    ${{pokemon}}
    Log    ${{pokemon}}    formatter=repr
    Log Many    &{{pokemon}}
    Log    We met ${{pokemon}} of the types ${{pokemon.types}}.
    Should Be Equal    ${{pokemon}}    ${{pokemon}}
    Run Keyword And Expect Error    Pokemon bulbasaur (id 1) != x    Should Be Equal    ${{pokemon}}    x
"""

LIBRARY = """
from datetime import UTC, datetime
from pathlib import Path

from observatory.exchange import Exchange
from observatory.record import record_of


class pokedex:
    def __init__(self, body):
        self.body = Path(body).read_bytes()

    def get_pokemon(self):
        exchange = Exchange("pokemon", "1", "url", datetime.now(UTC), 0.1, (), status=200, body=self.body)
        return record_of(exchange)
"""


def test_robot_framework_takes_records_for_dictionaries_and_lists(tmp_path: Path) -> None:
    moves = [POKEMON["moves"][0] | {"note": "n" * 1_000} for _ in range(200)]
    body = tmp_path / "body.json"
    body.write_bytes(as_bytes(POKEMON | {"moves": moves}))
    (tmp_path / "pokedex.py").write_text(LIBRARY)
    (tmp_path / "records.robot").write_text(SUITE.format(body=body.as_posix()))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "robot",
            "--loglevel",
            "TRACE",
            "--log",
            "NONE",
            "--report",
            "NONE",
            "records.robot",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 tests, 6 passed" in done.stdout
    # The body of 230 KB was read, logged, and compared by six tests, and TRACE logs every argument.
    assert body.stat().st_size > 230_000
    assert "n" * 300 not in (tmp_path / "output.xml").read_text()
    assert (tmp_path / "output.xml").stat().st_size < 100_000
