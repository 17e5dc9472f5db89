"""How large the tracker of schemas is in memory, after more and more resources."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from bench.bodies import Shelf
from observatory.schema_drift import Model, Observation, changes_of, known_after

AMOUNTS = (100, 1_000, 5_000)  # resources after which the size is taken
_DIFFERENT = 150  # bodies, which come again under other numbers and names
_MOVES = 20  # of each pokemon: more of them have no more paths, and only take longer

Pokemon = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grown:
    """Bytes of what is known and of what a run sees, after each of `AMOUNTS`, and how many paths are known then."""

    name: str
    sizes: Sequence[int]
    paths: Sequence[int]


def measure_memory(shelf: Shelf) -> list[Grown]:
    """Let a tracker see resources: for the first time; changed, each of them; and each with a key of its own."""
    first = _grown("a first run", ((each, None) for each in _pokemon(shelf)), Model())
    seen = Observation()
    for pokemon in _pokemon(shelf):
        seen.see(str(pokemon["id"]), pokemon, None, Model(), is_fresh=True)
    base = known_after(Model(), seen, [])
    changed = (({**each, "weight": each["weight"] + 1}, each) for each in _pokemon(shelf))
    keyed = (({**each, "notes": {f"note {each['id']}": {"id": each["id"]}}}, None) for each in _pokemon(shelf))
    return [
        first,
        _grown("a later run, all of them changed", changed, base),
        _grown("a first run, each with a key of its own", keyed, Model()),
    ]


def size_of(*values: object) -> int:
    """Bytes of values and of all that they hold, each counted once; classes and what belongs to them are left out."""
    counted: set[int] = set()
    todo, size = list(values), 0
    while todo:
        value = todo.pop()
        if id(value) not in counted and not isinstance(value, type):
            counted.add(id(value))
            size += sys.getsizeof(value)
            todo += gc.get_referents(value)
    return size


def _grown(name: str, bodies: Iterator[tuple[Pokemon, Pokemon | None]], base: Model) -> Grown:
    seen, sizes, paths, done = Observation(), [], [], 0
    for amount in AMOUNTS:
        for body, before in islice(bodies, amount - done):
            seen.see(str(body["id"]), body, before, base, is_fresh=before is None)
        known = known_after(base, seen, changes_of("pokemon", "", base, seen))
        sizes.append(size_of(known, seen))
        paths.append(len(known))
        done = amount
    return Grown(name, sizes, paths)


def _pokemon(shelf: Shelf) -> Iterator[Pokemon]:
    """As many pokemon as the largest amount, with numbers and names of their own."""
    different = []
    for served in shelf.pokemon[:_DIFFERENT]:
        pokemon: Pokemon = json.loads(shelf.body(served.number))
        different.append({**pokemon, "moves": pokemon["moves"][:_MOVES]})
    for number, pokemon in enumerate(islice(cycle(different), max(AMOUNTS)), start=1):
        yield {**pokemon, "id": number, "name": f"{pokemon['name']}-{number}"}
