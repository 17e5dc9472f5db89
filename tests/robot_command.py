"""Running the real `robot` on a suite written in a test, and reading what it left."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from robot import result
from robot.api import ExecutionResult

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = sorted((ROOT / "libraries").glob("[A-Z]*.py"))


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it printed and the folder with what it wrote."""

    exit_code: int
    console: str
    folder: Path

    @property
    def whole(self) -> result.Result:
        """What Robot has of the whole run."""
        outputs = (self.folder / name for name in ("output.xml", "output.json"))
        return ExecutionResult(str(next(path for path in outputs if path.exists())))

    @property
    def tests(self) -> dict[str, result.TestCase]:
        """The results of the tests, by name."""
        return {test.name: test for test in self.whole.suite.all_tests}

    @property
    def messages(self) -> str:
        """Everything that was written to the log of the run."""
        return (self.folder / "output.xml").read_text(encoding="utf-8")


def run_robot(
    folder: Path, suite: str, *arguments: str, settings: str = "", environment: dict[str, str] | None = None
) -> Outcome:
    """Run `robot` on the test cases in `suite`, with the project's keywords, and a home and results in `folder`."""
    file = folder / "suite.robot"
    libraries = "\n".join(f"Library    {library}" for library in LIBRARIES)
    cases = textwrap.dedent(suite).strip()
    file.write_text(f"*** Settings ***\n{libraries}\n{settings}\n*** Test Cases ***\n{cases}\n", encoding="utf-8")
    command = [sys.executable, "-m", "robot", "--outputdir", str(folder / "output"), *arguments, str(file)]
    return run_command(command, folder, environment)


def run_command(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> Outcome:
    """Run a command with a home and results of its own in `folder`, as a person without settings would."""
    inherited = {name: value for name, value in os.environ.items() if not _is_a_choice(name)}
    own = {"OBSERVATORY_HOME": str(folder / "home"), "OBSERVATORY_RESULTS": str(folder / "results")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, "PATH": path, **own, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, folder / "output")


def _is_a_choice(name: str) -> bool:
    """Whether a variable changes what a run does: in CI failed tests are tried again."""
    return name.startswith("OBSERVATORY_") or name == "CI"
