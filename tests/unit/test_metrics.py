"""The numbers by name, as Prometheus's text, and as a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observatory.client import CircuitBreakers
from observatory.errors import ObservatoryError
from observatory.metrics import Metrics
from tests.history_values import an_exchange


def test_a_metric_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ObservatoryError, match=r"There is no metric 'requests'. There are: .*pokeapi_requests_total"):
        Metrics().value("requests")


def test_a_request_that_was_never_sent_is_no_request() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange(attempts=(), status=None))
    assert metrics.value("pokeapi_requests_total") == 0


def test_the_circuit_breakers_are_shown_as_a_gauge() -> None:
    breakers = CircuitBreakers()
    metrics = Metrics(breakers)
    breakers.of("pokemon")
    assert metrics.value("pokeapi_circuit_breaker_state", endpoint="pokemon") == 0


def test_the_end_of_a_suite_is_noted() -> None:
    metrics = Metrics()
    metrics.suite_ended("Smoke", 1786004122.5)
    assert metrics.value("pokeapi_test_execution_timestamp", suite="Smoke") == 1786004122.5


def test_the_file_holds_every_family_in_prometheus_format(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.saw(an_exchange())
    metrics.write(tmp_path / "deep" / "metrics.prom")
    families = {
        family.name: family.type
        for family in text_string_to_metric_families((tmp_path / "deep" / "metrics.prom").read_text())
    }
    assert families["pokeapi_requests"] == "counter"
    assert families["pokeapi_request_duration_seconds"] == "histogram"
    assert (tmp_path / "deep" / "metrics.prom").read_text() == metrics.text()
