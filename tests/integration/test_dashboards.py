"""Every question of the dashboard of loads, put to a real Prometheus and a real PostgreSQL that saw real loads."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import psycopg2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.dashboards import Question, in_time, promql, sql
from tests.watched_load import WatchedLoad

_NAME = re.compile(r"\bpokeapi_\w+")
_LABEL = re.compile(r"\{\{(\w+)\}\}")


@pytest.mark.parametrize("question", promql(of_loads=True), ids=str)
def test_a_question_to_prometheus_names_metrics_that_there_are(watched_load: WatchedLoad, question: Question) -> None:
    families = text_string_to_metric_families(watched_load.pages["running"])
    known = {sample.name for family in families for sample in family.samples}
    named = set(_NAME.findall(question.text))
    assert named
    assert named <= known, f"{question} lies: there is no {', '.join(sorted(named - known))}"


@pytest.mark.parametrize("question", promql(of_loads=True), ids=str)
def test_a_question_to_prometheus_has_an_answer(watched_load: WatchedLoad, question: Question) -> None:
    watched = watched_load
    window = math.ceil(watched.ended - watched.began)
    asked = question.text.replace("$__rate_interval", "5s").replace("$__range", f"{window}s")
    assert "$" not in asked, f"{question} has a variable that nobody fills in"
    rows = watched.prometheus.course(asked, watched.began, watched.ended)
    values = [value for row in rows for value in row.values.values()]
    assert values, f"{question} lies: {asked} has no rows"
    # There were users, requests, failures, arrivals, and a latency of each request.
    assert max(values) > 0, f"{question} lies: {asked} was never more than 0"
    labels = set(_LABEL.findall(question.legend))
    assert all(labels <= row.labels.keys() for row in rows), f"{question} lies: its legend names labels it has not"


@pytest.mark.parametrize("question", sql(of_loads=True), ids=str)
def test_a_question_to_postgresql_has_an_answer(watched_load: WatchedLoad, question: Question) -> None:
    start, end = (datetime.fromtimestamp(at, UTC) for at in (watched_load.began, watched_load.ended))
    asked = in_time(question.text, start, end)
    assert "$" not in asked, f"{question} has a variable that nobody fills in"
    with psycopg2.connect(watched_load.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(asked)
        columns = [column.name for column in cursor.description or ()]
        rows = cursor.fetchall()
    connection.close()
    assert rows, f"{question} lies: it has no rows"
    missing = set(question.columns) - set(columns)
    assert not missing, f"{question} lies: it has no column {', '.join(sorted(missing))}"


def test_the_table_of_loads_says_what_their_reports_say(watched_load: WatchedLoad) -> None:
    (table,) = [question.text for question in sql(of_loads=True) if question.panel == "The latest loads"]
    with psycopg2.connect(watched_load.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(table)
        columns = [column.name for column in cursor.description or ()]
        found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    connection.close()
    second, first = (
        next(load for load in found if load["Began"] == report.started_at)
        for report in (watched_load.second, watched_load.first)
    )
    assert found.index(second) < found.index(first)
    assert (first["Requests"], first["Target"]) == (watched_load.first.total.requests, "embedded")
    assert (second["Requests"], second["Failed"], second["Verdict"]) == (
        watched_load.second.total.requests,
        1.0,
        "failed",
    )
