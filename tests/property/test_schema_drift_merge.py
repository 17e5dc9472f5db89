"""However the bodies of a run are shared among processes, and in whatever order their parts come together: one result.

That also holds where memory is bounded: objects with too many keys, and fields with too many words.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.schema_drift import Model, Observation, SchemaChange, changes_of, known_after
from observatory.schema_drift.shapes import MOST_KEYS, MOST_VALUES, shape_of
from tests.schema_drift_values import SMALL_JSON, SMALL_OBJECTS, after_all_of


def keys(start: int, count: int, value: Any) -> dict[str, Any]:
    return {f"k{number}": value for number in range(start, start + count)}


# An object with many keys, around the number from which on it is a map; bodies share only some of them.
WIDE = st.builds(
    keys,
    st.sampled_from([0, 150]),
    st.sampled_from([3, 60, MOST_KEYS - 1, MOST_KEYS, MOST_KEYS + 1]),
    st.sampled_from([1, None, {"n": 1}, {"m": [1]}]),
)


@st.composite
def wordy(draw: st.DrawFn) -> dict[str, Any]:
    """Words of an enumeration, around the number from which on it is none."""
    start, count = draw(st.integers(0, 20)), draw(st.integers(0, MOST_VALUES + 1))
    return {"words": [f"word-{number}" for number in range(start, start + count)]}


MANY = (
    WIDE
    | WIDE.map(lambda each: {"map": each, "list": [each]})
    | st.fixed_dictionaries({"a": WIDE, "b": WIDE})
    | wordy()
)
BODY = st.one_of(SMALL_JSON, SMALL_OBJECTS, SMALL_OBJECTS, SMALL_OBJECTS, MANY)
RESOURCE = st.sampled_from(["1", "2", "3", "4", "5", "bulbasaur", "é", "\ud800"])
SEQUENCE = st.lists(st.tuples(RESOURCE, BODY), max_size=3)
MODEL = SEQUENCE.map(after_all_of)
SEEN = st.lists(st.tuples(RESOURCE, SMALL_OBJECTS, SMALL_OBJECTS, st.booleans()), max_size=5)


def merged(*models: Model) -> Model:
    whole = Model()
    for model in models:
        whole.merge(model)
    return whole


def joined(*parts: Observation) -> Observation:
    whole = Observation()
    for part in parts:
        whole.merge(part)
    return whole


def observed(bodies: list[tuple[str, Any, Any, bool]], base: Model) -> Observation:
    seen = Observation()
    for resource, body, before, is_fresh in bodies:
        seen.see(resource, body, before, base, is_fresh=is_fresh)
    return seen


def through_json(seen: Observation) -> Observation:
    return Observation.of(json.loads(json.dumps(seen.as_json())))


def outcome(base: Model, seen: Observation) -> tuple[Any, list[SchemaChange], Model]:
    """All that is kept of a run: what was seen, what changed, what is known next."""
    changes = changes_of("pokemon", "", base, seen)
    return seen.as_json(), changes, known_after(base, seen, changes)


@settings(max_examples=100)
@given(one=MODEL, two=MODEL, three=MODEL)
def test_models_merge_in_any_order_and_any_number_of_times(one: Model, two: Model, three: Model) -> None:
    assert merged(merged(one, two), three) == merged(one, merged(two, three))
    assert merged(one, two) == merged(two, one)
    assert merged(one, one) == one
    assert merged(one, two, one, two) == merged(one, two)
    assert merged(one, Model()) == one == merged(Model(), one)


@settings(max_examples=100)
@given(bodies=SEQUENCE)
def test_learning_is_merging_what_each_body_teaches(bodies: list[tuple[str, Any]]) -> None:
    model = Model()
    for resource, body in bodies:
        model.learn(shape_of(body), resource)
    assert model == merged(*(Model.of(shape_of(body), resource) for resource, body in reversed(bodies)))


@settings(max_examples=100)
@given(one=MODEL, two=MODEL)
def test_merging_and_copying_leave_the_other_model_as_it_was(one: Model, two: Model) -> None:
    before = json.dumps([one.as_json(), two.as_json()])
    twin = one.copy()
    twin.merge(two)
    twin.forget("a")
    assert json.dumps([one.as_json(), two.as_json()]) == before


@settings(max_examples=100)
@given(model=MODEL)
def test_a_model_reads_back_from_json_as_it_was(model: Model) -> None:
    assert Model(json.loads(json.dumps(model.as_json()))) == model


@settings(max_examples=100)
@given(known=SEQUENCE, one=SEEN, two=SEEN, three=SEEN)
def test_observations_merge_in_any_order_and_any_number_of_times(
    known: list[tuple[str, Any]], one: Any, two: Any, three: Any
) -> None:
    base = after_all_of(known)
    a, b, c = (observed(part, base) for part in (one, two, three))
    whole = joined(a, b, c).as_json()
    assert joined(joined(c, b), a).as_json() == whole
    assert joined(a, joined(b, c)).as_json() == whole
    assert joined(b, a, c, b, a).as_json() == whole
    assert joined(a, Observation()).as_json() == a.as_json() == joined(Observation(), a).as_json()


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=150)
@given(known=SEQUENCE, bodies=SEEN, data=st.data())
def test_any_number_of_processes_find_what_one_finds(
    known: list[tuple[str, Any]], bodies: list[tuple[str, Any, Any, bool]], data: st.DataObject
) -> None:
    base = after_all_of(known)
    parts: list[list[tuple[str, Any, Any, bool]]] = [[] for _ in range(data.draw(st.integers(1, 4)))]
    for body in bodies:
        data.draw(st.sampled_from(parts)).append(body)
    seen = joined(*(through_json(observed(part, base)) for part in data.draw(st.permutations(parts))))
    assert outcome(base, seen) == outcome(base, observed(bodies, base))


@settings(max_examples=100)
@given(base=MODEL, bodies=st.lists(st.tuples(RESOURCE, BODY, BODY, st.booleans()), min_size=1, max_size=4))
def test_bodies_with_many_keys_and_words_are_judged_whatever_was_known(
    base: Model, bodies: list[tuple[str, Any, Any, bool]]
) -> None:
    whole = joined(*(observed([body], base) for body in reversed(bodies)))
    assert outcome(base, whole) == outcome(base, observed(bodies, base))


# Property 4: Schema comparison detects changes
@pytest.mark.property(4)
@settings(max_examples=100)
@given(known=MANY, now=MANY, others=st.integers(1, 6), data=st.data())
def test_processes_share_also_bodies_with_many_keys_and_words(
    known: Any, now: Any, others: int, data: st.DataObject
) -> None:
    base = after_all_of((str(number), known) for number in range(others))
    bodies = [(str(number), now, known, False) for number in range(others)]
    cut = data.draw(st.integers(0, others))
    seen = joined(observed(bodies[cut:], base), observed(bodies[:cut], base))
    assert outcome(base, seen) == outcome(base, observed(bodies, base))


def test_what_is_folded_is_folded_in_any_order_of_coming() -> None:
    """A model that folds becomes small again; what comes then is folded into the same path."""
    crowded = {"map": {f"k{number}": 1 for number in range(MOST_KEYS + 1)}, **{f"f{n}": 1 for n in range(150)}}
    many_keys = {"map": {f"k{number}": 1 for number in range(60)}}
    few_keys = {"map": {f"m{number}": 1 for number in range(30)}}
    bodies = [crowded, many_keys, few_keys]
    orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]
    models = [after_all_of((str(number), bodies[number]) for number in order) for order in orders]
    assert all(model == models[0] for model in models)
    assert set(models[0]) == {"", "map", "map.*", *(f"f{n}" for n in range(150))}
