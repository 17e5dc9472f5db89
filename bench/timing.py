"""How a command is timed, alone and in turn with others."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_LINES_TOLD = 15


class BenchError(Exception):
    """Something that should be measured did not work, so that its time says nothing."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one whole process: by the clock on the wall, and of CPU with all the children it waited for."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Command:
    """What is timed: its name in the table, how it is called, and in which folder and environment."""

    name: str
    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer one took than the other: the median over the rounds, and the extremes."""

    median: float
    least: float
    most: float


Rounds = Mapping[str, Sequence[Timing]]
"""The timings of each command, by its name, round by round."""


def timed(command: Command, said: Path) -> Timing:
    """Run a command to its end and time it; what it says goes into the file `said`.

    Raises:
        BenchError: it failed; the message has the end of what it said.
    """
    with said.open("wb") as output:
        before, started = _cpu_of_children(), time.perf_counter()
        ended = subprocess.run(
            command.arguments,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        wall, cpu = time.perf_counter() - started, _cpu_of_children() - before
    if ended.returncode:
        told = "\n".join(said.read_text("utf-8", errors="replace").splitlines()[-_LINES_TOLD:])
        raise BenchError(f"{command.name} ended with exit code {ended.returncode}, so it cannot be timed:\n{told}")
    return Timing(wall, cpu)


def in_turn(commands: Sequence[Command], rounds: int, work: Path, on_round: Callable[[int], None]) -> Rounds:
    """Time all commands in each round, so that a busy spell of the machine meets them all.

    Round 0 warms up (caches, compiled files, the history) and is not kept. Each round begins with another command.

    Raises:
        BenchError: one of them failed.
    """
    timings: dict[str, list[Timing]] = {command.name: [] for command in commands}
    for number in range(rounds + 1):
        on_round(number)
        first = number % len(commands)
        for command in (*commands[first:], *commands[:first]):
            timing = timed(command, work / "said.txt")
            if number:
                timings[command.name].append(timing)
    return timings


def ratio(of: Sequence[float], to: Sequence[float]) -> Ratio:
    """Compare round by round: what runs in the same round has met the same load."""
    ratios = [one / other for one, other in zip(of, to, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def walls(timings: Sequence[Timing]) -> list[float]:
    """The seconds by the clock on the wall."""
    return [timing.wall for timing in timings]


def cpus(timings: Sequence[Timing]) -> list[float]:
    """The seconds of CPU."""
    return [timing.cpu for timing in timings]


def load() -> str:
    """How busy the machine is, as the average number of processes that ran or waited in the last minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
