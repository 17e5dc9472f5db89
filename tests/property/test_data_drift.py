"""Any JSON against itself or its own reordering has no difference; any single edit has exactly that one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from observatory.data_drift import DataChangeKind, Ignoring, differences
from observatory.record.field_path import Path, parse, render
from tests.examples import reference

# Keys made of the very characters that paths are written with, besides any other text.
KEYS = st.text(alphabet="ab0.[]\"\\'-_*, é\n\u202e😀", max_size=4) | st.sampled_from(["name", "id", "url", "slot"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.integers()
    | st.floats()
    | st.sampled_from([0.0, 1.0, 10**400, "", "https://pokeapi.co/api/v2/type/1/", "http:/", "/api/v2/type/2/"])
    | st.text(max_size=4)
)
REFERENCES = st.builds(reference, st.sampled_from(["move", "type"]), st.integers(1, 4), st.sampled_from("abc"))
JSON = st.recursive(
    SCALARS | REFERENCES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
ITEMS = st.fixed_dictionaries(
    {"move": REFERENCES, "level": st.integers(0, 5), "details": st.lists(st.fixed_dictionaries({"group": REFERENCES}))},
    optional={"slot": st.integers(1, 4), "tags": st.lists(st.sampled_from("xyz"), max_size=3)},
)
BODIES = JSON | st.lists(ITEMS, max_size=5) | st.fixed_dictionaries({"moves": st.lists(ITEMS, max_size=5)})


def reordered(value: Any, order: random.Random) -> Any:
    """The same value with each list, at any depth, and each object's fields in another order."""
    if isinstance(value, dict):
        fields = [(key, reordered(child, order)) for key, child in value.items()]
        order.shuffle(fields)
        return dict(fields)
    if isinstance(value, list):
        items = [reordered(item, order) for item in value]
        order.shuffle(items)
        return items
    return value


def reread(value: Any) -> Any:
    """The same value with no part shared, as another answer would be."""
    return json.loads(json.dumps(value))


def every_place(value: Any, place: Path = ()) -> Iterator[Path]:
    yield place
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from every_place(child, (*place, key))


def at(value: Any, place: Path) -> Any:
    for segment in place:
        value = value[segment]
    return value


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=150)
@given(value=BODIES)
def test_a_value_has_no_difference_from_itself(value: Any) -> None:
    assert differences(value, value) == []
    assert differences(value, reread(value)) == []


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=200)
@given(value=BODIES, order=st.randoms(use_true_random=False))
def test_an_order_is_never_a_difference(value: Any, order: random.Random) -> None:
    assert differences(value, reordered(reread(value), order)) == []


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=200)
@given(value=BODIES, new=SCALARS, order=st.randoms(use_true_random=False), data=st.data())
@example(value={"a": True}, new=1, order=random.Random(0), data=None)
def test_a_single_edit_is_exactly_that_change_at_exactly_that_place(
    value: Any, new: Any, order: random.Random, data: st.DataObject | None
) -> None:
    # A list's items are put in another order first, and then the edit is made: it must be found at its new place.
    shuffled = reordered(reread(value), order)
    place = data.draw(st.sampled_from(list(every_place(shuffled)))) if data else ("a",)
    old = at(shuffled, place)
    assume(differences([old], [new]) != [])
    edited = new
    if place:
        edited = copy.deepcopy(shuffled)
        at(edited, place[:-1])[place[-1]] = new
    event(f"depth {min(len(place), 5)}")

    [change] = differences(value, edited)

    assert change.kind is DataChangeKind.CHANGED
    assert differences(change.after, new) == []
    assert differences(change.before, old) == []
    assert_same_place(edited, parse(change.path), place)


def assert_same_place(value: Any, told: Path, place: Path) -> None:
    """Two places are one, unless items of a list are equal: then nobody can tell which of them was edited."""
    if told == place:
        return
    assert len(told) == len(place), (render(told), render(place))
    for mine, theirs in zip(told, place, strict=True):
        if mine != theirs:
            assert isinstance(value, list)
            assert isinstance(mine, int)
            assert isinstance(theirs, int)
            assert differences(value[mine], value[theirs]) == []
        value = value[mine]


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=150)
@given(value=BODIES, added=JSON, key=KEYS, data=st.data())
def test_a_field_or_item_that_comes_or_goes_is_one_change(
    value: Any, added: Any, key: str, data: st.DataObject
) -> None:
    containers = [place for place in every_place(value) if isinstance(at(value, place), dict | list)]
    assume(containers)
    place = data.draw(st.sampled_from(containers))
    longer = copy.deepcopy(value)
    container = at(longer, place)
    if isinstance(container, dict):
        assume(key not in container)
        container[key] = added
    else:
        container.append(added)

    [came] = differences(value, longer)
    [went] = differences(longer, value)

    assert (came.kind, came.before, went.kind, went.after) == (DataChangeKind.ADDED, None, DataChangeKind.REMOVED, None)
    assert differences(came.after, added) == []
    assert differences(went.before, added) == []
    expected = (*place, key if isinstance(container, dict) else len(container) - 1)
    assert_same_place(longer, parse(came.path), expected)
    assert_same_place(longer, parse(went.path), expected)


PLAIN = st.recursive(
    st.integers(-3, 3) | st.sampled_from("abc") | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("nm"), inner, max_size=2),
    max_leaves=10,
)


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=150)
@given(value=PLAIN, other=PLAIN, order=st.randoms(use_true_random=False), is_copy=st.booleans())
def test_what_deepdiff_calls_the_same_but_for_its_order_is_no_change(
    value: Any, other: Any, order: random.Random, is_copy: bool
) -> None:
    after = reordered(reread(value), order) if is_copy else other
    same = not DeepDiff(value, after, ignore_order=True, report_repetition=True)
    event(f"same: {same}")
    assert (differences(value, after) == []) == same


def meaning(value: Any) -> str:
    """The oracle: what a value says, written the slow and plain way."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{key!r}:{meaning(child)}" for key, child in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted(map(meaning, value))) + "]"
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        parts = value.split("/", 3)
        return repr(f"/{parts[3]}" if len(parts) > 3 else "/")
    if isinstance(value, float) and value.is_integer():
        return meaning(int(value))
    return f"integer {value:x}" if isinstance(value, int) and not isinstance(value, bool) else repr(value)


# Property 8: Data differences are identified
@pytest.mark.property(8)
@settings(max_examples=200)
@given(before=BODIES, after=BODIES)
@example(before=[{"a": 1, "b": 2.0}], after=[{"b": 2, "a": True}])
@example(before={"a": [1, True]}, after={"a": [True, 1.0]})
@example(before="http://a/b", after="https://c:80/b")
def test_there_are_differences_exactly_when_the_values_say_something_else(before: Any, after: Any) -> None:
    assert (differences(before, after) == []) == (meaning(before) == meaning(after))


@settings(max_examples=150)
@given(before=BODIES, after=BODIES)
def test_each_change_can_be_found_where_it_says(before: Any, after: Any) -> None:
    for change in differences(before, after):
        if change.kind is not DataChangeKind.REMOVED:
            assert differences(at(after, parse(change.path)), change.after) == []
        assert change.path.isprintable()


@settings(max_examples=150)
@given(before=BODIES, after=BODIES, data=st.data())
def test_nothing_is_told_of_what_is_ignored(before: Any, after: Any, data: st.DataObject) -> None:
    found = differences(before, after)
    assume(found)
    ignored = data.draw(st.sampled_from(found))
    patterns = [quoted(ignored.normalised)]
    ignoring = Ignoring.of(patterns)
    assert ignoring.covers(ignored.path)
    assert not any(ignoring.covers(change.path) for change in differences(before, after, ignoring=ignoring))


def quoted(path: str) -> str:
    """A path as a pattern: the empty one, which is the whole value, is written as any depth."""
    return path or "**"
