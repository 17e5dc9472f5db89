"""Set the project up and run it: `python3 bootstrap.py smoke` is all that a newcomer has to type.

It needs nothing but Python 3.11 or newer. To be able to say so to an older Python, this file keeps to
the syntax of Python 3.6 and asks for the version before it imports anything newer.
"""

import sys

if tuple(sys.version_info) < (3, 11):
    sys.stderr.write(
        "The PokeAPI Observatory needs Python 3.11 or newer, and this is Python "
        f"{sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}): call bootstrap.py with a newer "
        "one, for example python3.13 bootstrap.py smoke\n"
    )
    sys.exit(254)  # SETUP_FAILED, which an older Python never gets to

import compileall
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

ROOT = Path(__file__).resolve().parent
SETUP_FAILED = 254  # none of Robot's own exit codes, so that a build can tell the two apart
INTERRUPTED = 130
REQUIREMENTS = {"runtime": ("requirements.txt",), "dev": ("requirements-dev.txt", "requirements.txt")}
HELP = """\
usage: python3 bootstrap.py WORD [options for robot]

  smoke         set up, then run the smoke suites:       robot --include smoke suites/
  regression    set up, then run the regression suites:  robot --include regression suites/
  test          set up with the developers' tools, then run every gate and test:  inv test
  setup         set up only; with --dev, the developers' tools too

Everything is installed into .venv beside this file; a second call installs nothing. What follows smoke or
regression goes to robot, for example:  python3 bootstrap.py smoke --variable TARGET:live

The exit code is that of robot (0: all passed, 1-250: how many failed) or of the tests; 254 says that the
environment could not be set up."""


class SetupError(Exception):
    """The environment can't be set up; the message says why and what to do."""


class House(NamedTuple):
    """Where everything is: the project's root, and the places in it that belong to the bootstrap."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment."""
        return self.root / ".venv"

    @property
    def bin(self) -> Path:
        """The folder of the environment's commands, which Windows names differently."""
        return self.venv / ("Scripts" if os.name == "nt" else "bin")

    def command(self, name: str) -> Path:
        """The file of one of the environment's commands, such as `robot`."""
        return self.bin / (f"{name}.exe" if os.name == "nt" else name)

    @property
    def stamp(self) -> Path:
        """Says what is installed; written when an installation has come to its end, never before."""
        return self.venv / "bootstrap.json"

    @property
    def unfinished(self) -> Path:
        """The stamp to be; where it lies, an installation was broken off and nothing can be trusted."""
        return self.venv / "bootstrap.unfinished.json"

    @property
    def lock(self) -> Path:
        """Held while the environment is changed; outside of it, because a broken one is deleted."""
        return self.root / ".observatory" / "bootstrap.lock"


class Tools(NamedTuple):
    """What the bootstrap does to the machine, as functions, so that tests pass their own."""

    create: Callable[[Path], None]
    pip: Callable[[Sequence[str], Path, Callable[[str], None], Callable[[], None]], int]
    run: Callable[[Sequence[str], Path, Mapping[str, str]], int]
    clock: Callable[[], float]
    out: TextIO
    environ: Mapping[str, str]

    def say(self, text: str) -> None:
        """Write a line at once, so that it stands before what a command writes next."""
        self.out.write(f"{text}\n")
        self.out.flush()


class Progress:
    """Tells how an installation goes: on a terminal one line that is rewritten, in a log plain lines."""

    QUIET = 10.0  # seconds without news after which a log hears that the work goes on

    def __init__(self, tools: Tools) -> None:
        """Begin to count the time."""
        self._out, self._clock = tools.out, tools.clock
        terminal = tools.out.isatty() and tools.environ.get("TERM") != "dumb"
        self._width = shutil.get_terminal_size().columns - 1 if terminal else 0
        self._started = self._told = self._clock()
        self._text = "starting pip"

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._started

    def news(self, text: str, *, passing: bool = False) -> None:
        """Tell what is being done now; what is passing is not worth a line in a log."""
        self._text = text
        if self._width or not passing:
            self._tell(text)

    def tick(self) -> None:
        """Let the time be seen running though there is no news."""
        if self._width:
            self._tell(self._text)
        elif self._clock() - self._told >= self.QUIET:
            self._tell(f"still {self._text}")

    def end(self) -> None:
        """Leave the terminal's line empty for what follows."""
        if self._width:
            self._out.write(f"\r{'':{self._width}}\r")

    def _tell(self, text: str) -> None:
        self._told = self._clock()
        line = f"{self.elapsed:5.0f} s  {text}"
        self._out.write(f"\r{line[: self._width]:{self._width}}" if self._width else f"{line}\n")
        self._out.flush()


def digest(root: Path, level: str) -> str:
    """A fingerprint of all that decides what a level ("runtime" or "dev") installs.

    Of pyproject.toml only the parts that build the package count: a new lint rule is no reason to install.
    """
    import tomllib

    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    package = [project.get("build-system"), project.get("project"), project.get("tool", {}).get("hatch")]
    parts = [json.dumps(package), *((root / name).read_text("utf-8") for name in REQUIREMENTS[level])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def home(house: House) -> list[str]:
    """What an environment can't survive a change of: the folder it is in, and the Python that made it."""
    return [str(house.venv), str(sys.implementation.cache_tag)]


def read_stamp(house: House) -> dict[str, Any]:
    """What the stamp says, if it speaks of this environment, whole and at its place; else nothing."""
    try:
        stamp = json.loads(house.stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    at_home = isinstance(stamp, dict) and stamp.get("home") == home(house)
    # A link to a Python that is gone has a name in the folder, but does not exist.
    whole = all(house.command(name).exists() for name in ("python", "robot", "pabot", "inv"))
    return stamp if at_home and whole and not house.unfinished.exists() else {}


def is_current(house: House, level: str) -> bool:
    """Whether all that the level needs is installed already; starts no process."""
    return bool(read_stamp(house).get(level) == digest(house.root, level))


def set_up(house: House, level: str, tools: Tools) -> None:
    """Bring the environment to a level, doing only what is missing.

    Raises:
        SetupError: it can't be done; whatever was begun is done anew by the next call.
    """
    if is_current(house, level):
        return
    waiting = "Another bootstrap is at work on .venv: waiting for it to finish."
    with locked(house.lock, lambda: tools.say(waiting)):
        if is_current(house, level):  # the other one has done our work
            return
        stamp = read_stamp(house)
        if not stamp:
            anew = " anew: the one that is there is of another Python, was moved, or is unfinished"
            is_there = house.venv.exists()
            tools.say(f"Making {house.venv} with Python {sys.version.split()[0]}{anew if is_there else ''}.")
            make_venv(house, tools)
        stamp.update({name: digest(house.root, name) for name in {"runtime", level}}, home=home(house))
        # From here until the end of the installation, no stamp vouches for the environment.
        house.unfinished.write_text(json.dumps(stamp), "utf-8")
        house.stamp.unlink(missing_ok=True)
        install(house, level, tools)
        # Where Python is told to write no bytecode, as in many containers, each run would compile our modules anew.
        for folder in ("libraries", "sandbox"):
            compileall.compile_dir(house.root / folder, quiet=2)
        house.unfinished.replace(house.stamp)


def make_venv(house: House, tools: Tools, find: Callable[[str], object] = importlib.util.find_spec) -> None:
    """Make an empty environment, in place of whatever was there; `find` looks for Python's own modules.

    Raises:
        SetupError: Python lacks a part, or the folder can't be written.
    """
    missing = [name for name in ("venv", "ensurepip") if find(name) is None]
    if missing:
        raise SetupError(venv_advice(f"lacks its module {' and '.join(missing)}"))
    try:
        tools.create(house.venv)
    except OSError as error:
        raise SetupError(
            f"{house.venv} can't be made: {error}. See that the folder may be written and that the disk has "
            "room, leave an environment that is active (deactivate), and call again."
        ) from error
    except subprocess.CalledProcessError as error:
        raise SetupError(venv_advice(f"failed to put pip into {house.venv}")) from error


def venv_advice(trouble: str) -> str:
    """One sentence on a Python that can't make environments."""
    return (
        f"Python {sys.version.split()[0]} at {sys.executable} {trouble}, so it can't make an environment: "
        "on Debian and Ubuntu, sudo apt install python3-venv brings what is missing; elsewhere, take Python "
        "from python.org."
    )


def install(house: House, level: str, tools: Tools) -> None:
    """Install a level's requirements with pip, telling how it goes.

    Raises:
        SetupError: pip failed; the message has its last lines.
    """
    requirements = REQUIREMENTS[level][0]
    tools.say(f"Installing {requirements} into {house.venv}:")
    progress = Progress(tools)
    last_lines: deque[str] = deque(maxlen=12)
    expected: list[str] = []
    before = installed(house)
    seen = set(before)

    def on_line(line: str) -> None:
        last_lines.extend(filter(None, [line.rstrip()]))
        if line.startswith("Installing collected packages:"):
            expected.extend(line.partition(":")[2].split(","))
        text, passing = pip_news(line)
        if text:
            progress.news(text, passing=passing)

    def on_tick() -> None:
        # pip does not say which package it is installing; the folders that appear do.
        for name in sorted(installed(house) - seen) if expected else ():
            seen.add(name)
            progress.news(f"installed {name.replace('-', ' ')} ({len(seen - before)} of {len(expected)})")
        progress.tick()

    # Run from the root, which the requirements mean when they name the project itself: `-e .`.
    command = [str(house.command("python")), "-m", "pip", "install", "--requirement", requirements]
    try:
        code = tools.pip(command, house.root, on_line, on_tick)
        on_tick()
    finally:
        progress.end()
    if code:
        said = "\n".join(f"    {line}" for line in last_lines)
        raise SetupError(f"pip could not install {requirements}; its last words:\n{said}\n{pip_advice(said)}")
    count = len(seen - before)
    tools.say(f"Installed {count} package{'' if count == 1 else 's'} in {progress.elapsed:.0f} s.")


def installed(house: House) -> set[str]:
    """The packages in the environment, as `name-version`."""
    library = "Lib" if os.name == "nt" else "lib/python*"
    return {path.stem for path in house.venv.glob(f"{library}/site-packages/*.dist-info")}


def pip_news(line: str) -> tuple[str, bool]:
    """What a line of pip's output means to a person, and whether it is passing; "" when it means nothing."""
    word, _, rest = line.strip().partition(" ")
    subject = rest.partition(" ")[0]
    if word == "Collecting":
        return f"collecting {subject.replace('==', ' ')}", False
    if word == "Downloading" and not subject.endswith(".metadata"):
        return f"downloading {rest.rpartition('/')[2]}", True
    if word == "Obtaining":
        return "preparing the project itself", False
    return "", True


def pip_advice(said: str) -> str:
    """What to do about a failed installation, by what pip said."""
    said = said.casefold()
    if re.search(r"no space left|disk quota|errno 28\b", said):
        return "The disk is full: make room and call again."
    if re.search(r"requires a different python|requires-python", said):
        return "A package does not support this Python: call bootstrap.py with Python 3.11, 3.12 or 3.13."
    unreached = r"connect|timed? ?out|resol|getaddrinfo|proxy|ssl|unreachable|no matching distribution"
    if re.search(unreached, said):
        return (
            "The package index was not reached, or lacks a package: is there a network? Behind a proxy, set "
            "HTTPS_PROXY=http://host:port; with a mirror of your own, set PIP_INDEX_URL; then call again."
        )
    return "Mend what pip names above and call again; .venv may be deleted at any time, it is made anew."


@contextlib.contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Keep every other bootstrap of this folder out; the lock ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # pip holds the lock too: when this process is killed, the next one waits until pip has ended.
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - it takes its arguments by position only
        if not take_lock(file.fileno()):
            on_wait()
            while not take_lock(file.fileno()):
                time.sleep(0.2)
        yield


def take_lock(descriptor: int) -> bool:
    """Try to lock an open file for this process; says whether it worked."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def run_suites(house: House, tag: str, options: Sequence[str], tools: Tools) -> int:
    """Run the suites with a tag, name the log, and return Robot's exit code."""
    arguments = ["--include", tag, *options, "suites/"]
    # Where results go is an environment variable, so that the command stays the one that people type.
    defaults = f"--outputdir results {tools.environ.get('ROBOT_OPTIONS', '')}".strip()
    environ = {**activated(house, tools.environ), "ROBOT_OPTIONS": defaults}
    tools.say(f"Running: robot {shlex.join(arguments)}")
    started = time.time()
    code = tools.run([str(house.command("robot")), *arguments], house.root, environ)
    log = log_file(house, [*shlex.split(defaults), *options])
    # Two seconds of grace, because some file systems keep times that coarsely.
    if log.is_file() and log.stat().st_mtime >= started - 2:
        tools.say(f"\nOpen the log to see every request:\n  {log}\n  {log.as_uri()}")
        write_health(house, log.with_name("health.html"), environ, tools)
    else:
        tools.say(f"\nRobot wrote no {log}: its messages above say why.")
    return code


def write_health(house: House, page: Path, environ: Mapping[str, str], tools: Tools) -> None:
    """Write the health page, which says in a line where it is, or why not: the run is over, and stays what it was."""
    command = [str(house.command("observatory")), "health", "--output", str(page)]
    try:
        tools.run(command, house.root, environ)
    except OSError as error:
        tools.say(f"The health page was not written: {error}.")


def log_file(house: House, options: Sequence[str]) -> Path:
    """Where Robot's options put log.html; of an option that is given twice, the last counts."""
    folder, name = ".", "log.html"
    for option, following in zip(options, [*options[1:], ""], strict=True):
        key, equals, value = option.partition("=")
        if key in {"-d", "--outputdir"}:
            folder = value if equals else following
        elif key in {"-l", "--log"}:
            name = value if equals else following
    return (house.root / folder / name).resolve()


def run_tests(house: House, tools: Tools) -> int:
    """Run every gate and test, and return their exit code."""
    command = [str(house.command("python")), "-m", "invoke", "test"]
    return tools.run(command, house.root, activated(house, tools.environ))


def activated(house: House, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment variables as they are after `activate`."""
    kept = {name: value for name, value in environ.items() if name != "PYTHONHOME"}
    path = os.pathsep.join([str(house.bin), environ.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(house.venv)}


def welcome(house: House) -> str:
    """What to type next, in the words of the system."""
    script = house.bin / "activate"
    activate = str(script) if os.name == "nt" else f"source {shlex.quote(str(script))}"
    return f"The environment is ready. To work in it:\n  {activate}\n  robot --include smoke suites/"


def create_venv(path: Path) -> None:
    """Make an empty environment with pip, by Python's own means, in place of a broken one."""
    import venv

    venv.EnvBuilder(clear=True, symlinks=os.name != "nt", with_pip=True, prompt="observatory").create(path)


def run_pip(command: Sequence[str], folder: Path, on_line: Callable[[str], None], on_tick: Callable[[], None]) -> int:
    """Run pip, pass its lines on as they come, tick five times a second meanwhile; return its exit code."""
    import queue
    import threading

    settings = {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_USER": "0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    lines: queue.Queue[str | None] = queue.Queue()
    with subprocess.Popen(
        command,
        cwd=folder,
        close_fds=False,  # the lock is inherited
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **settings},
    ) as process:

        def read() -> None:
            for line in process.stdout or ():
                lines.put(line)
            lines.put(None)

        threading.Thread(target=read, daemon=True).start()
        while True:
            with contextlib.suppress(queue.Empty):
                line = lines.get(timeout=0.2)
                if line is None:
                    return process.wait()
                on_line(line)
            on_tick()


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
    """Run a command in the foreground and return its exit code, as a shell would give it."""
    with subprocess.Popen(command, cwd=folder, env=dict(environ)) as process:
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:
                continue  # the command got the same Ctrl-C; it still has its logs to write
            return code if code >= 0 else 128 - code


def main(arguments: Sequence[str], house: House, tools: Tools) -> int:
    """Do what the first word says and return the exit code."""
    word, options = (arguments[0], list(arguments[1:])) if arguments else ("--help", [])
    if word in {"-h", "--help", "help"}:
        tools.say(HELP)
        return 0
    if word not in {"smoke", "regression", "test", "setup"}:
        sys.stderr.write(f"There is no '{word}': say smoke, regression, test, setup or --help.\n")
        return SETUP_FAILED
    if (word == "test" and options) or (word == "setup" and options not in ([], ["--dev"])):
        sys.stderr.write(f"'{word}' does not take {shlex.join(options)}: see python3 bootstrap.py --help.\n")
        return SETUP_FAILED
    for_developers = word == "test" or (word == "setup" and bool(options))
    try:
        set_up(house, "dev" if for_developers else "runtime", tools)
    except SetupError as error:
        sys.stderr.write(f"\n{error}\n")
        return SETUP_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped while setting up; the next call begins anew.\n")
        return INTERRUPTED
    if word == "setup":
        tools.say(welcome(house))
        return 0
    return run_tests(house, tools) if word == "test" else run_suites(house, word, options, tools)


if __name__ == "__main__":
    machine = Tools(create_venv, run_pip, run, time.monotonic, sys.stdout, os.environ)
    sys.exit(main(sys.argv[1:], House(ROOT), machine))
