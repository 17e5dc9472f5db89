"""Bodies of the same shape are no change: the same body, in any order of its keys and lists, for any resource."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.schema_drift import Model, Observation, changes_of, known_after
from observatory.schema_drift.shapes import shape_of
from tests.schema_drift_values import JSON, SMALL_JSON, Watched, after_all_of, many

ANY = JSON | SMALL_JSON | st.lists(SMALL_JSON, max_size=8)


def shuffled(value: Any, random_: random.Random) -> Any:
    """The value with its lists and its keys in another order."""
    if isinstance(value, dict):
        keys = random_.sample(list(value), len(value))
        return {key: shuffled(value[key], random_) for key in keys}
    if isinstance(value, list):
        return [shuffled(each, random_) for each in random_.sample(value, len(value))]
    return value


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=150)
@given(bodies=st.lists(ANY, min_size=1, max_size=4))
def test_any_value_against_itself_is_no_change(bodies: list[Any]) -> None:
    base = after_all_of(enumerated(bodies))
    seen = Observation()
    for resource, body in enumerated(bodies):
        seen.see(resource, copy.deepcopy(body), body, base, is_fresh=False)
    assert seen.findings == {}
    assert changes_of("pokemon", "", base, seen) == []
    assert known_after(base, seen, []) == base


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=150)
@given(bodies=st.lists(ANY, min_size=1, max_size=4), random_=st.randoms(use_true_random=False))
def test_any_reorder_is_no_change(bodies: list[Any], random_: random.Random) -> None:
    reordered = [shuffled(body, random_) for body in bodies]
    assert [shape_of(body) for body in reordered] == [shape_of(body) for body in bodies]
    watched = Watched(dict(enumerated(bodies)))
    known = watched.known.copy()
    assert watched.run(dict(enumerated(reordered))) == []
    assert watched.known == known


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=100)
@given(body=ANY, count=st.integers(1, 30), late=st.integers(1, 5))
def test_one_more_resource_like_all_others_is_no_change(body: Any, count: int, late: int) -> None:
    watched = Watched(many(count, body))
    assert watched.run(many(late, body, first=count + 1)) == []


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=100)
@given(bodies=st.lists(ANY, min_size=1, max_size=8))
def test_the_first_run_of_an_endpoint_is_silent(bodies: list[Any]) -> None:
    assert Watched().run(dict(enumerated(bodies))) == []


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@settings(max_examples=150)
@given(bodies=st.lists(ANY, min_size=1, max_size=4), late=ANY)
def test_a_change_is_told_once_and_not_again_in_the_next_run(bodies: list[Any], late: Any) -> None:
    watched = Watched(dict(enumerated(bodies)))
    watched.run({"1": late})
    seen = Observation()
    seen.see("1", late, late, watched.known, is_fresh=False)
    assert changes_of("pokemon", "", watched.known, seen) == []
    assert Model(watched.known.as_json()) == watched.known


def enumerated(bodies: list[Any]) -> list[tuple[str, Any]]:
    return [(str(number), body) for number, body in enumerate(bodies, 1)]
