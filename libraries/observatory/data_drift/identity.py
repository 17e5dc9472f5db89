"""What identifies the items of a list: the fields that tell them apart in both versions, found by evidence."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations
from typing import Any, TypeAlias

from observatory.data_drift.alike import atom, without_host
from observatory.words import one_line

Item: TypeAlias = Mapping[str, Any]
_SAMPLED = 3
_MOST_FIELDS = 6
_MOST_TOGETHER = 3
_NAMES = ("name", "id", "slot")
_path = lru_cache(maxsize=4096)(without_host)  # the same few references stand in many lists


@dataclass(frozen=True, slots=True)
class Field:
    """One field that may identify an item: `slot`, or the `url` of the reference in `move`."""

    key: str
    inner: str = ""

    def name_beside(self) -> list[Field]:
        """The name that stands beside a URL; nothing for a field that holds no URL."""
        if self.inner == "url":
            return [Field(self.key, "name")]
        return [Field("name")] if self.key == "url" and not self.inner else []

    def of(self, items: Sequence[Item]) -> list[Hashable]:
        """Each item's value, a URL without its host; None where there is no single value."""
        try:
            values = (
                [item[self.key][self.inner] for item in items] if self.inner else [item[self.key] for item in items]
            )
        except (KeyError, TypeError):
            values = [self._found(item) for item in items]
        return [_path(value) if value.__class__ is str else _single(value) for value in values]

    def _found(self, item: Item) -> Any:
        value = item.get(self.key)
        if self.inner:
            return value.get(self.inner) if isinstance(value, dict) else None
        return value

    def told(self, item: Item) -> str:
        """What the field says about an item, for people: `hp`, `slot 1`; empty when it says nothing."""
        value = self._found(item)
        if isinstance(value, dict | list) or value is None:
            return ""
        if self.inner == "url" or self.key == "url":
            named = item[self.key].get("name") if self.inner else item.get("name")
            text = named if isinstance(named, str) and named else _last_part(str(value))
        elif self.inner or self.key == "name":
            text = str(value)
        else:
            text = f"{self.key} {value}"
        return one_line(text)


@dataclass(frozen=True, slots=True)
class Identity:
    """Fields that together tell the items apart, with the key of each item in both versions."""

    fields: tuple[Field, ...]
    before: Sequence[Hashable]
    after: Sequence[Hashable]
    is_combined: bool = False
    """Whether fields had to be put together that may well change, such as a level."""

    def have_same_names(self, olds: Sequence[Item], news: Sequence[Item]) -> list[bool]:
        """Whether the names beside the identifying URLs are the same in each pair of items."""
        names = [beside for field in self.fields for beside in field.name_beside()]
        same = [True] * len(olds)
        for name in names if olds else ():
            same = [so_far and old == new for so_far, old, new in zip(same, name.of(olds), name.of(news), strict=True)]
        return same

    def have_same_references(self, old: Item, new: Item) -> bool:
        """Whether two items agree in each reference that is a part of the identity."""
        references = [field for field in self.fields if field.inner]
        return all(field.of([old]) == field.of([new]) for field in references)

    def told(self, item: Item) -> str:
        """What identifies an item, for people: `hp`, or `machine/red-blue`."""
        return "/".join(filter(None, (field.told(item) for field in self.fields)))


def identities(before: Sequence[Item], after: Sequence[Item], usable: Callable[[Field], bool]) -> Iterator[Identity]:
    """What identifies the items of both versions of a list, the best first; nothing when nothing does.

    First all references together when there are two or three (a machine in red-blue), then each single
    reference, name, id and slot. Only when none of these is unique on both sides, combinations with other
    fields (a level, an order) are tried, those with all references first, and one is given.
    """
    columns: dict[Field, tuple[list[Hashable], list[Hashable]]] = {}

    def unique(fields: tuple[Field, ...]) -> Identity | None:
        for field in fields:
            if field not in columns:
                columns[field] = field.of(before), field.of(after)
        if len(fields) == 1:
            old, new = columns[fields[0]]
            found = Identity(fields, old, new)
        else:
            chosen = [columns[field] for field in fields]
            found = Identity(
                fields,
                list(zip(*(old for old, _ in chosen), strict=True)),
                list(zip(*(new for _, new in chosen), strict=True)),
            )
        is_unique = len(set(found.before)) == len(before) and len(set(found.after)) == len(after)
        return found if is_unique else None

    references, singles, others = _candidates([*before[:_SAMPLED], *after[:_SAMPLED]], usable)
    alone = [(field,) for field in singles]
    together = [tuple(references)] if 1 < len(references) <= _MOST_TOGETHER else []
    found_one = False
    for fields in [*together, *alone]:
        identity = unique(fields)
        if identity is not None:
            found_one = True
            yield identity
    if not found_one:
        mixed = [*references, *(field for field in singles if not field.inner), *others][:_MOST_FIELDS]
        wide = [(*references, field) for field in mixed if field not in references] if together else []
        combined = chain(wide, combinations(mixed, 2), combinations(mixed, _MOST_TOGETHER))
        first = next((identity for fields in combined if (identity := unique(fields))), None)
        if first is not None:
            yield replace(first, is_combined=True)


def _candidates(
    samples: Sequence[Item], usable: Callable[[Field], bool]
) -> tuple[list[Field], list[Field], list[Field]]:
    """The references, every field that may identify by itself (these among them), and the other scalars."""
    kinds: dict[str, Any] = {}
    for item in samples:
        for key, value in item.items():
            if kinds.get(key) is None:
                kinds[key] = value
    references = [Field(key, "url") for key, value in kinds.items() if _is_reference(value)]
    scalars = [key for key, value in kinds.items() if isinstance(value, str | int) and not isinstance(value, bool)]
    own = [Field("url")] if "url" in scalars else []
    named = [Field(key) for key in _NAMES if key in scalars]
    reference_names = [Field(field.key, "name") for field in references]
    references = [field for field in references if usable(field)]
    singles = [field for field in [*own, *references[:_MOST_FIELDS], *named, *reference_names] if usable(field)]
    others = [Field(key) for key in scalars if key != "url" and key not in _NAMES and usable(Field(key))]
    return references, singles, others


def _single(value: Any) -> Hashable:
    return None if isinstance(value, dict | list) else atom(value)


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("url"), str)


def _last_part(url: str) -> str:
    path = without_host(url).rstrip("/")
    return path.rpartition("/")[2] or path
