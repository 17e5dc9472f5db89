"""Changes of many resources told together: one group for each place, kind and, where these are few, identity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import chain
from math import isfinite
from typing import Any, Final

from observatory.data_drift.changes import DataChange, DataChangeKind
from observatory.words import natural, one_line, seen

_MOST_EXAMPLES = 5
_MOST_IDENTITIES = 8
_LONGEST_TEXT = 200
_LONGEST_TOLD = 80
_LONGEST_ABOUT = 120
_LARGEST_BITS = 160
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class DataChangeGroup:
    """What one sentence tells: changes of one kind at one normalised path, in however many resources.

    `about` is the identity of the list item they are in (`hp`), empty when they are in many different ones.
    `resources` are names in natural order, `count` is the number of changes, `examples` are the first few of
    them with their resource; long values in them are cut, as `told` shows them.
    """

    endpoint: str
    path: str
    kind: DataChangeKind
    about: str
    resources: tuple[str, ...]
    count: int
    examples: tuple[tuple[str, DataChange], ...]

    @property
    def is_of_items(self) -> bool:
        """Whether whole list items came or went."""
        return self.kind is not DataChangeKind.CHANGED and self.path.endswith("[]")


def grouped(endpoint: str, by_resource: Mapping[str, Sequence[DataChange]]) -> list[DataChangeGroup]:
    """The changes of an endpoint's resources, the largest group first."""
    found: dict[tuple[str, DataChangeKind, str], dict[str, list[DataChange]]] = {}
    for resource in sorted(by_resource, key=natural):
        for change in by_resource[resource]:
            place = change.normalised, change.kind, change.about
            found.setdefault(place, {}).setdefault(resource, []).append(change)
    single = [
        DataChangeGroup(
            endpoint=endpoint,
            path=path,
            kind=kind,
            about=one_line(about, _LONGEST_ABOUT),
            resources=tuple(changes),
            count=sum(map(len, changes.values())),
            examples=_first((name, _shortened(change)) for name, change in _candidates(changes)),
        )
        for (path, kind, about), changes in found.items()
    ]
    return merged(single, [])


def merged(groups_a: Iterable[DataChangeGroup], groups_b: Iterable[DataChangeGroup]) -> list[DataChangeGroup]:
    """The groups of two parts of one run, the largest first; in whatever order parts are merged, one result.

    A place that is changed in more than a few different list items becomes one group, which it stays. A
    resource that both parts were told of counts once in `resources`; its changes are added in `count`.
    """
    places: dict[tuple[str, str, DataChangeKind], dict[str, list[DataChangeGroup]]] = {}
    for group in chain(groups_a, groups_b):
        place = group.endpoint, group.path, group.kind
        places.setdefault(place, {}).setdefault(group.about, []).append(group)
    together: list[DataChangeGroup] = []
    for by_identity in places.values():
        everything = list(chain.from_iterable(by_identity.values()))
        # A group about nothing takes in all others of its place: only so does the order of merging not matter.
        if "" in by_identity or len(by_identity) > _MOST_IDENTITIES or everything[0].is_of_items:
            together.append(_one(everything, about=""))
        else:
            together += [_one(groups, about) for about, groups in by_identity.items()]
    return sorted(together, key=_largest_first)


def to_json(groups: Iterable[DataChangeGroup]) -> list[dict[str, Any]]:
    """The groups as plain JSON, which also PostgreSQL's `jsonb` takes."""
    return [
        {
            "endpoint": group.endpoint,
            "path": group.path,
            "kind": group.kind.value,
            "about": group.about,
            "resources": list(group.resources),
            "count": group.count,
            "examples": [
                {"resource": name, "path": each.path, "before": each.before, "after": each.after, "about": each.about}
                for name, each in group.examples
            ],
        }
        for group in groups
    ]


def from_json(groups: Iterable[Mapping[str, Any]]) -> list[DataChangeGroup]:
    """The groups that `to_json` wrote."""
    return [
        DataChangeGroup(
            endpoint=group["endpoint"],
            path=group["path"],
            kind=DataChangeKind(group["kind"]),
            about=group["about"],
            resources=tuple(group["resources"]),
            count=group["count"],
            examples=tuple(
                (
                    each["resource"],
                    DataChange(
                        each["path"], DataChangeKind(group["kind"]), each["before"], each["after"], each["about"]
                    ),
                )
                for each in group["examples"]
            ),
        )
        for group in groups
    ]


def told(value: Any) -> str:
    """A value of an example in a few words: `45`, `null`, `"thunder"`, `an object with 2 fields`."""
    if isinstance(value, dict) and value.keys() == {_CUT}:
        return str(value[_CUT])
    if isinstance(value, str):
        return f'"{one_line(value, _LONGEST_TOLD)}"'
    return json.dumps(value)


def short(value: Any) -> Any:
    """A value as examples hold it: a long one is cut, a list or an object is only described.

    So the size of a group does not depend on values, and what `jsonb` refuses (NaN, the character 0) is gone.
    """
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}{_CUT}"
        return cut if cut.isprintable() else one_line(value, _LONGEST_TEXT)
    if value is None or isinstance(value, bool) or value in ([], {}):
        return value
    if isinstance(value, int) and value.bit_length() <= _LARGEST_BITS:
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    return {_CUT: seen(value)}


def _one(groups: Sequence[DataChangeGroup], about: str) -> DataChangeGroup:
    return DataChangeGroup(
        endpoint=groups[0].endpoint,
        path=groups[0].path,
        kind=groups[0].kind,
        about=about,
        resources=_in_order(name for group in groups for name in group.resources),
        count=sum(group.count for group in groups),
        examples=_first(example for group in groups for example in group.examples),
    )


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names), key=natural))


def _first(examples: Iterable[tuple[str, DataChange]]) -> tuple[tuple[str, DataChange], ...]:
    """The first few of the examples by resource and place, each once: a choice that no order of merging changes."""
    by_key = {_example_key(name, change): (name, change) for name, change in examples}
    return tuple(by_key[key] for key in nsmallest(_MOST_EXAMPLES, by_key))


def _example_key(name: str, change: DataChange) -> tuple[Any, ...]:
    values = json.dumps([change.before, change.after, change.about], sort_keys=True)
    return natural(name), natural(change.path), values


def _candidates(changes: Mapping[str, Sequence[DataChange]]) -> Iterator[tuple[str, DataChange]]:
    """The changes that can be among the first few, of resources in natural order; the others need no sorting."""
    left = _MOST_EXAMPLES
    for name, of_one in changes.items():
        for change in nsmallest(left, of_one, key=lambda each: natural(each.path)):
            yield name, change
            left -= 1
        if left <= 0:
            return


def _shortened(change: DataChange) -> DataChange:
    return replace(
        change, before=short(change.before), after=short(change.after), about=one_line(change.about, _LONGEST_ABOUT)
    )


def _largest_first(group: DataChangeGroup) -> tuple[Any, ...]:
    return -len(group.resources), -group.count, group.endpoint, natural(group.path), natural(group.about), group.kind
