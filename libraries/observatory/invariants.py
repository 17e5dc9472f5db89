"""What must hold between the resources of the API, whatever its data are; a rule gives a sentence for each breach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from observatory.field_path import values_at

_MIRRORED = {
    "double_damage_to": "double_damage_from",
    "half_damage_to": "half_damage_from",
    "no_damage_to": "no_damage_from",
}


def asymmetrical_damage(types: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where one type says it damages another in some way, and the other does not say so of the one.

    `types` are the plain bodies of types; what they say of types that are not among them is left out.
    """
    names = {kind["name"] for kind in types}
    relations = {kind["name"]: _relations(kind) for kind in types}
    broken = []
    for there, back in _MIRRORED.items():
        given = {(name, other) for name in names for other in relations[name][there] if other in names}
        taken = {(other, name) for name in names for other in relations[name][back] if other in names}
        broken += [
            f"{name} has {other} in {there}, but {other} lacks {name} in {back}."
            for name, other in sorted(given - taken)
        ]
        broken += [
            f"{other} has {name} in {back}, but {name} lacks {other} in {there}."
            for name, other in sorted(taken - given)
        ]
    return broken


def not_named_back(name: str, others: Iterable[Mapping[str, Any]], back: str) -> list[str]:
    """The bodies in `others` that do not name the resource called `name` at the path `back`.

    `back` is a path to references, such as `pokemon[].pokemon`.
    """
    return [
        f"{name} names {other['name']}, but {other['name']} does not name {name} in {back}."
        for other in others
        if name not in [reference["name"] for reference in values_at(other, back)]
    ]


def _relations(kind: Mapping[str, Any]) -> dict[str, set[str]]:
    return {
        relation: {reference["name"] for reference in references}
        for relation, references in kind["damage_relations"].items()
    }
