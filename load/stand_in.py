"""The stand-in for a load: a server in processes of its own, which ends with whoever started it."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from observatory.errors import StandInError

_SERVING: Final = re.compile(r"Serving .* at (http://\S+)")


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in that was started: its address, and the process to end."""

    address: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it; it ends by itself, too, when this process is killed."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def start_stand_in(processes: int, recording: Path | None = None) -> StandIn:
    """Start it on a free port, serving the catalogue or a recording from so many processes.

    Raises:
        StandInError: it did not start.
    """
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--processes", str(processes), "--until-input-ends"]
    if recording is not None:
        command += ["--recording", str(recording)]
    process = subprocess.Popen(  # noqa: S603 - the command is the one above
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,  # a Ctrl-C at the terminal is for the load, whose end is the stand-in's
    )
    match = _SERVING.match(process.stdout.readline()) if process.stdout else None
    if match is None:
        process.kill()
        said = " ".join(process.communicate()[1].split())
        raise StandInError(f"The stand-in did not start: {said or 'it said nothing'}.")
    return StandIn(match[1], process)
