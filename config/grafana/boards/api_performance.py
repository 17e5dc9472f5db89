"""The dashboard API Performance: how fast the API answers, how often in vain, and what the client makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.units import PercentUnit, Seconds, Short

from config.grafana.board import board, schema_changes
from config.grafana.courses import course, distribution, run_by_run, states
from config.grafana.looks import BAD, GOOD, WARNING, thresholds
from config.grafana.panels import Panel, bars, dial, number, numbers
from config.grafana.sources import buckets, promql
from config.grafana.variables import choice, endpoints_with_numbers, target_with_numbers

SCRAPED: Final = "15s"
"""How often the relay is scraped, which has the numbers of all runs."""

SLOW: Final = 0.5
"""The seconds of P95 above which the alert HighAPILatency fires."""

_MANY_FAILURES: Final = 0.1  # as in the alert HighTestFailureRate
_SOME_FAILURES: Final = 0.01
_STATES: Final = {0: ("closed", GOOD), 1: ("open", BAD), 2: ("half-open", WARNING)}
_EMPTY: Final = "no run in this time"

# Tests fail by assertions, and what an open circuit refuses is not sent: neither is a request that failed.
_OF_REQUESTS: Final = 'failure_type!~"assertion|circuit_open"'
_REFUSED: Final = 'failure_type="circuit_open"'
_CHOSEN: Final = 'target="$target", endpoint=~"$endpoint"'


def api_performance() -> Dashboard:
    """The dashboard."""
    window = choice(
        "window",
        "Each point tells of",
        "How much time before it each point of a line tells of: at least as much as lies between two runs.",
        ("15m", "1h", "6h", "1d"),
        "1h",
    )
    whole = board(
        "api-performance",
        "API Performance",
        "How fast the API answers and how often in vain, from the numbers that each run leaves at its end. They stand "
        "still between runs: look at a time that has runs in it.",
        {
            "In the time that is shown": _in_all(),
            "By endpoint": _by_endpoint(),
            "Over time": _over_time(),
            "What the client does about it": _client(),
        },
        since="now-24h",
        refresh="1m",
        variables=[target_with_numbers(), endpoints_with_numbers(), window],
    )
    return whole.annotation(schema_changes())


def _in_all() -> Iterator[Panel]:
    yield number("Requests", "Requests of all runs.", _at_end(_grown("requests")), decimals=0, empty=_EMPTY)
    yield number(
        "P95",
        "95 % of the requests take no longer, as exact as the buckets are (100, 250, 500 ms, 1 s …). "
        "Yellow from 250 ms, red from 500 ms, where the alert HighAPILatency begins.",
        _at_end(_quantile(0.95, "$__range")),
        unit=Seconds,
        colours=_judging_seconds(),
        empty=_EMPTY,
    )
    yield number(
        "P99",
        "99 % of the requests take no longer, as exact as the buckets are. Yellow from 500 ms, red from 1 s.",
        _at_end(_quantile(0.99, "$__range")),
        unit=Seconds,
        colours=thresholds((SLOW, WARNING), (2 * SLOW, BAD)),
        empty=_EMPTY,
    )
    yield number(
        "Failed requests",
        "Requests that failed for good, after all attempts; an expected 404 is none. Yellow from the first.",
        _at_end(f"{_grown('failures', where=_OF_REQUESTS)} or 0 * {_grown('requests')}"),
        decimals=0,
        colours=thresholds((0.5, WARNING)),
        empty=_EMPTY,
    )
    yield number(
        "Circuits not closed",
        "Endpoints whose circuit breaker was open or half-open when their last run ended: they had failed so often "
        "that they were left alone. Red from the first, where the alert CircuitBreakerOpen begins.",
        _at_end(f"sum(pokeapi_circuit_breaker_state{{{_CHOSEN}}} > bool 0)"),
        decimals=0,
        colours=thresholds((0.5, BAD)),
        empty=_EMPTY,
    )
    yield number(
        "Rate limited",
        "Answers with status 429: the API asked to be spared. Yellow from the first.",
        _at_end(f"{_grown('rate_limited')} or 0 * {_grown('requests')}"),
        decimals=0,
        colours=thresholds((0.5, WARNING)),
        empty=_EMPTY,
    )


def _by_endpoint() -> Iterator[Panel]:
    yield dial(
        "Error rate",
        "What failed of what was asked: requests that failed for good, tests whose requests were good, and what an "
        "open circuit refused. Yellow from 1 %, red from 10 %, where the alert HighTestFailureRate begins.",
        _at_end(_failure_share()),
        unit=PercentUnit,
        bounds=(0, 1),
        decimals=2,
        colours=thresholds((_SOME_FAILURES, WARNING), (_MANY_FAILURES, BAD)),
        empty=_EMPTY,
    )
    yield bars(
        "P95 by endpoint",
        "95 % of the requests to an endpoint take no longer. Yellow from 250 ms, red from 500 ms.",
        _at_end(_quantile(0.95, "$__range", by="endpoint"), "{{endpoint}}"),
        unit=Seconds,
        colours=_judging_seconds(),
        empty=_EMPTY,
    ).span(10)
    yield bars(
        "Failures by type",
        "Why requests failed. Those of circuit_open were not even sent; assertion are tests that failed though their "
        "requests were good. Yellow from the first.",
        _at_end(f"{_grown('failures', by='failure_type')} > 0", "{{failure_type}}"),
        decimals=0,
        colours=thresholds((0.5, WARNING)),
        empty="no failure",
    ).span(10)


def _over_time() -> Iterator[Panel]:
    told = "Each point tells of the time before it that is chosen above."
    yield run_by_run(
        course(
            "P95 over time",
            "95 % of the requests to an endpoint take no longer. The dashed line is where HighAPILatency begins. "
            f"{told}",
            [_ask(_quantile(0.95, "$window", by="endpoint"), "{{endpoint}}")],
            unit=Seconds,
            limit=SLOW,
            empty=_EMPTY,
        )
    )
    yield run_by_run(
        course(
            "P50, P95 and P99 of all",
            f"What half, 95 % and 99 % of all requests take at most. {told}",
            [_ask(_quantile(share, "$window"), f"P{share * 100:.0f}") for share in (0.5, 0.95, 0.99)],
            unit=Seconds,
            limit=SLOW,
            empty=_EMPTY,
        )
    )
    yield course(
        "Requests by endpoint",
        f"Requests to each endpoint, which add up. {told}",
        [_ask(_grown("requests", "$window", by="endpoint"), "{{endpoint}}")],
        fill=40,
        stacked=True,
        legend=("lastNotNull", "max"),
        empty=_EMPTY,
    )
    yield run_by_run(
        course(
            "Error rate by endpoint",
            f"What failed of what was asked. The dashed line is where HighTestFailureRate begins. {told}",
            [_ask(_failure_share("$window", by="endpoint"), "{{endpoint}}")],
            unit=PercentUnit,
            limit=_MANY_FAILURES,
            empty=_EMPTY,
        )
    )
    yield distribution(
        "Response time distribution",
        f"How many requests took how long: one row for each bucket, the brighter the more. {told}",
        buckets(_grown("request_duration_seconds_bucket", "$window", by="le"), scraped=SCRAPED),
        empty=_EMPTY,
    )
    yield course(
        "Answers with status 429",
        f"How often the API asked to be spared, by endpoint. {told}",
        [_ask(_grown("rate_limited", "$window", by="endpoint"), "{{endpoint}}")],
        unit=Short,
        fill=20,
        empty="no answer with status 429",
    )


def _client() -> Iterator[Panel]:
    state = f"max by (endpoint) (pokeapi_circuit_breaker_state{{{_CHOSEN}}})"
    told = "closed: it is asked; open: it failed too often and is left alone; half-open: it is tried again."
    yield numbers(
        "Circuit breakers",
        f"Of each endpoint, when its last run ended. {told}",
        _at_end(state, "{{endpoint}}"),
        words=_STATES,
        colours=thresholds((1, BAD), (2, WARNING)),
        empty=_EMPTY,
    ).height(9)
    yield states(
        "Circuit breakers over time",
        f"As each run left them; they hold until the next. {told}",
        _ask(state, "{{endpoint}}"),
        _STATES,
        empty=_EMPTY,
    )


def _ask(expression: str, legend: str = "") -> Dataquery:
    return promql(expression, legend, scraped=SCRAPED)


def _at_end(expression: str, legend: str = "") -> Dataquery:
    return promql(expression, legend, scraped=SCRAPED, instant=True)


def _grown(name: str, window: str = "$__range", *, where: str = "", by: str = "") -> str:
    """By how much a counter of the chosen target and endpoints went up.

    It is exact, where `increase` estimates and makes 112 of 100 while a series is a minute old. When a counter begins
    again at 0, its minimum does too.
    """
    metric = name if name.endswith("_bucket") else f"{name}_total"
    labels = f"{_CHOSEN}, {where}" if where else _CHOSEN
    counter = f"pokeapi_{metric}{{{labels}}}[{window}]"
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (last_over_time({counter}) - min_over_time({counter}))"


def _failure_share(window: str = "$__range", by: str = "") -> str:
    """What failed of what was asked, as the alert HighTestFailureRate counts it; nothing where nothing was asked."""
    failed, sent = _grown("failures", window, by=by), _grown("requests", window, by=by)
    refused = _grown("failures", window, where=_REFUSED, by=by)
    return f"clamp_max(({failed} or 0 * {sent}) / (({sent} + {refused} or {sent}) > 0), 1)"


def _quantile(share: float, window: str, by: str = "") -> str:
    """Seconds that so large a share of the requests takes at most; where there was none, there is no number."""
    grouped = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, {_grown('request_duration_seconds_bucket', window, by=grouped)}) >= 0"


def _judging_seconds() -> ThresholdsConfig:
    return thresholds((SLOW / 2, WARNING), (SLOW, BAD))
