"""What no body may do: crash the engine, let it confuse two paths, or make its memory grow with what it sees."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from observatory.schema_drift import Observation
from observatory.schema_drift.crowd import Crowd
from observatory.schema_drift.model import about, bit_of
from tests.schema_drift_values import Watched, many

DEPTH = 500


def deep(kinds: str, **fields: Any) -> Any:
    """A value that is 500 levels deep: each letter is a key, a dash is a list."""
    value: Any = 1
    for level in range(DEPTH):
        kind = kinds[level % len(kinds)]
        value = [value] if kind == "-" else {**fields, kind: value}
    return value


@pytest.mark.parametrize(("kinds", "most"), [("a", 2), ("-", 501), ("-a", 3), ("ab", 501), ("abc-", 501)])
def test_bodies_of_any_depth_are_learned_and_compared(kinds: str, most: int) -> None:
    watched = Watched(many(3, deep(kinds)))
    assert len(watched.known) <= most
    assert watched.run(many(3, deep(kinds), first=4)) == []
    told = watched.run({"1": deep(kinds, new=1)})
    assert len(told) <= 4  # each turn of the recursion is told by the topmost ones
    assert {change.path.rpartition(".")[2] for change in told} == ({"new"} if kinds != "-" else set())
    assert watched.run({"1": deep(kinds, new=1)}) == []


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**4000, 1e308], ids=["nan", "inf", "-inf", "huge", "large"]
)
def test_numbers_of_any_size_are_numbers(value: float) -> None:
    watched = Watched(many(20, {"a": 1, "b": 1}))
    assert watched.run(many(20, {"a": value, "b": 1})) == []
    assert watched.sentences(many(20, {"a": value, "b": value, "c": value})) == ["c was added (number)"]


def test_ten_thousand_keys_are_a_map() -> None:
    keys = {f"key-{number}": {"n": number} for number in range(10_000)}
    watched = Watched({"1": keys})
    assert set(watched.known) == {"", "*", "*.n"}
    assert watched.run({"1": {**keys, "one more": {"n": 1}}}) == []
    assert watched.sentences({"1": {**keys, "another": {"n": "x"}}}) == [
        "*.n changed its type from number to number or string"
    ]


def test_memory_does_not_grow_with_the_number_of_resources() -> None:
    def bodies(first: int, last: int) -> dict[str, Any]:
        return {
            str(number): {
                "id": number,
                "name": f"name-{number}",
                "kind": "abc"[number % 3],
                "names": {f"k{number}": "x"},
            }
            for number in range(first, last)
        }

    watched = Watched(bodies(0, 500))
    few = len(json.dumps(watched.known.as_json()))
    watched.run(bodies(500, 5000))
    assert set(watched.known) == {"", "id", "name", "kind", "names", "names.*"}
    assert len(json.dumps(watched.known.as_json())) <= few


def test_what_a_run_saw_grows_only_with_the_resources_that_show_a_change() -> None:
    watched = Watched(many(50, {"a": 1}))
    sizes = [len(json.dumps(watched.observed(many(count, {"a": 1}, first=100)).as_json())) for count in (2000, 4000)]
    assert sizes[0] == sizes[1]


def test_resources_of_any_name_have_one_bit_of_sixty_three() -> None:
    bits = {bit_of(resource) for resource in ["", "\ud800", "\0", "é", *map(str, range(1000))]}
    assert bits == {1 << number for number in range(63)}
    assert bit_of("25") == bit_of("25")


def test_bits_tell_about_how_many_resources_have_them() -> None:
    bits, sizes = 0, {0: about(0)}
    for number in range(1, 2001):
        bits |= bit_of(str(number))
        sizes[number] = about(bits)
    assert sizes[0] == 0
    assert all(abs(sizes[number] - number) <= number / 3 + 1 for number in (1, 5, 10, 40, 80))
    assert sizes[2000] > 2000


def test_a_crowd_is_counted_exactly_while_it_is_small_and_closely_when_it_is_large() -> None:
    crowd = Crowd()
    assert crowd.size == 0
    sizes = []
    for number in range(4000):
        crowd.add(str(number))
        crowd.add(str(number))
        sizes.append(crowd.size)
    assert sizes[:10] == list(range(1, 11))
    assert abs(sizes[999] - 1000) <= 50
    assert abs(sizes[3999] - 4000) <= 200
    assert "17" in crowd
    assert "17" not in Crowd()


def test_odd_names_of_keys_and_resources_are_told_as_they_are() -> None:
    keys = ["", ".", "a.b", "[]", "[0]", '"', "\\", "*", "\0", "\n", "é", "😀", "\ud800", "constructor", "__proto__"]
    watched = Watched({"\ud800": {"o": {}}, "": {"o": {}}})
    told = watched.run({"\ud800": {"o": dict.fromkeys(keys, 1)}})
    assert len({change.path for change in told}) == len(keys)
    assert all(change.sentence().isprintable() for change in told)
    assert {change.resources for change in told} == {("\ud800",)}
    gone = watched.run({"\ud800": {"o": {}}})
    assert [change.path for change in gone] == [change.path for change in told]


def test_an_observation_of_nothing_is_nothing() -> None:
    assert Observation.of(json.loads(json.dumps(Observation().as_json()))).as_json() == Observation().as_json()
