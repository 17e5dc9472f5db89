"""The facts as they lie in the folder of the same name: small tables that refer to each other by id."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from sandbox.catalogue.notation import numbers
from sandbox.source import address

Row = Mapping[str, str]

_FOLDER = Path(__file__).with_name("facts")
_TABLE_OF = {"ability": "abilities", "move": "moves", "pokemon": "pokemon", "type": "types"}
_SPRITES = "https://raw.githubusercontent.com/PokeAPI/sprites/master/sprites/"


class Facts:
    """The tables, each read once, when something of it is first needed."""

    def __init__(self) -> None:
        self._tables: dict[str, Mapping[int, Row]] = {}
        self._grouped: dict[str, Mapping[int, Sequence[Row]]] = {}

    @cached_property
    def digest(self) -> str:
        """Forty hexadecimal digits that change when any fact does."""
        digest = hashlib.sha256()
        for file in sorted(_FOLDER.glob("*.csv")):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:40]

    def table(self, endpoint: str) -> Mapping[int, Row]:
        """The rows of an endpoint that has a table of its own, by id, in the order of the list."""
        if endpoint not in self._tables:
            self._tables[endpoint] = {int(row["id"]): row for row in _rows(_TABLE_OF[endpoint])}
        return self._tables[endpoint]

    def link(self, endpoint: str, number: int | str) -> dict[str, str]:
        """A reference to a resource by its id: its name and its address."""
        number = int(number)
        name = self.table(endpoint)[number]["name"] if endpoint in _TABLE_OF else self._names[endpoint, number]
        return {"name": name, "url": address(endpoint, number)}

    def sprites(self, endpoint: str, number: int) -> dict[str, object]:
        """The tree of picture addresses of a pokemon or type, with null where there is no picture."""
        tree: dict[str, object] = {}
        for path, picture, owners in self._pictures[endpoint]:
            branch = tree
            for key in path[:-1]:
                branch = branch.setdefault(key, {})  # type: ignore[assignment]  # only leaves are not branches
            branch[path[-1]] = _SPRITES + picture.format(id=number) if number in owners else None
        return tree

    def of_pokemon(self, table: str, number: int) -> Sequence[Row]:
        """The rows about one pokemon in a table that has a column `pokemon_id`."""
        return self._by_pokemon(table).get(number, ())

    @cached_property
    def damage(self) -> Mapping[tuple[int, int], str]:
        """How an attack's type (first) tells on a defender's (second), where it is not simply 1."""
        return {(int(row["attacker_id"]), int(row["defender_id"])): row["factor"] for row in _rows("damage")}

    @cached_property
    def past_damage(self) -> Sequence[Row]:
        """The damage relations of a type until a generation, where they have changed since."""
        return tuple(_rows("past_damage"))

    @cached_property
    def ability_changes(self) -> Sequence[Row]:
        """How an ability worked before a version group changed it."""
        return tuple(_rows("ability_changes"))

    @cached_property
    def _names(self) -> Mapping[tuple[str, int], str]:
        return {(row["endpoint"], int(row["id"])): row["name"] for row in _rows("references")}

    @cached_property
    def _pictures(self) -> Mapping[str, Sequence[tuple[Sequence[str], str, frozenset[int]]]]:
        pictures = defaultdict(list)
        for row in _rows("sprites"):
            pictures[row["endpoint"]].append(
                (tuple(row["key"].split("/")), row["picture"], frozenset(numbers(row["ids"])))
            )
        return pictures

    def _by_pokemon(self, table: str) -> Mapping[int, Sequence[Row]]:
        if table not in self._grouped:
            grouped = defaultdict(list)
            for row in _rows(table):
                grouped[int(row["pokemon_id"])].append(row)
            self._grouped[table] = grouped
        return self._grouped[table]


def _rows(table: str) -> Iterator[Row]:
    with (_FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
