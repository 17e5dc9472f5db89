"""Each alert, by promtool, over numbers as the relay shows them: when it fires, and when it is silent.

The stories are tables, because promtool takes as long to start as to judge ten of them: it is started once for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.alert_files import RULES, alerts
from tests.alert_stories import DAY, HOUR, MINUTE, STAND_INS, Alert, Story, Told, alert, complaints

SLOW = alert("HighAPILatency", "warning", endpoint="pokemon", target="live")
FAILING = alert("HighTestFailureRate", "critical", endpoint="pokemon", target="live")
CHANGED = alert("SchemaChangeDetected", "info", endpoint="pokemon", target="live")
OPEN = alert("CircuitBreakerOpen", "warning", endpoint="pokemon", target="live")
FLAKY = alert("FlakyTests", "info", suite="Suites.Smoke", target="live")
NOT_RUN = alert("NoRecentRun", "warning", target="live")
RELAY_AWAY = alert("MetricsRelayAway", "warning", job="observatory", instance="test-runner:8000")

ELSEWHERE = "https://api.example.org/api/v2"
RELAY = {"job": "observatory", "instance": "test-runner:8000"}


def without_target(told: Alert) -> Alert:
    """An alert of an API without a name."""
    return {name: value for name, value in told.items() if name != "target"}


def hourly(runs: int, **seen: Any) -> Story:
    """Large runs, one an hour from the first hour on."""
    story = Story()
    for hour in range(1, runs + 1):
        story.run(hour * HOUR, requests=10_000, **seen)
    return story


def every_five_minutes(until: int) -> Story:
    """Small good runs, so near to each other that the API is never left alone."""
    story = Story()
    for at in range(0, until, 5 * MINUTE):
        story.run(at, requests=40)
    return story


def always(start: int, end: int, fires: list[Alert]) -> dict[int, list[Alert]]:
    """The same alerts in each minute."""
    return {minute * MINUTE: fires for minute in range(start, end)}


SLOW_RUNS = {
    "one slow run is told five minutes later": Told(
        Story().run(0, requests=40, slow=10), {5 * MINUTE: [], 6 * MINUTE: [SLOW], 40 * MINUTE: [SLOW]}
    ),
    "a slow run is forgotten after 26 hours": Told(
        Story().run(0, requests=40, slow=10), {25 * HOUR: [SLOW], 27 * HOUR: []}
    ),
    "a good run ends the alert": Told(
        Story().run(0, requests=40, slow=10).run(2 * HOUR, requests=40),
        {2 * HOUR - 15: [SLOW], 2 * HOUR + 15: [], 3 * HOUR: []},
    ),
    "a good run a quarter of an hour after a slow one ends the alert as well": Told(
        Story().run(0, requests=40, slow=10).run(16 * MINUTE, requests=40),
        {16 * MINUTE - 15: [SLOW], **always(17, 40, [])},
    ),
    "a good run seven minutes after a slow one is judged with it": Told(
        Story().run(0, requests=40, slow=10).run(7 * MINUTE, requests=40), {7 * MINUTE: [SLOW], 40 * MINUTE: [SLOW]}
    ),
    "a slow run is seen after thousands of quick requests": Told(
        hourly(4).run(5 * HOUR, requests=40, slow=10), {5 * HOUR: [], 5 * HOUR + 6 * MINUTE: [SLOW]}
    ),
    "a slow run is seen among runs that never pause": Told(
        every_five_minutes(HOUR).run(HOUR, requests=40, slow=30), {HOUR: [], HOUR + 6 * MINUTE: [SLOW]}
    ),
    "one slow request in twenty is no slow run": Told(
        Story().run(0, requests=100, slow=5), {6 * MINUTE: [], 20 * MINUTE: []}
    ),
    "two slow requests of two prove nothing": Told(Story().run(0, requests=2, slow=2), always(1, 10, [])),
    "two slow requests of nine prove nothing": Told(Story().run(0, requests=9, slow=2), always(1, 10, [])),
    "three slow requests do even in a smoke run": Told(Story().run(0, requests=5, slow=3), {6 * MINUTE: [SLOW]}),
    "the slow requests of all processes of a run count together": Told(
        Story().run(0, requests=10).run(MINUTE, requests=5, slow=2).run(4 * MINUTE, requests=5, slow=2),
        {4 * MINUTE: [], 10 * MINUTE: [SLOW], 40 * MINUTE: [SLOW]},
    ),
    "of two targets only the slow one is told": Told(
        Story().run(0, requests=40).run(0, requests=40, slow=10, target=ELSEWHERE),
        {6 * MINUTE: [SLOW | {"target": ELSEWHERE}]},
    ),
    "each slow endpoint is told": Told(
        Story().run(0, requests=40, slow=10).run(0, "type", requests=40, slow=10).run(0, "ability", requests=40),
        {6 * MINUTE: [SLOW, SLOW | {"endpoint": "type"}]},
    ),
    "an endpoint that a later run did not ask is as slow as it was": Told(
        Story().run(0, requests=40, slow=10).run(14 * MINUTE, "type", requests=40).run(HOUR, "type", requests=40),
        {6 * MINUTE: [SLOW], 20 * MINUTE: [SLOW], 2 * HOUR: [SLOW]},
    ),
}

FAILING_RUNS = {
    "one failing run is told ten minutes later": Told(
        Story().run(0, requests=40, failures={"timeout": 4, "server_error": 1}),
        {10 * MINUTE: [], 11 * MINUTE: [FAILING], 40 * MINUTE: [FAILING]},
    ),
    "a failing run is forgotten after 26 hours": Told(
        Story().run(0, requests=40, failures={"timeout": 40}), {25 * HOUR: [FAILING], 27 * HOUR: []}
    ),
    "a good run ends that alert as well": Told(
        Story().run(0, requests=40, failures={"timeout": 20}).run(2 * HOUR, requests=40),
        {2 * HOUR - 15: [FAILING], 2 * HOUR + 30: [], 5 * HOUR: []},
    ),
    "a good smoke run ends it too": Told(
        Story().run(0, requests=40, failures={"timeout": 20}).run(2 * HOUR, requests=1), {2 * HOUR + 30: []}
    ),
    "so many good requests within the ten minutes that one in ten failed keep it silent": Told(
        Story().run(0, requests=40, failures={"timeout": 20}).run(7 * MINUTE, requests=400), always(5, 40, [])
    ),
    "ten percent is allowed": Told(
        Story().run(0, requests=100, failures={"status": 10}), {12 * MINUTE: [], 20 * MINUTE: []}
    ),
    **{
        f"{failed} failures of {requests} prove nothing": Told(
            Story().run(0, requests=requests, failures={"timeout": failed}), always(1, 15, [])
        )
        for requests, failed in [(1, 1), (5, 1), (2, 2), (15, 2)]
    },
    "an API that is gone is told by a smoke run": Told(
        Story().run(0, requests=5, failures={"connection": 5}), {11 * MINUTE: [FAILING]}
    ),
    "failures of every type count together": Told(
        Story().run(0, requests=20, failures={"model": 1, "timeout": 1, "assertion": 1}), {11 * MINUTE: [FAILING]}
    ),
    "a failure of a type that was never seen counts": Told(
        Story().run(0, requests=100, failures={"timeout": 1}).run(3 * HOUR, requests=20, failures={"model": 5}),
        {3 * HOUR: [], 3 * HOUR + 12 * MINUTE: [FAILING]},
    ),
    "what an open circuit refused failed as well": Told(
        Story().run(0, requests=100, failures={"circuit_open": 15}), {11 * MINUTE: [FAILING]}
    ),
    "what an open circuit refused is asked as well": Told(
        Story().run(0, requests=100, failures={"circuit_open": 11}), {11 * MINUTE: [], 20 * MINUTE: []}
    ),
    "an endpoint that never failed is silent beside one that does": Told(
        Story().run(0, requests=40, failures={"timeout": 40}).run(0, "type", requests=40), {11 * MINUTE: [FAILING]}
    ),
    "failures are no share of the past": Told(
        hourly(4, failures={"timeout": 1}).run(5 * HOUR, requests=40, failures={"timeout": 20}),
        {5 * HOUR: [], 5 * HOUR + 11 * MINUTE: [FAILING]},
    ),
}

APART = (2, 6, 9, 12)
"""Minutes between the ends of two processes of one run."""

PROCESSES = {
    **{
        f"half of a run failed, in the process that ended first, {minutes} minutes before the other": Told(
            Story().run(0, requests=20, failures={"timeout": 20}).run(minutes * MINUTE, requests=20),
            {(minutes + 11) * MINUTE: [FAILING], 30 * MINUTE: [FAILING]},
        )
        for minutes in APART
    },
    **{
        f"half of a run failed, in the process that ended last, {minutes} minutes after the other": Told(
            Story().run(0, requests=20).run(minutes * MINUTE, requests=20, failures={"timeout": 20}),
            {minutes * MINUTE: [], (minutes + 11) * MINUTE: [FAILING], 30 * MINUTE: [FAILING]},
        )
        for minutes in APART
    },
    **{
        f"few failed, in the process that ended first, {minutes} minutes before the other": Told(
            Story().run(0, requests=5, failures={"status": 5}).run(minutes * MINUTE, requests=100), always(1, 30, [])
        )
        for minutes in APART
        if minutes < 10  # else it is told before the other process ends
    },
    **{
        f"few failed, in the process that ended last, {minutes} minutes after the other": Told(
            Story().run(0, requests=100).run(minutes * MINUTE, requests=5, failures={"status": 5}), always(1, 30, [])
        )
        for minutes in APART
    },
    **{
        f"a run was slow, in the process that ended first, {minutes} minutes before the other": Told(
            Story().run(0, requests=40, slow=10).run(minutes * MINUTE, requests=40),
            {(minutes + 6) * MINUTE: [SLOW], 30 * MINUTE: [SLOW]},
        )
        for minutes in APART
    },
    **{
        f"a run was slow, in the process that ended last, {minutes} minutes after the other": Told(
            Story().run(0, requests=40).run(minutes * MINUTE, requests=40, slow=10),
            {minutes * MINUTE: [], (minutes + 6) * MINUTE: [SLOW], 30 * MINUTE: [SLOW]},
        )
        for minutes in APART
    },
    **{
        f"few were slow, in the process that ended last, {minutes} minutes after the other": Told(
            Story().run(0, requests=400).run(minutes * MINUTE, requests=5, slow=5), always(1, 30, [])
        )
        for minutes in APART
    },
}

BAD: dict[str, Any] = {"requests": 40, "slow": 40, "failures": {"timeout": 40}, "changes": 3, "circuit": 1, "flaked": 9}

STAND_IN = Story()
for each in sorted(STAND_INS):
    STAND_IN.run(0, **BAD, target=each)

RELAYS = {
    "stand-ins leave no alert": Told(STAND_IN, always(1, 13, [])),
    "what has no target is an API too": Told(
        Story(target=None).run(0, requests=40, slow=10, failures={"timeout": 10}, changes=1, circuit=1, flaked=3),
        {12 * MINUTE: [without_target(each) for each in (SLOW, FAILING, CHANGED, OPEN, FLAKY)]},
    ),
    "a relay that lost its sums is no run": Told(
        Story()
        .run(0, requests=1000, slow=20, failures={"timeout": 50})
        .run(HOUR, requests=1000)
        .loses_its_sums(2 * HOUR)
        .run(2 * HOUR + MINUTE, requests=50),
        always(120, 180, []),
    ),
    "a bad run after the relay lost its sums is told": Told(
        Story()
        .run(0, requests=1000, failures={"timeout": 3})
        .loses_its_sums(2 * HOUR)
        .run(2 * HOUR + MINUTE, requests=50, failures={"timeout": 25}),
        {2 * HOUR + 13 * MINUTE: [FAILING]},
    ),
    "a bad run that is larger than all sums which the relay lost is told as it was": Told(
        Story()
        .run(0, requests=10, failures={"timeout": 1})
        .loses_its_sums(HOUR)
        .run(HOUR + MINUTE, requests=100, failures={"timeout": 10}),
        {HOUR + 13 * MINUTE: []},
    ),
    "a good run after the relay lost its sums ends an alert": Told(
        Story()
        .run(0, requests=50, failures={"timeout": 25})
        .loses_its_sums(2 * HOUR)
        .run(2 * HOUR + MINUTE, requests=50),
        {2 * HOUR: [FAILING], 2 * HOUR + 13 * MINUTE: []},
    ),
}


def gap(kind: str, start: int, end: int, story: Story) -> Story:
    """Nothing is seen of a story for a while: Prometheus cannot read the relay, or is away itself."""
    return story.is_away(start, end) if kind == "unread" else story.is_unwatched(start, end)


GAPS: dict[str, Told] = {
    "a run while Prometheus missed a few scrapes is seen": Told(
        Story()
        .run(0, requests=50)
        .run(HOUR, requests=50, failures={"timeout": 25})
        .is_away(HOUR - 2 * MINUTE, HOUR + 2 * MINUTE),
        {HOUR + 15 * MINUTE: [FAILING]},
    ),
}
for kind in ("unread", "unwatched"):
    GAPS |= {
        f"{kind} for two hours without a push, no run is seen and no alert ends": Told(
            gap(
                kind,
                HOUR,
                3 * HOUR,
                Story().run(0, requests=50, slow=10, failures={"timeout": 25}).run(0, "type", requests=50),
            ),
            {
                time: [SLOW, FAILING]
                for time in (HOUR - 15, HOUR + 10 * MINUTE, 2 * HOUR, 3 * HOUR + 10 * MINUTE, 4 * HOUR)
            },
        ),
        f"{kind} for two hours, schema changes of that time are told afterwards for an hour": Told(
            gap(kind, 2 * HOUR, 4 * HOUR, Story().run(0, requests=5, changes=1).run(3 * HOUR, requests=5, changes=3)),
            {2 * HOUR: [], 4 * HOUR: [CHANGED], 5 * HOUR - MINUTE: [CHANGED], 5 * HOUR + 2 * MINUTE: []},
        ),
        f"{kind} for two hours, the first change ever is told afterwards": Told(
            gap(kind, 2 * HOUR, 4 * HOUR, Story().run(0, requests=5).run(3 * HOUR, requests=5, changes=1)),
            {2 * HOUR: [], 4 * HOUR + 2 * MINUTE: [CHANGED], 5 * HOUR + 4 * MINUTE: []},
        ),
        f"{kind} for a day, schema changes of that time are told afterwards": Told(
            gap(kind, 2 * HOUR, 26 * HOUR, Story().run(0, changes=1).run(9 * HOUR, changes=1)),
            {2 * HOUR: [], 26 * HOUR + 8 * MINUTE: [CHANGED], 28 * HOUR: []},
        ),
        f"{kind} for four hours without a change, none is told": Told(
            gap(kind, 5 * HOUR, 9 * HOUR, Story().run(0, requests=5, changes=7)),
            {time * HOUR + MINUTE: [] for time in (3, 5, 9, 10)},
        ),
        f"{kind} for two hours, a bad run of that time is told afterwards": Told(
            gap(
                kind,
                HOUR,
                3 * HOUR,
                Story().run(0, requests=50).run(2 * HOUR, requests=50, slow=20, failures={"timeout": 25}),
            ),
            {HOUR: [], 3 * HOUR: [], 3 * HOUR + 12 * MINUTE: [SLOW, FAILING]},
        ),
        f"{kind} for two hours, all runs of that time are judged as one": Told(
            gap(
                kind,
                HOUR,
                3 * HOUR,
                Story()
                .run(0, requests=50)
                .run(2 * HOUR, requests=50, failures={"timeout": 25})
                .run(2.5 * HOUR, requests=450),
            ),
            {3 * HOUR + 12 * MINUTE: [], 3 * HOUR + 30 * MINUTE: []},
        ),
        f"{kind} for 30 hours, nothing of that time is told, but a bad run afterwards is": Told(
            gap(
                kind,
                HOUR,
                31 * HOUR,
                Story()
                .run(0, requests=50, changes=1)
                .run(9 * HOUR, requests=50, failures={"timeout": 25}, changes=1)
                .run(33 * HOUR, requests=50, slow=20),
            ),
            {8 * HOUR: [], 32 * HOUR: [], 33 * HOUR - 4 * MINUTE: [], 33 * HOUR + 12 * MINUTE: [SLOW]},
        ),
    }

SCHEMA_CHANGES = {
    "the first change ever is told at once and for an hour": Told(
        Story().run(0, requests=5).run(2 * HOUR, requests=5, changes=1),
        {2 * HOUR: [], 2 * HOUR + MINUTE: [CHANGED], 3 * HOUR: [CHANGED], 3 * HOUR + 2 * MINUTE: []},
    ),
    "each further change is told": Told(
        Story().run(0, requests=5, changes=7).run(5 * HOUR, requests=5, changes=1).run(9 * HOUR, requests=5),
        {4 * HOUR: [], 5 * HOUR + 15: [CHANGED], 9 * HOUR + MINUTE: []},
    ),
}

OPEN_CIRCUITS = {
    **{
        f"a circuit that a run left in state {state} is told two minutes later": Told(
            Story().run(0, circuit=state), {MINUTE: [], 2 * MINUTE: [OPEN], HOUR: [OPEN]}
        )
        for state in (1, 2)
    },
    "a run that closes the circuit ends the alert": Told(
        Story().run(0, circuit=1).run(HOUR, circuit=0), {HOUR - 15: [OPEN], HOUR: []}
    ),
    "a circuit that another process of the run found closed is not told": Told(
        Story().run(0, circuit=1).run(90, circuit=0), always(1, 10, [])
    ),
    "a circuit that no run looked at for 26 hours is not known": Told(
        Story().run(60, circuit=1), {26 * HOUR: [OPEN], 26 * HOUR + 8 * MINUTE: []}
    ),
    "a circuit counts where nobody says when it was seen": Told(
        Story().also("pokeapi_circuit_breaker_state", {"endpoint": "pokemon", "target": "live"}, [(0, 1.0)]),
        {HOUR: [OPEN], 30 * HOUR: [OPEN]},
    ),
    "closed circuits are silent": Told(Story().run(0, circuit=0, requests=5), {10 * MINUTE: []}),
}

LAST = HOUR + DAY

TESTS_THEMSELVES = {
    "three flaky tests within a day are told for a day": Told(
        Story().run(0, flaked=1).run(HOUR, flaked=1).run(2 * HOUR, flaked=1),
        {2 * HOUR - 15: [], 2 * HOUR: [FLAKY], 23 * HOUR: [FLAKY], 25 * HOUR: []},
    ),
    "one flaky test a day is not told": Told(
        Story().run(0, flaked=1).run(DAY, flaked=1).run(2 * DAY, flaked=1),
        {day * DAY + HOUR: [] for day in range(3)},
    ),
    "a daily run that stays away is told after 26 hours for a day": Told(
        Story().run(HOUR).run(LAST),
        {
            LAST + 26 * HOUR: [],
            LAST + 26 * HOUR + 12 * MINUTE: [NOT_RUN],
            LAST + 47 * HOUR: [NOT_RUN],
            LAST + 2 * DAY + 8 * MINUTE: [],
        },
    ),
    "the next run ends that": Told(
        Story().run(HOUR).run(LAST).run(LAST + 30 * HOUR), {LAST + 29 * HOUR: [NOT_RUN], LAST + 30 * HOUR: []}
    ),
    "daily runs that are an hour late are not missed": Told(
        Story().run(HOUR).run(LAST).run(2 * HOUR + 2 * DAY), {2 * HOUR + 2 * DAY - 15: []}
    ),
    "neither what was run once nor a stand-in is missed": Told(
        Story().run(0).run(HOUR).run(HOUR, target="embedded").run(22 * HOUR, target="embedded"),
        {time * HOUR: [] for time in (20, 28, 40, 50)},
    ),
}

THE_STACK = {
    "a relay that is away for five minutes is told until it is back": Told(
        Story().also("up", RELAY, [(0, 1.0), (HOUR, 0.0), (2 * HOUR, 1.0)]),
        {HOUR + 4 * MINUTE: [], HOUR + 5 * MINUTE: [RELAY_AWAY], 2 * HOUR: []},
    ),
    "a service that is away is told and a load that does not run is not": Told(
        Story()
        .also("up", {"job": "loki", "instance": "loki:3100"}, [(0, 0.0)])
        .also("up", {"job": "load", "instance": "locust:9646"}, [(0, 0.0)]),
        {4 * MINUTE: [], 6 * MINUTE: [alert("ServiceAway", "info", job="loki", instance="loki:3100")]},
    ),
    "alerts that do not arrive are told": Told(
        Story()
        .also(
            "alertmanager_notifications_failed_total",
            {"integration": "email"},
            [(0, 0.0), (HOUR, 1.0), (HOUR + 5 * MINUTE, 2.0)],
        )
        .also("alertmanager_notifications_failed_total", {"integration": "slack"}, [(0, 0.0)]),
        {
            HOUR: [],
            HOUR + 6 * MINUTE: [alert("AlertsNotDelivered", "warning", integration="email")],
            HOUR + 25 * MINUTE: [],
        },
    ),
}

# What an alert says


def telling(of: Alert, link: str, summary: str, description: str) -> dict[str, Any]:
    """An alert with all of its texts; what to do is the same for all, and is read from the rules."""
    name = of["alertname"]
    return {
        "exp_labels": {label: value for label, value in of.items() if label != "alertname"},
        "exp_annotations": {
            "summary": summary,
            "description": description,
            "action": alerts()[name]["annotations"]["action"],
            "dashboard": f"http://localhost:3000/d/{link}",
            "docs": f"docs/alerts.md#{name.lower()}",
        },
    }


CHOSEN = "?var-target=live&var-endpoint=pokemon"
ADDRESS = "http://127.0.0.1:8001/api/v2"

TEXTS = {
    "an alert says what was seen in its unit": Told(
        Story().run(0, requests=40, slow=10, failures={"timeout": 8, "model": 2, "dns": 0}, changes=2, circuit=2),
        reads={
            (15 * MINUTE, "HighAPILatency"): [
                telling(
                    *(SLOW, f"api-performance{CHOSEN}", "pokemon is slow on live"),
                    "In the last run, the P95 of pokemon was about 900ms; the limit is 500ms. One request in twenty "
                    "takes longer than the P95.",
                )
            ],
            (15 * MINUTE, "HighTestFailureRate"): [
                telling(
                    *(FAILING, f"test-execution{CHOSEN}", "pokemon fails on live"),
                    "In the last run, 25% of what was asked of pokemon failed; the limit is 10%. "
                    "What failed: model 2, timeout 8.",
                )
            ],
            (15 * MINUTE, "SchemaChangeDetected"): [
                telling(
                    *(CHANGED, f"drift{CHOSEN}", "The schema of pokemon changed on live"),
                    "Changes of the schema of pokemon that came to be known within the last hour: 2.",
                )
            ],
            (15 * MINUTE, "CircuitBreakerOpen"): [
                telling(
                    *(OPEN, f"api-performance{CHOSEN}", "The circuit of pokemon is open on live"),
                    "Half or more of the requests to pokemon failed within five minutes, so that it was left alone, "
                    "and the last run ended with its circuit half-open.",
                )
            ],
        },
    ),
    "only what failed in the last run is named": Told(
        Story().run(0, requests=40, failures={"timeout": 20}).run(HOUR, requests=40, failures={"model": 10}),
        reads={
            (HOUR + 12 * MINUTE, "HighTestFailureRate"): [
                telling(
                    *(FAILING, f"test-execution{CHOSEN}", "pokemon fails on live"),
                    "In the last run, 25% of what was asked of pokemon failed; the limit is 10%. "
                    "What failed: model 10.",
                )
            ]
        },
    ),
    "an API without a name is the API": Told(
        Story(target=None).run(0, requests=40, failures={"timeout": 10}),
        reads={
            (12 * MINUTE, "HighTestFailureRate"): [
                telling(
                    without_target(FAILING),
                    "test-execution?var-target=&var-endpoint=pokemon",
                    "pokemon fails on the API",
                    "In the last run, 25% of what was asked of pokemon failed; the limit is 10%. "
                    "What failed: timeout 10.",
                )
            ]
        },
    ),
    "an address is a target that links can hold": Told(
        Story(ADDRESS).run(0, requests=5, changes=1),
        reads={
            (MINUTE, "SchemaChangeDetected"): [
                telling(
                    CHANGED | {"target": ADDRESS},
                    "drift?var-target=http%3A%2F%2F127.0.0.1%3A8001%2Fapi%2Fv2&var-endpoint=pokemon",
                    f"The schema of pokemon changed on {ADDRESS}",
                    "Changes of the schema of pokemon that came to be known within the last hour: 1.",
                )
            ]
        },
    ),
}

# Whether these stories can tell

PLAIN = """
groups:
  - name: plain
    rules:
      - {alert: HighAPILatency, expr: 'histogram_quantile(0.95, pokeapi_request_duration_seconds) > 0.5', for: 5m,
         labels: {severity: warning}}
      - {alert: HighTestFailureRate, for: 10m, labels: {severity: critical},
         expr: 'rate(pokeapi_failures_total[10m]) / rate(pokeapi_requests_total[10m]) > 0.1'}
      - {alert: SchemaChangeDetected, expr: 'increase(pokeapi_schema_changes_total[1h]) > 0',
         labels: {severity: info}}
"""
"""What one would write first. It is valid, and the first two can never fire; the third does, over a stand-in too."""

WRITTEN_FIRST = {
    "what one would write first is silent when the API is slow and fails": Told(
        Story().run(0, requests=40, slow=40, failures={"timeout": 40}), always(1, 40, []), rules=PLAIN
    ),
    "where the rules are not": Told(
        Story().run(0, requests=40, slow=40, failures={"timeout": 40}), {12 * MINUTE: [SLOW, FAILING]}
    ),
    "a counter that is born at one has no increase": Told(
        Story().also(
            "pokeapi_schema_changes_total", {"endpoint": "pokemon", "target": "live"}, [(0, None), (MINUTE, 1.0)]
        ),
        always(1, 40, []),
        rules=PLAIN,
    ),
    "where the relay shows it at zero first": Told(Story().run(0, changes=1), {MINUTE: [CHANGED]}),
}

RIGHT = RULES.read_text("utf-8")
STORIES: Mapping[str, Told] = {
    **SLOW_RUNS,
    **FAILING_RUNS,
    **PROCESSES,
    **RELAYS,
    **GAPS,
    **SCHEMA_CHANGES,
    **OPEN_CIRCUITS,
    **TESTS_THEMSELVES,
    **THE_STACK,
    **TEXTS,
    **WRITTEN_FIRST,
}

MUTANTS = {
    "the stand-ins count": ('target!~"embedded|replay|faults"', 'target!=""', "stand-ins leave no alert"),
    "one slow request is enough": (") >= 3\n        for: 5m", ") >= 1\n        for: 5m", "two slow requests of nine"),
    "one failure is enough": ("last_run[26h])) >= 3", "last_run[26h])) >= 1", "2 failures of 2 prove"),
    "half a second is nothing": ("> 0.5", "> 5", "one slow run is told"),
    "ten percent is nothing": ("> 0.1", "> 1", "one failing run is told"),
    "each process is a run": ("[15m:]", "[2m:]", "half of a run failed, in the process that ended first, 6"),
    "a run is five minutes": ("[15m:]", "[5m:]", "half of a run failed, in the process that ended first, 9"),
    "old numbers are judged again": ("offset 2m", "offset 20m", "few failed, in the process that ended last, 6"),
    "an alert does not wait": ("for: 10m", "for: 0m", "one failing run is told"),
    "an alert is not held": ("last_run[26h]", "last_run[1m]", "one failing run is told"),
    "what was known before a gap is forgotten": ("[26h])[15m:]", "[1m])[15m:]", "unwatched for two hours, a bad run"),
    "changes of a gap are forgotten": ("[26h])[1h:]", "[1m])[1h:]", "unread for two hours, schema changes"),
    "an endpoint that never failed has no share": (
        "or\n                0 * pokeapi:requests:last_run",
        "",
        "a good run after the relay lost its sums",
    ),
    "what was refused is not asked": (
        '+ sum by (target, endpoint) (pokeapi:failures:last_run{failure_type="circuit_open"})',
        "",
        "what an open circuit refused is asked",
    ),
    "half-open is closed": ("}) > 0\n          unless", "}) == 1\n          unless", "left in state 2"),
}
"""Ways to break the rules: what is replaced, by what, and how the name of the story goes that tells."""


def broken(mutant: str) -> Told:
    """The story that tells a mutant, told to the rules that are broken in this way."""
    old, new, part = MUTANTS[mutant]
    [story] = [told for name, told in STORIES.items() if part in name]
    return Told(story.story, story.fires, rules=RIGHT.replace(old, new))


BROKEN = {f"broken rules - {mutant}": broken(mutant) for mutant in MUTANTS}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What promtool has against each story."""
    return complaints(tmp_path_factory.mktemp("promtool"), {**STORIES, **BROKEN})


@pytest.mark.parametrize("story", SLOW_RUNS)
def test_high_api_latency(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", FAILING_RUNS)
def test_high_test_failure_rate(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", PROCESSES)
def test_the_processes_of_a_run_are_judged_together_in_whatever_order_they_end(
    judged: Mapping[str, str], story: str
) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", RELAYS)
def test_targets_and_a_relay_that_begins_anew(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", GAPS)
def test_while_prometheus_sees_nothing(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", SCHEMA_CHANGES)
def test_schema_change_detected(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", OPEN_CIRCUITS)
def test_circuit_breaker_open(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", TESTS_THEMSELVES)
def test_flaky_tests_and_no_recent_run(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", THE_STACK)
def test_the_stack(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", TEXTS)
def test_what_an_alert_says(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("story", WRITTEN_FIRST)
def test_what_one_would_write_first_can_not_fire(judged: Mapping[str, str], story: str) -> None:
    assert judged[story] == ""


@pytest.mark.parametrize("mutant", MUTANTS)
def test_rules_that_are_broken_are_noticed(judged: Mapping[str, str], mutant: str) -> None:
    assert MUTANTS[mutant][0] in RIGHT
    assert judged[f"broken rules - {mutant}"] != ""
