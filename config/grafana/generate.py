"""Generates the dashboards that Grafana reads: `python -m config.grafana.generate` writes them all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from config.grafana.boards import BOARDS

FOLDER: Final = Path(__file__).resolve().parent / "dashboards"
"""What Grafana reads, and nothing else."""


def generated() -> Iterator[tuple[str, str]]:
    """The name of each dashboard's file, and its text."""
    for name, board in BOARDS.items():
        built = json.loads(json.dumps(board().build(), cls=JSONEncoder))
        for number, panel in enumerate(built["panels"], start=1):
            panel["id"] = number
            _name_questions(panel)
        yield name, json.dumps(built, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _name_questions(panel: dict[str, Any]) -> None:
    """Give what Grafana would give when it loads the panel, so that links to it and its alerts stay good."""
    questions = panel.get("targets", [])
    for letter, question in zip(ascii_uppercase, questions, strict=False):
        question["refId"] = letter
    if questions:
        panel["datasource"] = questions[0]["datasource"]


def main() -> None:
    """Write all dashboards, and delete those that are none any more."""
    FOLDER.mkdir(exist_ok=True)
    texts = dict(generated())
    for file in FOLDER.glob("*.json"):
        if file.name not in texts:
            file.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
