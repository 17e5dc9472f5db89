"""What the end of a run costs when a relay has its numbers, and when one never answers."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from statistics import median

from bench import suites
from bench.report import Judgement, Result, seconds
from bench.timing import BenchError, cpus, walls
from bench.workplace import Workplace

NONE, ANSWERS, SILENT = "no relay", "relay answers", "relay never answers"

_MOST_ADDED = 1.0  # seconds, by the mission


def run_relay(place: Workplace) -> Result:
    """Time the smoke suites with no relay, with one that answers, and with one that takes connections and is silent.

    Raises:
        BenchError: one of them failed, or the relay did not start.
    """
    smoke = ("-m", "robot", "--include", "smoke")
    with _relay(place) as answering, _silence() as silent:
        addresses = {NONE: "", ANSWERS: answering, SILENT: silent}
        timings = place.in_turn(
            [
                place.command(
                    name,
                    *smoke,
                    *("--outputdir", place.output_of(name), "suites/"),
                    folder=suites.ROOT,
                    OBSERVATORY_METRICS_RELAY=address,
                    # Each its own history, so that none sends what another one left.
                    OBSERVATORY_HOME=str(place.folder / name.replace(" ", "-") / "home"),
                )
                for name, address in addresses.items()
            ]
        )
    rows = [("", "wall", "CPU")]
    rows += [(name, seconds(median(walls(each))), seconds(median(cpus(each)))) for name, each in timings.items()]
    judgements = []
    for name in (ANSWERS, SILENT):
        added = [ours - without for ours, without in zip(walls(timings[name]), walls(timings[NONE]), strict=True)]
        judgements.append(Judgement(f"seconds added: {name}", median(added), _MOST_ADDED, "s", min(added), max(added)))
    return Result(
        name="relay",
        heading=f"smoke suites, their numbers pushed at the end, median of {place.rounds} rounds",
        rows=rows,
        judgements=judgements,
        raw={"timings": {name: [asdict(each) for each in rounds] for name, rounds in timings.items()}},
    )


@contextmanager
def _relay(place: Workplace) -> Iterator[str]:
    command = place.command("relay", "-m", "observatory.commands", "relay", "--port", "0")
    process = subprocess.Popen(
        [sys.executable, *command.arguments[1:]],
        cwd=command.folder,
        env=command.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = process.stdout.readline() if process.stdout else ""
        found = re.search(r"http://\S+?(?=,)", said)
        if found is None:
            raise BenchError(f"The relay did not start; it said '{said.strip()}'.")
        yield found[0]
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _silence() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
