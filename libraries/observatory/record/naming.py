"""By what name people know a JSON value: its own, or that of the one thing it points at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from observatory.record.field_path import Json, NoSuchFieldError
from observatory.words import count, listed, one_line, seen

_LONGEST_NAME = 60


def names_of(items: Iterable[tuple[int, Json]], whereabouts: str) -> list[str]:
    """The names of numbered items: `{"slot": 1, "type": {"name": "grass"}}` is known as `grass`.

    Args:
        items: plain items, each with its number in the list that is called `whereabouts`.
        whereabouts: the list in words, such as `types of pokemon/1`.

    Raises:
        NoSuchFieldError: an item has no name, or points at several named things.
    """
    names = []
    for number, item in items:
        named = _named_fields(item)
        if not named:
            raise NoSuchFieldError(
                f"Item {number} of {whereabouts} has no name, and points at nothing that has one: it is {seen(item)}."
            )
        if len(named) > 1:
            raise NoSuchFieldError(
                f"Item {number} of {whereabouts} points at several named things ({listed(named)}), so its "
                f"name is not clear; say which, such as each('{next(iter(named))}.name')."
            )
        names.append(next(iter(named.values())))
    return names


def label(value: Json) -> str:
    """How a list shows one of its items: by its name, else by what it is."""
    named = _named_fields(value)
    if len(named) == 1:
        return one_line(next(iter(named.values())), _LONGEST_NAME)
    if isinstance(value, dict):
        return f"{{{count(len(value), 'field')}}}"
    return f"[{count(len(value), 'item')}]" if isinstance(value, list) else short(value) or seen(value)


def short(value: Json) -> str:
    """A name or a number fit for one line; empty for what is neither."""
    if isinstance(value, str):
        return one_line(value, _LONGEST_NAME)
    if isinstance(value, int) and not isinstance(value, bool):
        return seen(value).removesuffix(" (integer)")
    return ""


def _named_fields(item: Json) -> Mapping[str, str]:
    """The names found in an item: its own alone if it has one, else that of each thing it points at."""
    if not isinstance(item, dict):
        return {}
    if isinstance(item.get("name"), str):
        return {"name": item["name"]}
    return {
        key: value["name"]
        for key, value in item.items()
        if isinstance(value, dict) and isinstance(value.get("name"), str)
    }
