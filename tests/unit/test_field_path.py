"""Paths into JSON: how they are written and read, and what they lead to."""

from __future__ import annotations

import re

import pytest

from observatory.errors import ObservatoryError
from observatory.record import view
from observatory.record.field_path import (
    EVERY,
    NoSuchFieldError,
    Path,
    PathSyntaxError,
    normalise,
    parse,
    render,
    values_at,
)
from tests.examples import POKEMON

WRITTEN: list[tuple[str, Path]] = [
    ("", ()),
    ("name", ("name",)),
    ("types[0].slot", ("types", 0, "slot")),
    ("moves[].version_group_details[].order", ("moves", EVERY, "version_group_details", EVERY, "order")),
    ("sprites.versions.generation-i", ("sprites", "versions", "generation-i")),
    ("[0].name", (0, "name")),
    ("[][1]", (EVERY, 1)),
    ("0.1", ("0", "1")),
    ('["a.b"]', ("a.b",)),
    ('a["b.c"].d', ("a", "b.c", "d")),
    ('[""]', ("",)),
    ('["[]"]["[0]"]', ("[]", "[0]")),
    (r'["say \"hi\"\\"]', ('say "hi"\\',)),
    ('["é"]', ("é",)),
    (r'["line\nbreak"]', ("line\nbreak",)),
    (r'["\u202e"]', ("\u202e",)),
    ('["a b"]', ("a b",)),
]


@pytest.mark.parametrize(("text", "path"), WRITTEN)
def test_a_path_is_written_and_read_the_same(text: str, path: Path) -> None:
    assert render(path) == text
    assert parse(text) == path


def test_a_key_in_plain_letters_of_any_language_needs_no_quotes_to_be_read() -> None:
    assert parse("größe.in cm[0]") == ("größe", "in cm", 0)


@pytest.mark.parametrize(
    "text",
    [
        "a..b",
        ".a",
        "a.",
        "a[",
        "a]",
        "a[-1]",
        "a[x]",
        "a[0]b",
        'a"b',
        '["a]',
        '["a"',
        r'["\x"]',
        'a.["b"]',
        "[1.5]",
    ],
)
def test_what_is_no_path_is_refused_with_the_place_of_the_mistake(text: str) -> None:
    with pytest.raises(PathSyntaxError, match=r"^The path .* cannot be read from .* on \(character \d+\)") as caught:
        parse(text)
    assert repr(text) in str(caught.value)
    assert isinstance(caught.value, ObservatoryError | ValueError)


def test_the_mistake_is_shown_where_it_is() -> None:
    with pytest.raises(PathSyntaxError) as caught:
        parse("types[0]..slot")
    assert str(caught.value) == (
        "The path 'types[0]..slot' cannot be read from '..slot' on (character 9); "
        'write it like types[0].slot, moves[].move.name or sprites["a.b"].'
    )


def test_the_normalised_path_has_no_index() -> None:
    assert render(normalise(parse("moves[3].version_group_details[0].order"))) == (
        "moves[].version_group_details[].order"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", POKEMON),
        ("name", "bulbasaur"),
        ("types[1].type.name", "poison"),
        ("types[].type.name", ["grass", "poison"]),
        ("moves[].version_group_details[].order", [1, None]),
        ("moves[0].version_group_details[].order", [1, None]),
        ("stats[].effort", [0, 0, 0, 1, 0, 0]),
        ("sprites.other.official-artwork.front_shiny", None),
    ],
)
def test_values_are_found_in_plain_json_and_in_records_alike(path: str, expected: object) -> None:
    assert values_at(POKEMON, path) == expected
    assert values_at(view(POKEMON), path) == expected
    assert values_at(POKEMON, parse(path)) == expected


def test_each_item_of_an_empty_list_is_no_value() -> None:
    assert values_at({"types": []}, "types[].slot") == []


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("types[7]", "types[7] does not exist: types is a list of 2 items."),
        ("types[0].slt", "types[0].slt does not exist: types[0] has the fields slot, type. Did you mean 'slot'?"),
        ("types.slot", "types.slot does not exist: types is a list of 2 items."),
        ("name.first", "name.first does not exist: name is 'bulbasaur' (text)."),
        ("name[]", "name[] does not exist: name is 'bulbasaur' (text)."),
        ("name[0]", "name[0] does not exist: name is 'bulbasaur' (text)."),
        ("id[0]", "id[0] does not exist: id is 1 (integer)."),
        ("species[0]", "species[0] does not exist: species is an object with 2 fields."),
        ("cries.legacy.url", "cries.legacy.url does not exist: cries.legacy is null."),
        ("[0]", "[0] does not exist: the whole value is an object with 21 fields."),
        (
            "abilities[].slt",
            (
                "abilities[0].slt does not exist: abilities[0] has the fields ability, is_hidden, slot. "
                "Did you mean 'slot'?"
            ),
        ),
    ],
)
def test_what_does_not_exist_is_named_with_what_is_there_instead(path: str, sentence: str) -> None:
    for value in (POKEMON, view(POKEMON)):
        with pytest.raises(NoSuchFieldError, match=f"^{re.escape(sentence)}$"):
            values_at(value, path)


def test_an_object_without_fields_says_so_and_one_with_many_is_cut() -> None:
    with pytest.raises(NoSuchFieldError, match="the whole value is an object without fields"):
        values_at({}, "a")
    with pytest.raises(NoSuchFieldError, match=r"the fields f0, f1, .*f11 … \(88 more\)\.$"):
        values_at({f"f{number}": 0 for number in range(100)}, "a")


def test_items_are_not_counted_from_the_end() -> None:
    with pytest.raises(NoSuchFieldError, match=r"^\[-1\] does not exist: the whole value is a list of 1 item\.$"):
        values_at([1], (-1,))
