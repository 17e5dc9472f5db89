"""The keyed diff on the API's real past, where a checkout has it beside it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from observatory.data_drift import DataChangeKind, Ignoring, differences, grouped, sentence
from observatory.record.field_path import parse
from tests.conftest import RECORDING

HISTORY = RECORDING.parent / "history"

pytestmark = [
    pytest.mark.skipif(not HISTORY.is_dir(), reason=f"the API's history is not there: {HISTORY}"),
    pytest.mark.unmeasured,
]


def versions(endpoint: str, resource: str) -> list[Any]:
    files = sorted(HISTORY.glob(f"*/api/v2/{endpoint}/{resource}/index.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def resources() -> list[tuple[str, str]]:
    found = {file.parent for file in HISTORY.glob("*/api/v2/*/*/index.json")}
    return sorted({(folder.parent.name, folder.name) for folder in found})


def reordered(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: reordered(child, order) for key, child in value.items()}
    if isinstance(value, list):
        items = [reordered(item, order) for item in value]
        order.shuffle(items)
        return items
    return value


def leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        yield place
        return
    for key, child in children:
        yield from leaves(child, (*place, key))


def test_the_history_has_something_to_compare() -> None:
    assert len(versions("pokemon", "25")) == 8
    assert len(resources()) >= 10


@pytest.mark.parametrize(("endpoint", "resource"), resources())
def test_a_real_body_in_another_order_has_no_difference(endpoint: str, resource: str) -> None:
    order = random.Random(f"{endpoint}/{resource}")
    for body in versions(endpoint, resource):
        assert differences(body, reordered(body, order)) == []


@pytest.mark.parametrize(("endpoint", "resource"), resources())
def test_differences_of_real_versions_do_not_depend_on_their_order(endpoint: str, resource: str) -> None:
    order = random.Random(f"{endpoint}/{resource}")
    for before, after in pairwise(versions(endpoint, resource)):
        straight = sorted((each.normalised, each.kind, each.about) for each in differences(before, after))
        mixed = differences(reordered(before, order), reordered(after, order))
        assert sorted((each.normalised, each.kind, each.about) for each in mixed) == straight


@pytest.mark.parametrize(("endpoint", "resource"), resources())
def test_any_edited_leaf_of_a_real_body_is_found_at_its_exact_place(endpoint: str, resource: str) -> None:
    order = random.Random(f"{endpoint}/{resource}")
    for body in versions(endpoint, resource)[-2:]:
        shuffled = reordered(body, order)
        for place in order.sample(list(leaves(shuffled)), 12):
            edited = copy.deepcopy(shuffled)
            part = edited
            for segment in place[:-1]:
                part = part[segment]
            old, new = part[place[-1]], "edited"
            part[place[-1]] = new
            [change] = differences(body, edited)
            assert parse(change.path) == place
            assert (change.kind, change.before, change.after) == (DataChangeKind.CHANGED, old, new)


def test_what_a_year_changed_is_told_in_a_few_sentences() -> None:
    before, after = versions("pokemon", "25")[-2:]
    groups = grouped("pokemon", {"25": differences(before, after)})
    assert [sentence(group, 1) for group in groups] == [
        "moves[].version_group_details[] has 2 new items in pokemon/25: machine/scarlet-violet",
        "moves[] has 1 new item in pokemon/25: charge",
        "past_abilities of pokemon/25 is new: []",
    ]
    assert differences(before, after, ignoring=Ignoring.of("moves, past_abilities")) == []
