"""Processes with all that they started: who they are, and how much CPU they used."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def family(process: int) -> list[psutil.Process]:
    """A process and all that it and those have started, as it is now."""
    eldest = psutil.Process(process)
    return [eldest, *eldest.children(recursive=True)]


def cpu_of(processes: Iterable[psutil.Process]) -> float:
    """The seconds of CPU that some processes used since they were started."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def cpu_of_all() -> float:
    """The seconds of CPU that everything on this machine used since it was started, on all CPUs together."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice
