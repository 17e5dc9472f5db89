"""The run that a Robot process belongs to: under pabot it is shared by all processes of one command."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path


def shared_run_id(output: Path) -> str | None:
    """The run that all processes of one pabot command share; None outside pabot.

    pabot empties its folder before it starts the processes, so the first one to make this file names the run.
    """
    shared = _pabot_results(output)
    if shared is None:
        return None
    name = shared / "observatory-run"
    mine = shared / f"observatory-run.{os.getpid()}"
    mine.write_text(str(uuid.uuid4()), encoding="ascii")
    with suppress(FileExistsError):
        os.link(mine, name)  # there whole or not at all
    mine.unlink()
    return name.read_text(encoding="ascii")


def kind_of_run(output: Path) -> str:
    """Which command the run is: processes of pabot keep each other waiting, and are slower than robot alone."""
    return "robot" if _pabot_results(output) is None else "pabot"


def _pabot_results(output: Path) -> Path | None:
    """The folder that all processes of one pabot command write below; None outside pabot."""
    return next((folder for folder in (output, *output.parents) if folder.name == "pabot_results"), None)


def log_of_the_run(output: Path, log: str) -> str | None:
    """Where log.html of the whole run is written; None when the run writes none.

    A process of pabot writes none of its own, and is not told the name of the one that pabot makes of all of them in
    the end: it is the usual one.
    """
    shared = _pabot_results(output)
    if shared is not None:
        return str(shared.parent / "log.html")
    return None if log == "NONE" else log
