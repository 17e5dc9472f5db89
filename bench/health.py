"""How long the health page takes and how large it is, with 90 days of four runs a day and 200 tests."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench import suites
from bench.apart import apart
from bench.report import Judgement, Result, seconds
from bench.timing import BenchError, cpus, ratio, walls
from bench.weeks import Weeks, fill
from bench.workplace import Workplace
from observatory.health.stock import take_stock
from observatory.history import Database

DAYS, TESTS = 90, 200
PAGE, ONE_LINE = "observatory health", "robot on one line"
_MOST_SECONDS = 2.0
_MOST_BYTES = 1_000_000
_MOST_TIMES = 5.0
_COMMAND = "from observatory.commands import main; main()"


def run_health(place: Workplace) -> Result:
    """Time the whole command, and beside it the least that a Robot user waits for: a run of one line.

    Raises:
        BenchError: the page was not written, or does not tell of these weeks.
    """
    place.tell(f"health: making {DAYS} days of four runs of {TESTS} tests")
    runs = apart(_fill, place.home)
    page = place.folder / "health.html"
    timings = place.in_turn(
        [
            place.command(PAGE, "-c", _COMMAND, "health", "--output", page),
            place.robot(ONE_LINE, place.write("one_line.robot", suites.ONE_LINE)),
        ]
    )
    size = _size(page)
    asked = apart(_asked, place.home, place.rounds)
    wall = {name: walls(rounds) for name, rounds in timings.items()}
    rows = [("", "wall", "CPU")]
    rows += [(name, seconds(median(wall[name])), seconds(median(cpus(rounds)))) for name, rounds in timings.items()]
    return Result(
        name="health",
        heading=f"{runs} runs of {TESTS} tests in {DAYS} days, whole processes, median of {place.rounds} rounds",
        rows=[*rows, ("of it, what the history is asked", seconds(median(asked)), "")],
        judgements=[
            Judgement("seconds on the wall", median(wall[PAGE]), _MOST_SECONDS, "", min(wall[PAGE]), max(wall[PAGE])),
            Judgement.of(f"wall, to {ONE_LINE}", ratio(wall[PAGE], wall[ONE_LINE]), _MOST_TIMES),
            Judgement("size", size, _MOST_BYTES, "B"),
        ],
        notes=("the embedded PostgreSQL is started and stopped each time, as after every run",),
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}, "asked": asked},
    )


def _fill(home: Path) -> int:
    database = Database.at(None, home)
    with database.transaction() as connection:
        runs = fill(connection, Weeks(datetime.now(UTC), days=DAYS, tests=TESTS, failing_runs=2))
    database.close()
    return runs


def _asked(home: Path, rounds: int) -> list[float]:
    """The seconds of all queries of a page together, in a process and on a server that run already."""
    database = Database.at(None, home)
    taken = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        health = take_stock(database, datetime.now(UTC), days=DAYS)
        taken.append(time.perf_counter() - begun)
    database.close()
    if health.made_at - health.targets[0].runs[-1].started_at < timedelta(days=DAYS - 1):
        raise BenchError(f"The page should tell of {DAYS} days, and tells of less.")
    return taken[1:]


def _size(page: Path) -> int:
    if not page.is_file() or "live is not well." not in page.read_text("utf-8"):
        raise BenchError(f"{page} should tell that the made-up API is not well, and does not.")
    return page.stat().st_size
