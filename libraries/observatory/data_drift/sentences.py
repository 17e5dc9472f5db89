"""How a group of data changes is said: one short sentence in plain English."""

from __future__ import annotations

from observatory.data_drift.changes import DataChange, DataChangeKind
from observatory.data_drift.groups import DataChangeGroup, told
from observatory.words import count, one_line

_SAME_IN_PLURAL = ("pokemon", "species")


def sentence(group: DataChangeGroup, seen: int) -> str:
    """Say what happened, such as `hp changed in 131 of 151 pokemon (stats[].base_stat; pokemon/1: 45 → 46)`.

    Args:
        group: what happened.
        seen: how many resources of the endpoint were compared.
    """
    if group.is_of_items:
        return _of_items(group, seen)
    if len(group.resources) == 1 and group.count == 1:
        return _of_one(group)
    path = _path(group)
    subject = group.about or path
    where = f"{group.count} places of {_subjects(group)}" if len(group.resources) == 1 else _share(group, seen)
    example = _example(group, group.examples[0]) if group.examples else ""
    details = "; ".join(filter(None, [path if group.about else "", example]))
    return f"{subject} {_VERBS[group.kind]} {where}" + (f" ({details})" if details else "")


_VERBS = {
    DataChangeKind.CHANGED: "changed in",
    DataChangeKind.ADDED: "is new in",
    DataChangeKind.REMOVED: "is gone from",
}


def _of_one(group: DataChangeGroup) -> str:
    """One change of one resource, which can be told exactly."""
    resource = _subjects(group)
    change = group.examples[0][1]
    exact = change.path or "the whole answer"
    subject = f"{exact} of {change.about} in {resource}" if change.about else f"{exact} of {resource}"
    if group.kind is DataChangeKind.CHANGED:
        return f"{subject} changed from {told(change.before)} to {told(change.after)}"
    if group.kind is DataChangeKind.ADDED:
        return f"{subject} is new: {told(change.after)}"
    return f"{subject} is gone, it was {told(change.before)}"


def _of_items(group: DataChangeGroup, seen: int) -> str:
    came = group.kind is DataChangeKind.ADDED
    path = _path(group)
    if len(group.resources) == 1:
        items = count(group.count, "new item" if came else "item")
        named = list(dict.fromkeys(_named(change) for _, change in group.examples))
        more = ", …" if group.count > len(group.examples) else ""
        verb = "has" if came else "lost"
        return f"{path} {verb} {items} in {_subjects(group)}: {', '.join(named)}{more}"
    verb = "has new items in" if came else "lost items in"
    name, change = group.examples[0]
    return f"{path} {verb} {_share(group, seen)} ({group.count} in all; {_subject(group, name)}: {_named(change)})"


def _named(change: DataChange) -> str:
    return change.about or told(change.after if change.kind is DataChangeKind.ADDED else change.before)


def _example(group: DataChangeGroup, example: tuple[str, DataChange]) -> str:
    name, change = example
    # Beside a single resource's sentence, the place is what tells its changes apart.
    label = one_line(change.path, 120) if len(group.resources) == 1 else _subject(group, name)
    if change.about != group.about:
        label = f"{label}, {change.about}"
    if group.kind is DataChangeKind.CHANGED:
        return f"{label}: {told(change.before)} → {told(change.after)}"
    return f"{label}: {told(change.after if group.kind is DataChangeKind.ADDED else change.before)}"


def _path(group: DataChangeGroup) -> str:
    return group.path or "the whole answer"


def _share(group: DataChangeGroup, seen: int) -> str:
    changed = len(group.resources)
    share = f"{changed} of {seen}" if seen >= changed else str(changed)
    return f"{share} {_plural(group.endpoint, seen or changed)}"


def _subjects(group: DataChangeGroup) -> str:
    return _subject(group, group.resources[0])


def _subject(group: DataChangeGroup, resource: str) -> str:
    return f"{group.endpoint}/{resource}" if resource else group.endpoint


def _plural(endpoint: str, number: int) -> str:
    """An endpoint's name for several of its resources: `types`, `abilities`, but `pokemon`."""
    if number == 1 or endpoint.endswith(_SAME_IN_PLURAL):
        return endpoint
    if endpoint.endswith("y"):
        return f"{endpoint[:-1]}ies"
    return f"{endpoint}es" if endpoint.endswith("s") else f"{endpoint}s"
