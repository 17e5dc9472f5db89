"""Schema drift on real responses: eight dates of the public API's history, and one snapshot of today.

The split is the dates up to 2021, to tune on, and those after it with the snapshot as the ninth date, to report on. No
rule was ever changed for either: all dates came out as they do now at the first replay. What is expected comes from a
plain walk over all bodies of two dates, exact and without evidence. The resources are few and their real changes are
nearly all additions, so real bodies are also edited: all resources of ten lose, get, rename, retype or null a field.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from observatory.record.field_path import EVERY, render
from observatory.record.field_path import Path as Place
from observatory.schema_drift import ChangeKind, SchemaChange
from tests.conftest import RECORDING
from tests.schema_drift_values import Watched

HISTORY = RECORDING.parent / "history"
TUNED_ON = ("2018-09-28", "2019-02-02", "2020-06-03", "2021-05-17")
REPORTED_ON = ("2022-06-22", "2023-01-15", "2023-09-30", "2023-12-20", "recorded")
FIXED = {
    "pokemon": ("1", "6", "25", "35", "58", "133"),
    "type": ("1", "8", "18"),
    "ability": ("1", "22", "65"),
}
TEN = {
    "pokemon": ("1", "6", "25", "35", "58", "133", "94", "150", "1025", "10001"),
    "type": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "18"),
    "ability": ("1", "2", "3", "4", "5", "6", "7", "22", "65", "100"),
}

Event: TypeAlias = tuple[str, str]
"""A kind of change, and its path."""

pytestmark = [
    pytest.mark.skipif(not HISTORY.is_dir(), reason=f"there is no history of real responses at {HISTORY}"),
    pytest.mark.unmeasured,
]


@lru_cache(maxsize=512)
def body(date: str, endpoint: str, resource: str) -> Any:
    folder = RECORDING if date == "recorded" else HISTORY / date
    return json.loads((folder / "api" / "v2" / endpoint / resource / "index.json").read_text("utf-8"))


def bodies(date: str, endpoint: str, resources: tuple[str, ...]) -> dict[str, Any]:
    return {resource: body(date, endpoint, resource) for resource in resources}


def snapshot(endpoint: str) -> dict[str, Any]:
    """All bodies of the newest date."""
    folders = (RECORDING / "api" / "v2" / endpoint).iterdir()
    return bodies("recorded", endpoint, tuple(sorted(each.name for each in folders if each.is_dir())))


class Facts:
    """What a walk over all bodies of one date finds at each path: kinds, and how many values and objects."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.kinds: dict[Place, set[str]] = {}
        self.count: dict[Place, int] = {}
        self.objects: dict[Place, int] = {}
        self._walk((), list(found.values()))

    def _walk(self, path: Place, values: list[Any]) -> None:
        objects = [value for value in values if isinstance(value, dict)]
        self.kinds[path] = {type(value).__name__.replace("float", "int") for value in values}
        self.count[path] = len(values)
        self.objects[path] = len(objects)
        keys: dict[str, list[Any]] = defaultdict(list)
        for each in objects:
            for key, value in each.items():
                keys[key].append(value)
        for key, inner in keys.items():
            self._walk((*path, key), inner)
        items = [item for value in values if isinstance(value, list) for item in value]
        if items:
            self._walk((*path, EVERY), items)

    def some_lack(self, path: Place) -> bool:
        """Whether an object lacks the key that others have at the same place."""
        return self.count[path] < self.objects[path[:-1]]


def what_changed(before: Facts, after: Facts) -> set[Event]:
    """Everything that differs between two dates, told at the topmost path."""
    return {(kind, render(path)) for kind, path in _differences(before, after)}


def _differences(before: Facts, after: Facts) -> Iterator[tuple[str, Place]]:
    keys = {path for path in {*before.kinds, *after.kinds} if path and isinstance(path[-1], str)}
    for path in keys:
        if path not in before.kinds and before.objects.get(path[:-1]):
            yield "field_added", path
        elif path not in after.kinds:
            if after.objects.get(path[:-1]):
                yield "field_removed", path
        elif path in before.kinds and not before.some_lack(path) and after.some_lack(path):
            yield "field_removed", path
    null = {"NoneType"}
    for path in before.kinds.keys() & after.kinds.keys():
        old, new = before.kinds[path], after.kinds[path]
        if old - null and new - null - old:
            yield "type_changed", path
        if old - null and null <= new - old:
            yield "became_nullable", path
        if null <= old - new:
            yield "no_longer_nullable", path


def events(changes: list[SchemaChange]) -> set[Event]:
    """What was told, with a rename taken for what it stands for."""
    told: set[Event] = set()
    for change in changes:
        if change.kind is ChangeKind.RENAMED:
            told |= {("field_removed", change.path), ("field_added", str(change.to))}
        else:
            told.add((change.kind.value, change.path))
    return told


@pytest.mark.parametrize("endpoint", FIXED)
@pytest.mark.parametrize("dates", [TUNED_ON, TUNED_ON[-1:] + REPORTED_ON], ids=["tuned on", "reported on"])
@pytest.mark.parametrize("step", [1, -1], ids=["forwards", "backwards"])
def test_the_real_history_is_told_exactly(endpoint: str, dates: tuple[str, ...], step: int) -> None:
    """All that was added, removed and retyped is found, nothing else is told.

    Backwards, what was added is removed. Fewer than three resources that lose their nulls are too few to speak for
    all, so that kind may stay untold.
    """
    dates = dates[::step]
    watched = Watched(bodies(dates[0], endpoint, FIXED[endpoint]), endpoint=endpoint)
    for earlier, date in pairwise(dates):
        now = bodies(date, endpoint, FIXED[endpoint])
        expected = what_changed(Facts(bodies(earlier, endpoint, FIXED[endpoint])), Facts(now))
        told = events(watched.run(now))
        assert told <= expected, date
        assert {event for event in expected if event[0] != "no_longer_nullable"} <= told, date


def test_the_history_has_changes_to_find_on_both_sides_of_the_split() -> None:
    for dates, additions in ((TUNED_ON, 3), (TUNED_ON[-1:] + REPORTED_ON, 20)):
        found = [
            event
            for endpoint, resources in FIXED.items()
            for earlier, date in pairwise(dates)
            for event in what_changed(
                Facts(bodies(earlier, endpoint, resources)), Facts(bodies(date, endpoint, resources))
            )
        ]
        assert len([kind for kind, _ in found if kind == "field_added"]) >= additions


@pytest.mark.parametrize("endpoint", FIXED)
@pytest.mark.parametrize("batch", [1, 10, 50])
def test_one_snapshot_in_any_order_raises_hardly_an_alarm(endpoint: str, batch: int) -> None:
    found = snapshot(endpoint)
    for seed in range(3):
        order = random.Random(seed).sample(sorted(found), len(found))
        watched = Watched(endpoint=endpoint)
        told: list[tuple[int, str]] = []
        for start in range(0, len(order), batch):
            changes = watched.run({resource: found[resource] for resource in order[start : start + batch]})
            told += [(start, change.sentence()) for change in changes]
        assert len([known for known, _ in told if known >= 10]) <= 2, told
        assert [sentence for known, sentence in told if known >= 100] == []


@pytest.mark.parametrize("endpoint", FIXED)
def test_memory_depends_on_the_paths_and_not_on_the_resources(endpoint: str) -> None:
    found = snapshot(endpoint)
    few = Watched(bodies("recorded", endpoint, TEN[endpoint])).known
    assert len(Watched(found).known) <= 1.5 * len(few)


EDITS = ("remove", "remove in one", "add", "rename", "retype", "null")


@pytest.mark.parametrize("endpoint", TEN)
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_ten_real_resources_is_told_exactly(endpoint: str, edit: str) -> None:
    found = bodies("recorded", endpoint, TEN[endpoint])
    facts = Facts(found)
    learned = Watched(found, endpoint=endpoint)
    random_ = random.Random(f"{endpoint} {edit}")
    firm = sorted(
        (path for path in facts.kinds if path and isinstance(path[-1], str) and not facts.some_lack(path)), key=render
    )
    # What is null in some cannot become nullable; what has two kinds is too rare to be picked.
    solid = [path for path in firm if len(facts.kinds[path]) == 1 and "NoneType" not in facts.kinds[path]]
    for path in random_.sample(solid, 8):
        every_one = {resource: edited_at(found[resource], path, edit) for resource in found}
        changed = [resource for resource in found if every_one[resource] != found[resource]]
        if edit == "remove in one":
            changed = changed[:1]
        watched = learned.twin()
        told = watched.run({**found, **{resource: every_one[resource] for resource in changed}})
        assert summary(told) == [what_an_edit_is(edit, path)], path
        assert set(told[0].resources) == set(changed)


def edited_at(value: Any, path: Place, edit: str) -> Any:
    """The body with the same edit at all places of a path, sharing all else with the body."""
    head, *rest = path
    if head is EVERY:
        return [edited_at(item, tuple(rest), edit) for item in value] if isinstance(value, list) else value
    if not isinstance(value, dict) or head not in value:
        return value
    if rest:
        return {**value, head: edited_at(value[head], tuple(rest), edit)}
    others = {key: each for key, each in value.items() if key != head}
    return {
        "remove": others,
        "remove in one": others,
        "add": {**value, f"{head}-2": {"new": 1}},
        "rename": {**others, f"{head}-2": value[head]},
        "retype": {**value, head: "text" if isinstance(value[head], int) else 12345},
        "null": {**value, head: None},
    }[edit]


def what_an_edit_is(edit: str, path: Place) -> tuple[str, str, str | None]:
    written, renamed = render(path), render((*path[:-1], f"{path[-1]}-2"))
    return {
        "remove": ("field_removed", written, None),
        "remove in one": ("field_removed", written, None),
        "add": ("field_added", renamed, None),
        "rename": ("renamed", written, renamed),
        "retype": ("type_changed", written, None),
        "null": ("became_nullable", written, None),
    }[edit]


def summary(changes: list[SchemaChange]) -> list[tuple[str, str, str | None]]:
    return [(change.kind.value, change.path, change.to) for change in changes]
