"""A field that is gone and one that is new in the same object are told as one rename when they are the same thing."""

from __future__ import annotations

from typing import Any

from observatory.schema_drift import ChangeKind, SchemaChange
from tests.schema_drift_values import Watched, many


def told(before: Any, now: Any, count: int = 3) -> list[str]:
    """What is told when some resources change: bodies are values, or make one from a number."""
    watched = Watched({str(number): made(before, number) for number in range(count)})
    return watched.sentences({str(number): made(now, number) for number in range(count)})


def made(body: Any, number: int) -> Any:
    return body(number) if callable(body) else body


def test_a_container_is_renamed_when_the_new_one_has_its_shape() -> None:
    move = {"move": {"name": "cut"}, "order": 1}
    assert told({"moves": [move], "id": 1}, {"attacks": [{**move, "order": 2}], "id": 1}) == [
        "moves seems to be renamed to attacks"
    ]
    assert told({"moves": [move]}, {"attacks": [{"move": {"name": "cut"}}]}) == [
        "attacks was added (array)",
        "moves was removed (array)",
    ]
    assert told({"moves": [move]}, {"attacks": [{**move, "order": "1"}]}) == [
        "attacks was added (array)",
        "moves was removed (array)",
    ]


def test_a_plain_value_is_renamed_when_most_resources_have_the_same_value_under_the_new_name() -> None:
    renamed = ["height seems to be renamed to size"]
    apart = ["height was removed (number)", "size was added (number)"]
    assert told(lambda number: {"height": number}, lambda number: {"size": number}) == renamed
    assert told(lambda number: {"height": number}, lambda number: {"size": number + 1}) == apart
    assert told(lambda number: {"height": number}, lambda number: {"size": number or 9}) == renamed
    assert told(lambda number: {"height": number}, {"size": 2}) == apart


def test_values_of_all_items_of_a_list_are_compared() -> None:
    def with_items(key: str, add: int) -> Any:
        return lambda number: {"l": [{key: number + add, "x": 1}, {key: number, "x": 1}]}

    assert told(with_items("a", 0), with_items("b", 0)) == ["l[].a seems to be renamed to l[].b"]
    assert told(with_items("a", 0), with_items("b", 5)) == ["l[].a was removed (number)", "l[].b was added (number)"]


def test_another_kind_or_another_object_is_no_rename() -> None:
    assert told({"a": 1}, {"b": "1"}) == ["a was removed (number)", "b was added (string)"]
    assert told({"a": {"x": 1}, "b": {}}, {"a": {}, "b": {"x": 1}}) == [
        "a.x was removed (number)",
        "b.x was added (number)",
    ]
    assert told({"a": {"x": {"n": 1}}, "b": {}}, {"a": {}, "b": {"x": {"n": 1}}}) == [
        "a.x was removed (object)",
        "b.x was added (object)",
    ]


def test_what_is_only_removed_in_part_is_not_renamed() -> None:
    item = {"x": 1}
    assert told({"l": [{"a": item}, {"a": item}]}, {"l": [{"a": item}, {"b": item}]}) == [
        "l[].a was removed: now object, or missing",
        "l[].b was added (object)",
    ]


def test_each_path_is_in_one_pair_and_the_likeliest_pair_comes_first() -> None:
    before = {"front": "u", "back": "v"}
    assert told(before, {"front_image": "u", "back_image": "v"}) == [
        "back seems to be renamed to back_image",
        "front seems to be renamed to front_image",
    ]
    assert told({"front": "u"}, {"front_image": "u", "z": "u"}) == [
        "front seems to be renamed to front_image",
        "z was added (string)",
    ]
    shape = {"x": 1}
    assert told({"moves": shape, "forms": shape}, {"form_list": shape, "move_list": shape}) == [
        "forms seems to be renamed to form_list",
        "moves seems to be renamed to move_list",
    ]


def test_a_rename_is_one_change_with_both_names_and_all_resources() -> None:
    watched = Watched({"1": {"a": 1}, "2": {"a": 2}})
    [change] = watched.run({"1": {"b": 1}, "2": {"b": 2}})
    assert (change.path, change.to, change.before, change.after) == ("a", "b", "number", "number")
    assert (change.resources, change.breaking) == (("1", "2"), True)
    assert change.as_event()["to"] == "b"


def test_a_rename_back_is_told_and_reverses_it() -> None:
    watched = Watched({"1": {"a": 1}, "2": {"a": 2}})
    [there] = watched.run({"1": {"b": 1}, "2": {"b": 2}})
    [back] = watched.run({"1": {"a": 1}, "2": {"a": 2}})
    assert isinstance(back, SchemaChange)
    assert (back.path, back.to) == ("b", "a")
    assert back.reverses(there)
    assert watched.run({"1": {"a": 1}, "2": {"a": 2}}) == []


def test_a_rename_that_only_one_resource_shows_leaves_the_old_name_known() -> None:
    watched = Watched({str(number): {"a": number} for number in range(40)})
    assert watched.sentences({"1": {"b": 1}}) == ["a seems to be renamed to b"]
    assert watched.run({"new": {"a": 50}}) == []


def test_a_null_speaks_for_no_rename_of_a_plain_value() -> None:
    watched = Watched({"1": {"a": None}, "2": {"a": 5}})
    assert len(watched.run({"1": {"b": None}, "2": {"b": 6}})) == 2


def test_null_says_nothing_for_or_against_a_rename() -> None:
    before = {**many(3, {"old": 7, "x": 1}), **many(9, {"old": None, "x": 1}, first=10)}
    after = {**many(3, {"new": 7, "x": 1}), **many(9, {"new": None, "x": 1}, first=10)}
    [change] = Watched(before).run(after)
    assert (change.kind, change.path, change.to) == (ChangeKind.RENAMED, "old", "new")


def test_two_empty_lists_are_no_rename() -> None:
    kinds = [change.kind for change in Watched(many(3, {"old": []})).run(many(3, {"new": []}))]
    assert sorted(kinds) == [ChangeKind.FIELD_ADDED, ChangeKind.FIELD_REMOVED]
