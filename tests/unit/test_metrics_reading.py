"""What was counted by a moment, and between two moments: the parts are the whole."""

from __future__ import annotations

import pytest

from observatory.metrics import Metrics
from observatory.metrics.reading import Reading
from tests.history_values import an_exchange
from tests.relay_values import Series, of, scraped


def read(metrics: Metrics, since: Reading | None = None) -> dict[Series, float]:
    return scraped(metrics.read().text(since).encode())


def test_what_was_read_does_not_change_any_more() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange())
    reading = metrics.read()
    before = reading.text()
    metrics.saw(an_exchange())
    assert reading.text() == before
    assert reading.values["pokeapi_requests_total", (("endpoint", "pokemon"),)] == 1


def test_what_adds_up_is_told_since_an_earlier_reading() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange(elapsed=0.2))
    earlier = metrics.read()
    metrics.saw(an_exchange(elapsed=0.3))
    metrics.saw(an_exchange(elapsed=3.0))
    since = read(metrics, earlier)
    name = "pokeapi_request_duration_seconds"
    assert since[of("pokeapi_requests_total", endpoint="pokemon")] == 2
    assert since[of(f"{name}_count", endpoint="pokemon")] == 2
    assert since[of(f"{name}_sum", endpoint="pokemon")] == pytest.approx(3.3)
    assert since[of(f"{name}_bucket", endpoint="pokemon", le="0.25")] == 0
    assert since[of(f"{name}_bucket", endpoint="pokemon", le="0.5")] == 1
    assert since[of(f"{name}_bucket", endpoint="pokemon", le="+Inf")] == 2


def test_what_was_not_there_at_the_earlier_reading_is_told_whole() -> None:
    metrics = Metrics()
    earlier = metrics.read()
    metrics.saw(an_exchange("berry"))
    assert read(metrics, earlier)[of("pokeapi_requests_total", endpoint="berry")] == 1


def test_a_gauge_is_told_as_it_is_whatever_it_was() -> None:
    metrics = Metrics()
    metrics.suite_ended("Smoke", 1786004122.0)
    earlier = metrics.read()
    assert read(metrics, earlier)[of("pokeapi_test_execution_timestamp", suite="Smoke")] == 1786004122.0


def test_nothing_is_told_of_when_a_counter_was_made() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange())
    assert "_created" in str(list(metrics.registry.collect()))
    assert "_created" not in metrics.read().text()
    assert "_created" not in metrics.read().text(Metrics().read())


def test_the_parts_are_the_whole_for_any_number_of_readings() -> None:
    metrics = Metrics()
    parts: dict[Series, float] = {}
    earlier: Reading | None = None
    for number in range(5):
        for _ in range(number):
            metrics.saw(an_exchange(elapsed=0.07 * number))
        now = metrics.read()
        for series, value in scraped(now.text(earlier).encode()).items():
            parts[series] = parts.get(series, 0.0) + value
        earlier = now
    assert parts == pytest.approx(read(metrics))
    assert parts[of("pokeapi_requests_total", endpoint="pokemon")] == 10
