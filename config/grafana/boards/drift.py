"""The dashboard Schema & Data Drift: what changed in the API, in its schemas and in its data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import DatetimeISO

from config.grafana.board import board
from config.grafana.boards import drift_sql as ask
from config.grafana.courses import course, piled
from config.grafana.history_sql import LOG_LINES, TESTS_OF_RUN
from config.grafana.looks import BAD, GOOD, PLAIN, QUIET, WARNING, Look, coloured, leading, look, thresholds
from config.grafana.panels import Panel, number, rows
from config.grafana.sources import Sql
from config.grafana.variables import endpoints, run, target

_BREAKING: Final = {"breaking": BAD, "not breaking": PLAIN}
_STATES: Final = {"open": WARNING, "accepted": GOOD, "reverted": QUIET}
_EMPTY: Final = "nothing is known"
_NONE: Final = "no schema changed"
_SAME: Final = "no data changed"


def drift() -> Dashboard:
    """The dashboard."""
    return board(
        "drift",
        "Schema & Data Drift",
        "What changed in the API: fields of its schemas, breaking or not, open until a person accepts them or the API "
        "takes them back; and values of its data. Of one run, when its id is given above.",
        {
            "Now": _now(),
            "Waiting for somebody": [_open()],
            "Schemas": _schemas(),
            "Data": _data(),
        },
        since="now-90d",
        refresh="5m",
        variables=[target(run_first=True), endpoints(ask.ENDPOINTS), run()],
    )


def _now() -> Iterator[Panel]:
    yield number(
        "Open and breaking",
        "Changes that break who relies on what was, and that nobody accepted, however old. Red from the first.",
        Sql(ask.number_of_open(breaking=True)),
        colours=thresholds((1, BAD)),
        empty=_EMPTY,
    )
    yield number(
        "Open",
        "Changes that break nothing, and that nobody accepted, however old. Yellow from the first.",
        Sql(ask.number_of_open(breaking=False)),
        colours=thresholds((1, WARNING)),
        empty=_EMPTY,
    )
    yield number("Found", "Changes of schemas that were found.", Sql(ask.CHANGES_NUMBER), empty=_EMPTY)
    yield number("Places of data", "Places in the data that changed.", Sql(ask.PLACES_NUMBER), empty=_EMPTY)
    yield number(
        "Resources touched",
        "Resources whose schema or data changed, each counted once.",
        Sql(ask.RESOURCES_NUMBER),
        empty=_EMPTY,
    )
    yield number(
        "Resources watched",
        "Resources that were answered, each counted once.",
        Sql(ask.WATCHED_NUMBER),
        empty=_EMPTY,
    )


def _open() -> Panel:
    return rows(
        "Open changes",
        "Changes of schemas that nobody accepted, however old, at most 100. Look here first. Accept what is meant to "
        "be so with observatory drift accept and the number.",
        Sql(ask.OPEN),
        _columns(),
        empty="no change is open",
    )


def _schemas() -> Iterator[Panel]:
    yield piled(
        course(
            "Schema changes by day",
            "How many changes of schemas were found on each day, in UTC.",
            [Sql(ask.BY_DAY)],
            legend=("sum",),
            empty=_NONE,
        ),
        _BREAKING,
    )
    yield rows(
        "By endpoint",
        "Changes of schemas by endpoint, and what became of them.",
        Sql(ask.BY_ENDPOINT),
        {},
        empty=_NONE,
    ).span(12)
    yield rows(
        "Schema changes",
        "Changes of schemas that were found, the newest first, at most 200: what was there before and after, and how "
        "many resources show it.",
        Sql(ask.CHANGES),
        _columns(),
        empty=_NONE,
    ).height(12)
    yield rows(
        "Versions of schemas",
        "Each version of a schema that a change made, the newest first, at most 100.",
        Sql(ask.VERSIONS),
        {"Seen": look(unit=DatetimeISO, custom__width=170), "Run": _run_cell()},
        empty="no schema is known",
    )


def _data() -> Iterator[Panel]:
    yield piled(
        course(
            "Places of data by day",
            "In how many places the data changed on each day, in UTC, by endpoint.",
            [Sql(ask.DATA_BY_DAY, "time_series")],
            legend=("sum",),
            empty=_SAME,
        )
    )
    yield piled(
        course(
            "New answers by day",
            "How many answers came on each day, in UTC, that their resource had not given before: what is stored. "
            "First are those of resources that were never seen before.",
            [Sql(ask.STATES_BY_DAY)],
            legend=("sum",),
            empty="no answer was new",
        ),
        {"first": PLAIN, "changed": WARNING},
    )
    yield rows(
        "Data changes",
        "Where the data changed, the newest first, at most 200: one row for each place, with how many values and "
        "resources it touches. The values before and after are in log.html and on the health page.",
        Sql(ask.DATA),
        {
            "Found": look(unit=DatetimeISO, custom__width=170),
            "Run": _run_cell(),
            "Log lines": _log_cell(),
        },
        empty=_SAME,
    ).height(12)


def _columns() -> dict[str, Look]:
    return {
        "Found": look(unit=DatetimeISO, custom__width=170),
        "Breaking": coloured(_BREAKING),
        "State": coloured(_STATES),
        "Run": _run_cell(),
        "Log lines": _log_cell(),
    }


def _run_cell() -> Look:
    return leading("What failed in this run", TESTS_OF_RUN, custom__width=100)


def _log_cell() -> Look:
    return leading("Log lines", LOG_LINES, shown="log lines", custom__width=100)
