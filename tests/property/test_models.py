"""Any body, judged: required fields are enforced, extra ones pass, and nothing makes the judge stumble."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from observatory.exchange import FieldError
from observatory.models import Verdict, describe, judge, model_of
from observatory.record.field_path import Json, normalise, render
from tests.examples import EXAMPLES, as_bytes, copy_of

Place = tuple[str | int, ...]

KINDS = ("ability", "page", "pokemon", "type", "plain-page", "meta")
TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SCALARS: dict[object, st.SearchStrategy[Json]] = {
    int: st.integers(),
    str: TEXT,
    bool: st.booleans(),
    NoneType: st.none(),
}


def bodies(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Any valid body: every required field, any of the others, lists of no to two items."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    return st.fixed_dictionaries(
        {name: values(info.annotation) for name, info in fields.items() if info.is_required()},
        optional={name: values(info.annotation) for name, info in fields.items() if not info.is_required()},
    )


def values(annotation: object) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is UnionType:
        return st.one_of([values(each) for each in get_args(annotation)])
    if get_origin(annotation) is list:
        return st.lists(st.deferred(lambda: values(get_args(annotation)[0])), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return st.deferred(lambda: bodies(annotation))
    return SCALARS[annotation]


def objects(model: type[BaseModel], body: Json, place: Place = ()) -> Iterator[tuple[Place, type[BaseModel], Any]]:
    """Every object of a body, with its place and its model."""
    yield place, model, body
    for name, info in model.model_fields.items():
        key = info.alias or name
        inner = next((each for each in models_in(info.annotation)), None)
        value = body.get(key)
        if inner is not None and isinstance(value, dict):
            yield from objects(inner, value, (*place, key))
        elif inner is not None and isinstance(value, list):
            for number, item in enumerate(value):
                yield from objects(inner, item, (*place, key, number))


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from models_in(each)


BODIES = st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(model_of(kind)), bodies(model_of(kind))))


# Property 1: Models enforce required fields
@pytest.mark.property(1)
@settings(max_examples=200, deadline=None)
@given(chosen=BODIES, data=st.data())
def test_a_body_that_lacks_any_required_field_fails_with_exactly_that_field(
    chosen: tuple[type[BaseModel], dict[str, Any]], data: st.DataObject
) -> None:
    model, body = chosen
    assert judge(model, as_bytes(body)) == Verdict()
    place, inner, found = data.draw(st.sampled_from(list(objects(model, body))).filter(lambda each: required(each[1])))
    name = data.draw(st.sampled_from(required(inner)))
    del found[name]
    assert judge(model, as_bytes(body)) == Verdict(errors=(FieldError(render((*place, name)), "present", "missing"),))


def required(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items() if info.is_required()]


# Property 2: Models allow extra fields
@pytest.mark.property(2)
@settings(max_examples=200, deadline=None)
@given(chosen=BODIES, extra=JSON, key=TEXT, data=st.data())
def test_a_body_with_any_extra_field_anywhere_passes_and_the_field_is_noticed(
    chosen: tuple[type[BaseModel], dict[str, Any]], extra: Json, key: str, data: st.DataObject
) -> None:
    model, body = chosen
    place, inner, found = data.draw(st.sampled_from(list(objects(model, body))))
    known = {info.alias or name for name, info in inner.model_fields.items()}
    name = f"{key}+" if key in known else key
    found[name] = extra
    assert judge(model, as_bytes(body)) == Verdict(unknown=(render(normalise((*place, name))),))


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(KINDS), body=st.binary(max_size=200) | JSON.map(as_bytes))
def test_whatever_the_bytes_are_the_answer_is_a_verdict(kind: str, body: bytes) -> None:
    verdict = judge(model_of(kind), body)
    assert not verdict.accepted
    assert all(each.path and each.expected and each.seen for each in verdict.errors)
    assert len(describe(kind, verdict)) < 2_000


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(EXAMPLES)), value=JSON, data=st.data())
def test_a_body_with_any_value_in_any_place_is_judged_as_its_model_validates(
    kind: str, value: Json, data: st.DataObject
) -> None:
    body = copy_of(EXAMPLES[kind])
    place = data.draw(st.sampled_from([path for path, _, _ in objects(model_of(kind), body) if path]))
    parent: Json = body
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    assert judge(model_of(kind), as_bytes(body)).accepted == validates(model_of(kind), as_bytes(body))


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(EXAMPLES)), data=st.data())
def test_a_body_cut_off_anywhere_is_rejected(kind: str, data: st.DataObject) -> None:
    body = as_bytes(EXAMPLES[kind])
    end = data.draw(st.integers(0, len(body) - 1))
    assert [each.expected for each in judge(model_of(kind), body[:end]).errors] == ["JSON"]


def validates(model: type[BaseModel], body: bytes) -> bool:
    """What the model says of plain parsed JSON, without the judge."""
    try:
        model.model_validate(json.loads(body))
    except ValidationError:
        return False
    return True
