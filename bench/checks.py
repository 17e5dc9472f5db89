"""500 checks of real-size responses: ours against plain httpx, pytest with httpx, and Robot with RequestsLibrary."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench import history, suites
from bench.bodies import Shelf
from bench.report import Judgement, Result, seconds
from bench.server import serving
from bench.timing import BenchError, Command, Rounds, cpus, ratio, walls
from bench.workplace import PEERS, Workplace

PLAIN, PYTEST, REQUESTS, OURS = "httpx loop", "pytest + httpx", "Robot + RequestsLibrary", "Robot + PokeApiClient"


def run_checks(place: Workplace, shelf: Shelf) -> Result:
    """Time the checks in turn.

    Raises:
        BenchError: one of the peers failed, or the history did not get everything that was checked.
    """
    with serving(shelf.folder) as url:
        timings = place.in_turn(_commands(place, shelf, url))
    _, holding = history.look(place.home)
    expected = (place.rounds + 1) * len(shelf.pokemon)
    if holding.samples != expected or holding.attempts != expected:
        raise BenchError(f"The history should hold {expected} requests and attempts, and holds {holding}.")
    outputs = {name: (place.output_of(name) / "output.xml").stat().st_size for name in (REQUESTS, OURS)}
    return Result(
        name="checks",
        heading=f"{len(shelf.pokemon)} checks of {shelf.mean_bytes / 1000:.0f} KB each ({shelf.origin}), "
        f"whole processes, median of {place.rounds} rounds",
        rows=_rows(timings, outputs),
        judgements=_judgements(timings, outputs),
        notes=(
            f"by CPU: {_by_cpu(timings, REQUESTS)} to {REQUESTS}, {_by_cpu(timings, PYTEST)} to {PYTEST}",
            f"stored: {holding.samples} requests and {holding.attempts} attempts, all that were made",
            f"logged: {_lines(place.results)} lines",
            "the CPU of the embedded PostgreSQL, which is nobody's child, is not in ours; its time on the wall is",
        ),
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}, "xml": outputs},
    )


def ours(place: Workplace, shelf: Shelf, url: str) -> Command:
    """The checks with our keywords, with history, log and metrics as everybody has them."""
    suite = place.write("ours.robot", suites.ours(shelf.pokemon))
    return place.robot(OURS, "--variable", f"TARGET:{url}", suite, folder=suites.ROOT)


def _commands(place: Workplace, shelf: Shelf, url: str) -> list[Command]:
    plan = place.plan(shelf.pokemon)
    requests = place.write("requests.robot", suites.with_requests(shelf.pokemon, url))
    # A folder of its own keeps the peer from the settings of this project; no plugin of ours slows it either.
    test = place.folder / "pytest" / "test_with_pytest.py"
    test.parent.mkdir()
    shutil.copy(PEERS / test.name, test)
    return [
        place.command(PLAIN, PEERS / "httpx_loop.py", url, plan),
        place.command(
            PYTEST,
            *("-m", "pytest", "-p", "no:cacheprovider", "-q", test),
            folder=test.parent,
            BENCH_URL=url,
            BENCH_PLAN=str(plan),
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        ),
        place.robot(REQUESTS, requests),
        ours(place, shelf, url),
    ]


def _rows(timings: Rounds, outputs: dict[str, int]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", "wall", "CPU", "output.xml")]
    for name, rounds in timings.items():
        size = f"{outputs[name] / 1000:,.0f} KB" if name in outputs else ""
        rows.append((name, seconds(median(walls(rounds))), seconds(median(cpus(rounds))), size))
    return rows


def _judgements(timings: Rounds, outputs: dict[str, int]) -> list[Judgement]:
    def of(peer: str) -> tuple[list[float], list[float]]:
        return walls(timings[OURS]), walls(timings[peer])

    return [
        Judgement.of(f"wall, to {REQUESTS}", ratio(*of(REQUESTS)), 0.35),
        Judgement.of(f"wall, to {PYTEST}", ratio(*of(PYTEST)), 1.3),
        Judgement(f"output.xml, to {REQUESTS}", outputs[OURS] / outputs[REQUESTS], 0.1),
    ]


def _by_cpu(timings: Rounds, peer: str) -> str:
    return f"{ratio(cpus(timings[OURS]), cpus(timings[peer])).median:.2f} x"


def _lines(results: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in results.glob("logs/*.jsonl"))
