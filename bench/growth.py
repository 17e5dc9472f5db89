"""How the database grows over ten runs of the same checks while no response changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from bench import checks, history
from bench.bodies import Shelf
from bench.history import Holding, Size
from bench.report import Judgement, Result
from bench.server import serving
from bench.timing import load, timed
from bench.workplace import Workplace

RUNS = 10
MOST_BYTES = 1000  # a response, in a repeat run


def run_growth(place: Workplace, shelf: Shelf) -> Result:
    """Run the checks ten times on a history that is empty at first, and look at it after each run.

    Raises:
        BenchError: a run failed.
    """
    history.make(place.home)
    seen = [history.look(place.home)]
    with serving(shelf.folder) as url:
        command = checks.ours(place, shelf, url)
        for number in range(1, RUNS + 1):
            place.tell(f"growth: run {number} of {RUNS}, {load()}")
            timed(command, place.folder / "said.txt")
            seen.append(history.look(place.home))
    sizes, holdings = [size for size, _ in seen], [holding for _, holding in seen]
    packed = history.size_when_packed(place.home)
    requests = len(shelf.pokemon)
    largest = max(_grown(sizes, number) for number in range(2, RUNS + 1)) / requests
    new_bodies = holdings[-1].bodies - holdings[1].bodies
    return Result(
        name="growth",
        heading=f"{RUNS} runs of {requests} checks over unchanged responses, {shelf.mean_bytes / 1000:.0f} KB each",
        rows=_rows(sizes, holdings, requests),
        judgements=[
            Judgement("bytes a response, largest repeat run", largest, MOST_BYTES, "B"),
            Judgement("bytes a response, mean of the repeat runs", _mean(sizes, requests), MOST_BYTES, "B"),
            Judgement("bodies added by the repeat runs", new_bodies, 0, "bodies"),
        ],
        notes=(
            f"where the repeat runs grew, in bytes a response: {_by_table(sizes, requests)}",
            "on disk after a CHECKPOINT, dead rows included: nothing vacuums a database that stops after each run",
            f"after a VACUUM FULL at the end: {sizes[-1].all_tables:,} B of tables become {packed.all_tables:,} B",
        ),
        raw={"sizes": [asdict(size) for size in sizes], "rows": [asdict(each) for each in holdings]},
    )


def _rows(sizes: Sequence[Size], holdings: Sequence[Holding], requests: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        ("", "database", "tables", "database a response", "tables a response", "bodies", "samples")
    ]
    for number in (0, 1, 2, RUNS):
        size, holding = sizes[number], holdings[number]
        grown = [_grown(sizes, number), size.all_tables - sizes[number - 1].all_tables] if number else []
        a_response = [f"{each / requests:,.0f} B" for each in grown] or ["", ""]
        name = f"after run {number}" if number else "empty"
        totals = (f"{size.database:,} B", f"{size.all_tables:,} B")
        rows.append((name, *totals, *a_response, str(holding.bodies), str(holding.samples)))
    return rows


def _grown(sizes: Sequence[Size], number: int) -> int:
    return sizes[number].database - sizes[number - 1].database


def _mean(sizes: Sequence[Size], requests: int) -> float:
    return (sizes[-1].database - sizes[1].database) / requests / (len(sizes) - 2)


def _by_table(sizes: Sequence[Size], requests: int) -> str:
    first, last, runs = sizes[1], sizes[-1], len(sizes) - 2
    grown = {name: (size - first.tables[name]) / requests / runs for name, size in last.tables.items()}
    largest = sorted(grown.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {size:,.0f}" for name, size in largest if size >= 1)
