"""Reading JSON: whatever is shared between two bodies, each reads as it would alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.json_values import check, parsed, parsed_pair

_KEYS = st.sampled_from(["a", "b", "a.b", "", "ключ"])
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.just(10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=40,
)


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@settings(max_examples=300)
@given(before=_VALUES, after=_VALUES, shared=_VALUES, spaced=st.booleans())
def test_a_pair_is_read_as_each_of_it_would_be(before: Any, after: Any, shared: Any, *, spaced: bool) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    pair = [{"x": before, "y": [shared, before], "z": shared}, {"y": [after, shared], "z": [shared], "x": after}]
    old, new = (json.dumps(value, separators=separators).encode() for value in pair)
    assert all(map(_same, parsed_pair(old, new), (parsed(old), parsed(new))))
    assert all(map(_same, parsed_pair(old, old), (parsed(old), parsed(old))))


def test_what_did_not_change_is_one_value() -> None:
    moves = [{"name": f"move-{number}", "learned": [{"level": number, "by": "x" * 40}] * 9} for number in range(9)]
    changed = json.loads(json.dumps(moves))
    changed[4]["learned"][0]["level"] = 99
    old, new = (json.dumps({"moves": each, "stats": [1] * 99}).encode() for each in (moves, changed))
    before, after = parsed_pair(old, new)
    assert before["stats"] is after["stats"]
    assert [one is other for one, other in zip(before["moves"], after["moves"], strict=True)].count(False) == 1


@pytest.mark.parametrize("deep", [b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * 500 + b"]" * 500])
def test_what_is_deep_is_read(deep: bytes) -> None:
    assert parsed_pair(deep, deep.replace(b"1", b"2"))[0] == parsed(deep)
    check(deep)


def test_integers_of_thousands_of_digits_are_read_as_infinite() -> None:
    text = b'{"a": ' + b"9" * 5000 + b', "b": [1]}'
    check(text)
    assert parsed_pair(text, b'{"b": [1]}') == ({"a": float("inf"), "b": [1]}, {"b": [1]})


@pytest.mark.parametrize("text", [b"", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b'{"a": "\xff"}'])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    for read in (parsed, check, lambda text: parsed_pair(text, b"{}"), lambda text: parsed_pair(b"{}", text)):
        with pytest.raises(ValueError, match=r"."):
            read(text)
