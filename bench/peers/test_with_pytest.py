"""Checks pokemon with pytest and httpx: one test each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

REQUIRED = ("id", "name", "height", "weight", "base_experience", "abilities", "types", "stats", "sprites")
POKEMON = json.loads(Path(os.environ["BENCH_PLAN"]).read_text("utf-8"))


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    """One client for all tests, so that connections are kept."""
    with httpx.Client(base_url=os.environ["BENCH_URL"]) as client:
        yield client


@pytest.mark.parametrize(("number", "name"), POKEMON)
def test_pokemon_is_served(client: httpx.Client, number: int, name: str) -> None:
    """A pokemon answers with every field that everybody needs, and the right name."""
    response = client.get(f"/pokemon/{number}/")
    assert response.status_code == 200
    pokemon = response.json()
    for field in REQUIRED:
        assert field in pokemon
    assert pokemon["name"] == name
