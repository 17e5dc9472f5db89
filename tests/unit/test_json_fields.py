"""A JSON object read field by field says the same as the whole, parsed at once."""

from __future__ import annotations

import hashlib
import json
import pickle
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from observatory.client import PokeApiClient
from observatory.exchange import Request
from observatory.json_fields import JsonFields
from observatory.record import record_of
from tests.examples import POKEMON, as_bytes
from tests.history_values import an_exchange

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _JSON, max_size=8), st.sampled_from([None, 2]))
def test_every_field_is_what_the_whole_says(whole: dict[str, Any], indent: int | None) -> None:
    fields = JsonFields(json.dumps(whole, indent=indent).encode())
    assert dict(fields) == whole
    assert list(fields) == list(whole)
    assert len(fields) == len(whole)
    assert all(name in fields for name in whole)
    assert {name: json.loads(fields.text(name)) for name in fields} == whole
    assert dict(pickle.loads(pickle.dumps(fields))) == whole  # noqa: S301


@given(st.lists(_JSON, max_size=8), st.integers(0, 4))
def test_a_glance_at_a_list_has_its_first_items_and_its_size(items: list[Any], most: int) -> None:
    fields = JsonFields(json.dumps({"items": items}).encode())
    assert fields.glance("items", most) == (items[:most], len(items))


@given(st.binary() | st.text().map(str.encode))
def test_what_is_no_object_is_a_value_error_and_nothing_else(body: bytes) -> None:
    try:
        whole = from_json(body, allow_inf_nan=False)
    except ValueError:
        whole = None
    if isinstance(whole, dict):
        assert dict(JsonFields(body)) == whole
    else:
        with pytest.raises(ValueError, match=r"."):
            JsonFields(body)


def test_the_same_field_is_parsed_once() -> None:
    fields = JsonFields(as_bytes(POKEMON))
    assert fields["types"] is fields["types"]


def test_a_record_reads_the_same_whether_its_body_was_parsed_or_not() -> None:
    parsed, unparsed = an_exchange(body=POKEMON), an_exchange(body=POKEMON)
    assert parsed.json == POKEMON
    one, other = record_of(parsed), record_of(unparsed)
    assert "json" not in unparsed.__dict__
    assert repr(one) == repr(other)
    assert (one.name, one.types, list(one), len(one)) == (other.name, other.types, list(other), len(other))
    assert "json" not in unparsed.__dict__, "the whole was parsed for a few fields"
    assert one == other == POKEMON


@pytest.mark.parametrize("body", [b"[1]", b" {}", b"1", b'"text"'])
def test_a_body_that_is_no_object_has_no_fields(body: bytes) -> None:
    exchange = an_exchange().having(body=body)
    exchange.let_go()
    assert exchange.fields == (json.loads(body) if b"{" in body else None)
    assert record_of(exchange) == json.loads(body)


def test_a_body_that_is_known_is_not_parsed_to_see_that_it_is_json() -> None:
    body = as_bytes(POKEMON)
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, content=body, headers={"content-type": "application/json"})
    )
    asked: list[bytes] = []

    def is_known(digest: bytes) -> bool:
        asked.append(digest)
        return len(asked) > 1

    with PokeApiClient("http://api/api/v2", transport=transport, is_known=is_known) as client:
        new, known = client.fetch(Request("pokemon", "1")), client.fetch(Request("pokemon", "1"))
    assert asked == [hashlib.sha256(body).digest()] * 2
    assert "json" in new.__dict__
    assert "json" not in known.__dict__
    assert known.content_hash == asked[0]
    assert known.json == new.json
