"""Groups of parts, merged in whatever order, are the groups of the whole."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.data_drift import DataChange, DataChangeKind, from_json, grouped, merged, sentence, to_json

VALUES = st.none() | st.integers(0, 3) | st.text(max_size=3) | st.lists(st.none(), max_size=2) | st.floats()
CHANGES = st.builds(
    DataChange,
    path=st.sampled_from(["weight", "moves[0]", "moves[1]", "moves[0].order", "moves[12].order", 'a["b.c"][0]', ""]),
    kind=st.sampled_from(DataChangeKind),
    before=VALUES,
    after=VALUES,
    about=st.sampled_from(["", *"abcdefghijk"]),
)
RESOURCES = st.sampled_from(["", "1", "2", "10", "01", "pikachu"])
# One comparison tells of a place once.
OF_ONE = st.lists(CHANGES, max_size=8, unique_by=lambda change: (change.path, change.kind))
BY_RESOURCE = st.dictionaries(RESOURCES, OF_ONE, max_size=5)


@settings(max_examples=100)
@given(one=BY_RESOURCE, two=BY_RESOURCE, three=BY_RESOURCE)
def test_in_whatever_order_parts_are_merged_the_result_is_one(
    one: dict[str, list[DataChange]], two: dict[str, list[DataChange]], three: dict[str, list[DataChange]]
) -> None:
    a, b, c = (grouped("pokemon", part) for part in (one, two, three))
    assert merged(merged(a, b), c) == merged(a, merged(b, c)) == merged(merged(c, a), b)
    assert merged(a, []) == merged([], a) == a


@settings(max_examples=100)
@given(whole=BY_RESOURCE, first=st.sets(RESOURCES))
def test_merged_parts_are_the_groups_of_the_whole(whole: dict[str, list[DataChange]], first: set[str]) -> None:
    part = grouped("pokemon", {name: changes for name, changes in whole.items() if name in first})
    rest = grouped("pokemon", {name: changes for name, changes in whole.items() if name not in first})
    assert merged(part, rest) == grouped("pokemon", whole)


@settings(max_examples=100)
@given(by_resource=BY_RESOURCE)
def test_each_change_is_counted_once_and_groups_are_read_back_as_they_were_written(
    by_resource: dict[str, list[DataChange]],
) -> None:
    groups = grouped("pokemon", by_resource)
    assert sum(group.count for group in groups) == sum(map(len, by_resource.values()))
    assert {name for group in groups for name in group.resources} == {name for name, c in by_resource.items() if c}
    assert from_json(json.loads(json.dumps(to_json(groups), allow_nan=False))) == groups
    for group in groups:
        text = sentence(group, 5)
        assert text.isprintable()
        assert len(text) < 400
