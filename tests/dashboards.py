"""The dashboards as Grafana reads them: their panels, and the questions that these ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from config.grafana.generate import generated
from config.grafana.sources import POSTGRES, PROMETHEUS


@dataclass(frozen=True, slots=True)
class Question:
    """What a panel asks, or an annotation: in PromQL or SQL, with the legend of its series or the columns it names."""

    board: str
    panel: str
    letter: str
    text: str
    legend: str = ""
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.board}: {self.panel} {self.letter}"


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards by the names of their files."""
    return {name: json.loads(text) for name, text in generated()}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def promql() -> list[Question]:
    """What all panels ask Prometheus."""
    return [
        Question(name, panel["title"], target["refId"], target["expr"], target["legendFormat"])
        for name, board in boards().items()
        for panel in panels(board)
        for target in panel["targets"]
        if target["datasource"]["uid"] == PROMETHEUS.uid
    ]


def sql() -> list[Question]:
    """What all panels and annotations ask PostgreSQL."""
    return list(_sql())


def _sql() -> Iterator[Question]:
    for name, board in boards().items():
        for panel in panels(board):
            looks = [each["matcher"] for each in panel["fieldConfig"]["overrides"]]
            columns = tuple(look["options"] for look in looks if look["id"] == "byName")
            for target in panel["targets"]:
                if target["datasource"]["uid"] == POSTGRES.uid:
                    yield Question(name, panel["title"], target["refId"], target["rawSql"], columns=columns)
        for annotation in board.get("annotations", {}).get("list", []):
            needed = ("time", "timeend", "text", "tags")
            yield Question(name, annotation["name"], "annotation", annotation["target"]["rawSql"], columns=needed)
