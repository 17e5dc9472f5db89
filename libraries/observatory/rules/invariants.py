"""What must hold between the resources of the API, whatever its data are; a rule gives a sentence for each breach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from observatory.record.field_path import values_at

Body = Mapping[str, Any]
"""A plain resource, as the API sends it."""

_MIRRORED = {
    "double_damage_to": "double_damage_from",
    "half_damage_to": "half_damage_from",
    "no_damage_to": "no_damage_from",
}
_HIDDEN_SLOT = 3


def asymmetrical_damage(types: Sequence[Body]) -> list[str]:
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


def contradictory_damage(types: Iterable[Body]) -> list[str]:
    """Where a type damages another in two ways at once, such as doubly and by half."""
    return [
        f"{kind['name']} has {other} in {one} and in {two}."
        for kind in types
        for one, two in combinations(_MIRRORED, 2)
        for other in sorted(_relations(kind)[one] & _relations(kind)[two])
    ]


def not_named_back(name: str, others: Iterable[Body], back: str) -> list[str]:
    """The bodies in `others` that do not name the resource called `name` at the path `back`.

    `back` is a path to references, such as `pokemon[].pokemon`.
    """
    return [
        f"{name} names {other['name']}, but {other['name']} does not name {name} in {back}."
        for other in others
        if name not in [reference["name"] for reference in values_at(other, back)]
    ]


def misleading(references: Sequence[Body], found: Sequence[Body]) -> list[str]:
    """The references whose name is not that of what was found at their address, in the same order."""
    return [
        f"{reference['url']} is called {reference['name']}, but what is found there is called {body.get('name')}."
        for reference, body in zip(references, found, strict=True)
        if reference["name"] != body.get("name")
    ]


def disordered_slots(bodies: Iterable[Body], path: str) -> list[str]:
    """The bodies whose list at `path`, such as `types`, has a slot twice, or a higher one before a lower one."""
    slots = {body["name"]: [entry["slot"] for entry in values_at(body, path)] for body in bodies}
    return [
        f"{name} has its {path} in the slots {', '.join(map(str, taken))}, which should rise, each there once."
        for name, taken in slots.items()
        if taken != sorted(set(taken))
    ]


def misplaced_hidden_abilities(pokemon: Iterable[Body]) -> list[str]:
    """The pokemon with a hidden ability outside the third slot, or another one in it."""
    return [
        f"{each['name']} has {entry['ability']['name']}, which is {'' if entry['is_hidden'] else 'not '}hidden, "
        f"in slot {entry['slot']}; hidden abilities belong in slot {_HIDDEN_SLOT}, and only they."
        for each in pokemon
        for entry in each["abilities"]
        if entry["is_hidden"] != (entry["slot"] == _HIDDEN_SLOT)
    ]


def incomplete_list(references: Sequence[Body], count: int) -> list[str]:
    """What tells that a walk through all pages did not find each of `count` resources exactly once."""
    urls = [reference["url"] for reference in references]
    broken = [f"{url} is listed {urls.count(url)} times." for url in sorted(set(urls)) if urls.count(url) > 1]
    if len(urls) != count:
        broken.append(f"The pages hold {len(urls)} resources, but their count says {count}.")
    return broken


def foreign_addresses(body: Any) -> list[str]:
    """The fields called `url` that are no absolute address, or lie on another host than most of them."""
    addresses = list(_addresses(body))
    hosts = [urlsplit(address).netloc for address in addresses]
    usual = max(sorted(set(hosts)), key=hosts.count, default="")
    return [
        f"{address} is no absolute address on {usual or 'any host'}."
        for address, host in zip(addresses, hosts, strict=True)
        if not host or host != usual or urlsplit(address).scheme not in {"http", "https"}
    ]


def _relations(kind: Body) -> dict[str, set[str]]:
    return {
        relation: {reference["name"] for reference in references}
        for relation, references in kind["damage_relations"].items()
    }


def _addresses(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("url"), str):
            yield value["url"]
        value = list(value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _addresses(item)
