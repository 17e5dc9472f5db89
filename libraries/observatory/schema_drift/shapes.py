"""The shape of one JSON body: which kinds of values stand at each normalised path, and nothing of how many there are.

Values are looked at in columns: all values of one path at once, so that the 1,500 objects of a pokemon's moves cost
a few passes in C and not 1,500 in Python.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final, TypeAlias

from observatory.record.field_path import render

BOOLEAN: Final = 1
NUMBER: Final = 2
STRING: Final = 4
ARRAY: Final = 8
OBJECT: Final = 16
NULL: Final = 32
MISSING: Final = 64
"""Some object at the parent's path lacks this key, while another one of the same body has it."""

TYPES: Final = BOOLEAN | NUMBER | STRING | ARRAY | OBJECT
"""Everything that a value can be but null."""

MOST_KEYS: Final = 200
"""An object with more keys than this is a map for sure: its keys share the path `*`, so that memory stays bounded."""

MOST_VALUES: Final = 16
"""A field with more different texts than this is no enumeration."""

_KINDS: Final = {bool: BOOLEAN, int: NUMBER, float: NUMBER, str: STRING, list: ARRAY, dict: OBJECT, type(None): NULL}
_NAMES: Final = {BOOLEAN: "boolean", NUMBER: "number", STRING: "string", ARRAY: "array", OBJECT: "object"}
_WORD = re.compile(r"[A-Za-z0-9_.+-]{1,40}")  # what the values of an enumeration look like; a URL does not

_QUOTED = r'\["(?:[^"\\]|\\.)*"\]'
_LAST = re.compile(rf"(?P<item>\[\])$|(?:^|\.)(?P<bare>[^.\[\]\"]+)$|(?P<quoted>{_QUOTED})$", re.DOTALL)
_IN_MAP = re.compile(r"(?:^|\.)\*(?=$|[.\[])")

_Column: TypeAlias = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """`fields`: the kinds at each path, as flags; `values`: the few different words at a path of texts.

    A path of `fields` whose texts are many, long or no words is not in `values`.
    """

    fields: dict[str, int]
    values: dict[str, frozenset[str]]


def shape_of(body: Any) -> Shape:
    """The shape of a parsed JSON value, however deep it is.

    What contains itself, such as `evolves_to[].evolves_to[]`, is folded into its topmost path. Integers and other
    numbers are one kind. The root's path is empty.
    """
    fields: dict[str, int] = {}
    words: dict[str, frozenset[str] | None] = {}
    columns: list[tuple[str, str | None, _Column]] = [("", None, [body])]
    while columns:
        path, key, column = columns.pop()
        kinds = set(map(type, column))
        fields[path] = fields.get(path, 0) | _flags(kinds)
        if str in kinds:
            words[path] = _words(words.get(path, frozenset()), column, kinds)
        if list in kinds:
            own = None if path.endswith("[]") else key  # lists right in lists have no key of their own
            items = _items([value for value in column if type(value) is list], own)
            if items:
                columns.append((f"{path}[]", own, items))
        if dict in kinds:
            objects = column if len(kinds) == 1 else [value for value in column if type(value) is dict]
            columns.extend(_children(path, key, objects, fields))
    return Shape(fields, {path: found for path, found in words.items() if found})


@lru_cache(maxsize=1 << 16)
def child(parent: str, key: str) -> str:
    """The path of a key of the object at `parent`."""
    written = render((key,))
    return f"{parent}.{written}" if parent and not written.startswith("[") else f"{parent}{written}"


def any_child(parent: str) -> str:
    """The path that the keys of a map share; no key is written like this, for a key `*` stands in quotes."""
    return f"{parent}.*" if parent else "*"


@lru_cache(maxsize=1 << 16)
def parent_of(path: str) -> str | None:
    """The path of the object whose key this is; None for the root, and for the items of a list."""
    last = _LAST.search(path)
    return None if last is None or last["item"] else path[: last.start()]


@lru_cache(maxsize=1 << 16)
def key_of(path: str) -> str:
    """The last key in a path, as it is written there; that of a list for its items."""
    while path.endswith("[]"):
        path = path.removesuffix("[]")
    last = _LAST.search(path)
    return "" if last is None else last["bare"] or last["quoted"] or ""


@lru_cache(maxsize=1 << 16)
def is_in_map(path: str) -> bool:
    """Whether a path goes through a key that stands for all keys of a map."""
    return "*" in path and _IN_MAP.search(re.sub(_QUOTED, "", path, flags=re.DOTALL)) is not None


def is_below(path: str, above: str) -> bool:
    """Whether a path lies below another one."""
    return path.startswith(above) and len(path) > len(above) and (not above or path[len(above)] in ".[")


def kinds_in_words(flags: int) -> str | None:
    """The kinds that flags stand for, such as `string or null`; None for no kind at all."""
    names = [name for flag, name in _NAMES.items() if flags & flag]
    if flags & NULL:
        names.append("null")
    return " or ".join(names) or None


def kinds_from_words(words: str | list[str] | None) -> int:
    """The flags of the kinds that `kinds_in_words` wrote; null and anything else is no kind."""
    named = words.split(" or ") if isinstance(words, str) else []
    return sum(flag for flag, name in _NAMES.items() if name in named)


def _flags(kinds: Iterable[type]) -> int:
    flags = 0
    for kind in kinds:
        flags |= _KINDS[kind]
    return flags


def _words(known: frozenset[str] | None, column: _Column, kinds: set[type]) -> frozenset[str] | None:
    """The different words of a path with those of one more column; None once they are no words, or too many."""
    if known is None or not _WORD.fullmatch(next(value for value in column if type(value) is str)):
        return None
    found = set(column) if len(kinds) == 1 else {value for value in column if type(value) is str}
    found |= known
    return frozenset(found) if len(found) <= MOST_VALUES and all(map(_WORD.fullmatch, found)) else None


def _items(lists: Sequence[list[Any]], key: str | None) -> list[Any]:
    """The items of lists, with those of the lists of the same key within them."""
    items = layer = list(chain.from_iterable(lists))
    while key is not None and layer:
        inner = [item[key] for item in layer if type(item) is dict and key in item]
        layer = list(chain.from_iterable(value for value in inner if type(value) is list))
        items = items + layer if layer else items
    return items


def _objects(objects: _Column, key: str) -> _Column:
    """Objects, with those of the same key within them."""
    layer = objects
    while layer:
        layer = [value[key] for value in layer if type(value.get(key)) is dict]
        objects = [*objects, *layer] if layer else objects
    return objects


def _children(
    path: str, key: str | None, objects: _Column, fields: dict[str, int]
) -> Iterator[tuple[str, str | None, _Column]]:
    """The columns below the objects of one path; kinds that fold into a path above are noted in `fields`."""
    columns, common = _by_key(objects)
    # An object in a list is not the list again: `pokemon[].pokemon` is another thing than `pokemon[]`.
    if key in columns and not path.endswith("[]"):
        objects = _objects(objects, key)
        columns, common = _by_key(objects)
    if len(columns) > MOST_KEYS:
        yield any_child(path), None, list(chain.from_iterable(each.values() for each in objects))
        return
    for name, column in columns.items():
        folded = _folds_into(path, column) if name == key else None
        if folded is not None:
            fields[folded] |= _flags(set(map(type, column)))
            continue
        place = child(path, name)
        if name not in common:
            fields[place] = fields.get(place, 0) | MISSING
        yield place, name, column


def _by_key(objects: _Column) -> tuple[dict[str, _Column], Collection[str]]:
    """The values of objects by their keys, and the keys that all of them have.

    The keys of a map are too many to look for each of them in each object: they come without values.
    """
    first = objects[0]
    # Nearly always all have the same keys: they are as many, and none of the first one's is missing.
    if len(first) <= MOST_KEYS and set(map(len, objects)) == {len(first)}:
        with suppress(KeyError):
            return {name: list(map(itemgetter(name), objects)) for name in first}, first.keys()
    layouts = set(map(tuple, objects))
    keys: set[str] = set().union(*layouts)
    if len(keys) > MOST_KEYS:
        return dict.fromkeys(keys, ()), frozenset()
    return {name: [each[name] for each in objects if name in each] for name in keys}, keys.intersection(*layouts)


def _folds_into(path: str, column: _Column) -> str | None:
    """The path above that values of the same key as it fold into, if they are of its kind."""
    kinds = set(map(type, column))
    if path.endswith("[]"):
        return path.removesuffix("[]") if list in kinds else None
    return path if dict in kinds else None
