"""A small recording of an API, in a folder that a test changes as the API changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.examples import POKEMON, TYPE, copy_of, reference


class RecordingFolder:
    """Some pokemon, the second of which is pikachu, the type fire, and berries, which have no model."""

    def __init__(self, folder: Path, pokemon: int = 3, berries: int = 4) -> None:
        """Write what is there at first."""
        self.folder = folder
        self.revise("r1")
        for number in range(1, pokemon + 1):
            self.write(f"pokemon/{number}", a_pokemon(number))
        for number in range(1, berries + 1):
            self.write(f"berry/{number}", {"id": number, "name": f"b-{number}", "size": 20, "soft": True})
        self.write("type/1", copy_of({**TYPE, "name": "fire"}))
        self.list_all("pokemon", [_name(number) for number in range(1, pokemon + 1)])
        self.list_all("type", ["fire"])

    def list_all(self, endpoint: str, names: list[str]) -> None:
        """Write the list of an endpoint."""
        results = [reference(endpoint, number, name) for number, name in enumerate(names, 1)]
        self.write(endpoint, {"count": len(names), "next": None, "previous": None, "results": results})

    def revise(self, revision: str) -> None:
        """Let the API call itself another revision."""
        self.write("meta", {"hash": revision, "deploy_date": "2026-08-08 12:00:00 +0000", "tag": None})

    def write(self, resource: str, body: Any) -> None:
        """Write one answer."""
        file = self.folder / "api" / "v2" / resource / "index.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")

    def change(self, resource: str, *gone: str, **values: Any) -> None:
        """Change some fields of an answer, or take them away."""
        body = self.read(resource)
        for name in gone:
            del body[name]
        self.write(resource, {**body, **values})

    def read(self, resource: str) -> dict[str, Any]:
        """One answer as it is now."""
        text = (self.folder / "api" / "v2" / resource / "index.json").read_text(encoding="utf-8")
        body: dict[str, Any] = json.loads(text)
        return body


def a_pokemon(number: int, **values: Any) -> Mapping[str, Any]:
    """A pokemon that its model accepts."""
    return {**copy_of(POKEMON), "id": number, "name": _name(number), **values}


def _name(number: int) -> str:
    return "pikachu" if number == 2 else f"p-{number}"
