"""Changes of many resources: grouped by place and, where these are few, by identity; said in one sentence."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from observatory.data_drift import (
    DataChange,
    DataChangeGroup,
    DataChangeKind,
    differences,
    from_json,
    grouped,
    merged,
    sentence,
    to_json,
)
from tests.examples import reference

ADDED, CHANGED, REMOVED = DataChangeKind.ADDED, DataChangeKind.CHANGED, DataChangeKind.REMOVED


def changed(path: str, before: Any = 1, after: Any = 2, about: str = "") -> DataChange:
    return DataChange(path, CHANGED, before, after, about)


def sentences(endpoint: str, by_resource: dict[str, list[DataChange]], seen: int = 151) -> list[str]:
    return [sentence(group, seen) for group in grouped(endpoint, by_resource)]


def test_a_mass_event_is_one_sentence() -> None:
    def stats(hp: int, attack: int) -> Any:
        values = {"hp": hp, "attack": attack}
        return {
            "stats": [
                {"base_stat": value, "stat": reference("stat", number, name)}
                for number, (name, value) in enumerate(values.items(), 1)
            ]
        }

    pokemon = {str(number): differences(stats(44 + number, 49), stats(45 + number, 49)) for number in range(131, 0, -1)}
    pokemon["2"] += differences(stats(0, 62), stats(0, 63))
    assert sentences("pokemon", pokemon) == [
        "hp changed in 131 of 151 pokemon (stats[].base_stat; pokemon/1: 45 → 46)",
        "stats[1].base_stat of attack in pokemon/2 changed from 62 to 63",
    ]


@pytest.mark.parametrize(
    ("endpoint", "by_resource", "expected"),
    [
        ("pokemon", {"25": [changed("weight", 60, 61)]}, "weight of pokemon/25 changed from 60 to 61"),
        ("pokemon", {"25": [changed("name", "a", None)]}, 'name of pokemon/25 changed from "a" to null'),
        (
            "pokemon",
            {"25": [changed("x[0].y", 0.5, True, "hp")]},
            "x[0].y of hp in pokemon/25 changed from 0.5 to true",
        ),
        ("type", {"": [changed("count", 20, 21)]}, "count of type changed from 20 to 21"),
        ("type", {"1": [changed("", [], {})]}, "the whole answer of type/1 changed from [] to {}"),
        (
            "pokemon",
            {"25": [DataChange("cries", ADDED, None, {"latest": "x"})]},
            "cries of pokemon/25 is new: an object with 1 field",
        ),
        ("pokemon", {"25": [DataChange("order", REMOVED, 35, None)]}, "order of pokemon/25 is gone, it was 35"),
        (
            "pokemon",
            {"1": [changed("weight", 69, 70)], "2": [changed("weight", 130, 131)]},
            "weight changed in 2 of 151 pokemon (pokemon/1: 69 → 70)",
        ),
        (
            "ability",
            {"1": [DataChange("a", ADDED, None, 7)], "2": [DataChange("a", ADDED, None, 8)]},
            "a is new in 2 of 151 abilities (ability/1: 7)",
        ),
        (
            "type",
            {"1": [DataChange("a", REMOVED, 7, None)], "2": [DataChange("a", REMOVED, None, None)]},
            "a is gone from 2 of 151 types (type/1: 7)",
        ),
        (
            "pokemon",
            {"25": [changed(f"moves[{number}].order", number, None) for number in (10, 9)]},
            "moves[].order changed in 2 places of pokemon/25 (moves[9].order: 9 → null)",
        ),
        (
            "pokemon",
            {"25": [DataChange(f"moves[{n}]", ADDED, None, {"a": 1}, name) for n, name in [(9, "surf"), (10, "fly")]]},
            "moves[] has 2 new items in pokemon/25: surf, fly",
        ),
        (
            "pokemon",
            {"25": [DataChange(f"moves[{n}]", REMOVED, {}, None, f"m{n}") for n in range(20)]},
            "moves[] lost 20 items in pokemon/25: m0, m1, m2, m3, m4, …",
        ),
        (
            "pokemon",
            {"25": [DataChange("tags[0]", REMOVED, "x", None)]},
            'tags[] lost 1 item in pokemon/25: "x"',
        ),
        (
            "pokemon-species",
            {name: [DataChange("tags[0]", ADDED, None, "x")] * 2 for name in "ab"},
            'tags[] has new items in 2 of 151 pokemon-species (4 in all; pokemon-species/a: "x")',
        ),
    ],
)
def test_a_sentence_says_it_in_plain_english(
    endpoint: str, by_resource: dict[str, list[DataChange]], expected: str
) -> None:
    assert sentences(endpoint, by_resource) == [expected]


def test_a_count_that_cannot_be_is_left_out() -> None:
    by_resource = {"1": [changed("weight")], "2": [changed("weight")]}
    assert sentences("type", by_resource, seen=0) == ["weight changed in 2 types (type/1: 1 → 2)"]


def test_resources_are_in_natural_order_and_the_largest_group_is_first() -> None:
    names = ["10", "9", "pikachu", "1", "100", "02", "2"]
    by_resource = {name: [changed("a"), changed("b")] for name in names}
    by_resource["1"].append(changed("c"))
    by_resource["9"] = [changed("b")]
    groups = grouped("pokemon", by_resource)
    assert [group.path for group in groups] == ["b", "a", "c"]
    assert groups[0].resources == ("1", "02", "2", "9", "10", "100", "pikachu")


def test_a_place_in_many_different_items_is_one_group() -> None:
    few = {"25": [changed(f"moves[{n}].order", about=f"move {n}") for n in range(8)]}
    many = {"25": [changed(f"moves[{n}].order", about=f"move {n}") for n in range(9)]}
    assert [group.about for group in grouped("pokemon", few)] == [f"move {n}" for n in range(8)]
    [folded] = grouped("pokemon", many)
    assert (folded.about, folded.count, folded.resources) == ("", 9, ("25",))


def test_an_example_of_a_folded_group_says_which_item_it_is_about() -> None:
    by_resource = {str(k): [changed(f"moves[{n}].order", about=f"move {n}") for n in range(9)] for k in (1, 2)}
    assert sentences("type", by_resource) == ["moves[].order changed in 2 of 151 types (type/1, move 0: 1 → 2)"]


def test_what_was_folded_stays_so_when_more_comes() -> None:
    many = grouped("pokemon", {"25": [changed(f"moves[{n}].order", about=f"move {n}") for n in range(9)]})
    one = grouped("pokemon", {"1": [changed("moves[0].order", about="move 0")]})
    [group] = merged(one, many)
    assert (group.about, group.count, group.resources) == ("", 10, ("1", "25"))


def test_kinds_and_endpoints_are_never_mixed() -> None:
    one = grouped("type", {"1": [changed("a"), DataChange("a", REMOVED, 1, None)]})
    assert len(merged(one, grouped("ability", {"1": [changed("a")]}))) == 3


def test_the_size_of_a_group_does_not_grow_with_values() -> None:
    huge = {
        "text": "x" * 100_000,
        "items": list(range(100_000)),
        "object": {str(n): n for n in range(1000)},
        "number": 10**5000,
        "nan": math.nan,
        "infinite": -math.inf,
    }
    changes = [changed(f"{name}", value, value, about="a" * 1000) for name, value in huge.items()]
    groups = grouped("pokemon", {str(number): changes for number in range(50)})
    text = json.dumps(to_json(groups), allow_nan=False)
    assert len(text) < 20_000
    assert [sentence(group, 50)[:60] for group in groups]
    assert from_json(json.loads(text)) == groups


def test_texts_that_a_database_refuses_are_escaped() -> None:
    [group] = grouped("pokemon", {"1": [changed("a", "a\x00b", "\ud800", about="x\x00")]})
    text = json.dumps(to_json([group]), ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert "\x00" not in text
    assert sentence(group, 1) == 'a of x\\x00 in pokemon/1 changed from "a\\x00b" to "\\ud800"'


def test_two_resources_of_one_name_are_one_resource_with_more_changes() -> None:
    one = grouped("pokemon", {"1": [changed("a")]})
    [group] = merged(one, one)
    assert (group.resources, group.count, len(group.examples)) == (("1",), 2, 1)
    assert isinstance(group, DataChangeGroup)
