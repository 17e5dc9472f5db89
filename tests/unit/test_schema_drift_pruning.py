"""What a change of the schema tells is not told again as data."""

from __future__ import annotations

from typing import Any

import pytest

from observatory.data_drift import differences
from observatory.schema_drift import ChangeKind, SchemaChange, prune

COMES_OR_GOES = (ChangeKind.FIELD_ADDED, ChangeKind.FIELD_REMOVED)
STAYS = (
    ChangeKind.TYPE_CHANGED,
    ChangeKind.BECAME_NULLABLE,
    ChangeKind.NO_LONGER_NULLABLE,
    ChangeKind.VALUES_WIDENED,
)


def a_change(kind: ChangeKind, path: str, to: str | None = None) -> SchemaChange:
    return SchemaChange(kind, "pokemon", path, None, None, ("1",), to=to)


@pytest.mark.parametrize("kind", COMES_OR_GOES)
@pytest.mark.parametrize(
    ("path", "told"), [("a", True), ("a.b", True), ("a[].b", True), ("ab", False), ("", False), ("b.a", False)]
)
def test_what_comes_or_goes_tells_of_all_below_it(kind: ChangeKind, path: str, *, told: bool) -> None:
    assert a_change(kind, "a").tells(path) is told


@pytest.mark.parametrize("kind", STAYS)
def test_another_value_at_the_same_place_is_told_as_data_too(kind: ChangeKind) -> None:
    body = {"a": 1}
    prune([a_change(kind, "a")], body)
    assert body == {"a": 1}
    assert not a_change(kind, "a").tells("a")


def test_a_rename_tells_of_both_names() -> None:
    before: Any = {"l": [{"old": 1, "x": 1}, {"old": 2, "x": 2}]}
    after: Any = {"l": [{"new": 1, "x": 1}, {"new": 2, "x": 3}]}
    prune([a_change(ChangeKind.RENAMED, "l[].old", to="l[].new")], before, after)
    assert [(each.path, each.before, each.after) for each in differences(before, after)] == [("l[1].x", 2, 3)]


@pytest.mark.parametrize("body", [None, 1, [], {}, {"l": 1}, {"l": [1, None, {"o": []}]}, [[{"o": {"k": 1}}]]])
def test_what_is_not_there_is_not_missed(body: Any) -> None:
    prune([a_change(ChangeKind.FIELD_ADDED, path) for path in ("", "[]", "l[].o.k", "l.o", '["a.b"]')], body)


def test_a_key_is_taken_for_no_path() -> None:
    body: Any = {"a.b": 1, "a": {"b": 2}, "l[]": 3, "l": [{"": 4}]}
    prune([a_change(ChangeKind.FIELD_ADDED, path) for path in ('["a.b"]', '["l[]"]', 'l[][""]')], body)
    assert body == {"a": {"b": 2}, "l": [{}]}


def test_what_is_gone_from_some_places_is_data_in_the_others() -> None:
    change = SchemaChange(ChangeKind.FIELD_REMOVED, "pokemon", "l[].x", "number", "number, or missing", ("1",))
    before, after = {"l": [{"id": 1, "x": 1}, {"id": 2, "x": 2}]}, {"l": [{"id": 1}, {"id": 2, "x": 99}]}
    prune([change], before, after)
    assert [(each.path, each.before, each.after) for each in differences(before, after)] == [
        ("l[0].x", 1, None),
        ("l[1].x", 2, 99),
    ]
