"""Every question of the dashboards of runs, put to a real Prometheus and a real PostgreSQL that saw real runs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from observatory.health.stock import take_stock
from observatory.health.values import ACCEPTED, TargetHealth
from observatory.history.flaky_queries import flaky_tests
from tests.conftest import new_database
from tests.dashboards import Chosen, Question, boards, chosen_in_sql, filled, in_time, promql, sql, variables
from tests.prometheus_server import Row
from tests.watched_run import MADE_UP, WatchedRun, log_of, sent, watch_runs

_SERIES: Final = re.compile(r"\b(pokeapi_\w+)(?:\{([^}]*)\})?")
_GROUPED: Final = re.compile(r"\bby \(([^)]*)\)")
_LEGEND: Final = re.compile(r"\{\{(\w+)\}\}")
_DAYS: Final = timedelta(days=90)

Cells = list[dict[str, Any]]


@pytest.fixture(scope="module")
def watched(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatchedRun]:
    """Real runs that are over, with what they left."""
    with watch_runs(tmp_path_factory.mktemp("watched"), new_database(postgres)) as seen:
        yield seen


# Prometheus


def named_rightly(question: Question, samples: Mapping[str, set[str]]) -> None:
    """Each metric that a question names is there, and has the labels that it names."""
    found = _SERIES.findall(question.text)
    assert found, f"{question} lies: it names no metric"
    for name, selectors in found:
        assert name in samples, f"{question} lies: there is no {name}"
        labels = set(re.findall(r"(\w+)\s*[=!]", selectors))
        assert labels <= samples[name], f"{question} lies: {name} has no {', '.join(sorted(labels - samples[name]))}"
    labels = {label for group in _GROUPED.findall(question.text) for label in re.split(r",\s*", group)}
    has = set().union(*(samples[name] for name, _ in found))
    assert labels <= has, f"{question} lies: it groups by {', '.join(sorted(labels - has))}"


def answered(watched: WatchedRun, question: Question, target: str) -> list[Row]:
    """What Prometheus says of a target to what a panel asks."""
    chosen: Chosen = {"target": target, "watched": target, "endpoint": None, "window": "1h"}
    span = math.ceil((watched.ended - watched.began).total_seconds()) + 1
    asked = filled(question, chosen, "prometheus").replace("$__range", f"{span}s")
    assert "$" not in asked, f"{question} has a variable that nobody fills in"
    start, end = watched.began.timestamp(), watched.ended.timestamp()
    rows = watched.prometheus.rows(asked, end) if question.instant else watched.prometheus.course(asked, start, end)
    labels = set(_LEGEND.findall(question.legend))
    assert all(labels <= row.labels.keys() for row in rows), f"{question} lies: its legend names labels it has not"
    return rows


def _answer(watched: WatchedRun, board: str, panel: str, target: str) -> dict[str, float]:
    """The numbers at the end that a panel shows of a target, by the labels of their series."""
    (question,) = [asked for asked in promql() if (asked.board, asked.panel) == (board, panel)]
    rows = answered(watched, question, target)
    return {" ".join(row.labels.values()): next(iter(row.values.values())) for row in rows}


@pytest.mark.parametrize("question", promql(), ids=str)
def test_a_question_to_prometheus_names_metrics_and_labels_that_there_are(
    watched: WatchedRun, question: Question
) -> None:
    named_rightly(question, watched.samples)


@pytest.mark.parametrize("question", promql(), ids=str)
def test_a_question_to_prometheus_has_an_answer(watched: WatchedRun, question: Question) -> None:
    rows = [row for target in ("replay", watched.faulty) for row in answered(watched, question, target)]
    values = [value for row in rows for value in row.values.values()]
    assert values, f"{question} lies: it has no rows"
    # There were requests, failures, an open circuit, answers with 429, and suites that ended.
    assert max(values) > 0, f"{question} lies: it was never more than 0"


def test_a_panel_with_a_wrong_metric_or_label_is_told_by_its_name(watched: WatchedRun) -> None:
    question = next(asked for asked in promql() if asked.panel == "Rate limited")
    for wrong in (
        question.text.replace("rate_limited_total", "limited_total"),
        question.text.replace("endpoint=~", "route=~"),
        f"sum by (suite) ({question.text})",
    ):
        with pytest.raises(AssertionError, match=r"^api-performance\.json: Rate limited A lies: "):
            named_rightly(replace(question, text=wrong), watched.samples)


def test_the_numbers_of_api_performance_are_those_that_the_processes_counted(watched: WatchedRun) -> None:
    first, second, third = watched.runs
    board = "api-performance.json"
    assert _answer(watched, board, "Requests", "replay") == {"": sent(first) + sent(second)}
    assert _answer(watched, board, "Requests", watched.faulty) == {"": sent(third)}
    assert _answer(watched, board, "Rate limited", watched.faulty) == {"": 1}
    assert _answer(watched, board, "Rate limited", "replay") == {"": 0}
    # Ten of thirteen requests failed, and then the circuit refused three.
    assert _answer(watched, board, "Failed requests", watched.faulty) == {"": 10}
    assert _answer(watched, board, "Error rate", watched.faulty) == {"": 13 / 16}
    assert _answer(watched, board, "Failures by type", watched.faulty) == {"server_error": 10, "circuit_open": 3}
    assert _answer(watched, board, "Circuits not closed", watched.faulty) == {"": 1}
    assert _answer(watched, board, "Circuit breakers", watched.faulty) == {"pokemon": 0, "type": 1}
    # No request of the recording failed, and one test did, at pokemon.
    assert _answer(watched, board, "Failed requests", "replay") == {"": 0}
    assert _answer(watched, board, "Failures by type", "replay") == {"assertion": 1}
    assert _answer(watched, board, "Error rate", "replay") == {"": 1 / (sent(first) + sent(second))}


def test_before_any_run_api_performance_shows_no_number(watched: WatchedRun) -> None:
    """So that each panel shows its word instead, and none claims that nothing failed."""
    for question in promql():
        assert answered(watched, question, "nobody's") == [], f"{question} claims to know something"


def test_what_can_be_chosen_of_prometheus_is_there(watched: WatchedRun) -> None:
    known = variables(boards()["api-performance.json"])
    asked = re.fullmatch(r"query_result\((.*)\)", known["target"]["query"]["query"])
    assert asked is not None
    rows = watched.prometheus.rows(asked[1])
    regex = known["target"]["regex"].strip("/")
    # As Grafana writes a row for the regular expression.
    texts = ["{" + ",".join(f'{name}="{value}"' for name, value in row.labels.items()) + "}" for row in rows]
    targets = [found[1] for text in texts if (found := re.search(regex, text))]
    # The one first whose suites ended last.
    assert targets[:2] == [watched.faulty, "replay"]
    assert set(targets[2:]) == {"embedded", "live"}
    label_values = known["endpoint"]["query"]["query"]
    assert label_values == 'label_values(pokeapi_requests_total{target="$target"}, endpoint)'
    series = watched.prometheus.rows('pokeapi_requests_total{target="replay"}')
    assert {row.labels["endpoint"] for row in series} == {"pokemon", "berry"}


# PostgreSQL


def asked_of_history(watched: WatchedRun, question: Question, **chosen: str | Sequence[str]) -> tuple[list[str], Cells]:
    """The columns and rows of an answer, to one who can only read, over the quarter of a year until the runs' end."""
    known = variables(boards()[question.board])
    given: dict[str, str | Sequence[str] | None] = {"target": MADE_UP, "test": "", "run": "", "percentile": "P95"}
    given |= chosen
    for name in {"endpoint", "host"} & known.keys() - chosen.keys():
        if known[name]["datasource"]["uid"] == "postgres" and f"{{{name}:" in question.text:
            options = replace(question, panel=f"variable {name}", text=known[name]["query"], columns=())
            given[name] = [str(next(iter(row.values()))) for row in asked_of_history(watched, options, **chosen)[1]]
    asked = in_time(filled(question, given, "postgres"), watched.ended - _DAYS, watched.ended)
    assert "$" not in asked, f"{question} has a variable that nobody fills in"
    with watched.database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE pg_read_all_data")
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(asked)
        columns = [column.name for column in cursor.description or ()]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("RESET ROLE")
    return columns, rows


def shown_rightly(question: Question, columns: Sequence[str], rows: Cells) -> None:
    """An answer has the columns that the panel names, and the form in which Grafana reads it."""
    missing = set(question.columns) - set(columns)
    assert not missing, f"{question} lies: it has no column {', '.join(sorted(missing))}"
    assert len(columns) == len(set(columns)), f"{question} lies: two of its columns have one name"
    if question.form == "time_series":
        assert list(columns) == ["time", "metric", "value"], f"{question} lies: that is no series"
        assert all(value is not None for row in rows for value in row.values()), f"{question} lies: a value is missing"
    if "time" in columns:
        times = [row["time"] for row in rows]
        assert all(isinstance(each, datetime) for each in times), f"{question} lies: its times are none"
        if question.letter != "annotation":
            assert times == sorted(times), f"{question} lies: its times are in no order"


def _table(watched: WatchedRun, board: str, panel: str, **chosen: str | Sequence[str]) -> Cells:
    (question,) = [asked for asked in sql() if (asked.board, asked.panel) == (board, panel)]
    return asked_of_history(watched, question, **chosen)[1]


def _number(watched: WatchedRun, board: str, panel: str, **chosen: str | Sequence[str]) -> Any:
    """The number of a panel; None where it shows its word instead."""
    rows = _table(watched, board, panel, **chosen)
    if not rows:
        return None
    ((value,),) = [tuple(row.values()) for row in rows]
    return value


@pytest.mark.parametrize("question", sql(), ids=str)
def test_a_question_to_postgresql_has_an_answer(watched: WatchedRun, question: Question) -> None:
    found: Cells = []
    for target in (MADE_UP, watched.replayed):
        columns, rows = asked_of_history(watched, question, target=target)
        shown_rightly(question, columns, rows)
        found += rows
    assert found, f"{question} lies: it has no rows"
    for column in columns:
        assert any(row[column] is not None for row in found) or column in _NEVER_THERE, f"{question}: {column} is empty"


_NEVER_THERE: Final = {"Shard", "About", "Accepted by", "Reason", "Until"}
"""Columns of which neither the runs nor the weeks have anything."""


@pytest.mark.parametrize("question", sql(), ids=str)
def test_a_target_that_was_never_watched_gives_no_row_and_no_error(watched: WatchedRun, question: Question) -> None:
    """So that the panel shows its word for that."""
    assert asked_of_history(watched, question, target="nobody's")[1] == [], f"{question} claims to know something"


@pytest.mark.parametrize("question", chosen_in_sql(), ids=str)
def test_what_can_be_chosen_of_postgresql_is_there(watched: WatchedRun, question: Question) -> None:
    columns, rows = asked_of_history(watched, question)
    assert len(columns) == 1
    assert all(isinstance(next(iter(row.values())), str) for row in rows)
    assert rows, f"{question} lies: it has no rows"


@pytest.mark.parametrize("board", ["test-execution.json", "performance-baseline.json", "drift.json"])
def test_the_target_whose_suites_ran_last_is_chosen_at_first(watched: WatchedRun, board: str) -> None:
    (question,) = [asked for asked in chosen_in_sql() if (asked.board, asked.panel) == (board, "variable target")]
    _, rows = asked_of_history(watched, question)
    assert [row["name"] for row in rows] == [watched.faulty, watched.replayed, MADE_UP]


@pytest.mark.parametrize("board", ["test-execution.json", "drift.json"])
def test_the_target_of_a_run_is_chosen_where_only_the_run_is_told(watched: WatchedRun, board: str) -> None:
    """As a line of the log does, which leads there."""
    (question,) = [asked for asked in chosen_in_sql() if (asked.board, asked.panel) == (board, "variable target")]
    for target in (watched.replayed, watched.faulty, MADE_UP):
        run = _table(watched, "test-execution.json", "Recent runs", target=target)[0]["Run"]
        _, rows = asked_of_history(watched, question, run=run)
        assert rows[0]["name"] == target
        assert len(rows) == 3


def test_lines_and_numbers_of_a_recording_are_found_without_its_folder(watched: WatchedRun) -> None:
    question = next(asked for asked in chosen_in_sql() if asked.panel == "variable watched")
    for target, known_as in ((watched.replayed, "replay"), (watched.faulty, watched.faulty), (MADE_UP, MADE_UP)):
        ((row),) = asked_of_history(watched, question, target=target)[1]
        assert list(row.values()) == [known_as]


def test_a_panel_with_a_wrong_column_is_told_by_its_name(watched: WatchedRun) -> None:
    question = next(asked for asked in sql() if asked.panel == "Failing tests")
    wrong = replace(question, text=question.text.replace('AS "Fails since"', 'AS "Since"'))
    with pytest.raises(AssertionError, match=r"^test-execution\.json: Failing tests A lies: .* no column Fails since"):
        shown_rightly(wrong, *asked_of_history(watched, wrong))


# The same numbers as on the health page


def _health(watched: WatchedRun, target: str) -> TargetHealth:
    (health,) = take_stock(watched.database, watched.ended, days=_DAYS.days, target=target).targets
    return health


@pytest.fixture(params=[MADE_UP, "replay", "faulty"])
def target(watched: WatchedRun, request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return {"replay": watched.replayed, "faulty": watched.faulty}.get(name, name)


def test_the_failing_tests_are_those_of_the_health_page(watched: WatchedRun, target: str) -> None:
    board, health = "test-execution.json", _health(watched, target)
    rows = _table(watched, board, "Failing tests", target=target)
    shown = {row["Test"]: (row["Fails since"], row["In runs"]) for row in rows}
    assert shown == {each.test.name: (each.since, each.runs) for each in health.failing}
    assert _number(watched, board, "Failing now", target=target) == len(health.failing)
    assert shown
    suites = _table(watched, board, "Suites, as they ended last", target=target)
    assert sum(row["Tests"] for row in suites) == len(health.tests)
    assert sum(row["Fail"] for row in suites) == len(health.failing)


def test_the_runs_are_those_of_the_health_page(watched: WatchedRun, target: str) -> None:
    board, health = "test-execution.json", _health(watched, target)
    rows = _table(watched, board, "Recent runs", target=target)
    shown = [(row["Began"], row["Passed"], row["Failed"], row["Skipped"], row["Not counted"]) for row in rows]
    assert shown == [(run.started_at, run.passed, run.failed, run.skipped, run.excused) for run in health.runs[:50]]
    assert _number(watched, board, "Runs", target=target) == len(health.runs)
    assert _number(watched, board, "Not finished", target=target) == sum(run.finished_at is None for run in health.runs)
    (pie,) = _table(watched, board, "Passed and failed", target=target)
    of_all = {
        "passed": sum(run.passed for run in health.runs),
        "failed": sum(run.failed for run in health.runs),
        "skipped": sum(run.skipped for run in health.runs),
        "not counted": sum(run.excused for run in health.runs),
    }
    assert pie == of_all
    over_time = _table(watched, board, "Tests over time", target=target)
    assert {name: sum(row[name] for row in over_time) for name in of_all} == of_all
    rate = of_all["passed"] / (of_all["passed"] + of_all["failed"])
    assert _number(watched, board, "Pass rate", target=target) == pytest.approx(rate)


def test_the_flaky_tests_are_those_of_the_command(watched: WatchedRun, target: str) -> None:
    with watched.database.transaction() as connection:
        flaky = flaky_tests(connection, watched.ended, target=target)
    rows = _table(watched, "test-execution.json", "Flaky tests by name", target=target)
    shown = {row["Test"]: (row["Failures"], row["Attempts"], row["Fails"]) for row in rows}
    assert shown == {test.name: (test.failures, test.attempts, test.rate.value) for test in flaky}
    assert _number(watched, "test-execution.json", "Flaky tests", target=target) == len(flaky)


def test_what_is_said_of_latency_is_what_the_health_page_says(watched: WatchedRun, target: str) -> None:
    board, health = "performance-baseline.json", _health(watched, target)
    rows = {row["Endpoint"]: row for row in _table(watched, board, "What is said of each endpoint", target=target)}
    words = {"regressed": "slower", "improved": "faster", ACCEPTED: "accepted", "learning": "learning"}
    for latency in health.latencies:
        word = words.get(latency.verdict, "perhaps not as usual" if latency.last.is_suspected else "as usual")
        row, last = rows.pop(latency.series.endpoint), latency.last
        assert (row["Said"], row["P50"], row["P95"], row["Requests"]) == (word, last.p50, last.p95, last.requests)
        assert (row["Differs by"], row["At least"], row["Since"]) == (last.effect, last.low, last.since)
        if latency.baseline:
            assert (row["Version"], row["Usual P95"]) == (latency.baseline.number, latency.baseline.p95)
    assert not rows
    for panel, said in (("Slower", health.regressed), ("Learning", health.learning), ("Accepted", health.accepted)):
        shown = _number(watched, board, panel, target=target)
        assert shown == (len(said) if health.latencies else None), panel


def test_the_drift_is_that_of_the_health_page(watched: WatchedRun, target: str) -> None:
    board, health = "drift.json", _health(watched, target)
    shown = _table(watched, board, "Schema changes", target=target) + _table(
        watched, board, "Open changes", target=target
    )
    assert {row["Number"] for row in shown} == {known.id for known in health.changes}
    for row in shown:
        (change,) = [known.change for known in health.changes if known.id == row["Number"]]
        assert (row["Endpoint"], row["Path"], row["Resources"]) == (change.subject, change.path, len(change.resources))
        assert row["Breaking"] == ("breaking" if change.breaking else "not breaking")
    breaking = [known for known in health.open_changes if known.change.breaking]
    assert _number(watched, board, "Open and breaking", target=target) == len(breaking)
    assert _number(watched, board, "Open", target=target) == len(health.open_changes) - len(breaking)
    places = _table(watched, board, "Data changes", target=target)
    assert [(row["Found"], row["Endpoint"], row["Path"], row["Values"]) for row in places] == [
        (found.at, found.group.endpoint, found.group.path, found.group.count) for found in health.data
    ]
    assert _number(watched, board, "Places of data", target=target) == len(health.data)


# From a failure to its log lines, and to what changed


def _lines(watched: WatchedRun, pane: str) -> list[dict[str, Any]]:
    """The log lines that Explore shows when it is opened so."""
    (lines,) = json.loads(pane).values()
    (asked,) = lines["queries"]
    assert asked["datasource"]["uid"] == lines["datasource"] == "loki"
    selector, *filters = re.split(r" \| (?=\w+=)", asked["expr"])
    assert selector == '{job="observatory"}'
    # In LogQL texts in quotes are those of Go, and these are both.
    wanted = {name: json.loads(text) for name, text in (each.split("=", 1) for each in filters)}
    begin, end = (datetime.fromtimestamp(int(lines["range"][key]) / 1000, UTC) for key in ("from", "to"))
    return [
        line
        for line in watched.lines
        if begin <= datetime.fromisoformat(line["timestamp"]) <= end and wanted.items() <= line.items()
    ]


def test_a_failing_test_leads_to_its_log_lines_and_tells_what_changed_where_it_asked(watched: WatchedRun) -> None:
    (failing,) = _table(watched, "test-execution.json", "Failing tests", target=watched.replayed)
    assert failing["Test"] == 'Watched."Pikachu" (25) `Keeps` His Height'
    told = [line["message"] for line in _lines(watched, failing["Log lines"])]
    assert [re.sub(r" in .*", "", message) for message in told] == ["GET pokemon/pikachu 200", "Test failed: 8 != 7"]
    # Its height, and the field that is new; the berries that changed too are none of its business.
    of_run = _table(watched, "drift.json", "Schema changes", target=watched.replayed, run=failing["Run"])
    places = _table(watched, "drift.json", "Data changes", target=watched.replayed, run=failing["Run"])
    changes = [row["Path"] for row in (*of_run, *places) if row["Endpoint"] == "pokemon"]
    assert sorted(changes) == ["height", "rating"]
    assert failing["Drift"] == 2
    assert len(of_run) + len(places) > 2


def test_every_line_says_of_which_target_it_is_as_the_panels_call_it(watched: WatchedRun) -> None:
    for run, target in zip(watched.runs, ("replay", "replay", watched.faulty), strict=True):
        (run_id,) = {line["run_id"] for line in log_of(run)}
        lines = [line for line in watched.lines if line["run_id"] == run_id]
        assert {line["target"] for line in lines} == {target}
        assert {"timestamp", "level", "environment", "test_name", "message"} <= set.intersection(*map(set, lines))
        assert {"endpoint", "method", "status_code", "failure_type"} <= set.union(*map(set, lines))


@pytest.mark.parametrize("panel", ["Failing tests", "Failures", "Recent runs"])
def test_every_row_about_a_run_leads_to_log_lines(watched: WatchedRun, panel: str) -> None:
    for target in (watched.replayed, watched.faulty):
        for row in _table(watched, "test-execution.json", panel, target=target):
            found = _lines(watched, row["Log lines"])
            assert found, row
            assert all(line["run_id"].startswith(row["Run"]) for line in found)


def test_tests_and_runs_are_found_by_a_part_of_what_they_are_called(watched: WatchedRun) -> None:
    board, target = "test-execution.json", watched.replayed
    runs = _table(watched, board, "Recent runs", target=target)
    assert len(runs) == 2
    for run in runs:
        assert _table(watched, board, "Recent runs", target=target, run=run["Run"].upper()) == [run]
    assert _table(watched, board, "Failures", target=target, run=runs[1]["Run"]) == []
    assert len(_table(watched, board, "Failures", target=target, test='"pikachu" (25) `')) == 1
    assert _table(watched, board, "Failures", target=target, test="100 %") == []
    (pie,) = _table(watched, board, "Passed and failed", target=target, test="served", run=runs[0]["Run"])
    assert pie == {"passed": 2, "failed": 0, "skipped": 1, "not counted": 0}


def test_an_endpoint_or_a_machine_can_be_chosen(watched: WatchedRun) -> None:
    said = _table(watched, "performance-baseline.json", "What is said of each endpoint", endpoint=["berry", "move"])
    assert {row["Endpoint"] for row in said} == {"berry", "move"}
    chosen = {"endpoint": "berry", "host": "elsewhere"}
    assert _table(watched, "performance-baseline.json", "What is said of each endpoint", **chosen) == []
    changes = _table(watched, "drift.json", "Schema changes", target=watched.replayed, endpoint="berry")
    assert [row["Path"] for row in changes] == ["size"]


def test_a_percentile_can_be_chosen(watched: WatchedRun) -> None:
    health = _health(watched, MADE_UP)
    (berry,) = [latency for latency in health.latencies if latency.series.endpoint == "berry"]
    for name in ("P50", "P95", "P99"):
        rows = _table(watched, "performance-baseline.json", "Baseline over time", endpoint="berry", percentile=name)
        assert {row["value"] for row in rows} == {getattr(known, name.lower()) for known in berry.baselines}
        (asked,) = [each for each in sql() if (each.panel, each.letter) == ("Runs and what is usual", "A")]
        of_runs = asked_of_history(watched, asked, endpoint="berry", percentile=name)[1]
        assert [row["value"] for row in of_runs] == [getattr(run, name.lower()) for run in berry.runs]
