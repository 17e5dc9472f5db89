"""The folder that the processes of one launch share: what each did, and the trouble that the first one met."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Report:
    """What one process has published: its tests, the tags of these, and the seconds that it waited at its end.

    `is_over` tells that it came to its end.
    """

    tests: int = 0
    tags: tuple[str, ...] = ()
    run_id: str | None = None
    api_revision: str | None = None
    waited: float = 0.0
    is_over: bool = False


class LaunchFolder:
    """Lets the processes of a launch know of each other; there is nothing secret in it."""

    def __init__(self, path: Path) -> None:
        """`path` is a folder that is there."""
        self.path = path

    @property
    def trouble(self) -> str:
        """Why nothing more is published, in one clause; empty while all is well."""
        try:
            return (self.path / _TROUBLE).read_text("utf-8")
        except FileNotFoundError:
            return ""

    def tell(self, trouble: str) -> None:
        """Let all processes publish nothing more; the first one's reason is kept."""
        mine = self.path / f"{_TROUBLE}.{os.getpid()}"
        mine.write_text(trouble, encoding="utf-8")
        with suppress(FileExistsError):
            os.link(mine, self.path / _TROUBLE)  # there whole or not at all
        mine.unlink()

    def write(self, report: Report) -> None:
        """Keep what this process did so far."""
        mine = self.path / f"{os.getpid()}.json"
        beside = mine.with_suffix(".new")
        beside.write_text(json.dumps(asdict(report)), encoding="utf-8")
        beside.replace(mine)

    def reports(self) -> list[Report]:
        """What each process did."""
        found = [json.loads(path.read_text("utf-8")) for path in sorted(self.path.glob("*.json"))]
        return [Report(**{**each, "tags": tuple(each["tags"])}) for each in found]
