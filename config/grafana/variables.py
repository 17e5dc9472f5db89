"""What a person chooses at the top of a dashboard: a target, endpoints, a part of a test's name, a run."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent
from typing import Final

from grafana_foundation_sdk.builders.dashboard import CustomVariable, QueryVariable, TextBoxVariable
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from config.grafana.history_sql import of_run
from config.grafana.sources import POSTGRES, PROMETHEUS

EVERYTHING: Final = ".*"
"""What stands for all endpoints, or all levels, in the languages of Prometheus and Loki."""

_LABEL_VALUES, _QUERY_RESULT = 1, 3  # Grafana's numbers for kinds of questions

# The one first whose suites ran last; where everything answers wrongly on purpose, last.
_TARGETS: Final = """
    SELECT target.name
    FROM targets AS target JOIN runs AS run ON run.target_id = target.id
    GROUP BY target.name
    ORDER BY {first}target.name = 'faults',
             max(run.started_at) FILTER (WHERE run.kind IN ('robot', 'pabot')) DESC NULLS LAST,
             max(run.started_at) DESC, target.name
    LIMIT 200
"""
# A line of the log leads to its run, and does not say of which target that is.
_OF_RUN: Final = f"${{run:sqlstring}} <> '' AND bool_or({of_run('run.id')}) DESC, "
_WATCHED: Final = """
    SELECT CASE WHEN ${target:sqlstring} LIKE 'replay:%' THEN 'replay' ELSE ${target:sqlstring} END
"""
_SEEN_TARGETS: Final = (
    'sort_desc(max by (target) (pokeapi_test_execution_timestamp{target!="faults"}) '
    "or 0 * max by (target) (pokeapi_requests_total))"
)


def target(*, run_first: bool = False) -> QueryVariable:
    """The target, of those in the history; with `run_first`, that of the run which was chosen comes first."""
    statement = _TARGETS.format(first=_OF_RUN if run_first else "")
    return _asked_of_history("target", "Target", "What is watched.", statement)


def target_with_numbers() -> QueryVariable:
    """The target, of those whose numbers Prometheus has."""
    asked = _asked_of_prometheus("target", "Target", "What is watched.", f"query_result({_SEEN_TARGETS})")
    return asked.regex('/target="([^"]*)"/')


def endpoints(statement: str) -> QueryVariable:
    """One endpoint, some or all, of those that a statement gives."""
    told = "What is asked of the target."
    return _many(_asked_of_history("endpoint", "Endpoint", told, statement))


def watched() -> QueryVariable:
    """What log lines and numbers call the target, which nobody needs to see: they do not tell where a recording is."""
    asked = _asked_of_history("watched", "Watched", "What log lines and numbers call the target.", _WATCHED)
    return asked.hide(VariableHide.HIDE_VARIABLE)


def endpoints_with_numbers(target: str = "$target") -> QueryVariable:
    """One endpoint, some or all, of those of the target whose numbers Prometheus has."""
    question = f'label_values(pokeapi_requests_total{{target="{target}"}}, endpoint)'
    asked = _asked_of_prometheus("endpoint", "Endpoint", "What is asked of the target.", question)
    return _many(asked).all_value(EVERYTHING)


def hosts(statement: str) -> QueryVariable:
    """One machine, some or all, of those that a statement gives."""
    return _many(_asked_of_history("host", "Machine", "Where the tests ran.", statement))


def test() -> TextBoxVariable:
    """A part of tests' names; empty for all."""
    return _typed("test", "Test", "A part of the tests' names; empty for all.")


def run() -> TextBoxVariable:
    """The beginning of a run's id; empty for all."""
    return _typed("run", "Run", "The beginning of a run's id, without dashes; empty for all.")


def choice(name: str, label: str, description: str, choices: Sequence[str], first: str) -> CustomVariable:
    """One of a few words."""
    chosen = CustomVariable(name).label(label).description(description).values(",".join(choices))
    options = [VariableOption(text=each, value=each, selected=each == first) for each in choices]
    return chosen.current(VariableOption(text=first, value=first, selected=True)).options(options)


def levels() -> CustomVariable:
    """One level of log lines, some or all."""
    names = ("ERROR", "WARNING", "INFO", "DEBUG")
    told = CustomVariable("level").label("Level").description("How grave a log line is.").values(",".join(names))
    return told.multi(multi=True).include_all(include_all=True).all_value(EVERYTHING).current(_all())


def _asked_of_history(name: str, label: str, description: str, statement: str) -> QueryVariable:
    text = dedent(statement).strip()
    asked = QueryVariable(name).label(label).description(description).datasource(POSTGRES).query(text).definition(text)
    return asked.refresh(VariableRefresh.ON_DASHBOARD_LOAD).sort(VariableSort.DISABLED)


def _asked_of_prometheus(name: str, label: str, description: str, question: str) -> QueryVariable:
    kind = _QUERY_RESULT if question.startswith("query_result") else _LABEL_VALUES
    query: dict[str, object] = {"qryType": kind, "query": question, "refId": f"{name} of Prometheus"}
    asked = QueryVariable(name).label(label).description(description).datasource(PROMETHEUS).query(query)
    order = VariableSort.DISABLED if kind == _QUERY_RESULT else VariableSort.ALPHABETICAL_ASC
    return asked.definition(question).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(order)


def _many(asked: QueryVariable) -> QueryVariable:
    return asked.multi(multi=True).include_all(include_all=True).current(_all())


def _all() -> VariableOption:
    return VariableOption(text=["All"], value=["$__all"], selected=True)


def _typed(name: str, label: str, description: str) -> TextBoxVariable:
    nothing = VariableOption(text="", value="", selected=True)
    return TextBoxVariable(name).label(label).description(description).default_value("").current(nothing)
