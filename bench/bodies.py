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

    def body(self, number: int) -> bytes:
        """The body of the pokemon with this number."""
        return gzip.decompress((self.folder / f"{number}.json.gz").read_bytes())


def fill_shelf(folder: Path, amount: int, recording: Path = RECORDING) -> Shelf:
    """Write the pokemon numbered 1 to `amount` into `folder`, each as `<number>.json.gz`.

    With a recording they are its pokemon; where it has too few, they come again with other numbers and names. Without
    one they are the stand-in's, with moves added until they are as large as real ones. Either way each differs from
    all others, and the same call gives the same bytes.
    """
    folder.mkdir(parents=True)
    pokemon, size = [], 0
    for served, body in real_size_bodies(amount, recording):
        (folder / f"{served.number}.json.gz").write_bytes(gzip.compress(body, compresslevel=6, mtime=0))
        pokemon.append(served)
        size += len(body)
    files = _recorded_files(recording)
    origin = f"from {len(files)} recorded ones" if files else "generated"
    return Shelf(folder, tuple(pokemon), size / amount, origin)


def real_size_bodies(amount: int, recording: Path = RECORDING) -> Iterator[tuple[Served, bytes]]:
    """The bodies of the pokemon numbered 1 to `amount`, as `fill_shelf` writes them."""
    files = _recorded_files(recording)
    return _recorded(files, amount) if files else _generated(amount)


def grown(pokemon: dict[str, Any], size: int) -> dict[str, Any]:
    """The pokemon with moves added, learned as the first ones are, until its body has at least `size` bytes."""
    pokemon = {**pokemon, "moves": [*pokemon["moves"]]}
    _grow(pokemon, len(compact(pokemon)), size)
    return pokemon


def _recorded_files(recording: Path) -> list[Path]:
    return sorted(recording.glob("api/v2/pokemon/*/index.json"), key=lambda path: int(path.parent.name))


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
        _grow(pokemon, len(body), _REAL_SIZE)
        yield Served(number, pokemon["name"]), compact(pokemon)


def _grow(pokemon: dict[str, Any], size: int, wanted: int) -> None:
    """Add moves, learned as the first ones are, until the body of `size` bytes has at least `wanted` bytes."""
    learned = [detail for move in pokemon["moves"] for detail in move["version_group_details"]]
    for number in count(len(pokemon["moves"]) + 1):  # no name comes twice, also when more are added later
        if size >= wanted:
            return
        level = (pokemon["id"] + number) % 100
        details = [{**detail, "level_learned_at": level} for detail in learned[number % 3 :: 3][:12]]
        move = {
            "move": {"name": f"added-move-{number}", "url": address("move", 20_000 + number)},
            "version_group_details": details,
        }
        pokemon["moves"].append(move)
        size += len(compact(move)) + 1
