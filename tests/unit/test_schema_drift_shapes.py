"""The shape of a body, and how its paths are read."""

from __future__ import annotations

import math
from typing import Any

import pytest

from observatory.schema_drift.shapes import (
    ARRAY,
    BOOLEAN,
    MISSING,
    MOST_KEYS,
    MOST_VALUES,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    any_child,
    child,
    is_below,
    is_in_map,
    key_of,
    kinds_in_words,
    parent_of,
    shape_of,
)

ODD_KEYS = ["", ".", "a.b", "[]", "[0]", '"', '\\"', "a]", '["a"]', "*", "\0", "\n", "é", "😀", "\ud800", " ", "a b"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (None, NULL),
        (True, BOOLEAN),
        (0, NUMBER),
        (0.5, NUMBER),
        (10**400, NUMBER),
        (math.nan, NUMBER),
        (-math.inf, NUMBER),
        ("", STRING),
        ([], ARRAY),
        ({}, OBJECT),
    ],
)
def test_each_kind_of_value_is_one_flag_at_the_root(body: Any, kind: int) -> None:
    assert shape_of(body).fields == {"": kind}


def test_items_share_a_path_and_keys_have_their_own() -> None:
    body = {"types": [{"slot": 1, "type": {"name": "a"}}, {"slot": 2, "type": None}], "id": 1}
    assert shape_of(body).fields == {
        "": OBJECT,
        "id": NUMBER,
        "types": ARRAY,
        "types[]": OBJECT,
        "types[].slot": NUMBER,
        "types[].type": OBJECT | NULL,
        "types[].type.name": STRING,
    }


def test_a_key_that_some_objects_lack_is_missing_there() -> None:
    fields = shape_of([{"a": 1, "b": 1}, {"a": None}]).fields
    assert (fields["[].a"], fields["[].b"]) == (NUMBER | NULL, NUMBER | MISSING)


def test_lists_in_lists_and_values_of_several_kinds() -> None:
    assert shape_of([[1, "x"], [], [[None]]]).fields == {
        "": ARRAY,
        "[]": ARRAY,
        "[][]": NUMBER | STRING | ARRAY,
        "[][][]": NULL,
    }


class TestRecursion:
    def test_a_list_in_its_own_items_folds_into_it(self) -> None:
        fields = shape_of({"evolves_to": [{"a": 1, "evolves_to": [{"a": None, "b": 1, "evolves_to": []}]}]}).fields
        assert set(fields) == {"", "evolves_to", "evolves_to[]", "evolves_to[].a", "evolves_to[].b"}
        assert fields["evolves_to[].a"] == NUMBER | NULL
        assert fields["evolves_to[].b"] == NUMBER | MISSING

    def test_an_object_in_itself_folds_into_it(self) -> None:
        fields = shape_of({"parent": {"n": 1, "parent": {"n": "x", "parent": {"n": True, "parent": None}}}}).fields
        assert fields == {"": OBJECT, "parent": OBJECT | NULL, "parent.n": NUMBER | STRING | BOOLEAN}

    def test_another_kind_of_the_same_name_does_not(self) -> None:
        assert "name.name" in shape_of({"name": {"name": "x"}}).fields
        assert "pokemon[].pokemon" in shape_of({"pokemon": [{"pokemon": {"name": "x"}}]}).fields
        assert "move.move[]" in shape_of({"move": {"move": [1]}}).fields

    def test_lists_in_lists_have_no_key_of_their_own_to_fold_by(self) -> None:
        assert "a[][].a" in shape_of({"a": [[{"a": [1]}]]}).fields


class TestWords:
    def test_few_words_of_a_path_are_kept(self) -> None:
        assert shape_of([{"a": "red"}, {"a": "blue"}, {"a": 7}]).values == {"[].a": {"red", "blue"}}

    @pytest.mark.parametrize("text", ["", "two words", "/api/v2/", "é", "x" * 41, "red\n"])
    def test_texts_that_are_no_words_are_not(self, text: str) -> None:
        assert shape_of(["red", text]).values == {}
        assert shape_of([text, "red"]).values == {}

    def test_neither_are_too_many(self) -> None:
        words = [f"word-{number}" for number in range(MOST_VALUES)]
        assert shape_of(words).values == {"[]": frozenset(words)}
        assert shape_of([*words, "more"]).values == {}

    def test_those_of_a_recursion_come_together(self) -> None:
        assert shape_of({"a": {"w": "x", "a": {"w": "y"}}}).values == {"a.w": {"x", "y"}}


class TestMaps:
    def test_the_keys_of_an_object_with_too_many_share_one_path(self) -> None:
        keys = {f"k{number}": {"n": 1} for number in range(MOST_KEYS)}
        assert len(shape_of(keys).fields) == 1 + 2 * MOST_KEYS
        assert shape_of({**keys, "more": {"n": None}}).fields == {"": OBJECT, "*": OBJECT, "*.n": NUMBER | NULL}

    def test_so_do_those_of_several_objects_at_one_path(self) -> None:
        rows = [{f"k{part}-{number}": 1 for number in range(50)} for part in range(5)]
        assert set(shape_of({"rows": rows}).fields) == {"", "rows", "rows[]", "rows[].*"}

    def test_a_key_that_is_a_star_is_no_map(self) -> None:
        assert set(shape_of({"*": 1}).fields) == {"", '["*"]'}
        assert not is_in_map('["*"]')
        assert not is_in_map('a["*"].b')
        assert is_in_map("*")
        assert is_in_map("a.*")
        assert is_in_map('["*"].*[].b')


class TestPaths:
    @pytest.mark.parametrize("key", ODD_KEYS)
    @pytest.mark.parametrize("parent", ["", "a", "a.b", "a[]", "[]", 'a["."]', '["["]', "a.*", '["*"]', '[""]'])
    def test_a_childs_parent_and_key_are_read_back(self, parent: str, key: str) -> None:
        path = child(parent, key)
        assert parent_of(path) == parent
        assert key_of(path) == key_of(child("", key))
        assert key_of(f"{path}[]") == key_of(path)
        assert parent_of(f"{path}[]") is None
        assert is_below(path, parent)
        assert not is_below(parent, path)
        assert not is_below(path, path)

    def test_different_keys_have_different_paths(self) -> None:
        for parent in ("", "a"):
            assert len({child(parent, key) for key in ODD_KEYS} | {any_child(parent)}) == len(ODD_KEYS) + 1

    def test_the_root_has_no_parent_and_no_key(self) -> None:
        assert parent_of("") is None
        assert parent_of("[]") is None
        assert (key_of(""), key_of("[]")) == ("", "")

    @pytest.mark.parametrize(
        ("path", "above", "expected"),
        [("a.b", "a", True), ("a[]", "a", True), ("ab", "a", False), ("a-b.c", "a", False), ("a", "", True)],
    )
    def test_below_is_by_whole_keys(self, path: str, above: str, *, expected: bool) -> None:
        assert is_below(path, above) == expected

    def test_keys_that_look_like_paths_are_not_taken_for_them(self) -> None:
        one, other = shape_of({"a.b": 1, "a": {"b": ""}}).fields, shape_of({"a": {"b": 1}, "a.b": ""}).fields
        assert one == {"": OBJECT, '["a.b"]': NUMBER, "a": OBJECT, "a.b": STRING}
        assert other == {"": OBJECT, '["a.b"]': STRING, "a": OBJECT, "a.b": NUMBER}


def test_kinds_in_words() -> None:
    assert kinds_in_words(0) is None
    assert kinds_in_words(MISSING) is None
    assert kinds_in_words(NULL) == "null"
    assert kinds_in_words(NUMBER | MISSING) == "number"
    assert kinds_in_words(BOOLEAN | NUMBER | STRING | ARRAY | OBJECT | NULL) == (
        "boolean or number or string or array or object or null"
    )
