"""A change as it is told: in a sentence, as a JSON line, and against another one that it takes back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from observatory.schema_drift import ChangeKind, SchemaChange, sided
from observatory.schema_drift.changes import BREAKING

CHANGE = SchemaChange(ChangeKind.FIELD_ADDED, "pokemon", "cries", None, "object", ("1", "25"))
SIDES = {
    ChangeKind.FIELD_ADDED: (None, "object", "was added (object)"),
    ChangeKind.FIELD_REMOVED: ("string", None, "was removed (string)"),
    ChangeKind.TYPE_CHANGED: ("number", "string or null", "changed its type from number to string or null"),
    ChangeKind.BECAME_NULLABLE: ("number", "number or null", "became nullable"),
    ChangeKind.NO_LONGER_NULLABLE: ("number or null", "number", "is no longer nullable"),
    ChangeKind.VALUES_WIDENED: (["blue", "red"], ["blue", "green", "red", "teal"], "has new values: green, teal"),
    ChangeKind.RENAMED: ("string", "string", "seems to be renamed to sounds"),
}


def of(kind: ChangeKind) -> SchemaChange:
    before, after, _ = SIDES[kind]
    to = "sounds" if kind is ChangeKind.RENAMED else None
    return replace(CHANGE, kind=kind, before=before, after=after, to=to)


@pytest.mark.parametrize("kind", ChangeKind)
def test_each_kind_has_its_sentence(kind: ChangeKind) -> None:
    assert of(kind).sentence() == f"pokemon: cries {SIDES[kind][2]}"
    assert replace(of(kind), part="encounters", path="").sentence().startswith("pokemon encounters: the whole body ")


def test_a_removal_in_part_says_what_is_there_now() -> None:
    change = replace(of(ChangeKind.FIELD_REMOVED), after="string, or missing")
    assert change.sentence() == "pokemon: cries was removed: now string, or missing"


def test_what_a_client_can_break_on_is_breaking() -> None:
    assert {kind for kind in ChangeKind if of(kind).breaking} == set(BREAKING)
    assert {
        ChangeKind.FIELD_REMOVED,
        ChangeKind.TYPE_CHANGED,
        ChangeKind.BECAME_NULLABLE,
        ChangeKind.RENAMED,
    } == BREAKING


def test_an_event_has_what_a_machine_needs() -> None:
    event = {
        "kind": "field_added",
        "endpoint": "pokemon",
        "path": "cries",
        "before": None,
        "after": "object",
        "breaking": False,
        "resources": ["1", "25"],
        "count": 2,
    }
    assert CHANGE.as_event() == event
    assert replace(CHANGE, part="list").as_event() == {**event, "part": "list"}
    assert replace(CHANGE, kind=ChangeKind.RENAMED, to="sounds").as_event() == {
        **event,
        "kind": "renamed",
        "breaking": True,
        "to": "sounds",
    }


@pytest.mark.parametrize(
    ("kind", "inverse"),
    [
        (ChangeKind.FIELD_ADDED, ChangeKind.FIELD_REMOVED),
        (ChangeKind.FIELD_REMOVED, ChangeKind.FIELD_ADDED),
        (ChangeKind.BECAME_NULLABLE, ChangeKind.NO_LONGER_NULLABLE),
        (ChangeKind.NO_LONGER_NULLABLE, ChangeKind.BECAME_NULLABLE),
        (ChangeKind.VALUES_WIDENED, None),
    ],
)
def test_a_change_takes_back_its_inverse_at_the_same_place_and_nothing_else(
    kind: ChangeKind, inverse: ChangeKind | None
) -> None:
    change = of(kind)
    assert [other for other in ChangeKind if change.reverses(of(other))] == ([inverse] if inverse else [])
    if inverse:
        assert not change.reverses(replace(of(inverse), path="sprites"))
        assert not change.reverses(replace(of(inverse), endpoint="type"))
        assert not change.reverses(replace(of(inverse), part="list"))


def test_a_type_is_taken_back_by_the_type_it_had() -> None:
    there = of(ChangeKind.TYPE_CHANGED)
    back = replace(there, before=there.after, after=there.before)
    assert back.reverses(there)
    assert not there.reverses(there)
    assert not replace(back, after="boolean").reverses(there)


def test_a_rename_is_taken_back_by_the_rename_back() -> None:
    there = of(ChangeKind.RENAMED)
    assert replace(there, path="sounds", to="cries").reverses(there)
    assert not there.reverses(there)
    assert not replace(there, path="sounds", to="noises").reverses(there)
    assert not of(ChangeKind.FIELD_ADDED).reverses(there)
    assert not there.reverses(of(ChangeKind.FIELD_REMOVED))


def test_a_side_is_text() -> None:
    assert [sided(side) for side in (None, "string or null", ["blue", "red"], [])] == [
        "",
        "string or null",
        "blue, red",
        "",
    ]
