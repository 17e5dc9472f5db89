"""Checks pokemon in a plain loop over httpx: no test runner, no report, no memory."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx

REQUIRED = ("id", "name", "height", "weight", "base_experience", "abilities", "types", "stats", "sprites")


def main(base_url: str, plan: Path) -> None:
    """Ask for every pokemon of the plan, and stop at the first that is not as it should be."""
    with httpx.Client(base_url=base_url) as client:
        for number, name in json.loads(plan.read_text("utf-8")):
            response = client.get(f"/pokemon/{number}/")
            assert response.status_code == 200
            pokemon = response.json()
            for field in REQUIRED:
                assert field in pokemon
            assert pokemon["name"] == name


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
