"""The processes that make a load, each kind in a group of its own that can be held, watched and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.nginx import Nginx
from bench.processes import cpu_of, family
from bench.timing import BenchError, Command
from bench.workplace import Workplace
from observatory.errors import ObservatoryError
from observatory.load import LoadReport, read_report
from observatory.load.running import LOCUSTFILE, load_command

USERS = 50
"""So many users ask where as much as possible is asked."""

KEEN = "keen"
"""The profile of users who do not wait."""

_END = 60.0  # seconds to end when asked to: the report is made, and a history is started for it
_START = 30.0  # seconds until all users have asked
_RESULTS = "load"
_LINES_TOLD = 15


@dataclass(slots=True)
class Generator:
    """A command that makes load; `members` are its processes, as they were when it had begun to ask."""

    name: str
    process: subprocess.Popen[bytes]
    said: Path
    members: list[psutil.Process] = field(default_factory=list)

    def hold(self) -> None:
        """Let it do nothing until `go`."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go(self) -> None:
        """Let it go on."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def cpu(self) -> float:
        """The seconds of CPU that its processes used so far.

        Raises:
            BenchError: one of them is no more.
        """
        try:
            return cpu_of(self.members)
        except psutil.NoSuchProcess:
            raise self.trouble("has lost a process") from None

    def pin(self, cpu: int) -> None:
        """Let it run on one CPU only, with all that it starts from now on."""
        psutil.Process(self.process.pid).cpu_affinity([cpu])

    def wait(self, seconds: float) -> None:
        """Wait until it has ended: so many seconds, and as long as its report takes.

        Raises:
            BenchError: it does not end.
        """
        try:
            self.process.wait(seconds + _END)
        except subprocess.TimeoutExpired:
            raise self.trouble(f"did not end within {seconds + _END:.0f} s") from None

    def wait_until_it_asks(self, server: Nginx, users: int = 1, requests: int = 1) -> None:
        """Wait until it has about so many connections, and has sent so many requests; nobody else may do so meanwhile.

        Raises:
            BenchError: it ends before, or takes too long.
        """
        before, deadline, looks = server.seen(), time.monotonic() + _START, 0
        while True:
            self.check()
            seen, looks = server.seen(), looks + 1
            # Some of the connections that there were may just be closing.
            has_users = seen.connections - before.connections >= 0.9 * users
            if has_users and seen.requests - before.requests - looks >= requests:
                break
            if time.monotonic() > deadline:
                raise self.trouble(f"had no {users} users after {_START:.0f} s")
            time.sleep(0.05)
        self.members = family(self.process.pid)

    def check(self) -> None:
        """Make sure that it still runs.

        Raises:
            BenchError: it has ended.
        """
        if self.process.poll() is not None:
            raise self.trouble(f"ended too early, with exit code {self.process.returncode}")

    def trouble(self, what: str) -> BenchError:
        """The error that says what is wrong with it, and the end of what it said."""
        told = "\n".join(self.said.read_text("utf-8", errors="replace").splitlines()[-_LINES_TOLD:])
        return BenchError(f"{self.name} {what}; it said:\n{told}")


@contextmanager
def generating(command: Command) -> Iterator[Generator]:
    """Start a command that makes load, in a group of its own; ended when it is no longer needed."""
    command.folder.mkdir(parents=True, exist_ok=True)
    said = command.folder / "said.txt"
    with (
        said.open("wb") as output,
        subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        generator = Generator(command.name, process, said)
        try:
            yield generator
        finally:
            end(generator)


def end(generator: Generator) -> None:
    """Ask it to end, and wait for that; one that does not listen is killed."""
    process = generator.process
    if process.poll() is None:
        generator.go()
        process.terminate()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def loading(place: Workplace, name: str, address: str, *options: str, locustfile: Path = LOCUSTFILE) -> Command:
    """The command of a load, as `observatory load run` calls it.

    The port for Prometheus stays closed, for several loads run at once here.
    """
    results = place.folder / name / _RESULTS
    command = load_command([*options, "--host", address, "--results", str(results), "--metrics-port", "0"])
    arguments = [str(locustfile) if part == str(LOCUSTFILE) else part for part in command[1:]]
    return place.command(name, *arguments, folder=place.folder / name)


def report_of(generator: Generator) -> LoadReport:
    """The report that a load has made.

    Raises:
        BenchError: it made none, or requests failed.
    """
    try:
        report = read_report(generator.said.parent / _RESULTS)
    except ObservatoryError as error:
        raise generator.trouble(f"made no report ({error})") from error
    if report.total.failures or not report.total.requests:
        raise generator.trouble(f"had {report.total.failures} of {report.total.requests} requests failed")
    return report
