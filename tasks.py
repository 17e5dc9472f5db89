"""What can be done with the project, one word for each: `inv --list` shows them, `inv test` does everything.

A task runs the commands that people would type, from the project's root and with the environment's commands
first on the path, and fails when one of them fails.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

ROOT = Path(__file__).resolve().parent
RECORDING = ROOT.parent / "shared" / "pokeapi" / "recorded"
KEYWORD_PAGES = ROOT / "docs" / "keywords"

RUFF_CHECK = ("ruff", "check", ".")
RUFF_FORMAT = ("ruff", "format", "--check", ".")
ROBOCOP_CHECK = ("robocop", "check", "suites", "resources")
ROBOCOP_FORMAT = ("robocop", "format", "--check", "--diff", "suites", "resources")
TYPES = ("mypy",)
SECRETS = ("detect-secrets-hook", "--baseline", ".secrets.baseline")
# Two processes, because most tests wait for another one; each takes whole files, whose tests share what is made once.
UNIT = ("pytest", "--numprocesses", "2", "--dist", "loadfile", "--cov", "--cov-report=term")
# Every pabot starts a server, which nothing here uses: on any free port, two of them do not clash.
PABOT = ("pabot", "--processes", "4", "--pabotlibport", "0")
# Where ReportPortal is set, a run is published to it; elsewhere this adds nothing.
LAUNCH = ("observatory", "launch")

PASSING_FILES = (
    *("results", "pabot_results", "build", "output.xml", "log.html", "report.html", "metrics.prom", ".pabotsuitenames"),
    *(".coverage", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".robocop_cache"),
)


class Outcome(StrEnum):
    """How a step ended, as the table says it."""

    OK = "ok"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Step(NamedTuple):
    """One gate: its name in the table, what does it and returns an exit code, why it is skipped if it is."""

    name: str
    act: Callable[[], int]
    skipped: str = ""


class Ended(NamedTuple):
    """A step that is over: how it ended, the seconds it took, and the reason when it was skipped."""

    name: str
    outcome: Outcome
    seconds: float
    reason: str = ""


@task(help={"target": "embedded (default), live, replay or a URL"})
def smoke(_: Context, target: str = "embedded") -> None:
    """Run the smoke suites: is the API there, and sane?"""
    become(*LAUNCH, "robot", "--outputdir", "results", "--include", "smoke", *on(target), "suites/")


@task(help={"target": "embedded (default), live, replay or a URL"})
def regression(_: Context, target: str = "embedded") -> None:
    """Run the regression suites."""
    become(*LAUNCH, "robot", "--outputdir", "results", "--include", "regression", *on(target), "suites/")


@task(help={"target": "embedded (default), live, replay or a URL"})
def suites(_: Context, target: str = "embedded") -> None:
    """Run all suites with pabot, four at a time."""
    become(*LAUNCH, *PABOT, "--outputdir", "results", *on(target), "suites/")


@task(help={"output": "the output file of the run", "again": "also when it was published before"})
def publish(_: Context, output: str = "results/output.xml", again: bool = False) -> None:
    """Publish a run that is over to ReportPortal."""
    finish(run(sys.executable, "-m", "robot_publish", *(["--again"] if again else []), output))


@task(
    help={
        "profile": "quick (default), light, medium or heavy",
        "target": "embedded (default), replay, live or a URL",
        "shape": "steady, ramp, spike or sawtooth; else the profile's",
        "rate": "arrivals a second, which wait for no answer",
        "processes": "processes that make the load",
        "web": "show it on Locust's page, too",
        "locust": "further options, as Locust takes them",
    }
)
def load(
    _: Context,
    profile: str = "quick",
    target: str = "embedded",
    shape: str = "",
    rate: str = "",
    processes: str = "",
    web: bool = False,
    locust: str = "",
) -> None:
    """Run a load, and judge it: results/load/report.html."""
    given = {"--target": target, "--shape": shape, "--rate": rate, "--processes": processes}
    chosen = [part for name, value in given.items() if value for part in (name, value)]
    options = [*chosen, *(["--web"] if web else []), *shlex.split(locust)]
    become("observatory", "load", "run", "--profile", profile, *options)


@task(help={"target": "only this one; else all, the one first whose suites ran last", "days": "how far to look back"})
def report(_: Context, target: str = "", days: int = 90) -> None:
    """Write the health page, results/health.html."""
    chosen = ("--target", target) if target else ()
    finish(run("observatory", "health", "--output", "results/health.html", "--days", str(days), *chosen))


@task
def lint(_: Context) -> None:
    """Check Python with ruff, suites with robocop."""
    finish(take(lint_steps()))


@task
def types(_: Context) -> None:
    """Check the types with mypy, strictly."""
    finish(run(*TYPES))


@task
def secrets(_: Context) -> None:
    """Look for passwords, keys and tokens in every file."""
    finish(find_secrets())


@task
def unit(_: Context) -> None:
    """Run pytest; the engine's coverage must be 90 %."""
    finish(run(*UNIT))


@task
def docs(_: Context) -> None:
    """Build the keyword pages in docs/keywords/."""
    KEYWORD_PAGES.mkdir(parents=True, exist_ok=True)
    for page in KEYWORD_PAGES.glob("*.html"):
        page.unlink()
    finish(build_pages(KEYWORD_PAGES))


@task
def dashboards(_: Context) -> None:
    """Write the dashboards that Grafana reads, into config/grafana/dashboards/."""
    if find_spec("grafana_foundation_sdk") is None:
        print("grafana-foundation-sdk is not installed: python3 bootstrap.py setup --dev", flush=True)
        finish(127)
    finish(run(sys.executable, "-m", "config.grafana.generate"))


@task
def bench(_: Context) -> None:
    """Measure the speed against its peers."""
    finish(run(sys.executable, "bench/run.py"))


@task(name="format")
def format_all(_: Context) -> None:
    """Put Python and suites into their format."""
    sort_imports = ("ruff", "check", "--select", "I", "--fix", ".")
    robot_files = ("robocop", "format", "suites", "resources")
    finish(max(run(*command) for command in (sort_imports, ("ruff", "format", "."), robot_files)))


@task
def clean(_: Context) -> None:
    """Delete results and caches, never the history."""
    tidied = (path for path in ROOT.rglob("__pycache__") if ".venv" not in path.parts)
    for path in [*(ROOT / name for name in PASSING_FILES), *tidied]:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        print(f"deleted {path.relative_to(ROOT)}")


@task
def test(_: Context) -> None:
    """Run every gate and every test: all must be ok."""
    steps = [
        *lint_steps(),
        Step("types", partial(run, *TYPES)),
        Step("secrets", find_secrets),
        Step("unit tests", partial(run, *UNIT)),
        Step("keyword docs", check_pages),
        *suite_steps(),
    ]
    finish(take(steps))


def lint_steps() -> list[Step]:
    """The four gates of lint."""
    return [
        Step("ruff check", partial(run, *RUFF_CHECK)),
        Step("ruff format", partial(run, *RUFF_FORMAT)),
        Step("robocop check", partial(run, *ROBOCOP_CHECK)),
        Step("robocop format", partial(run, *ROBOCOP_FORMAT)),
    ]


def suite_steps(recording: Path = RECORDING) -> Iterator[Step]:
    """All suites through the real robot and the real pabot, on each target that needs no network; and those of load."""
    absent = "" if recording.is_dir() else "there is no recording at ../shared/pokeapi/recorded"
    for target, reason in (("embedded", ""), ("replay", absent)):
        for name, command in (("robot", ("robot",)), ("pabot", PABOT)):
            results = f"results/{name}-{target}"
            full = (*command, "--outputdir", results, *on(target), "suites/")
            yield Step(f"{name} {target}", partial(run, *full), reason)
    load = ("robot", "--outputdir", "results/robot-load", "--include", "load", "suites/")
    yield Step("robot load", partial(run, *load))


def on(target: str) -> Sequence[str]:
    """Robot's options that choose a target; the suites' own default needs none."""
    recording = ("--variable", f"RECORDING:{RECORDING}") if target == "replay" else ()
    return () if target == "embedded" else ("--variable", f"TARGET:{target}", *recording)


def become(*command: str) -> None:
    """Let a command take this process's place, so that a Ctrl-C and its exit code are its own."""
    program = shutil.which(command[0], path=with_environment(os.environ)["PATH"])
    if os.name == "nt" or program is None:
        finish(run(*command))
    print(paint(f"$ {shlex.join(command)}", "2"), flush=True)
    os.chdir(ROOT)
    os.execve(str(program), command, with_environment(os.environ))  # noqa: S606 - the commands are those above


def with_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables, with the commands of this environment first on the path."""
    # pabot starts `robot` by its name: the environment's must be found, also when nobody activated it.
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    return {**environment, "PATH": path}


def run(*command: str, files: Sequence[str] = ()) -> int:
    """Show a command, run it, on files if any are given, and return its exit code."""
    onto = f" ({len(files)} files)" if files else ""
    print(paint(f"$ {shlex.join(command)}{onto}", "2"), flush=True)
    try:
        return call([*command, *files], capture=False).returncode
    except FileNotFoundError:
        print(f"{command[0]} is not installed: python3 bootstrap.py setup --dev", flush=True)
        return 127
    except OSError as error:
        print(f"{command[0]} could not be started: {error}", flush=True)
        return 126


def call(command: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[str]:
    """Run a command from the root, keeping what it writes if asked.

    Raises:
        FileNotFoundError: the command is not installed.
    """
    environment = with_environment(os.environ)
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise FileNotFoundError(command[0])
    return subprocess.run(  # noqa: S603 - the commands are those above, and no shell reads them
        [program, *command[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=capture,
        encoding="utf-8",
        check=False,
    )


def take(steps: Iterable[Step]) -> int:
    """Take every step, also after one has failed, tell how each ended, and return 1 if any failed, else 0."""
    ended = []
    for step in steps:
        print(f"\n{paint(f'== {step.name} ==', '1')}", flush=True)
        if step.skipped:
            print(f"skipped: {step.skipped}", flush=True)
            ended.append(Ended(step.name, Outcome.SKIPPED, 0.0, step.skipped))
            continue
        started = time.monotonic()
        code = step.act()
        outcome = Outcome.FAILED if code else Outcome.OK
        ended.append(Ended(step.name, outcome, time.monotonic() - started))
    print(f"\n{table(ended)}", flush=True)
    return int(any(step.outcome is Outcome.FAILED for step in ended))


def table(ended: Sequence[Ended]) -> str:
    """How the steps ended, one line each, and their count on the last line."""
    colours = {Outcome.OK: "32", Outcome.FAILED: "31;1", Outcome.SKIPPED: "33"}
    width = max(len(step.name) for step in ended)
    lines = []
    for step in ended:
        outcome = paint(f"{step.outcome:<7}", colours[step.outcome])
        lines.append(f"  {outcome}  {step.name:<{width}}  {step.reason or f'{step.seconds:6.1f} s'}")
    counts = {outcome: sum(step.outcome is outcome for step in ended) for outcome in Outcome}
    total = f"{counts[Outcome.OK]} passed, {counts[Outcome.FAILED]} failed"
    skipped = f", {counts[Outcome.SKIPPED]} skipped" if counts[Outcome.SKIPPED] else ""
    return "\n".join([*lines, "", f"{total}{skipped}"])


def paint(text: str, code: str) -> str:
    """The text in a colour, where colours can be seen; the words alone say as much."""
    shown = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return f"\033[{code}m{text}\033[0m" if shown else text


def finish(code: int) -> None:
    """End the task with an exit code.

    Raises:
        Exit: the code is not 0.
    """
    if code:
        raise Exit(code=code)


def find_secrets() -> int:
    """Show every file that git knows, or would take in, to detect-secrets; returns its exit code."""
    try:
        listed = call(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture=True)
    except FileNotFoundError:
        print("The files are listed by git, and git is not installed.", flush=True)
        return 127
    if listed.returncode:
        print(f"git can't list the files to look through: {listed.stderr.strip()}", flush=True)
        return listed.returncode
    names = sorted({name for name in listed.stdout.split("\0") if (ROOT / name).is_file()})
    return run(*SECRETS, files=names)


def build_pages(folder: Path) -> int:
    """Build the keyword page of each library and resource into a folder; returns 1 if libdoc complained."""
    # A library bears the name of its class; what begins with a small letter helps the libraries.
    libraries = [path for path in sorted((ROOT / "libraries").glob("*.py")) if path.stem[:1].isupper()]
    complaints = [] if libraries else ["There is no library in libraries/."]
    for path in [*libraries, *sorted((ROOT / "resources").glob("*.resource"))]:
        source, page = path.relative_to(ROOT).as_posix(), folder / f"{path.stem}.html"
        told = call(["libdoc", source, str(page)], capture=True)
        print(f"{source} -> {page.name}", flush=True)
        if told.returncode or told.stderr:
            complaints.append(f"{source}: {told.stderr.strip() or told.stdout.strip()}")
    for complaint in complaints:
        print(complaint, flush=True)
    return int(bool(complaints))


def check_pages() -> int:
    """Build the keyword pages aside; returns 1 if libdoc complained."""
    with tempfile.TemporaryDirectory() as folder:
        return build_pages(Path(folder))
