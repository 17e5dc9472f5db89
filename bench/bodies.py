"""The bodies that the benchmarks are served: real-size JSON of pokemon, each with a number and a name of its own."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sandbox.catalogue import Catalogue
from sandbox.source import Listing, address, compact

RECORDING = Path(__file__).resolve().parents[2] / "shared" / "pokeapi" / "recorded"
"""Where real responses lie beside the checkout, if anybody put them there."""

_REAL_SIZE = 227_000
"""Bytes of a generated body: the mean of the recorded pokemon."""


@dataclass(frozen=True, slots=True)
class Served:
    """One pokemon that the server has: what a check asks for, and what it expects."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of compressed bodies, ready to be served: which pokemon, how large on average, and where from."""

    folder: Path
    pokemon: tuple[Served, ...]
    mean_bytes: float
    origin: str


def fill_shelf(folder: Path, amount: int, recording: Path = RECORDING) -> Shelf:
    """Write the pokemon numbered 1 to `amount` into `folder`, each as `<number>.json.gz`.

    With a recording they are its pokemon; where it has too few, they come again with other numbers and names. Without
    one they are the stand-in's, with moves added until they are as large as real ones. Either way each differs from
    all others, and the same call gives the same bytes.
    """
    files = sorted(recording.glob("api/v2/pokemon/*/index.json"), key=lambda path: int(path.parent.name))
    bodies = _recorded(files, amount) if files else _generated(amount)
    folder.mkdir(parents=True)
    pokemon, size = [], 0
    for served, body in bodies:
        (folder / f"{served.number}.json.gz").write_bytes(gzip.compress(body, compresslevel=6, mtime=0))
        pokemon.append(served)
        size += len(body)
    origin = f"from {len(files)} recorded ones" if files else "generated"
    return Shelf(folder, tuple(pokemon), size / amount, origin)


def _recorded(files: Sequence[Path], amount: int) -> Iterator[tuple[Served, bytes]]:
    for number in range(1, amount + 1):
        body = files[(number - 1) % len(files)].read_bytes()
        pokemon: dict[str, Any] = json.loads(body)
        if pokemon["id"] == number:
            yield Served(number, pokemon["name"]), body
        else:
            pokemon.update(id=number, name=f"{pokemon['name']}-{number}")
            yield Served(number, pokemon["name"]), compact(pokemon)


def _generated(amount: int) -> Iterator[tuple[Served, bytes]]:
    catalogue = Catalogue()
    listing = catalogue.listing("pokemon")
    assert isinstance(listing, Listing), "the catalogue lists its pokemon"
    known = sorted({int(number) for number in listing.ids.values()})
    for number in range(1, amount + 1):
        body = catalogue.document("pokemon", str(known[(number - 1) % len(known)]))
        assert isinstance(body, bytes), "the catalogue lists only pokemon that it has"
        pokemon: dict[str, Any] = json.loads(body)
        if pokemon["id"] != number:
            pokemon.update(id=number, name=f"{pokemon['name']}-{number}")
        _grow(pokemon, len(body))
        yield Served(number, pokemon["name"]), compact(pokemon)


def _grow(pokemon: dict[str, Any], size: int) -> None:
    """Add moves, learned as the first ones are, until the body of `size` bytes is as large as a real one."""
    learned = [detail for move in pokemon["moves"] for detail in move["version_group_details"]]
    for number in count(1):
        if size >= _REAL_SIZE:
            return
        level = (pokemon["id"] + number) % 100
        details = [{**detail, "level_learned_at": level} for detail in learned[number % 3 :: 3][:12]]
        move = {
            "move": {"name": f"added-move-{number}", "url": address("move", 20_000 + number)},
            "version_group_details": details,
        }
        pokemon["moves"].append(move)
        size += len(compact(move)) + 1
