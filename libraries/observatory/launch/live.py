"""A command that publishes while it runs: its launch is started before it and finished after it, come what may."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from observatory.errors import ObservatoryError, SettingsError
from observatory.launch.folder import LaunchFolder
from observatory.launch.launch import Asked, Launch, asked_by, attributes_of, launch_of, suite_types
from observatory.launch.portal import Portal, PortalError, Terms, terms_of
from observatory.settings import Settings, load_settings
from observatory.words import count

UUID: Final = "RP_LAUNCH_UUID"
"""The variable by which the processes of a command know their launch; the name is the agent's own."""

FOLDER: Final = "RP_LAUNCH_FOLDER"
"""The variable that names the folder which they share."""

PATIENCE: Final = "RP_LAUNCH_PATIENCE"
"""The variable that says how many seconds they may wait for ReportPortal at their end."""

LISTENER: Final = "robot_reportportal.Listener"

_ANSWERS = 1.0  # seconds in which the server must have answered, or the run goes without it
_WHOLE = 1.5  # seconds that a server which does not do its part may cost a run, where 2 are allowed
_FAREWELL = 0.4  # seconds to finish a launch that met trouble
_GOODBYE = 5.0  # seconds to finish one that met none
_INTERRUPTED = 251  # exit codes of Robot from here on: help, interrupted, wrong data, crashed
_PROGRAMS = frozenset({"robot", "pabot"})


def run_published(command: Sequence[str], say: Callable[[str], None]) -> int:
    """Run `robot` or `pabot`, publish it where the settings say, and give its exit code, whatever ReportPortal does.

    `say` takes a sentence for the person, at the end of the run.

    Raises:
        SettingsError: the command is neither `robot` nor `pabot`.
    """
    place = _place_of_options(command)
    # Both programs read this variable as options before those that were typed.
    asked = asked_by([*shlex.split(os.environ.get("ROBOT_OPTIONS", "")), *command[place:]])
    if asked.is_dry:
        return _run(command, os.environ)[0]
    try:
        settings = load_settings(**asked.settings)
        terms = terms_of(settings)
    except ObservatoryError as error:
        code = _run(command, os.environ)[0]
        say(f"The run was not published: {str(error).rstrip('.')}.")
        return code
    if terms is None:
        return _run(command, os.environ)[0]
    began = time.monotonic()
    types = suite_types(asked.included)
    launch = launch_of(settings, types, datetime.now(UTC), log=asked.log_file)
    try:
        uuid = begun(terms, launch)
    except PortalError as error:
        code = _run(command, os.environ)[0]
        say(f"The run was not published: {error}; then {_later(asked)}.")
        return code
    patience = max(0.0, _WHOLE - _FAREWELL - (time.monotonic() - began))
    with tempfile.TemporaryDirectory(prefix="observatory-launch-", ignore_cleanup_errors=True) as path:
        environment = {**os.environ, UUID: uuid, FOLDER: path, PATIENCE: f"{patience:.2f}", "AGENT_NO_ANALYTICS": "1"}
        published = [*command[:place], "--listener", LISTENER, *command[place:]]
        code, is_stopped = _run(published, environment)
        say(_finished(terms, uuid, LaunchFolder(Path(path)), settings, asked, is_stopped=is_stopped or code < 0))
    return code


def begun(terms: Terms, launch: Launch, answers: float = _ANSWERS) -> str:
    """Start a launch, and give its UUID; one that is started after so many seconds is finished again.

    Raises:
        PortalError: the server is away, does not answer in this time, or does not take the launch.
    """
    found: list[str | PortalError] = []
    is_late = threading.Event()

    def start() -> None:
        try:
            with Portal(terms, _GOODBYE) as portal:
                portal.check()
                if is_late.is_set():
                    return
                found.append(portal.start(launch))
                if is_late.is_set():
                    portal.finish(str(found[0]), datetime.now(UTC), launch.attributes, status="CANCELLED")
        except PortalError as error:
            found.append(error)

    # In a thread, for a name server can keep a request waiting longer than any timeout of it says.
    asking = threading.Thread(target=start, daemon=True, name="ReportPortal")
    asking.start()
    asking.join(answers)
    if not found:
        is_late.set()
        raise PortalError(f"ReportPortal at {terms.endpoint} did not answer in a second; see that it is well")
    if isinstance(found[0], PortalError):
        raise found[0]
    return found[0]


def fingerprint(output: Path) -> str | None:
    """What an output file is known by, so that it is not published twice; None when there is none."""
    try:
        return hashlib.sha256(output.read_bytes()).hexdigest()[:16]
    except OSError:
        return None


def _finished(
    terms: Terms, uuid: str, folder: LaunchFolder, settings: Settings, asked: Asked, *, is_stopped: bool
) -> str:
    """Finish the launch, and say in a sentence what became of it."""
    reports = folder.reports()
    trouble = folder.trouble
    if not trouble and not is_stopped and any(not each.is_over for each in reports):
        trouble = "A process of the run ended before it had published all that it did"
    types = suite_types([*asked.included, *(tag for each in reports for tag in each.tags)])
    attributes = attributes_of(
        settings,
        types,
        run_id=next((each.run_id for each in reports if each.run_id), None),
        api_revision=next((each.api_revision for each in reports if each.api_revision), None),
        output=None if trouble or is_stopped else fingerprint(asked.output_file),
    )
    status = "STOPPED" if trouble else "INTERRUPTED" if is_stopped else None
    try:
        with Portal(terms, _FAREWELL / 2 if trouble else _GOODBYE) as portal:
            page = portal.finish(uuid, datetime.now(UTC), attributes, status=status)
    except PortalError as error:
        return f"The run was not published whole: {trouble or error}; then {_later(asked)}."
    if trouble:
        return f"The run was not published whole ({page}): {trouble}; then {_later(asked)}."
    stopped = ", as far as it came" if is_stopped else ""
    return f"ReportPortal has the run{stopped}, with {count(sum(each.tests for each in reports), 'test')}: {page}"


def _later(asked: Asked) -> str:
    """What to do with a run that is not there, or not whole: its own file is named, for there are others."""
    return f"publish the run later with: inv publish --output {shlex.quote(str(asked.output_file))}"


def _place_of_options(command: Sequence[str]) -> int:
    """Behind the program's name, which may stand behind `python -m`."""
    for index, part in enumerate(command[:3]):
        if Path(part).stem in _PROGRAMS:
            return index + 1
    shown = " ".join(command[:3]) or "nothing"
    raise SettingsError(f"What is published is a run of robot or pabot, not '{shown}'; write one of them behind it.")


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, bool]:
    """Run a command, and give its exit code and whether somebody stopped it.

    A Ctrl-C in a terminal reaches the command itself, which ends in its own time; we are told of it, and wait. A
    request to end, which reaches only us, is passed on as a Ctrl-C, the second one as an order.
    """
    name, *arguments = command
    # pabot starts `robot` by its name: the environment's must be found, also when nobody activated it.
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    program = shutil.which(name, path=path)
    if program is None:
        raise SettingsError(f"'{name}' is not installed here; set the project up, and activate its environment.")
    process = subprocess.Popen([program, *arguments], env={**environment, "PATH": path})  # noqa: S603 - as typed
    with _told_of_signals(process) as stopped:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:  # from a handler of somebody else's
                stopped.append(signal.SIGINT)
    return code, bool(stopped)


@contextmanager
def _told_of_signals(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    stopped: list[int] = []

    def interrupted(number: int, frame: FrameType | None) -> None:
        del frame
        stopped.append(number)

    def ended(number: int, frame: FrameType | None) -> None:
        interrupted(number, frame)
        if process.poll() is None:
            process.send_signal(signal.SIGINT if stopped.count(number) == 1 else signal.SIGKILL)

    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return
    before = {
        number: signal.signal(number, handler)
        for number, handler in ((signal.SIGINT, interrupted), (signal.SIGTERM, ended))
    }
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
