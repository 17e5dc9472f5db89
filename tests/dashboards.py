"""The dashboards as Grafana reads them: their panels, the questions that these ask, and what a person chooses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from config.grafana.generate import generated
from config.grafana.sources import LOKI, POSTGRES, PROMETHEUS

LOAD: Final = "load-test.json"
"""The dashboard of loads, which are watched apart from runs."""

_VARIABLE: Final = re.compile(r"\$(?!__)(\w+)|\$\{(?!__)(\w+)(?::(\w+))?\}")
_TIME_FILTER: Final = re.compile(r"\$__timeFilter\(([^)]*)\)")
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}]")

Chosen = Mapping[str, str | Sequence[str] | None]
"""What was chosen of each variable: a text, or several; None stands for all."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a panel asks, or an annotation, or a variable, in the language of its source.

    `legend` names its series. `columns` are those that the panel names. `form` is how Grafana reads an answer in SQL.
    """

    board: str
    panel: str
    letter: str
    text: str
    legend: str = ""
    columns: tuple[str, ...] = ()
    form: str = "table"
    instant: bool = False

    def __str__(self) -> str:
        return f"{self.board}: {self.panel} {self.letter}"


@cache
def texts() -> Mapping[str, str]:
    """The texts of the dashboards by the names of their files."""
    return dict(generated())


def boards() -> dict[str, dict[str, Any]]:
    """The dashboards by the names of their files."""
    return {name: json.loads(text) for name, text in texts().items()}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What can be chosen on a dashboard, by its name."""
    return {variable["name"]: variable for variable in board.get("templating", {}).get("list", [])}


def promql(*, of_loads: bool = False) -> list[Question]:
    """What all panels ask Prometheus, of runs, or of loads."""
    return [
        Question(
            name,
            panel["title"],
            target["refId"],
            target["expr"],
            target["legendFormat"],
            instant=target.get("instant", False),
        )
        for name, panel, target in _targets(PROMETHEUS.uid)
        if (name == LOAD) is of_loads
    ]


def logql() -> list[Question]:
    """What all panels ask Loki."""
    return [
        Question(name, panel["title"], target["refId"], target["expr"], target["legendFormat"])
        for name, panel, target in _targets(LOKI.uid)
    ]


def sql(*, of_loads: bool = False) -> list[Question]:
    """What all panels and annotations ask PostgreSQL, of runs, or of loads."""
    return [question for question in _sql() if (question.board == LOAD) is of_loads]


def chosen_in_sql() -> list[Question]:
    """What variables ask PostgreSQL."""
    return [
        Question(name, f"variable {variable['name']}", "", variable["query"])
        for name, board in boards().items()
        for variable in variables(board).values()
        if variable.get("datasource", {}).get("uid") == POSTGRES.uid
    ]


def _targets(source: str | None) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for name, board in boards().items():
        for panel in panels(board):
            for target in panel["targets"]:
                if target["datasource"]["uid"] == source:
                    yield name, panel, target


def _sql() -> Iterator[Question]:
    for name, panel, target in _targets(POSTGRES.uid):
        looks = [each["matcher"] for each in panel["fieldConfig"]["overrides"]]
        columns = tuple(look["options"] for look in looks if look["id"] == "byName")
        asked = target["rawSql"]
        yield Question(name, panel["title"], target["refId"], asked, columns=columns, form=target["format"])
    for name, board in boards().items():
        for annotation in board.get("annotations", {}).get("list", []):
            needed = ("time", "timeend", "text", "tags")
            yield Question(name, annotation["name"], "annotation", annotation["target"]["rawSql"], columns=needed)


def filled(question: Question, chosen: Chosen, source: str) -> str:
    """A question as Grafana sends it to a source: with what was chosen, each in the form that the question asks for.

    All of a variable is what the variable says that stands for all.
    """
    known = variables(boards()[question.board])

    def value(match: re.Match[str]) -> str:
        name, form = match[1] or match[2], match[3]
        assert name in known, f"{question} lies: nothing can be chosen that is called {name}"
        variable, given = known[name], chosen.get(name, "")
        if given is None:
            return str(variable["allValue"])
        several = variable["multi"] or variable["includeAll"]
        return _formatted(given, form or ("" if not several else source))

    return _VARIABLE.sub(value, question.text)


def _formatted(given: str | Sequence[str], form: str) -> str:
    many = [given] if isinstance(given, str) else list(given)
    match form:
        case "sqlstring" | POSTGRES.uid:
            return ",".join("'" + each.replace("'", "''") + "'" for each in many)
        case "regex":
            escaped = [_SPECIAL.sub(lambda found: "\\" + found[0], each) for each in many]
            return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
        case PROMETHEUS.uid | LOKI.uid:  # within quotes, where a backslash is written twice
            escaped = [_SPECIAL.sub(lambda found: "\\\\" + found[0], each) for each in many]
            joined = "|".join(escaped)
            return joined if len(escaped) == 1 or form == LOKI.uid else f"({joined})"
        case "":
            assert isinstance(given, str)
            return given.replace("\\", "\\\\")
    raise AssertionError(f"nobody knows the form {form}")


def in_time(statement: str, start: datetime, end: datetime) -> str:
    """A statement as Grafana's source sends it to PostgreSQL: with the time that is shown."""
    begin, finish = (f"'{at.astimezone(UTC).isoformat(timespec='milliseconds')}'" for at in (start, end))
    statement = _TIME_FILTER.sub(lambda found: f"{found[1]} BETWEEN {begin} AND {finish}", statement)
    return statement.replace("$__timeFrom()", begin).replace("$__timeTo()", finish)
