"""The dashboard Load Test: what a load does to the API while it goes on, and the loads before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.units import DatetimeISO, PercentUnit, RequestsPerSecond, Seconds

from config.grafana.board import board
from config.grafana.courses import course, distribution
from config.grafana.looks import BAD, GOOD, WARNING, coloured, look, thresholds
from config.grafana.panels import Panel, number, rows
from config.grafana.sources import POSTGRES, Sql, buckets, promql
from observatory.load import Limits

SCRAPED: Final = "5s"
"""How often the port of a load is to be scraped: the usual fifteen seconds show eight points of the profile light."""

_RATE: Final = "[$__rate_interval]"
_REQUESTS: Final = f"sum(rate(pokeapi_load_requests_total{_RATE}))"
_FAILURES: Final = f"sum(rate(pokeapi_load_failures_total{_RATE}))"
_BUCKETS: Final = f"rate(pokeapi_load_request_duration_seconds_bucket{_RATE})"
_LIMITS: Final = Limits()

_LOADS: Final = """
    SELECT run.started_at AS "Began", load.outcome AS "Verdict", load.ending AS "Ending", load.profile AS "Profile",
           load.shape AS "Shape", load.visitor AS "Visitor", target.name AS "Target", load.users AS "Users",
           load.rate AS "Arrivals", load.seconds AS "Lasted", load.requests AS "Requests",
           load.failures::float8 / nullif(load.requests, 0) AS "Failed", load.throughput AS "Throughput",
           load.p50 AS "P50", load.p95 AS "P95", load.p99 AS "P99", load.longest AS "Longest"
    FROM load_runs AS load
    JOIN runs AS run ON run.id = load.run_id
    JOIN targets AS target ON target.id = run.target_id
    ORDER BY run.started_at DESC LIMIT 50
"""
_SPANS: Final = """
    SELECT run.started_at AS time, run.finished_at AS timeend,
           concat_ws(' ', load.profile, load.shape, 'on', target.name) || ': ' || load.outcome AS text,
           concat_ws(',', load.profile, load.outcome) AS tags
    FROM load_runs AS load
    JOIN runs AS run ON run.id = load.run_id
    JOIN targets AS target ON target.id = run.target_id
    WHERE run.started_at <= $__timeTo() AND run.finished_at >= $__timeFrom()
    ORDER BY run.started_at
"""


def load_test() -> Dashboard:
    """The dashboard."""
    whole = board(
        "load-test",
        "Load Test",
        "What a load does to the API while it goes on, from port 9646 of its Locust, and the loads before it, from the "
        "history. The coloured spans are loads that ended.",
        {
            "Now": _now(),
            "Who asks": [_users(), _arrivals()],
            "What comes of it": [_requests(), _failures(), _latency(), _latency_by_endpoint()],
            "How long, and how many in vain": [_distribution(), _failure_share()],
            "Loads before": [_loads()],
        },
    )
    return whole.annotation(
        AnnotationQuery().name("Loads").datasource(POSTGRES).icon_color("purple").target(Sql(_SPANS))
    )


def _now() -> Iterator[Panel]:
    yield number(
        "Users", "Users at the moment; of an open model, its streams of arrivals.", _at_end("sum(pokeapi_load_users)")
    )
    yield number("Workers", "Processes that make the load.", _at_end("sum(pokeapi_load_workers)"))
    yield number(
        "Requests per second", "Requests that end in a second.", _at_end(_REQUESTS), unit=RequestsPerSecond, decimals=1
    )
    yield number(
        "P95",
        "95 % of the requests take no longer. Yellow from half of what a load is allowed, red from all of it.",
        _at_end(_quantile(0.95)),
        unit=Seconds,
        colours=_judging(_LIMITS.p95),
    )
    yield number(
        "Failure share",
        "The share of the requests that fail. Yellow from half of what a load is allowed, red from all of it.",
        # Where nothing is sent, no share of it fails.
        _at_end(f"{_FAILURES} / ({_REQUESTS} > 0)"),
        unit=PercentUnit,
        decimals=2,
        colours=_judging(_LIMITS.failure_rate),
    )
    yield number(
        "Failed requests",
        "Requests that failed in the time that is shown. Yellow from the first.",
        _at_end("sum(increase(pokeapi_load_failures_total[$__range]))"),
        decimals=0,
        colours=thresholds((0.5, WARNING)),
    )


def _users() -> Panel:
    return course(
        "Users over time",
        "Users, and the processes that they live in; of an open model, its streams of arrivals.",
        [_ask("sum(pokeapi_load_users)", "users"), _ask("sum(pokeapi_load_workers)", "workers")],
        fill=30,
    )


def _arrivals() -> Panel:
    return course(
        "Scheduled and sent arrivals",
        "Of an open model: requests that are due in a second, and those that are sent. Where fewer are sent than are "
        "due, this machine cannot make so much load. 0 in a closed model, whose users wait for their answers.",
        [
            _ask(f"sum(rate(pokeapi_load_scheduled_total{_RATE}))", "scheduled"),
            _ask(f"sum(rate(pokeapi_load_sent_total{_RATE}))", "sent"),
        ],
        unit=RequestsPerSecond,
    )


def _requests() -> Panel:
    return course(
        "Requests per second by endpoint",
        "Requests that end in a second, failed or not; the endpoints add up.",
        [_ask(f"sum by (endpoint) (rate(pokeapi_load_requests_total{_RATE}))", "{{endpoint}}")],
        unit=RequestsPerSecond,
        fill=40,
        stacked=True,
    )


def _failures() -> Panel:
    return course(
        "Failures per second by type",
        "Requests that fail in a second: all, and why. Types of which there is none are not shown.",
        [
            _ask(_FAILURES, "all"),
            _ask(f"sum by (failure_type) (rate(pokeapi_load_failures_total{_RATE})) > 0", "{{failure_type}}"),
        ],
        unit=RequestsPerSecond,
        fill=20,
    )


def _latency() -> Panel:
    return course(
        "Latency",
        "P50, P95 and P99 of all requests, as exact as the buckets are; of an open model, from when a request was due. "
        "The dashed line is what P95 may be where a load says nothing else.",
        [_ask(_quantile(share), f"P{share * 100:.0f}") for share in (0.5, 0.95, 0.99)],
        unit=Seconds,
        limit=_LIMITS.p95,
    )


def _latency_by_endpoint() -> Panel:
    return course(
        "P95 by endpoint",
        "95 % of the requests to an endpoint take no longer. The dashed line is what P95 of all may be.",
        [_ask(f"histogram_quantile(0.95, sum by (le, endpoint) ({_BUCKETS}))", "{{endpoint}}")],
        unit=Seconds,
        limit=_LIMITS.p95,
    )


def _distribution() -> Panel:
    return distribution(
        "Response time distribution",
        "How many requests took how long: one row for each bucket, the brighter the more.",
        buckets(f"sum by (le) (increase(pokeapi_load_request_duration_seconds_bucket{_RATE}))", scraped=SCRAPED),
    )


def _failure_share() -> Panel:
    failures = f"sum by (endpoint) (rate(pokeapi_load_failures_total{_RATE}))"
    requests = f"sum by (endpoint) (rate(pokeapi_load_requests_total{_RATE}))"
    return course(
        "Failure share by endpoint",
        "The share of the requests to an endpoint that fail. The dashed line is what is allowed of all requests where "
        "a load says nothing else.",
        [_ask(f"{failures} / ({requests} > 0)", "{{endpoint}}")],
        unit=PercentUnit,
        limit=_LIMITS.failure_rate,
    )


def _loads() -> Panel:
    return rows(
        "The latest loads",
        "The latest fifty loads of the history, whatever time is shown. Unsure: the load was not as it should be, so "
        "that its numbers prove nothing.",
        Sql(_LOADS),
        {
            "Began": look(unit=DatetimeISO, custom__width=170),
            "Verdict": coloured({"passed": GOOD, "failed": BAD, "unsure": WARNING}),
            "Failed": look(unit=PercentUnit, decimals=2),
            "Arrivals": look(unit=RequestsPerSecond),
            "Throughput": look(unit=RequestsPerSecond, decimals=1),
            **dict.fromkeys(("Lasted", "P50", "P95", "P99", "Longest"), look(unit=Seconds)),
        },
    )


def _ask(expression: str, legend: str = "") -> Dataquery:
    return promql(expression, legend, scraped=SCRAPED)


def _at_end(expression: str) -> Dataquery:
    return promql(expression, scraped=SCRAPED, instant=True)


def _quantile(share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) ({_BUCKETS}))"


def _judging(limit: float | None) -> ThresholdsConfig:
    return thresholds() if limit is None else thresholds((limit / 2, WARNING), (limit, BAD))
