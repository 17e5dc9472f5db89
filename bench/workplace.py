"""Where the benchmarks work: a folder of their own, an environment without anybody's settings, and how often."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from bench.bodies import Served
from bench.suites import ROOT
from bench.timing import BenchError, Command, Rounds, in_turn, load
from observatory.settings import ENV_FILE

PEERS = ROOT / "bench" / "peers"
_LONGEST_STOP = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder that is thrown away afterwards, the number of rounds and checks, and who is told of the progress."""

    folder: Path
    rounds: int
    checks: int
    tell: Callable[[str], None]

    def sub(self, name: str) -> Workplace:
        """A place within this one, for one benchmark."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        return Workplace(folder, self.rounds, self.checks, self.tell)

    @property
    def home(self) -> Path:
        """The folder of this benchmark's own embedded history."""
        return self.folder / "home"

    @property
    def results(self) -> Path:
        """The folder of its structured logs."""
        return self.folder / "results"

    def write(self, name: str, text: str) -> Path:
        """Write a file that a command will read."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def plan(self, pokemon: Sequence[Served]) -> Path:
        """Write down what the peers check: number and name of each pokemon."""
        return self.write("plan.json", json.dumps([[each.number, each.name] for each in pokemon]))

    def command(self, name: str, *arguments: str | Path, folder: Path | None = None, **variables: str) -> Command:
        """A call of this Python, in this folder if no other is given, with further environment variables."""
        environment = {**self._environment(), **variables}
        return Command(name, [sys.executable, *map(str, arguments)], folder or self.folder, environment)

    def robot(self, name: str, *arguments: str | Path, folder: Path | None = None) -> Command:
        """A call of `robot`, its three outputs in a folder of its own."""
        return self.command(name, "-m", "robot", "--outputdir", self.output_of(name), *arguments, folder=folder)

    def output_of(self, name: str) -> Path:
        """Where a call of `robot` puts output.xml, log.html and report.html."""
        return self.folder / "output" / name

    def in_turn(self, commands: Sequence[Command]) -> Rounds:
        """Time the commands in turn, and tell of each round."""

        def on_round(number: int) -> None:
            what = f"round {number} of {self.rounds}" if number else "warm-up"
            self.tell(f"{self.folder.name}: {what}, {load()}")

        return in_turn(commands, self.rounds, self.folder, on_round)

    def _environment(self) -> Mapping[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OBSERVATORY_", "DATABASE_URL"))}
        return {
            **kept,
            "NO_PROXY": "127.0.0.1",
            "OBSERVATORY_HOME": str(self.home),
            "OBSERVATORY_RESULTS": str(self.results),
            "OBSERVATORY_TARGET": "embedded",
        }


@contextmanager
def passing_folder() -> Iterator[Path]:
    """A folder that is deleted in the end, when the embedded servers in it, which stop in the background, have."""
    with tempfile.TemporaryDirectory(prefix="observatory-bench-") as name:
        folder = Path(name)
        try:
            yield folder
        finally:
            deadline = time.monotonic() + _LONGEST_STOP
            while any(folder.glob("**/home/postgres/postmaster.pid")) and time.monotonic() < deadline:
                time.sleep(0.01)


def check_env_file() -> None:
    """Make sure that the history of the benchmarks will be their own.

    Raises:
        BenchError: `.env` names a database, which would win over the embedded one.
    """
    if ENV_FILE.exists() and dotenv_values(ENV_FILE).get("DATABASE_URL"):
        raise BenchError(f"{ENV_FILE} sets DATABASE_URL; put a # before it, for `inv bench` measures the embedded one.")
