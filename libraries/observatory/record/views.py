"""What a tester reads: the JSON of an answer by its field names, such as `pokemon.types[0].type.name`.

A record is a view over the plain parsed JSON; views of nested objects and lists are made when they are
read, and scalars come back as they are. The fields of the JSON win over everything a record can do by
itself, so that no field is ever hidden. Records never change, and never print more than a line.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn, cast

from observatory.errors import ObservatoryError
from observatory.exchange import Exchange
from observatory.record.field_path import EVERY, Json, NoSuchFieldError, parse, render, values_at
from observatory.record.naming import label, names_of, short
from observatory.words import count, listed, seen

_METHODS = frozenset({"keys", "items", "values", "get"})
_MOST_SHOWN = 5


class NoSuchItemError(ObservatoryError, IndexError):
    """A list has no item of that number; the message says how many it has."""


class ReadOnlyError(ObservatoryError, AttributeError, TypeError):
    """A record was to be changed; what an API answered stays as it is."""


class _Source(NamedTuple):
    """What a view looks at: the data, the exchange it came with, and its place in the whole answer.

    `numbers` are the items that a view of a list shows: all, or those of a slice, which so keep their
    places in the answer. `method` is what a field does when it is called like a method of mappings.
    """

    held: Json
    exchange: Exchange | None
    place: tuple[str | int, ...]
    numbers: range
    method: Callable[..., Json] | None = None

    @property
    def data(self) -> Json:
        """The object or list; that of a whole answer may be parsed field by field, as they are asked for.

        It is read from the exchange, which may have let go of it and then reads it anew: so a variable that outlives
        its test keeps bytes, not the thousands of objects that are made from them.
        """
        exchange = self.own_exchange
        if exchange is None:
            return self.held
        fields = exchange.fields
        return exchange.json if fields is None else fields

    @property
    def plain(self) -> Json:
        """The plain dictionary or list."""
        return self.held if self.own_exchange is None else self.own_exchange.json

    @property
    def own_exchange(self) -> Exchange | None:
        """The exchange, if the view is of its whole answer."""
        return None if self.place else self.exchange

    @property
    def whereabouts(self) -> str:
        """The place in words: `pokemon/25`, `types[0] of pokemon/25`."""
        if self.exchange is None:
            return render(self.place) or ("the list" if isinstance(self.data, list) else "the record")
        subject = self.exchange.subject
        return f"{render(self.place)} of {subject}" if self.place else subject

    def below(self, key: str | int) -> Json:
        """A view of one field or item."""
        return view(self.data[key], self.exchange, (*self.place, key))


class _View:
    """What records of objects and of lists have in common: a source, and that they do not change."""

    __slots__ = ("_record_source",)

    _record_source: _Source

    def __init__(self, data: Json, exchange: Exchange | None = None, place: tuple[str | int, ...] = ()) -> None:
        numbers = range(len(data) if isinstance(data, list) else 0)
        held = data if exchange is None or place else None
        object.__setattr__(self, "_record_source", _Source(held, exchange, place, numbers))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise ReadOnlyError(_read_only(self))

    def __delattr__(self, name: str) -> NoReturn:
        raise ReadOnlyError(_read_only(self))

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise ReadOnlyError(_read_only(self))

    def __delitem__(self, key: object) -> NoReturn:
        raise ReadOnlyError(_read_only(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _View | dict | list):
            return bool(plain(self) == plain(other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # like the dictionaries and lists that it equals

    def __copy__(self) -> Json:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Json:
        source = self._record_source
        return _over(type(self), source._replace(held=copy.deepcopy(source.held, memo)))

    def __reduce__(self) -> tuple[Callable[..., Json], tuple[type[_View], _Source]]:
        return _over, (type(self), self._record_source)


class Record(_View):
    """A JSON object: `record.name`, `record["name"]`, `"name" in record`, `len(record)`, iteration over keys.

    A key with dashes reads with underscores too: `record.official_artwork`. A record that is a whole answer
    has its exchange as `record.exchange`. `keys`, `items`, `values` and `get` do what they do for a
    dictionary; a field of that name comes first (and when it holds an object or a list, it can still be
    called like the method, so that whatever reads the record as a mapping keeps working).
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> Json:
        if key not in self._record_source.data:
            raise NoSuchFieldError(_no_field(self, key))
        return self._record_source.below(key)

    def __getattr__(self, name: str) -> Json:
        if name in _View.__slots__:  # asked for before it is set, by whoever makes objects without __init__
            raise AttributeError(name)
        if name in self._record_source.data:
            field = self[name]
            return _callable_too(field, _method(self, name)) if name in _METHODS else field
        if name in _METHODS:
            return _method(self, name)
        if name == "exchange" and self._record_source.own_exchange is not None:
            return self._record_source.own_exchange
        dashed = [key for key in self if "-" in key and key.replace("-", "_") == name]
        if len(dashed) == 1:
            return self[dashed[0]]
        if dashed:
            raise NoSuchFieldError(
                f"{self._record_source.whereabouts} has several fields that could be meant by {name!r}: "
                f"{listed(dashed)}; write it in brackets, such as [{dashed[0]}]."
            )
        raise NoSuchFieldError(_no_field(self, name))

    def __contains__(self, key: object) -> bool:
        return key in self._record_source.data

    def __iter__(self) -> Iterator[str]:
        return iter(self._record_source.data)

    def __len__(self) -> int:
        return len(self._record_source.data)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self, *_METHODS, "exchange"]

    def __repr__(self) -> str:
        data, exchange = self._record_source.data, self._record_source.own_exchange
        kind = exchange.endpoint.replace("-", " ").capitalize() if exchange else ""
        kind = f"{kind} list" if exchange and not exchange.resource else kind
        name, number = short(data.get("name")), short(data.get("id"))
        if number and (kind or name):
            return " ".join(part for part in (kind, name, f"(id {number})") if part)
        fields = f"{{{count(len(data), 'field')}{': ' if data else ''}{listed(data, _MOST_SHOWN)}}}"
        return " ".join(part for part in (kind, name, fields) if part)


class Records(_View):
    """A JSON list: `records[0]`, slices, `len(records)`, `in`, iteration, and what is handy for named things.

    `records.names` are the names of the items, `records["hp"]` or `records.named("hp")` is the one of that
    name, and `records.each("base_stat")` has one value of each item.
    """

    __slots__ = ()

    def __getitem__(self, index: int | slice | str) -> Json:
        if isinstance(index, str):
            return self.named(index)
        source = self._record_source
        if isinstance(index, slice):
            return _over(Records, source._replace(numbers=source.numbers[index]))
        try:
            return source.below(source.numbers[index])
        except IndexError:
            raise NoSuchItemError(
                f"{source.whereabouts} has no item {index}; it has {count(len(self), 'item')}, from 0 on."
            ) from None

    def __getattr__(self, name: str) -> Json:
        if name in _View.__slots__:
            raise AttributeError(name)
        if name == "names":  # the property has failed, and Python asks here instead of showing why
            return self._record_names()
        if name == "exchange" and self._record_source.own_exchange is not None:
            return self._record_source.own_exchange
        raise NoSuchFieldError(
            f"{self._record_source.whereabouts} is {seen(self)} and has no field {name!r}; take one item by "
            f"its number, such as [0], or one value of each item, such as each({name!r})."
        )

    def __contains__(self, item: object) -> bool:
        return plain(item) in plain(self)

    def __iter__(self) -> Iterator[Json]:
        return map(self._record_source.below, self._record_source.numbers)

    def __reversed__(self) -> Iterator[Json]:
        return map(self._record_source.below, reversed(self._record_source.numbers))

    def __len__(self) -> int:
        return len(self._record_source.numbers)

    def __repr__(self) -> str:
        shown = [label(plain(item)) for item in self[:_MOST_SHOWN]]
        more = " …" if len(self) > len(shown) else ""
        return f"[{count(len(self), 'item')}{': ' if shown else ''}{', '.join(shown)}{more}]"

    def _record_names(self) -> list[str]:
        source = self._record_source
        return names_of(((number, source.data[number]) for number in source.numbers), source.whereabouts)

    @property
    def names(self) -> list[str]:
        """The name of each item: its own, or that of the one thing it points at, such as its `type`.

        Raises:
            NoSuchFieldError: an item has no name, or points at several named things.
        """
        return self._record_names()

    def named(self, name: str) -> Json:
        """The one item of this name, where names are those of `names`.

        Raises:
            NoSuchFieldError: no item has it, or several have, or the items have no names.
        """
        names = self._record_names()
        if names.count(name) == 1:
            return self[names.index(name)]
        found = "no item" if name not in names else f"{names.count(name)} items"
        instead = f" It has: {listed(names)}." if names else " It is empty."
        raise NoSuchFieldError(f"{self._record_source.whereabouts} has {found} named {name!r}.{instead}")

    def each(self, path: str) -> list[Json]:
        """The value at this path below each item: `stats.each("base_stat")`, `moves.each("move.url")`.

        Raises:
            NoSuchFieldError: an item has nothing there.
        """
        try:
            return cast("list[Json]", values_at(self, (EVERY, *parse(path))))
        except NoSuchFieldError as error:
            raise NoSuchFieldError(f"In {self._record_source.whereabouts}: {error}") from None

    def index(self, item: object) -> int:
        """The number of the first item that equals this one; ValueError when there is none."""
        return cast("list[Json]", plain(self)).index(plain(item))

    def count(self, item: object) -> int:
        """How many items equal this one."""
        return cast("list[Json]", plain(self)).count(plain(item))


class _CallableRecord(Record):
    """A field called like a method of mappings: it is the field, and can be called as the method."""

    __slots__ = ()

    def __call__(self, *arguments: object) -> Json:
        return cast("Callable[..., Json]", self._record_source.method)(*arguments)


class _CallableRecords(Records):
    """The same for a field that holds a list, such as the `items` of an item category."""

    __slots__ = ()

    def __call__(self, *arguments: object) -> Json:
        return cast("Callable[..., Json]", self._record_source.method)(*arguments)


# Registered instead of inherited: a base class would bring methods that hide fields of the same name.
Mapping.register(Record)
Sequence.register(Records)

_source: Callable[[_View], _Source] = attrgetter("_record_source")


def record_of(exchange: Exchange) -> Json:
    """The answer of an exchange as a tester reads it: a `Record`, `Records`, or the bare scalar.

    Raises:
        ValueError: the body is not JSON.
    """
    return view(exchange.json, exchange) if exchange.fields is None else Record(None, exchange)


def view(value: Json, exchange: Exchange | None = None, place: tuple[str | int, ...] = ()) -> Json:
    """A view of a plain object or list that lies at `place` in an answer; a scalar comes back as it is."""
    if isinstance(value, dict):
        return Record(value, exchange, place)
    if isinstance(value, list):
        return Records(value, exchange, place)
    return value


def plain(value: Json) -> Json:
    """The plain dictionary or list under a view: the very one, not a copy, so do not change it."""
    if not isinstance(value, _View):
        return value
    source, whole = _source(value), _source(value).plain
    if isinstance(value, Records) and source.numbers != range(len(whole)):
        return [whole[number] for number in source.numbers]
    return whole


def exchange_of(value: object) -> Exchange | None:
    """The exchange that a view, also a nested one, was read from; None when there is none."""
    return _source(value).exchange if isinstance(value, _View) else None


def _over(kind: type[_View], source: _Source) -> Json:
    made = object.__new__(kind)
    object.__setattr__(made, "_record_source", source)
    return made


def _method(record: Record, name: str) -> Callable[..., Json]:
    if name == "get":
        return partial(_get, record)
    kind = {"keys": KeysView, "items": ItemsView, "values": ValuesView}[name]
    return partial(kind, cast("Mapping[str, Json]", record))


def _get(record: Record, key: str, default: object = None) -> Json:
    # Not record.get: that may be a field.
    return _source(record).below(key) if key in record else default


def _callable_too(field: Json, method: Callable[..., Json]) -> Json:
    if not isinstance(field, _View):
        return field
    kind = _CallableRecord if isinstance(field, Record) else _CallableRecords
    return _over(kind, _source(field)._replace(method=method))


def _no_field(record: Record, name: object) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(name), record, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    fields = f"It has: {listed(record)}." if record else "It has no fields at all."
    return f"{_source(record).whereabouts} has no field {name!r}{hint} {fields}"


def _read_only(value: _View) -> str:
    return (
        f"{_source(value).whereabouts} is what the API answered and cannot be changed; "
        "put what you want to change into a dictionary or list of your own."
    )
