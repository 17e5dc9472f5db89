"""A single edit of any body, at any depth, is told as exactly that change; data that others show too is told as none.

What should be told is worked out here by a plain walk, place by place, and not with the engine's shapes.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from observatory.record.field_path import Path, normalise, render
from observatory.schema_drift import ChangeKind, SchemaChange
from tests.schema_drift_values import JSON, OBJECTS, Watched

KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
SAMPLES: list[Any] = [True, 7, 0.5, "text", [], {}, [1], [{"x": 1}], {"x": None}]


class Edit(NamedTuple):
    """A body, the body with one edit, and where the edit is."""

    body: Any
    edited: Any
    place: Path


def labelled(value: Any, depth: int = 0) -> Any:
    """The value with its depth in each key, so that nothing contains itself by accident."""
    if isinstance(value, dict):
        return {f"{key}{depth}": labelled(each, depth + 1) for key, each in value.items()}
    return [labelled(each, depth + 1) for each in value] if isinstance(value, list) else value


BODIES = OBJECTS.map(labelled)


def places(value: Any, place: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield place, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*place, key))


def columns(body: Any) -> dict[Path, list[Any]]:
    """All values of each normalised path."""
    found: dict[Path, list[Any]] = defaultdict(list)
    for place, value in places(body):
        found[normalise(place)].append(value)
    return found


def words(values: list[Any]) -> str | None:
    """The kinds of values in words, null last."""
    kinds = {KINDS[type(value)] for value in values if value is not None}
    names = [name for name in ("boolean", "number", "string", "array", "object") if name in kinds]
    return " or ".join([*names, "null"] if None in values else names) or None


def replaced(body: Any, place: Path, value: Any) -> Any:
    """The body with another value at a place; with a key more, where there is none."""
    if not place:
        return value
    edited = copy.deepcopy(body)
    at(edited, place[:-1])[place[-1]] = value
    return edited


def without(body: Any, place: Path) -> Any:
    edited = copy.deepcopy(body)
    del at(edited, place[:-1])[place[-1]]
    return edited


def at(body: Any, place: Path) -> Any:
    for key in place:
        body = body[key]
    return body


def is_firm(body: Any, path: Path) -> bool:
    """Whether every object above a path has its key."""
    found = columns(body)
    return len(found[path]) == len([value for value in found[path[:-1]] if isinstance(value, dict)])


def what_is_told(before: Any, after: Any, others: int, number: int) -> list[SchemaChange]:
    """The changes when one of several resources changes, the others being as it was before."""
    resources = [str(each) for each in range(others + 1)]
    watched = Watched(dict.fromkeys(resources, before))
    return watched.run({**dict.fromkeys(resources, before), str(number % (others + 1)): after})


OTHERS = st.integers(1, 5)
NUMBER = st.integers(0, 5)


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(body=BODIES, value=JSON.map(labelled), data=st.data(), others=OTHERS, number=NUMBER)
def test_a_key_more_is_a_field_added(body: Any, value: Any, data: st.DataObject, others: int, number: int) -> None:
    above = data.draw(st.sampled_from([place for place, each in places(body) if isinstance(each, dict)]))
    path = (*above, data.draw(st.sampled_from(["new", "new.one", "*", "", 'new["]'])))
    edited = replaced(body, path, value)
    [change] = what_is_told(body, edited, others, number)
    assert change == SchemaChange(
        ChangeKind.FIELD_ADDED, "pokemon", render(normalise(path)), None, words([value]), change.resources
    )
    assert change.resources == (str(number % (others + 1)),)
    assert not change.breaking


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(body=BODIES.filter(bool), data=st.data(), others=OTHERS, number=NUMBER)
def test_a_key_less_is_a_field_removed(body: Any, data: st.DataObject, others: int, number: int) -> None:
    place = data.draw(st.sampled_from([place for place, _ in places(body) if place and isinstance(place[-1], str)]))
    path = normalise(place)
    edited = without(body, place)
    told = what_is_told(body, edited, others, number)
    if not is_firm(body, path):  # some objects lacked the key already: that one more does is data
        assert told == []
        return
    kinds = words(columns(body)[path])
    now = f"{kinds}, or missing" if path in columns(edited) else None
    resources = (str(number % (others + 1)),)
    assert told == [SchemaChange(ChangeKind.FIELD_REMOVED, "pokemon", render(path), kinds, now, resources)]
    assert told[0].breaking


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(body=BODIES, data=st.data(), others=OTHERS, number=NUMBER)
def test_another_kind_of_value_is_a_type_changed(body: Any, data: st.DataObject, others: int, number: int) -> None:
    place = data.draw(st.sampled_from([place for place, _ in places(body)]))
    path = normalise(place)
    had = columns(body)[path]
    kinds = (words(had) or "").split(" or ")
    others_than_these = [each for each in SAMPLES if KINDS[type(each)] not in kinds]
    assume(others_than_these)
    value = data.draw(st.sampled_from(others_than_these))
    edited = replaced(body, place, value)
    told = what_is_told(body, edited, others, number)
    if kinds == ["null"]:  # what was only null has a value now: data
        assert told == []
        return
    is_null = [None] if None in had else []
    now = words([each for each in columns(edited)[path] if each is not None] + is_null)
    resources = (str(number % (others + 1)),)
    assert told == [SchemaChange(ChangeKind.TYPE_CHANGED, "pokemon", render(path), words(had), now, resources)]
    assert told[0].breaking


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(body=BODIES, data=st.data(), others=OTHERS, number=NUMBER)
def test_a_null_where_none_was_is_became_nullable(body: Any, data: st.DataObject, others: int, number: int) -> None:
    place = data.draw(st.sampled_from([place for place, _ in places(body)]))
    path = normalise(place)
    had = columns(body)[path]
    told = what_is_told(body, replaced(body, place, None), others, number)
    if None in had:
        assert told == []
        return
    resources = (str(number % (others + 1)),)
    assert told == [
        SchemaChange(ChangeKind.BECAME_NULLABLE, "pokemon", render(path), words(had), words([*had, None]), resources)
    ]
    assert told[0].breaking


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(body=BODIES.filter(bool), data=st.data(), value=JSON, count=st.integers(3, 6))
def test_an_edit_of_all_resources_is_one_change_with_all_of_them(
    body: Any, data: st.DataObject, value: Any, count: int
) -> None:
    resources = [str(number) for number in range(count)]
    above = data.draw(st.sampled_from([place for place, each in places(body) if isinstance(each, dict)]))
    watched = Watched(dict.fromkeys(resources, body))
    path = (*above, "new")
    [added] = watched.run(dict.fromkeys(resources, replaced(body, path, value)))
    assert (added.kind, added.resources) == (ChangeKind.FIELD_ADDED, tuple(resources))
    [removed] = watched.run(dict.fromkeys(resources, body))
    assert (removed.kind, removed.path, removed.resources) == (ChangeKind.FIELD_REMOVED, added.path, tuple(resources))
    assert removed.reverses(added)


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=100)
@given(body=BODIES, data=st.data(), others=OTHERS, number=NUMBER)
def test_a_list_that_fills_or_empties_is_data(body: Any, data: st.DataObject, others: int, number: int) -> None:
    lists = sorted({normalise(place) for place, each in places(body) if isinstance(each, list)}, key=render)
    assume(lists)
    path = data.draw(st.sampled_from(lists))
    emptied = copy.deepcopy(body)
    for place, each in places(body):
        if normalise(place) == path and isinstance(each, list):
            at(emptied, place).clear()
    assert what_is_told(body, emptied, others, number) == []
    assert what_is_told(emptied, body, others, number) == []


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=100)
@given(body=BODIES.filter(bool), data=st.data(), others=OTHERS, is_null=st.booleans())
def test_what_others_have_comes_and_goes_as_data(body: Any, data: st.DataObject, others: int, *, is_null: bool) -> None:
    place = data.draw(st.sampled_from([place for place, _ in places(body) if place and isinstance(place[-1], str)]))
    lacking = replaced(body, place, None) if is_null else without(body, place)
    resources = dict.fromkeys(map(str, range(others)), body)
    watched = Watched({**resources, "late": lacking})
    assert watched.run({**resources, "late": body}) == []
    assert watched.run({**resources, "late": lacking}) == []
