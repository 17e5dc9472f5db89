"""Exchanges and changes without secrets: a secret that changed is told to have changed, and not from what to what."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from observatory.data_drift import differences
from observatory.exchange import Attempt, Exchange
from observatory.logs.concealing import as_kept, concealed, keep, without_secrets
from observatory.logs.masking import Masker
from tests.conftest import RECORDING
from tests.examples import EXAMPLES


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"api_token": "old"}, {"api_token": "new"}, ("***", "***")),
        ({"user": {"password": "old"}}, {"user": {"password": None}}, ("***", None)),  # pragma: allowlist secret
        ({"l": [{"authorization": "a"}]}, {"l": [{"authorization": "b"}]}, ("***", "***")),
        ({}, {"secret": {"a": 1}}, (None, "***")),
        ({"weight": 60}, {"weight": 61}, (60, 61)),
        ({"token_count": 1}, {"token_count": 2}, (1, 2)),
    ],
)
def test_values_under_the_key_of_a_secret_are_masked(before: Any, after: Any, told: tuple[Any, Any]) -> None:
    (change,) = map(concealed, differences(before, after))
    assert (change.before, change.after) == told


MASKER = Masker(["open-sesame"])


def exchange(body: object, **changes: Any) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    orders = Exchange(
        "orders", "7", "http://h/api/orders/7", datetime.now(UTC), 0.1, (Attempt(1, 200, 0.1),), body=content
    )
    return orders.having(status=200, **changes)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_holds_no_secret_is_kept_as_it_came(name: str) -> None:
    asked = exchange(EXAMPLES[name])
    assert without_secrets(asked, MASKER) is asked


@pytest.mark.skipif(not RECORDING.is_dir(), reason="no recorded responses beside this checkout")
def test_recorded_answers_are_kept_as_they_came() -> None:
    for path in RECORDING.glob("api/v2/*/?/index.json"):
        asked = exchange(path.read_bytes())
        assert without_secrets(asked, MASKER) is asked, path


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"said": "so open-sesame it is", "id": 7}, {"said": "so *** it is", "id": 7}),
        ({"access_token": "a", "id": 7}, {"access_token": "***", "id": 7}),
        ({"id": 7, "user": {"apiKey": 12, "roles": ["x"]}}, {"id": 7, "user": {"apiKey": "***", "roles": ["x"]}}),
        ({"cookies": ["a"], "secret": None}, {"cookies": "***", "secret": None}),
        ({"open-sesame": 1}, {"***": 1}),
        ({"trace": "Bearer a1b2c3"}, {"trace": "Bearer ***"}),
        ([{"PASSWORD": "x"}], [{"PASSWORD": "***"}]),
    ],
)
def test_a_body_is_kept_with_masks(body: Any, kept: Any) -> None:
    asked = exchange(body)
    before = asked.body
    seen = without_secrets(asked, MASKER)
    assert seen.json == kept
    assert (asked.body, asked.json) == (before, body), "the test still has what came"


@pytest.mark.parametrize(
    "body", [b"", b"no JSON with open-sesame", b'{"token": "a"', {"token": None, "key": "x"}, {"tokens": []}]
)
def test_a_body_that_is_no_json_or_says_nothing_is_left(body: Any) -> None:
    asked = exchange(body)
    assert without_secrets(asked, MASKER).body == asked.body


def test_names_address_and_headers_are_kept_with_masks() -> None:
    headers = {"set-cookie": "a=b", "x-pokeapi-hash": "open-sesame", "vary": "x"}
    url = "http://h/orders/open-sesame?api_key=x&limit=5"
    seen = without_secrets(exchange({"id": 7}, resource="open-sesame", url=url, headers=headers), MASKER)
    assert (seen.endpoint, seen.resource, seen.url) == ("orders", "***", "http://h/orders/***?api_key=***&limit=5")
    assert seen.headers == {"set-cookie": "***", "x-pokeapi-hash": "***", "vary": "x"}


def test_a_token_that_is_new_in_each_answer_is_no_new_content() -> None:
    first, second = (
        exchange({"id": 7, "said": token, "session_id": token}) for token in ("open-sesame", "shut-sesame")
    )
    kept = [without_secrets(each, masker) for each, masker in ((first, MASKER), (second, Masker(["shut-sesame"])))]
    assert kept[0].body == kept[1].body
    assert kept[0].content_hash == kept[1].content_hash
    assert first.content_hash != second.content_hash


def test_the_exchange_knows_how_it_was_kept() -> None:
    asked = exchange({"token": "x"})
    assert as_kept(asked) is asked
    kept = without_secrets(asked, MASKER)
    keep(asked, kept)
    assert as_kept(asked) is kept
    assert asked.content_hash == kept.content_hash
    assert asked.body == b'{"token": "x"}'
