"""The numbers by name, as Prometheus's text, and as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observatory.client import CircuitBreakers
from observatory.errors import ObservatoryError
from observatory.exchange import Attempt, Failure, FailureType
from observatory.metrics import Metrics
from observatory.metrics.families import LONGEST_LABEL, MOST_ENDPOINTS, OTHER
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


def test_of_many_endpoints_the_first_hundred_are_told_apart_and_the_rest_is_other() -> None:
    metrics = Metrics()
    for number in range(MOST_ENDPOINTS + 20):
        metrics.saw(an_exchange(f"endpoint{number}", failure=Failure(FailureType.STATUS, "why")))
    metrics.schema_changed("endpoint5000")
    assert metrics.value("pokeapi_requests_total", endpoint=f"endpoint{MOST_ENDPOINTS - 1}") == 1
    assert metrics.value("pokeapi_requests_total", endpoint=f"endpoint{MOST_ENDPOINTS}") == 0
    assert metrics.value("pokeapi_requests_total", endpoint=OTHER) == 20
    assert metrics.value("pokeapi_failures_total", endpoint=OTHER, failure_type="status") == 20
    assert metrics.value("pokeapi_request_duration_seconds_count", endpoint=OTHER) == 20
    assert metrics.value("pokeapi_schema_changes_total", endpoint=OTHER) == 1
    assert metrics.value("pokeapi_requests_total") == MOST_ENDPOINTS + 20


def test_an_endpoint_that_is_told_apart_stays_so_when_there_are_too_many() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange("pokemon"))
    for number in range(MOST_ENDPOINTS + 20):
        metrics.saw(an_exchange(f"endpoint{number}"))
    metrics.saw(an_exchange("pokemon"))
    assert metrics.value("pokeapi_requests_total", endpoint="pokemon") == 2


def test_of_many_circuit_breakers_a_hundred_are_shown() -> None:
    breakers = CircuitBreakers()
    for number in range(MOST_ENDPOINTS + 20):
        breakers.of(f"endpoint{number}")
    assert Metrics(breakers).text().count("pokeapi_circuit_breaker_state{") == MOST_ENDPOINTS


def test_what_names_a_number_is_one_printable_line_of_bounded_length() -> None:
    metrics = Metrics()
    long = "a\nname\x1b" + "x" * 300
    metrics.saw(an_exchange(long, failure=Failure(FailureType.MODEL, "why")))
    metrics.suite_ended(long, 1.0)
    metrics.flaked(long)
    metrics.flakiness(long, 0.5)
    metrics.schema_changed(long)
    values = {value for each in metrics.registry.collect() for s in each.samples for value in s.labels.values()}
    named = {value for value in values if value.startswith("a")}
    assert named == {"a name " + "x" * (LONGEST_LABEL - 8) + "…"}


def test_endpoints_that_are_one_line_alike_are_one_circuit() -> None:
    breakers = CircuitBreakers()
    breakers.of("a b")
    breakers.of("a\nb")
    assert Metrics(breakers).text().count("pokeapi_circuit_breaker_state{") == 1


@pytest.mark.parametrize(
    "count_something",
    [
        lambda metrics: metrics.saw(an_exchange()),
        lambda metrics: metrics.failed("pokemon", FailureType.ASSERTION),
        lambda metrics: metrics.schema_changed("pokemon"),
        lambda metrics: metrics.suite_ended("Smoke", 1.0),
        lambda metrics: metrics.flaked("Smoke"),
        lambda metrics: metrics.flakiness("Smoke.One", 0.5),
    ],
)
def test_whoever_keeps_the_numbers_is_told_of_each(count_something: Callable[[Metrics], None]) -> None:
    metrics = Metrics()
    told: list[str] = []
    metrics.on_change = lambda: told.append(metrics.text())
    count_something(metrics)
    assert told[-1] == metrics.text() != Metrics().text()


def test_a_label_that_a_metric_does_not_have_is_told_with_those_that_it_has() -> None:
    with pytest.raises(ObservatoryError, match=r"pokeapi_requests_total has no label 'suite'. It has: endpoint\."):
        Metrics().value("pokeapi_requests_total", suite="Smoke")


def test_a_family_that_has_several_metrics_is_told_with_them() -> None:
    with pytest.raises(
        ObservatoryError, match=r"There are: pokeapi_request_duration_seconds_bucket, \S+_count, \S+_sum\."
    ):
        Metrics().value("pokeapi_request_duration_seconds")


@pytest.mark.parametrize("failed", [FailureType.CONNECTION, FailureType.DNS])
def test_a_request_that_nobody_answered_says_nothing_of_how_quick_the_api_is(failed: FailureType) -> None:
    metrics = Metrics()
    metrics.saw(an_exchange(status=None, failure=Failure(failed, "why"), attempts=(Attempt(1, None, 0.001),)))
    assert metrics.value("pokeapi_requests_total") == 1
    assert metrics.value("pokeapi_request_duration_seconds_count") == 0


def test_a_request_that_ran_out_of_time_took_that_long() -> None:
    metrics = Metrics()
    failure = Failure(FailureType.TIMEOUT, "why")
    metrics.saw(an_exchange(status=None, elapsed=10.0, failure=failure, attempts=(Attempt(1, None, 10.0),)))
    assert metrics.value("pokeapi_request_duration_seconds_sum") == 10
