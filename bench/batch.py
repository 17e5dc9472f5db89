"""200 checks at once against a slow server: the batch keyword against httpx's asynchronous client."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from bench import suites
from bench.bodies import Shelf
from bench.report import Judgement, Result, seconds
from bench.server import serving
from bench.timing import cpus, ratio, walls
from bench.workplace import PEERS, Workplace

AMOUNT = 200
CONCURRENCY = 20
DELAY = 0.1  # seconds before each answer
OURS, ASYNC, ONE_LINE, NOTHING = "Get Many Pokemon", "httpx.AsyncClient", "robot on one line", "python on nothing"


def run_batch(place: Workplace, shelf: Shelf) -> Result:
    """Time both in turn, and what they cost when they do nothing.

    Raises:
        BenchError: one of them failed.
    """
    pokemon = shelf.pokemon[:AMOUNT]
    plan, many = place.plan(pokemon), place.write("many.robot", suites.many(len(pokemon), CONCURRENCY))
    one_line = place.write("one_line.robot", suites.ONE_LINE)
    with serving(shelf.folder, delay=DELAY) as url:
        timings = place.in_turn(
            [
                place.robot(OURS, "--variable", f"TARGET:{url}", many, folder=suites.ROOT),
                place.command(ASYNC, PEERS / "httpx_batch.py", url, plan, str(CONCURRENCY)),
                place.robot(ONE_LINE, one_line),
                place.command(NOTHING, "-c", "pass"),
            ]
        )
    rows = [("", "wall", "CPU")]
    rows += [(name, seconds(median(walls(each))), seconds(median(cpus(each)))) for name, each in timings.items()]
    wall = {name: walls(rounds) for name, rounds in timings.items()}
    net_ours = [whole - empty for whole, empty in zip(wall[OURS], wall[ONE_LINE], strict=True)]
    net_async = [whole - empty for whole, empty in zip(wall[ASYNC], wall[NOTHING], strict=True)]
    net, net_times = ratio(net_ours, net_async), f"{seconds(median(net_ours))} to {seconds(median(net_async))}"
    return Result(
        name="batch",
        heading=f"{len(pokemon)} checks at {CONCURRENCY} at once, each answered after {DELAY * 1000:.0f} ms, "
        f"whole processes, median of {place.rounds} rounds",
        rows=rows,
        judgements=[Judgement.of(f"wall, to {ASYNC}", ratio(wall[OURS], wall[ASYNC]), 2.0)],
        notes=(
            f"without an empty robot and an empty python: {net_times}, {net.median:.2f} x",
            f"the delays alone take {len(pokemon) / CONCURRENCY * DELAY:.1f} s",
        ),
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}},
    )
