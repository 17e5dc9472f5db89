"""The pokemon of a whole API read into the history at once, against reading their JSON and inserting their rows."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from uuid import uuid4

from bench import history
from bench.apart import apart
from bench.bodies import real_size_bodies
from bench.report import Judgement, Result, seconds
from bench.timing import BenchError, Timing, cpus, load, ratio, walls
from bench.workplace import Workplace
from observatory.history import Database
from observatory.history.backfill import backfill
from observatory.history.entries import Body, ResponseEntry, RunEntry
from observatory.history.lessons import UNTAUGHT
from observatory.history.store import store

AMOUNT = 1_025
MOST_ROUNDS = 3
_BATCH = 100  # rows of a table in one transaction, as `backfill` does it
_AT = datetime(2026, 1, 1, tzinfo=UTC)
BACKFILL, LOADS, INSERTS = "backfill", "json.loads", "the same rows inserted"


def run_backfill(place: Workplace) -> Result:
    """Time all three in turn, each in a process of its own, on a history that is empty but for its tables.

    Raises:
        BenchError: not all pokemon were stored.
    """
    recording, size = _record(place.folder / "recording")
    timings: dict[str, list[Timing]] = {name: [] for name in (BACKFILL, LOADS, INSERTS)}
    rounds = min(place.rounds, MOST_ROUNDS)
    for number in range(1, rounds + 1):
        place.tell(f"backfill: round {number} of {rounds}, {load()}")
        for name, act in ((LOADS, _load), (INSERTS, _insert), (BACKFILL, _backfill)):
            home = place.folder / f"round{number}{act.__name__}" / "home"
            timings[name].append(apart(act, recording, home))
            _check(name, home)
    wall = {name: walls(each) for name, each in timings.items()}
    both = [loads + inserts for loads, inserts in zip(wall[LOADS], wall[INSERTS], strict=True)]
    strict = ratio(
        wall[BACKFILL], [3 * loads + inserts for loads, inserts in zip(wall[LOADS], wall[INSERTS], strict=True)]
    )
    rows = [("", "wall", "CPU")]
    rows += [(name, seconds(median(walls(each))), seconds(median(cpus(each)))) for name, each in timings.items()]
    return Result(
        name="backfill",
        heading=f"{AMOUNT:,} pokemon of {size / AMOUNT / 1000:.0f} KB each, median of {rounds} rounds",
        rows=rows,
        judgements=[
            Judgement.of("wall, to json.loads and the inserts together", ratio(wall[BACKFILL], both), 3.0),
            Judgement.of("wall, to 3 x json.loads and the inserts", strict, 1.0),
        ],
        notes=(
            "json.loads of bodies that are in memory; the inserts of rows that are, in batches like those of backfill",
            "the CPU of the database server is in none of them; its time on the wall is in backfill and the inserts",
        ),
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}},
    )


def _record(folder: Path) -> tuple[Path, int]:
    """Write the pokemon as a recording of the API; gives it, and how many bytes it has."""
    size = 0
    for served, body in real_size_bodies(AMOUNT):
        path = folder / "api" / "v2" / "pokemon" / str(served.number) / "index.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
        size += len(body)
    return folder, size


def _files(recording: Path) -> list[Path]:
    return sorted(recording.rglob("index.json"))


def _load(recording: Path, _home: Path) -> Timing:
    bodies = [path.read_bytes() for path in _files(recording)]

    def load_all() -> None:
        for body in bodies:
            json.loads(body)

    return _timed(load_all)


def _insert(recording: Path, home: Path) -> Timing:
    target = min(UNTAUGHT)  # one whose responses are stored like all others, and teach nothing
    run = RunEntry(uuid4(), target, "backfill", _AT, _AT)
    entries = [_entry(run, path) for path in _files(recording)]
    database = _fresh(home)

    def insert_all() -> None:
        for start in range(0, len(entries), _BATCH):
            with database.transaction() as connection:
                store(connection, [run, *entries[start : start + _BATCH]])

    timing = _timed(insert_all)
    database.close()
    return timing


def _entry(run: RunEntry, path: Path) -> ResponseEntry:
    body = path.read_bytes()
    digest = hashlib.sha256(body).digest()
    return ResponseEntry(run.id, run.target, "pokemon", path.parent.name, digest, run.started_at, Body(digest, body))


def _backfill(recording: Path, home: Path) -> Timing:
    database = _fresh(home)
    timing = _timed(lambda: backfill(database, recording, _AT, "live"))
    database.close()
    return timing


def _fresh(home: Path) -> Database:
    """An empty history with its tables: to start its server is not what is timed."""
    database = Database.at(None, home)
    with database.transaction():
        pass
    return database


def _timed(act: Callable[[], object]) -> Timing:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def _check(name: str, home: Path) -> None:
    if name == LOADS:
        return
    _, holding = history.look(home)
    if (holding.bodies, holding.responses) != (AMOUNT, AMOUNT):
        raise BenchError(f"The history should hold {AMOUNT} bodies and responses after {name}, and holds {holding}.")
