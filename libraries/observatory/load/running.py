"""Starting a load from outside: Locust in a process of its own, with the observatory's locustfile."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from observatory.errors import ObservatoryError
from observatory.settings import PROJECT_ROOT

LOCUSTFILE: Final = PROJECT_ROOT / "load" / "locustfile.py"
_LOOPBACK: Final = "127.0.0.1"
_PATIENCE: Final = 30.0  # seconds that Locust has to end by itself when it is asked to


class LoadError(ObservatoryError):
    """A load could not be started."""


def load_command(options: Sequence[str], *, web: bool = False) -> list[str]:
    """The command line of a load: Locust with these options, without its page or with it.

    Raises:
        LoadError: Locust's part of the observatory is not there.
    """
    if not LOCUSTFILE.is_file():
        raise LoadError(f"There is no {LOCUSTFILE}: loads run in a checkout of the project only.")
    how = ["--autostart"] if web else ["--headless", "--progress", "--loglevel", "WARNING"]
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *how, *options]
    if any(option == "--processes" or option.startswith("--processes=") for option in options):
        # Two loads of one machine do not meet at the port of Locust's master, and nobody else does.
        port = str(_free_port())
        command += ["--master-bind-host", _LOOPBACK, "--master-bind-port", port, "--master-port", port]
    return command


def run_load(
    options: Sequence[str],
    environment: Mapping[str, str],
    *,
    web: bool = False,
    on_line: Callable[[str], None] | None = None,
) -> int:
    """Run a load to its end and give Locust's exit code: 0 passed, 1 failed, 2 not started, 3 unsure.

    Its output goes where this process's goes, or line by line to `on_line`. A Ctrl-C is passed on, and the report of
    what was done by then is waited for.

    Raises:
        LoadError: it could not be started.
    """
    command = load_command(options, web=web)
    piped = None if on_line is None else subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - the command is the one above
            command,
            stdin=subprocess.DEVNULL,
            stdout=piped,
            stderr=None if on_line is None else subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env={**environment, "PYTHONUNBUFFERED": "1"},
            cwd=PROJECT_ROOT,
            start_new_session=True,  # so that a Ctrl-C reaches it once, and its workers not before it
        )
    except OSError as error:
        raise LoadError(f"Locust could not be started: {error}.") from error
    try:
        return _ended(process, on_line)
    except BaseException:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def _ended(process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> int:
    interrupted = False
    while True:
        try:
            for line in process.stdout or ():
                if on_line is not None:
                    on_line(line.rstrip("\n"))
            return process.wait()
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            process.terminate()


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind((_LOOPBACK, 0))
        port: int = asked.getsockname()[1]
        return port
