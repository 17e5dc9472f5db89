"""The dashboard Test Execution: which tests fail and since when, what their log lines say, and how the runs went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.units import DateTimeFromNow, DatetimeISO, PercentUnit, Seconds

from config.grafana.board import board, schema_changes
from config.grafana.boards import test_execution_sql as ask
from config.grafana.boards.api_performance import SCRAPED
from config.grafana.courses import course, piled, run_by_run
from config.grafana.history_sql import DRIFT_OF_RUN, LOG_LINES, TESTS_OF_RUN
from config.grafana.looks import BAD, GOOD, PLAIN, QUIET, WARNING, Look, coloured, judged, leading, look, thresholds
from config.grafana.panels import Panel, bars, lines, number, rows, shares
from config.grafana.sources import Sql, logql, promql
from config.grafana.variables import endpoints_with_numbers, levels, run, target, test, watched

_OUTCOMES: Final = {"passed": GOOD, "failed": BAD, "skipped": PLAIN, "not counted": QUIET}
_RESULTS: Final = {
    "passed": GOOD,
    "failed": BAD,
    "not finished": BAD,
    "no tests": QUIET,
    "load passed": GOOD,
    "load failed": BAD,
    "load unsure": WARNING,
}
_EMPTY: Final = "no run in this time"
_NEVER: Final = "nothing is known"
_DAY: Final = 86_400.0

_FAILED: Final = 'pokeapi_failures_total{target="$watched", endpoint=~"$endpoint"}[$__range]'
_LINES: Final = (
    '{job="observatory", level=~"$level"} | target="$watched" | test_name=~`(?i).*${test:regex}.*` '
    '| run_id=~`${run:regex}.*` | endpoint=~"$endpoint"'
)


def test_execution() -> Dashboard:
    """The dashboard."""
    whole = board(
        "test-execution",
        "Test Execution",
        "Which tests fail and since when, with the way to their log lines and to what changed in the API, and how the "
        "runs went. From the history; a test counts as it ended last, as on the health page.",
        {
            "Now": _now(),
            "What fails": [_failing(), _failures(), _errors(), _flaky()],
            "Over time": _over_time(),
            "Suites": _suites(),
            "Runs": [_runs()],
            "What changed in the API": [_changes()],
            "Log lines": _log(),
        },
        since="now-7d",
        refresh="1m",
        variables=[target(run_first=True), test(), run(), levels(), watched(), endpoints_with_numbers("$watched")],
    )
    return whole.annotation(schema_changes())


def _now() -> Iterator[Panel]:
    yield number(
        "Failing now",
        "Tests that failed when they were run last. Those in quarantine, and those that failed by something of ours, "
        "are not counted. Red from the first.",
        Sql(ask.FAILING_NOW),
        colours=thresholds((1, BAD)),
        empty=_EMPTY,
    )
    yield number(
        "Pass rate",
        "Of the tests that passed or failed in each run, the share that passed. Green from 99 %, yellow from 90 %, red "
        "below.",
        Sql(ask.PASS_RATE),
        unit=PercentUnit,
        decimals=1,
        colours=thresholds((0.9, WARNING), (0.99, GOOD), start=BAD),
        empty=_EMPTY,
    )
    yield number(
        "Flaky tests",
        "Tests that both passed and failed at one revision in the 30 days until now. Yellow from the first.",
        Sql(ask.FLAKY_NUMBER),
        colours=thresholds((1, WARNING)),
        empty=_NEVER,
    )
    yield number("Runs", "Runs that began, loads too.", Sql(ask.RUNS_NUMBER), empty=_EMPTY)
    yield number(
        "Not finished",
        "Runs that began and did not end: they are still going on, or were killed. Yellow from the first.",
        Sql(ask.UNFINISHED),
        colours=thresholds((1, WARNING)),
        empty=_EMPTY,
    )
    yield number(
        "Last run",
        "When the last run began. Nightly runs are too long ago when this says days.",
        Sql(ask.LAST_RUN),
        unit=DateTimeFromNow,
        empty=_EMPTY,
    )


def _failing() -> Panel:
    return rows(
        "Failing tests",
        "Tests that failed when they were run last: since when without a pass, and what they said. Look here first. "
        "Log lines opens those of the test's last run; Drift tells how much changed in that run where the test asked.",
        Sql(ask.FAILING),
        {
            "Test": look(custom__width=420),
            "Fails since": look(unit=DatetimeISO, custom__width=170),
            "In runs": look(custom__width=80),
            "Run": _run_cell(),
            "Drift": _drift_cell(),
            "Log lines": _log_cell(),
        },
        empty="no test failed when it was last run",
    )


def _failures() -> Panel:
    return rows(
        "Failures",
        "Each attempt that failed, the newest first, at most 100; choose a test or a run above. Counts says whether a "
        "failure counts, and if not, why: quarantine, or what of ours caused it.",
        Sql(ask.FAILURES),
        {
            "At": look(unit=DatetimeISO, custom__width=170),
            "Test": look(custom__width=420),
            "Attempt": look(custom__width=80),
            "Took": look(unit=Seconds, decimals=1, custom__width=80),
            "Counts": coloured({"yes": BAD, "quarantine": QUIET}),
            "Run": _run_cell(),
            "Drift": _drift_cell(),
            "Log lines": _log_cell(),
        },
        empty="no failure",
    )


def _errors() -> Panel:
    return rows(
        "Same errors",
        "Failures put together by what they said, names and numbers aside: the error that most tests met comes first.",
        Sql(ask.ERRORS),
        {
            "Tests": look(custom__width=80),
            "Attempts": look(custom__width=90),
            "First": look(unit=DatetimeISO, custom__width=170),
            "Last": look(unit=DatetimeISO, custom__width=170),
        },
        empty="no failure",
    ).span(12)


def _flaky() -> Panel:
    return rows(
        "Flaky tests by name",
        "Tests that both passed and failed at one revision of the tests and one of the API in the 30 days until now, "
        "in their last 100 attempts. Few attempts prove little: observatory flaky tells how sure the share is.",
        Sql(ask.FLAKY),
        {
            "Fails": judged((0.05, WARNING), (0.2, BAD), unit=PercentUnit, decimals=1, custom__width=80),
            "Failures": look(custom__width=90),
            "Attempts": look(custom__width=90),
            "Last": look(unit=DatetimeISO, custom__width=170),
        },
        empty="no test is flaky",
    ).span(12)


def _over_time() -> Iterator[Panel]:
    yield shares(
        "Passed and failed",
        "What came of the tests of all runs, each once in a run, by its last attempt. Not counted are failures of "
        "tests in quarantine, or by something of ours.",
        Sql(ask.OUTCOMES),
        _OUTCOMES,
        empty=_EMPTY,
    )
    yield piled(
        course(
            "Tests over time",
            "What came of the tests of each run, at the time when it began.",
            [Sql(ask.TESTS_OVER_TIME)],
            legend=("sum",),
            empty=_EMPTY,
        ),
        _OUTCOMES,
    ).span(16)
    yield bars(
        "Failure types",
        "Why requests failed, and, as assertion, tests whose requests were good: of the runs that ended in the time "
        "that is shown, as Prometheus has it. Yellow from the first.",
        promql(
            f"sum by (failure_type) (last_over_time({_FAILED}) - min_over_time({_FAILED})) > 0",
            "{{failure_type}}",
            scraped=SCRAPED,
            instant=True,
        ),
        decimals=0,
        colours=thresholds((0.5, WARNING)),
        empty="no failure",
    ).span(8)
    yield run_by_run(
        course(
            "Duration of runs",
            "How long each run took that came to its end, by its kind and machine.",
            [Sql(ask.DURATIONS, "time_series")],
            unit=Seconds,
            empty=_EMPTY,
        )
    ).span(16)


def _suites() -> Iterator[Panel]:
    yield rows(
        "Suites, as they ended last",
        "The tests of each suite as they ended last, and when that was.",
        Sql(ask.SUITES),
        {
            "Last test": look(unit=DateTimeFromNow, custom__width=150),
            "Tests": look(custom__width=80),
            "Fail": judged((1, BAD), custom__width=80),
        },
        empty=_EMPTY,
    ).span(12)
    yield bars(
        "Time since each suite ended",
        "How long ago each suite ended last, as Prometheus has it, if it did in the last seven days. Yellow after a "
        "day and two hours, red after two days: nightly suites did not run.",
        promql(
            'time() - max by (suite) (pokeapi_test_execution_timestamp{target="$watched"}) < 7 * 86400',
            "{{suite}}",
            scraped=SCRAPED,
            instant=True,
        ),
        unit=Seconds,
        colours=thresholds((_DAY + 7200, WARNING), (2 * _DAY, BAD)),
        empty="no suite ended",
    )


def _runs() -> Panel:
    return rows(
        "Recent runs",
        "The newest 50 runs, with what came of their tests. A run that is not finished still goes on, or was killed. "
        "Drift tells how much changed in the API since the run before.",
        Sql(ask.RUNS),
        {
            "Began": look(unit=DatetimeISO, custom__width=170),
            "Result": coloured(_RESULTS),
            "Failed": judged((1, BAD), custom__width=80),
            "Took": look(unit=Seconds, decimals=0, custom__width=80),
            "Run": leading("What failed in this run", TESTS_OF_RUN, custom__width=100),
            "Drift": _drift_cell(),
            "Log lines": _log_cell(),
        },
        empty=_EMPTY,
    )


def _changes() -> Panel:
    return rows(
        "Schema changes timeline",
        "What changed in the schemas of the API, the newest first, at most 50; more is on Schema & Data Drift.",
        Sql(ask.SCHEMA_CHANGES),
        {
            "Found": look(unit=DatetimeISO, custom__width=170),
            "Breaking": coloured({"breaking": BAD, "not breaking": PLAIN}),
            "State": coloured({"open": WARNING, "accepted": GOOD, "reverted": QUIET}),
            "Run": leading("What changed in this run", DRIFT_OF_RUN, custom__width=100),
            "Log lines": _log_cell(),
        },
        empty="no schema changed",
    )


def _log() -> Iterator[Panel]:
    yield (
        piled(
            course(
                "Log lines by level",
                "How many lines there are, choose test, run, level and endpoint above.",
                [logql(f"sum by (level) (count_over_time({_LINES} [$__auto]))", "{{level}}")],
                legend=("sum",),
                empty="no log line",
            ),
            {"ERROR": BAD, "WARNING": WARNING, "INFO": PLAIN, "DEBUG": QUIET},
        )
        .span(24)
        .height(6)
    )
    yield lines(
        "Log",
        "The newest 500 lines, choose test, run, level and endpoint above. In a line that is unfolded, "
        "its run leads to what changed in it.",
        logql(_LINES),
        empty="no log line: is the shipper running?",
    )


def _run_cell() -> Look:
    return leading("What changed in this run", DRIFT_OF_RUN, custom__width=100)


def _drift_cell() -> Look:
    none = [{"type": "value", "options": {"0": {"text": "none", "index": 0}}}]
    shown = judged((1, WARNING), start=QUIET, mappings=none, custom__width=80)
    return [*shown, *leading("What changed in this run", DRIFT_OF_RUN)]


def _log_cell() -> Look:
    return leading("Log lines", LOG_LINES, shown="log lines", custom__width=100)
