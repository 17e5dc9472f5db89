"""The dashboard Performance Baseline: what is usual for each endpoint, and what differs from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.timeseries import Panel as Course
from grafana_foundation_sdk.models.units import DatetimeISO, PercentUnit, Seconds

from config.grafana.board import board, schema_changes
from config.grafana.boards import performance_baseline_sql as ask
from config.grafana.courses import course, in_steps, run_by_run
from config.grafana.history_sql import LOG_LINES, TESTS_OF_RUN
from config.grafana.looks import BAD, GOOD, PLAIN, QUIET, WARNING, Look, coloured, judged, leading, look, thresholds
from config.grafana.panels import Panel, dial, number, rows
from config.grafana.sources import Sql
from config.grafana.variables import choice, endpoints, hosts, target
from observatory.latency.threshold import TOLERANCE

_SAID: Final = {
    "slower": BAD,
    "perhaps not as usual": WARNING,
    "faster": GOOD,
    "as usual": GOOD,
    "accepted": PLAIN,
    "learning": QUIET,
}
_EMPTY: Final = "nothing was judged in this time"
_LEAST_EFFECT: Final = 0.05  # below it, nobody would notice


def performance_baseline() -> Dashboard:
    """The dashboard."""
    percentile = choice("percentile", "Percentile", "What the lines are of.", ("P50", "P95", "P99"), "P95")
    whole = board(
        "performance-baseline",
        "Performance Baseline",
        "What is usual for each endpoint, and what differs from it, as it was judged of each run. Targets, machines, "
        "shards and kinds of runs have baselines of their own.",
        {
            "Now": _now(),
            "What differs": [_said(), _deviation()],
            "Run by run": [_current_and_usual(), _versions_over_time()],
            "What was found": [_regressions(), _versions()],
        },
        since="now-30d",
        refresh="5m",
        variables=[target(), endpoints(ask.ENDPOINTS), hosts(ask.HOSTS), percentile],
    )
    return whole.annotation(schema_changes())


def _now() -> Iterator[Panel]:
    kinds = [
        ("Slower", "slower", "Proved to be slower than usual, and accepted by nobody. Red from the first.", BAD),
        (
            "Perhaps not as usual",
            "perhaps not as usual",
            "The last run differs by more than its noise, which the runs so far do not prove. Yellow from the first.",
            WARNING,
        ),
        ("Faster", "faster", "Proved to be faster than usual.", GOOD),
        ("As usual", "as usual", "No difference is proved.", GOOD),
        ("Accepted", "accepted", "They differed, and a person took that for usual: it is learnt anew.", PLAIN),
        ("Learning", "learning", "Of these too few runs are known to judge.", PLAIN),
    ]
    for title, word, told, colour in kinds:
        yield number(
            title,
            f"Endpoints, each on its machine. {told}",
            Sql(ask.number_of(word)),
            colours=thresholds((1, colour), start=GOOD if colour in (BAD, WARNING) else PLAIN),
            empty=_EMPTY,
        )


def _said() -> Panel:
    return rows(
        "What is said of each endpoint",
        "What was judged last, the slower ones first, in the words of the health page: by how much, and between which "
        "bounds that lies with 95 % probability. Look here first. Since is when it began to differ.",
        Sql(ask.SAID),
        {
            "Said": coloured(_SAID),
            "Differs by": _effect(),
            **dict.fromkeys(("At least", "At most"), look(unit=PercentUnit, decimals=1, custom__width=90)),
            **dict.fromkeys(("Since", "Judged"), look(unit=DatetimeISO, custom__width=170)),
            **dict.fromkeys(("P50", "P95", "P99"), look(unit=Seconds, custom__width=80)),
            **dict.fromkeys(("Usual P50", "Usual P95", "Usual P99"), look(unit=Seconds, custom__width=100)),
            "Run": _run_cell(),
            "Log lines": _log_cell(),
        },
        empty=_EMPTY,
    )


def _deviation() -> Panel:
    return dial(
        "Deviation from the baseline",
        "By how much each endpoint is slower than usual, or faster, below 0. Yellow from 5 %, red from 20 %; a small "
        "difference may be noise, what is proved stands in the table above.",
        Sql(ask.DEVIATION),
        unit=PercentUnit,
        bounds=(-0.5, 0.5),
        decimals=1,
        colours=thresholds((_LEAST_EFFECT, WARNING), (TOLERANCE, BAD)),
        each_row=True,
        empty="no baseline yet, or just accepted",
    ).span(24)


def _current_and_usual() -> Panel:
    shown = run_by_run(
        course(
            "Runs and what is usual",
            "The chosen percentile of each run, and as a dashed line that of the baseline which it was held against.",
            [Sql(ask.RUN_BY_RUN, "time_series"), Sql(ask.USUAL_RUN_BY_RUN, "time_series")],
            unit=Seconds,
            legend=("lastNotNull",),
            empty=_EMPTY,
        )
    )
    return _dashed(shown).span(24).height(11)


def _versions_over_time() -> Panel:
    shown = course(
        "Baseline over time",
        "The chosen percentile of each version of the baselines, for as long as it held: a step is a new version.",
        [Sql(ask.BASELINE_HISTORY, "time_series")],
        unit=Seconds,
        legend=("lastNotNull",),
        empty="no baseline yet",
    )
    return in_steps(shown).span(24)


def _dashed(panel: Course) -> Course:
    line = {"fill": "dash", "dash": [8, 6]}
    return panel.override_by_regexp("/^usual: /", look(custom__lineStyle=line, custom__showPoints="never"))


def _regressions() -> Panel:
    return rows(
        "Regressions, run by run",
        "Each run in which an endpoint was proved to be slower than usual, the newest first, at most 100.",
        Sql(ask.REGRESSIONS),
        {
            **dict.fromkeys(("Run began", "Since"), look(unit=DatetimeISO, custom__width=170)),
            "Differs by": _effect(),
            **dict.fromkeys(("At least", "At most"), look(unit=PercentUnit, decimals=1, custom__width=90)),
            **dict.fromkeys(("P95", "Usual P95"), look(unit=Seconds, custom__width=100)),
            "Run": _run_cell(),
            "Log lines": _log_cell(),
        },
        empty="nothing got slower",
    )


def _versions() -> Panel:
    return rows(
        "Versions of the baselines",
        "What was held for usual, from when to when, and of how much: a version without an end holds. At most 100.",
        Sql(ask.VERSIONS),
        {
            **dict.fromkeys(("Holds from", "Until"), look(unit=DatetimeISO, custom__width=170)),
            **dict.fromkeys(("P50", "P95", "P99"), look(unit=Seconds, custom__width=80)),
        },
        empty="no baseline yet",
    )


def _effect() -> Look:
    steps = ((_LEAST_EFFECT, WARNING), (TOLERANCE, BAD))
    return judged(*steps, start=QUIET, unit=PercentUnit, decimals=1, custom__width=100)


def _run_cell() -> Look:
    return leading("What failed in this run", TESTS_OF_RUN, custom__width=100)


def _log_cell() -> Look:
    return leading("Log lines", LOG_LINES, shown="log lines", custom__width=100)
