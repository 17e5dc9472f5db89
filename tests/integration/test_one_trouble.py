"""One bad run is one message: through our relay, Prometheus and Alertmanager with the committed rules and routes."""

from __future__ import annotations

import base64
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import httpx

from observatory.exchange import Attempt, Exchange, FailureType
from observatory.metrics import Metrics
from tests.alert_receivers import hook
from tests.alert_services import committed_alertmanager, known_alerts, prometheus
from tests.load_process import until
from tests.relay_process import relay

SOON = 30.0
"""Seconds within which a message must have come."""

CIRCUIT = '# TYPE pokeapi_circuit_breaker_state gauge\npokeapi_circuit_breaker_state{endpoint="pokemon"} 1\n'


def push(relay_address: str, requests: int, more: str = "") -> None:
    """Push what a process counted that made so many requests, of which each was slow and failed."""
    metrics = Metrics()
    now = datetime.now(UTC)
    for _ in range(requests):
        metrics.saw(Exchange("pokemon", "1", "http://x/pokemon/1", now, 0.8, (Attempt(1, 200, 0.8),), status=200))
        metrics.failed("pokemon", FailureType.MODEL)
    group = f"target@base64/{base64.urlsafe_b64encode(b'live').decode()}/push_id/{uuid.uuid4().hex}"
    answer = httpx.put(
        f"{relay_address}/metrics/job/observatory/{group}",
        content=metrics.text() + more,
        headers={"Content-Type": "text/plain; version=0.0.4"},
        trust_env=False,
    )
    answer.raise_for_status()


def test_a_run_that_fails_is_slow_and_leaves_a_circuit_open_is_one_message(tmp_path: Path) -> None:
    with hook() as slack:
        variables = {"ALERTS_SLACK_URL": slack.address}
        with (
            relay(tmp_path / "relay", "--first-shown", "1.2") as numbers,
            committed_alertmanager(tmp_path / "alertmanager", variables) as manager,
            prometheus(tmp_path / "prometheus", numbers.address, manager),
        ):
            push(numbers.address, 1)  # one failure is no alert; the relay has shown all names before the bad run comes
            time.sleep(3)
            push(numbers.address, 5, CIRCUIT)
            until(lambda: slack.messages, "the alert came", SOON)
            until(lambda: len(known_alerts(manager)) == 3, "all three alerts are known", SOON)
            states = {each["labels"]["alertname"]: each["status"]["state"] for each in known_alerts(manager)}
            time.sleep(7)  # in which the other two would have come, ten minutes after they began
    assert states == {
        "HighTestFailureRate": "active",
        "HighAPILatency": "suppressed",
        "CircuitBreakerOpen": "suppressed",
    }
    titles = [message["attachments"][0]["title"] for message in slack.messages]
    assert titles == ["CRITICAL: pokemon fails on live"]
