"""Loads as processes of their own: started as people start them, watched from outside, and ended in every way."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from observatory.load import LoadReport, read_report
from tests.robot_command import ROOT

PATIENCE = 90.0
"""Seconds after which what takes a few never comes: the machine may be busy with something else."""

OBSERVATORY = (sys.executable, "-m", "observatory.commands", "load", "run")
LOCUST = (sys.executable, "-m", "locust", "-f", str(ROOT / "load" / "locustfile.py"))
AWAY = "postgresql://u:secret@127.0.0.1:1/history"  # pragma: allowlist secret
"""The address of a database that nobody reaches."""


def until(is_so: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, f"in {patience:g} s it never was so: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """A port of the loopback interface that nobody has at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port: int = asked.getsockname()[1]
        return port


class LoadProcess:
    """A command that makes load, in a process group of its own as a terminal gives it, with what it printed.

    It has a home and results in `folder`, and a database that is away unless `environment` says another.
    """

    def __init__(self, folder: Path, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.code: int | None = None
        self.folder = folder
        self.results = folder / "load"
        self._metrics_port = free_port()
        self._printed = folder / "printed.txt"
        self._family: dict[int, psutil.Process] = {}
        named = [] if "--metrics-port" in command else ["--metrics-port", str(self._metrics_port)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OBSERVATORY_")}
        own = {"OBSERVATORY_HOME": str(folder / "home"), "OBSERVATORY_RESULTS": str(folder), "DATABASE_URL": AWAY}
        with self._printed.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, *named],
                cwd=folder,
                env={**inherited, **own, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def printed(self) -> str:
        """Everything that it and its processes wrote, without the colours of a terminal."""
        text = self._printed.read_text(encoding="utf-8", errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    @property
    def report(self) -> LoadReport:
        """The report that it left."""
        return read_report(self.results)

    def number(self, metric: str) -> float:
        """The sum of a metric that it shows to Prometheus at the moment; 0 when it shows none."""
        try:
            text = httpx.get(f"http://127.0.0.1:{self._metrics_port}/metrics").text
        except httpx.TransportError:
            return 0.0
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return sum(float(value) for name, _, value in lines if name.partition("{")[0] == metric)

    def get_under_way(self, requests: int = 20) -> None:
        """Wait until so many requests have ended."""
        until(
            lambda: self.process.poll() is not None or self.number("pokeapi_load_requests_total") >= requests,
            f"{requests} requests of a load that printed: {self.printed}",
        )
        assert self.process.poll() is None, self.printed
        self.family()

    def family(self) -> list[psutil.Process]:
        """All processes below it that there are, or were when somebody asked for them."""
        if self.process.poll() is None:
            for each in psutil.Process(self.process.pid).children(recursive=True):
                self._family.setdefault(each.pid, each)
        return list(self._family.values())

    def left(self) -> list[psutil.Process]:
        """Those of the family that still run."""
        return [each for each in self.family() if _command_line(each)]

    def locusts(self) -> list[psutil.Process]:
        """The processes of Locust: first the one that conducts, then its workers."""
        return [each for each in (psutil.Process(self.process.pid), *self.left()) if "locust" in _command_line(each)]

    def stand_ins(self) -> list[psutil.Process]:
        """The processes of the stand-in."""
        return [each for each in self.left() if {"sandbox", "--multiprocessing-fork"} & set(_command_line(each))]

    def interrupt(self) -> None:
        """Do what Ctrl-C does: every process of the group in the foreground gets the signal."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> Self:
        """Wait for its end."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            self.family()
            assert time.monotonic() < deadline, f"not ended within {PATIENCE:g} s; it printed:\n{self.printed}"
            time.sleep(0.05)
        self.code = self.process.returncode
        return self

    def close(self) -> None:
        """Leave nothing behind, whatever the test found."""
        left = self.left()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for each in left:
            if each.is_running():
                each.kill()

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""
        self.close()


def observatory_load(folder: Path, *options: str, **environment: str) -> LoadProcess:
    """`observatory load run` with some options."""
    return LoadProcess(folder, [*OBSERVATORY, *options], environment)


def locust(folder: Path, *options: str, **environment: str) -> LoadProcess:
    """Locust itself with some options."""
    return LoadProcess(folder, [*LOCUST, *options], environment)


def said(printed: str) -> str:
    """What was printed, as one line."""
    return " ".join(printed.split())


def _command_line(process: psutil.Process) -> list[str]:
    """What a process was started as; nothing when it has ended."""
    try:
        return [] if process.status() == psutil.STATUS_ZOMBIE else process.cmdline() or ["?"]
    except psutil.NoSuchProcess:
        return []
