"""Whether JSON came over the wire as compact and sorted as it could be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.rules.json_form import untidy_json

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=_JSON, are_texts_escaped=st.booleans())
def test_whatever_is_compact_and_sorted_is_tidy(value: object, are_texts_escaped: bool) -> None:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=are_texts_escaped)
    assert untidy_json(text.encode("utf-8", "surrogatepass")) == []


@pytest.mark.parametrize("text", ['{"a b": "x"}', "[1, 2]", "[1,2]\n", "\t{}", '{"a":\r\n1}'])
def test_white_space_between_values_is_told(text: str) -> None:
    (told,) = untidy_json(text.encode())
    assert told.startswith("There is white space in 1 place, the first of them in ")


def test_white_space_is_counted_and_quoted() -> None:
    assert untidy_json(b'{"a": 1, "b": 2}') == [
        """There is white space in 3 places, the first of them in '{"a": 1, "b": 2}'."""
    ]


def test_white_space_in_texts_is_nobody_s_business() -> None:
    assert untidy_json(b'{"a b":"c \\" d\\\\","e":" "}') == []


def test_keys_out_of_order_are_told_however_deep_they_lie() -> None:
    assert untidy_json(b'{"a":[{"c":1,"d":2,"b":3}]}') == ["The key 'b' comes too late among c, d, b."]
    assert untidy_json(b'{"h":1,"g":2,"f":3,"e":4,"d":5,"c":6,"b":7}') == [
        "The key 'g' comes too late among h, g, f, e, d, c \u2026."
    ]


def test_what_is_no_json_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        untidy_json(b"{")
