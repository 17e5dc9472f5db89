"""What the routes of alerts lean on: times that only together with those of the rules make sense."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.alert_files import ALERTMANAGER, alerts, read_yaml

ROUTE: Final[dict[str, Any]] = read_yaml((ALERTMANAGER / "alertmanager.yml").read_text("utf-8"))["route"]
EFFECTS: Final = "HighAPILatency|CircuitBreakerOpen"
"""What is told only where it is not the effect of failures."""

LATE: Final = 1.5
"""Minutes that a failure may be seen after the circuit that it opened: a new counter is shown at 0 for 35 s."""


def minutes(duration: str) -> float:
    """A duration such as 30s, 10m or 1d in minutes."""
    return int(duration[:-1]) * {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}[duration[-1]]


def waits(matcher: str) -> float:
    """Minutes that the route of some alerts waits before it tells them."""
    [route] = [route for route in ROUTE["routes"] if matcher in route["matchers"][0]]
    return minutes(route["group_wait"])


def test_effects_wait_until_it_is_known_whether_the_endpoint_failed() -> None:
    known = minutes(alerts()["HighTestFailureRate"]["for"]) + LATE
    for name in EFFECTS.split("|"):
        assert minutes(alerts()[name]["for"]) + waits(EFFECTS) > known


def test_a_change_is_told_while_it_is_shown() -> None:
    [shown] = re.findall(r"\[(\w+):\]", alerts()["SchemaChangeDetected"]["expr"])
    assert waits("SchemaChangeDetected") < minutes(shown) / 2


def test_an_api_that_is_away_is_one_message_whatever_number_of_endpoints_it_has() -> None:
    assert ROUTE["group_by"] == ["alertname", "target"]
    assert [route for route in ROUTE["routes"] if "group_by" in route] == []
