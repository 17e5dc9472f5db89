"""The keyed diff by example: what identifies an item, what is one change, what is none, and where it is."""

from __future__ import annotations

import copy
import math
import random
import sys
from typing import Any

import pytest

from observatory.data_drift import DataChange, DataChangeKind, Ignoring, differences
from observatory.record.field_path import parse, render
from tests.examples import reference

ADDED, CHANGED, REMOVED = DataChangeKind.ADDED, DataChangeKind.CHANGED, DataChangeKind.REMOVED


def stat(number: int, name: str, base_stat: int) -> dict[str, Any]:
    return {"base_stat": base_stat, "effort": 0, "stat": reference("stat", number, name)}


def learned(group: str, method: str, level: int, order: int | None = None) -> dict[str, Any]:
    return {
        "level_learned_at": level,
        "move_learn_method": reference("move-learn-method", len(method), method),
        "order": order,
        "version_group": reference("version-group", len(group), group),
    }


def move(number: int, name: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"move": reference("move", number, name), "version_group_details": list(details)}


def pikachu() -> dict[str, Any]:
    return {
        "weight": 60,
        "is_default": True,
        "stats": [stat(1, "hp", 35), stat(2, "attack", 55), stat(3, "defense", 40)],
        "moves": [
            move(84, "thunder-shock", learned("red-blue", "level-up", 1), learned("gold-silver", "level-up", 1)),
            move(45, "growl", learned("red-blue", "level-up", 1), learned("red-blue", "machine", 0)),
        ],
        "types": [{"slot": 1, "type": reference("type", 13, "electric")}],
    }


def told(before: Any, after: Any, ignoring: str = "") -> list[tuple[str, str, Any, Any]]:
    """The changes, short."""
    found = differences(before, after, ignoring=Ignoring.of(ignoring))
    return [(change.path, change.kind.value, change.before, change.after) for change in found]


def test_an_edited_leaf_is_one_change_with_its_exact_place_and_what_identifies_its_item() -> None:
    edited = pikachu()
    edited["stats"][0]["base_stat"] = 36
    assert differences(pikachu(), edited) == [DataChange("stats[0].base_stat", CHANGED, 35, 36, "hp")]
    assert differences(pikachu(), edited)[0].normalised == "stats[].base_stat"


def test_the_index_is_that_of_the_current_body() -> None:
    edited = pikachu()
    edited["stats"].reverse()
    edited["stats"][2]["base_stat"] = 36
    assert differences(pikachu(), edited) == [DataChange("stats[2].base_stat", CHANGED, 35, 36, "hp")]


def test_an_item_is_identified_by_all_its_references_together() -> None:
    edited = pikachu()
    edited["moves"][1]["version_group_details"].reverse()
    edited["moves"][1]["version_group_details"][1]["level_learned_at"] = 7
    [change] = differences(pikachu(), edited)
    assert change.path == "moves[1].version_group_details[1].level_learned_at"
    assert (change.before, change.after, change.about) == (1, 7, "level-up/red-blue")


def test_references_that_are_not_enough_are_joined_by_another_field() -> None:
    """A move that is learned again at a higher level: method and version group are twice the same."""
    before = [learned("red-blue", "level-up", 1), learned("red-blue", "level-up", 20), learned("gold", "level-up", 1)]
    after = copy.deepcopy([before[2], before[1], before[0]])
    after[1]["order"] = 3
    [change] = differences(before, after)
    assert (change.path, change.about) == ("[1].order", "level-up/red-blue/level_learned_at 20")


def test_edits_of_the_very_fields_that_tell_items_apart_are_exact_too() -> None:
    before = [learned(group, "level-up", level) for group in ("red-blue", "gold") for level in (1, 20)]
    after = copy.deepcopy(before)
    after[1]["level_learned_at"] = 22
    after[3]["level_learned_at"] = 24
    expected = [("[1].level_learned_at", "changed", 20, 22), ("[3].level_learned_at", "changed", 20, 24)]
    assert told(before, after) == expected


def test_a_new_item_among_others_is_one_change_and_moves_no_other() -> None:
    longer = pikachu()
    surf = move(57, "surf", learned("red-blue", "machine", 0))
    longer["moves"].insert(0, surf)
    assert differences(pikachu(), longer) == [DataChange("moves[0]", ADDED, None, surf, "surf")]


def test_an_item_that_is_gone_has_its_index_in_the_previous_body() -> None:
    shorter = pikachu()
    gone = shorter["stats"].pop(1)
    assert differences(pikachu(), shorter) == [DataChange("stats[1]", REMOVED, gone, None, "attack")]


def test_a_move_that_replaced_another_is_not_told_as_an_edited_name() -> None:
    after = pikachu()
    after["moves"][1] = move(57, "surf", learned("red-blue", "machine", 0))
    assert [(path, kind) for path, kind, _, _ in told(pikachu(), after)] == [
        ("moves[1]", "removed"),
        ("moves[1]", "added"),
    ]


@pytest.mark.parametrize(
    ("field", "new"), [("url", "https://pokeapi.co/api/v2/move/99/"), ("name", "growling"), ("name", None), ("url", 7)]
)
def test_an_edit_of_what_identifies_an_item_is_still_one_change(field: str, new: Any) -> None:
    after = pikachu()
    before = after["moves"][1]["move"][field]
    after["moves"][1]["move"][field] = new
    after["moves"].reverse()
    assert told(pikachu(), after) == [(f"moves[0].move.{field}", "changed", before, new)]


def test_items_whose_url_all_changed_are_known_by_their_names() -> None:
    after = pikachu()
    for each in after["stats"]:
        each["stat"]["url"] = each["stat"]["url"].replace("/stat/", "/stat/10")
    after["stats"][0]["base_stat"] = 36
    changes = differences(pikachu(), after)
    assert [change.path for change in changes if not change.path.endswith("url")] == ["stats[0].base_stat"]
    assert len(changes) == 4


def test_numbers_that_are_given_anew_do_not_turn_one_item_into_another() -> None:
    """It happened in 2023: what was 945 became 946, and 946 became another one."""
    before = [
        {"name": name, "url": f"/pokemon/{number}/", "slot": number % 2} for number, name in enumerate("abcd", 940)
    ]
    after = [{**item, "url": f"/pokemon/{number}/"} for number, item in enumerate(before, 941)]
    after[1]["slot"] = 7
    changes = differences(before, after[::-1])
    assert [(change.path, change.about) for change in changes if not change.path.endswith("url")] == [("[2].slot", "b")]
    assert len(changes) == 5


def test_a_renamed_item_among_others_is_known_by_its_url() -> None:
    before = [{"name": name, "url": f"/move/{number}/"} for number, name in enumerate("abcd")]
    after = [dict(item) for item in before]
    after[2]["name"], after[3]["name"] = "vise-grip", "c"
    assert told(before, after) == [("[2].name", "changed", "c", "vise-grip"), ("[3].name", "changed", "d", "c")]


def test_a_type_that_took_the_slot_of_another_is_told_by_its_slot() -> None:
    after = pikachu()
    after["types"] = [{"slot": 1, "type": reference("type", 18, "fairy")}]
    assert [path for path, _, _, _ in told(pikachu(), after)] == ["types[0].type.name", "types[0].type.url"]


def test_an_item_that_is_there_twice_does_not_confuse_the_others() -> None:
    before, after = pikachu(), pikachu()
    after["moves"].append(copy.deepcopy(after["moves"][0]))
    after["stats"][2]["effort"] = 1
    changes = differences(before, after)
    assert [(change.path, change.kind) for change in changes] == [("stats[2].effort", CHANGED), ("moves[2]", ADDED)]
    assert changes[1].about == "thunder-shock"


def test_fields_that_come_and_go_are_one_change_each_whatever_they_hold() -> None:
    before, after = {"a": {"b": [1, 2, 3]}, "same": 1}, {"c": {"d": {"e": None}}, "same": 1}
    expected = [("a", "removed", {"b": [1, 2, 3]}, None), ("c", "added", None, {"d": {"e": None}})]
    assert told(before, after) == expected


def test_null_is_a_value_and_not_an_absence() -> None:
    assert told({"a": None}, {"a": {"b": 1}}) == [("a", "changed", None, {"b": 1})]
    assert told({"a": None}, {}) == [("a", "removed", None, None)]
    assert told({}, {"a": None}) == [("a", "added", None, None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 1.0),
        (0, -0.0),
        (math.nan, float("nan")),
        (math.inf, math.inf),
        (10**400, 10**400),
        ("https://pokeapi.co/api/v2/type/1/", "http://127.0.0.1:80/api/v2/type/1/"),
        ("https://pokeapi.co/api/v2/type/1/", "/api/v2/type/1/"),
        ("HTTP://pokeapi.co", "https://example.org/"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([1, 2, [3, 4]], [[4, 3], 2, 1]),
        ([[{"a": [1, 2]}], []], [[], [{"a": [2, 1]}]]),
        ([{"a": math.nan}, {"a": 1}], [{"a": 1}, {"a": float("nan")}]),
        ([True, 1, False, 0], [0, 1, False, True]),
    ],
)
def test_what_says_the_same_is_no_change(before: Any, after: Any) -> None:
    for one, other in [(before, after), ([before], [after]), ({"x": [{"y": before}]}, {"x": [{"y": after}]})]:
        assert differences(one, other) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, True),
        (0, False),
        (1.0, True),
        (None, False),
        ("1", 1),
        ("", None),
        ([], {}),
        ([], None),
        (2**53, 2**53 + 1),
        ("https://pokeapi.co/api/v2/type/1/", "https://pokeapi.co/api/v2/type/1/?a=b"),
        ("ftp://a/b", "ftp://c/b"),
        ("http:/a", "http:/b"),
        ("see https://a.example/", "see https://b.example/"),
    ],
)
def test_what_says_something_else_is_a_change(before: Any, after: Any) -> None:
    assert told({"a": before, "b": 1}, {"a": after, "b": 1}) == [("a", "changed", before, after)]
    assert told([[before]], [[after]]) == [("[0][0]", "changed", before, after)]
    assert told({"a": [{"name": "x", "y": before}]}, {"a": [{"name": "x", "y": after}]}) == [
        ("a[0].y", "changed", before, after)
    ]


def test_true_that_became_1_is_found_where_python_calls_the_bodies_equal() -> None:
    edited = pikachu()
    edited["is_default"] = 1
    assert edited == pikachu()
    assert told(pikachu(), edited) == [("is_default", "changed", True, 1)]


def test_hosts_are_no_part_of_an_identity() -> None:
    after = pikachu()
    after["stats"].reverse()
    for each in after["stats"]:
        each["stat"]["url"] = each["stat"]["url"].removeprefix("https://pokeapi.co")
        each["stat"]["name"] = each["stat"]["name"].upper()
    assert [change.path for change in differences(pikachu(), after)] == [f"stats[{i}].stat.name" for i in range(3)]


def test_scalars_are_compared_as_a_multiset() -> None:
    assert told(["a", "b", "a"], ["b", "a"]) == [("[2]", "removed", "a", None)]
    assert told(["a", "b"], ["c", "b"]) == [("[0]", "changed", "a", "c")]
    assert told(["a", "b", "c"], ["c", "x"]) == [
        ("[0]", "removed", "a", None),
        ("[1]", "removed", "b", None),
        ("[1]", "added", None, "x"),
    ]


def test_items_without_identity_are_paired_by_what_they_have_in_common() -> None:
    before = [{"rate": 0.5, "deep": [1, 2], "on": True}, {"rate": 0.25, "deep": [3], "on": False}]
    after = [{"rate": 0.25, "deep": [3], "on": True}, {"rate": 0.75, "deep": [2, 1], "on": True}]
    assert told(before, after) == [("[0].on", "changed", False, True), ("[1].rate", "changed", 0.5, 0.75)]


def test_lists_in_lists_are_paired_by_what_they_have_in_common() -> None:
    assert told([[1, 2, 3], [4, 5, 6]], [[4, 5, 7], [1, 9, 2]]) == [
        ("[0][2]", "changed", 6, 7),
        ("[1][1]", "changed", 3, 9),
    ]


def test_a_list_that_fills_has_one_change_for_each_item() -> None:
    assert told({"tags": []}, {"tags": ["a", "b"]}) == [
        ("tags[0]", "added", None, "a"),
        ("tags[1]", "added", None, "b"),
    ]


def test_the_whole_value_has_the_empty_path() -> None:
    assert told(1, 2) == [("", "changed", 1, 2)]
    assert told([], {}) == [("", "changed", [], {})]


@pytest.mark.parametrize("key", ["a.b", "[0]", "", "[]", '"', "\\", "é", "\u202e", "a\nb", "\x00", "**", "😀"])
def test_any_key_is_written_so_that_it_can_be_read_back(key: str) -> None:
    [change] = differences({key: [{"name": "x", key: 1}]}, {key: [{"name": "x", key: 2}]})
    assert parse(change.path) == (key, 0, key)
    assert change.normalised == render((key, *parse("[]"), key))


def test_ten_thousand_keys_and_items_are_compared_one_by_one_only() -> None:
    wide = {f"key.{number}": number for number in range(10_000)}
    assert told(wide, {**wide, "key.7": -1}) == [('["key.7"]', "changed", 7, -1)]
    order = random.Random(1)
    for items in (
        [{"id": number, "value": 0} for number in range(10_000)],
        [{"value": number % 100, "other": [number]} for number in range(10_000)],
        list(range(10_000)),
    ):
        shuffled: list[Any] = copy.deepcopy(items)
        order.shuffle(shuffled)
        assert differences(items, shuffled) == []
        assert len(differences(items, shuffled[:-1])) == 1
    assert len(differences(list(range(10_000)), list(range(5_000, 15_000)))) == 10_000


@pytest.mark.parametrize("depth", [500, 2_000])
def test_no_depth_is_too_deep(depth: int) -> None:
    def nested(leaf: object) -> Any:
        value: Any = leaf
        for level in range(depth):
            value = [value, level] if level % 2 else {"a": value, "name": "x"}
        return value

    assert depth < 1000 or depth > sys.getrecursionlimit()
    assert differences(nested(1), nested(1)) == []
    [change] = differences(nested(1), nested(2))
    assert (change.before, change.after) == (1, 2)
    assert len(parse(change.path)) == depth


def test_a_part_that_is_ignored_is_not_looked_at() -> None:
    edited = pikachu()
    edited["stats"][0]["base_stat"] = 36
    edited["moves"].pop()
    edited["weight"] = 61
    del edited["is_default"]
    assert told(pikachu(), edited, "moves, is_default, weight") == [("stats[0].base_stat", "changed", 35, 36)]
    assert [path for path, *_ in told(pikachu(), edited, "stats[].*, moves[]")] == ["weight", "is_default"]
    assert told(pikachu(), edited, "**") == []
    assert told(1, 2, "**") == []


def test_an_ignored_field_neither_identifies_an_item_nor_tells_two_apart() -> None:
    before = [{"url": "/1/", "name": "a", "n": 1}, {"url": "/2/", "name": "b", "n": 2}]
    after = [{"url": "/2/", "name": "a", "n": 1}, {"url": "/1/", "name": "b", "n": 3}]
    assert told(before, after, "**.url") == [("[1].n", "changed", 2, 3)]
    assert told([[1, {"at": 1}], [2]], [[2], [{"at": 5}, 1]], "**.at") == []
    twice = [{"method": reference("method", 1, "machine"), "level": level, "n": level} for level in (1, 2)]
    swapped = [{**twice[0], "level": 2}, {**twice[1], "level": 1}]
    assert told(twice, swapped, "[].level") == []


def test_an_item_whose_name_was_edited_is_known_also_when_what_is_ignored_changed_too() -> None:
    before, after = [{"name": "a", "at": 1, "n": 5}], [{"name": "b", "at": 2, "n": 5}]
    assert told(before, after, "**.at") == [("[0].name", "changed", "a", "b")]


def test_items_without_identity_that_have_little_in_common_are_different_ones() -> None:
    before = [{"x": 0.1, "y": 0.2, "z": 0.3}, {"x": 0.4, "y": 0.5, "z": 0.6}]
    after = [{"x": 0.1, "y": 0.7, "z": 0.7}, {"x": 0.8, "y": 0.8, "z": 0.6}]
    assert [(path, kind) for path, kind, _, _ in told(before, after)] == [
        ("[0]", "removed"),
        ("[1]", "removed"),
        ("[0]", "added"),
        ("[1]", "added"),
    ]


def test_another_reference_makes_another_item_however_alike_the_rest_is() -> None:
    before = [learned("red-blue", "level-up", 1), learned("red-blue", "level-up", 20)]
    after = [learned("red-blue", "level-up", 1), learned("gold", "level-up", 30), learned("gold", "level-up", 40)]
    assert [(path, kind) for path, kind, _, _ in told(before, after)] == [
        ("[1]", "removed"),
        ("[1]", "added"),
        ("[2]", "added"),
    ]
