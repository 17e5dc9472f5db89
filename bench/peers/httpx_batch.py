"""Checks pokemon with httpx's asynchronous client, many at once."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx

REQUIRED = ("id", "name", "height", "weight", "base_experience", "abilities", "types", "stats", "sprites")


async def main(base_url: str, plan: str, concurrency: int) -> None:
    """Ask for every pokemon of the plan, `concurrency` at once, and stop at the first that is not as it should be."""
    turns = asyncio.Semaphore(concurrency)
    async with httpx.AsyncClient(base_url=base_url) as client:

        async def check(number: int, name: str) -> None:
            async with turns:
                response = await client.get(f"/pokemon/{number}/")
            assert response.status_code == 200
            pokemon = response.json()
            for field in REQUIRED:
                assert field in pokemon
            assert pokemon["name"] == name

        await asyncio.gather(*(check(number, name) for number, name in json.loads(plan)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]).read_text("utf-8"), int(sys.argv[3])))
