"""Records of any JSON: they say what the JSON says, and never more than a line when printed."""

from __future__ import annotations

import copy
import pickle
from keyword import iskeyword

from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.record import Record, Records, plain, view
from observatory.record.field_path import Json, NoSuchFieldError

NAMES = st.sampled_from(["name", "id", "url", "type", "items", "keys", "get", "values", "exchange", "names", "index"])
KEYS = NAMES | st.text(max_size=8) | st.from_regex(r"[a-z][a-z_-]{0,6}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=100) | NAMES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def assert_reads_alike(seen: Json, value: Json) -> None:
    if isinstance(value, dict):
        assert isinstance(seen, Record)
        assert len(seen) == len(value)
        assert list(seen) == list(value)
        for key in value:
            assert key in seen
            assert_reads_alike(seen[key], value[key])
            if key.isidentifier() and not iskeyword(key) and not key.startswith("__"):
                assert_reads_alike(getattr(seen, key), value[key])
    elif isinstance(value, list):
        assert isinstance(seen, Records)
        assert len(seen) == len(value)
        for number, each in enumerate(seen):
            assert_reads_alike(each, value[number])
            assert_reads_alike(seen[number], value[number])
    else:
        assert seen is value


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_a_view_says_what_the_json_says_and_fields_always_win(value: Json) -> None:
    before = copy.deepcopy(value)
    assert_reads_alike(view(value), value)
    assert plain(view(value)) is value
    assert view(value) == value
    assert value == view(value)
    assert value == before


@settings(max_examples=200, deadline=None)
@given(value=JSON, other=JSON)
def test_views_are_equal_exactly_when_the_json_is(value: Json, other: Json) -> None:
    assert (view(value) == view(other)) == (value == other)
    assert (view(value) == other) == (value == other)


@settings(max_examples=200, deadline=None)
@given(value=st.lists(JSON, max_size=8) | st.dictionaries(KEYS, JSON, max_size=8))
def test_a_view_prints_in_one_short_line(value: Json) -> None:
    text = repr(view(value))
    assert text == str(view(value))
    assert text.isprintable()
    assert len(text) < 500


@settings(max_examples=200, deadline=None)
@given(
    value=st.lists(JSON, max_size=8),
    start=st.integers(-10, 10),
    stop=st.integers(-10, 10),
    step=st.integers(1, 3),
)
def test_slices_are_those_of_a_list(value: Json, start: int, stop: int, step: int) -> None:
    assert view(value)[start:stop:step] == value[start:stop:step]
    assert view(value)[start:][:stop] == value[start:][:stop]
    assert view(value)[::-step] == value[::-step]


@settings(max_examples=200, deadline=None)
@given(value=JSON)
def test_copies_are_equal_and_deep_ones_are_apart(value: Json) -> None:
    seen = view(value)
    assert pickle.loads(pickle.dumps(seen)) == seen  # noqa: S301  # our own bytes
    assert copy.copy(seen) == seen
    assert copy.deepcopy(seen) == seen
    if isinstance(value, dict | list):
        assert plain(copy.deepcopy(seen)) is not value


@settings(max_examples=200, deadline=None)
@given(value=st.dictionaries(KEYS, JSON, max_size=6), name=st.text(min_size=1, max_size=8))
def test_a_field_that_is_not_there_is_told_in_one_sentence(value: Json, name: str) -> None:
    if name in value:
        assert_reads_alike(view(value)[name], value[name])
        return
    try:
        view(value)[name]
    except NoSuchFieldError as error:
        message = str(error)
    assert message.startswith(f"the record has no field {name!r}")
    assert len(message) < 700


@settings(max_examples=200, deadline=None)
@given(
    names=st.lists(st.text(max_size=8), max_size=6),
    field=st.sampled_from(["type", "ability", "move"]),
    rest=st.dictionaries(st.sampled_from(["slot", "is_hidden", "url"]), st.integers() | st.none()),
)
def test_names_are_read_from_named_things_and_from_things_that_point_at_them(
    names: list[str], field: str, rest: dict[str, Json]
) -> None:
    assert view([{**rest, "name": name} for name in names]).names == names
    assert view([{**rest, field: {"name": name, "url": "u"}} for name in names]).names == names
