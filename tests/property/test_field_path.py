"""Paths of any keys: written and read without confusion, and leading where a plain walk leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.record import view
from observatory.record.field_path import (
    EVERY,
    Json,
    NoSuchFieldError,
    Path,
    PathSyntaxError,
    normalise,
    parse,
    render,
    values_at,
)

# Keys made of the very characters that paths are written with, besides any other text.
KEYS = st.text(alphabet="ab0.[]\"\\'-_ é\n\u202e\u2028😀", max_size=6) | st.text(max_size=6)
SEGMENTS: st.SearchStrategy[Path] = st.lists(KEYS | st.integers(0, 10**6) | st.just(EVERY), max_size=6).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=15,
)


def every_place(value: Json, place: Path = ()) -> Iterator[tuple[Path, Json]]:
    yield place, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from every_place(child, (*place, key))


@settings(max_examples=500, deadline=None)
@given(path=SEGMENTS)
def test_a_written_path_reads_back_the_same(path: Path) -> None:
    text = render(path)
    assert parse(text) == path
    assert text.isprintable()


@settings(max_examples=500, deadline=None)
@given(one=SEGMENTS, other=SEGMENTS)
def test_two_paths_are_never_written_alike(one: Path, other: Path) -> None:
    assert (render(one) == render(other)) == (one == other)


@settings(max_examples=500, deadline=None)
@given(text=st.text(alphabet='ab0.[]"\\- ', max_size=12) | st.text(max_size=12))
def test_any_text_is_a_path_or_a_clear_mistake(text: str) -> None:
    mistake = message_of(PathSyntaxError, lambda: parse(text))
    if mistake is None:
        assert parse(render(parse(text))) == parse(text)
    else:
        assert "cannot be read from" in mistake


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_each_place_of_a_walk_is_found_by_its_path(value: Json) -> None:
    for place, there in every_place(value):
        assert values_at(value, render(place)) is there
        assert values_at(view(value), place) == there


@settings(max_examples=200, deadline=None)
@given(value=JSON, data=st.data())
def test_a_normalised_path_finds_all_values_of_a_walk_in_order(value: Json, data: st.DataObject) -> None:
    found: dict[Path, list[Json]] = defaultdict(list)
    for place, there in every_place(value):
        found[normalise(place)].append(there)
    path = data.draw(st.sampled_from(sorted(found, key=render)))
    if EVERY not in path:
        assert values_at(value, path) == found[path][0]
        return
    try:
        values = values_at(value, path)
    except NoSuchFieldError:
        # Some item of some list on the way has no such field, which a walk passes over in silence.
        assert len(every_parent(value, path)) > len(found[path])
    else:
        assert values == found[path]


def every_parent(value: Json, path: Path) -> list[Path]:
    """The concrete paths that the path asks for, whether something is there or not."""
    places: list[tuple[Path, Json]] = [((), value)]
    for segment in path:
        below: list[tuple[Path, Json]] = []
        for place, there in places:
            if segment is EVERY and isinstance(there, list):
                below += [((*place, number), item) for number, item in enumerate(there)]
            elif isinstance(segment, str) and isinstance(there, dict) and segment in there:
                below.append(((*place, segment), there[segment]))
            else:
                below.append(((*place, segment), None))
        places = below
    return [place for place, _ in places]


@settings(max_examples=200, deadline=None)
@given(value=JSON, path=SEGMENTS)
def test_a_path_that_leads_nowhere_is_told_in_one_short_sentence(value: Json, path: Path) -> None:
    mistake = message_of(NoSuchFieldError, lambda: values_at(value, path))
    assert mistake is None or " does not exist: " in mistake
    assert mistake is None or len(mistake) < 2_000


def message_of(kind: type[Exception], action: Callable[[], object]) -> str | None:
    """What the action has to complain about, or None when it works."""
    try:
        action()
    except kind as error:
        return str(error)
    return None


def test_a_missing_field_is_a_key_error_and_an_attribute_error_alike() -> None:
    for kind in (KeyError, AttributeError):
        with pytest.raises(kind, match=r"^a does not exist: the whole value is an object without fields\.$"):
            values_at({}, "a")
