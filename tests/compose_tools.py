"""The tools that look at compose files and at the Dockerfile, which come with requirements-dev.txt."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def complaints_of(tool: str, *arguments: str | Path) -> str:
    """What a tool has against the files it is given; nothing when it is content.

    It is an error, and no reason to skip, when the tool is not there: it is installed with what the tests need.
    """
    command = shutil.which(tool, path=Path(sys.executable).parent)
    assert command is not None, f"{tool} is not installed beside this Python: pip install -r requirements-dev.txt"
    checked = subprocess.run(
        [command, *map(str, arguments)], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    return "" if checked.returncode == 0 else f"{checked.stdout}{checked.stderr}" or f"exit code {checked.returncode}"
