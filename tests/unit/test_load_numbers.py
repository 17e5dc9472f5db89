"""The live numbers of a load: what they show, that they only grow, and that they stay few."""

from __future__ import annotations

import logging
import socket
from collections import Counter

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from load.metrics_page import ENDPOINTS, FAILURE_TYPES, LoadNumbers, serve_numbers
from load.question import Question
from load.resources import ENDPOINTS as ASKED_FOR
from load.resources import Resources
from load.tasks import LOOKUPS, travel
from observatory.exchange import FailureType
from observatory.load import Counting, Measurements, Trouble
from tests.prometheus_server import complaints

MOST_SERIES = 1_500


class Loads:
    """Loads one after the other, and the page of their numbers."""

    def __init__(self) -> None:
        self.measured = Measurements()
        self.numbers = LoadNumbers(lambda: self.measured, lambda: 7, lambda: 2)
        self._registry = CollectorRegistry()
        self._registry.register(self.numbers)

    def begin(self) -> None:
        self.measured = Measurements()

    def count(self, endpoint: str, latency: float = 0.1, trouble: Trouble | None = None) -> None:
        counting = Counting()
        counting.ended(endpoint, 1.0, latency, 10, trouble)
        self.measured.add(counting.take())

    def page(self) -> str:
        return generate_latest(self._registry).decode()

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have these labels."""
        return sum(
            value
            for (found, with_labels), value in self.samples()
            if found == name and labels.items() <= dict(with_labels).items()
        )

    def samples(self) -> list[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
        return [
            ((sample.name, frozenset(sample.labels.items())), sample.value)
            for family in text_string_to_metric_families(self.page())
            for sample in family.samples
        ]


class Asked:
    """A user that notes what it is told to ask."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.resources = Resources({endpoint: ["1"] for endpoint in ASKED_FOR})

    def ask(self, question: Question, due: float | None = None) -> bytes:
        del due
        self.names.add(question.name)
        return (
            b'{"results": [{"url": "http://here/pokemon/1/"}], "types": [{"type": {"url": "http://here/type/1/"}}], '
            b'"abilities": [{"ability": {"url": "http://here/ability/1/"}}]}'
        )

    def pause(self) -> None:
        """Do not wait."""


def test_the_known_endpoints_are_those_that_the_tasks_ask() -> None:
    asked = Asked()
    for task in (*LOOKUPS, travel):
        task(asked)
    assert asked.names == set(ENDPOINTS)


def test_before_the_first_load_everything_known_is_there_at_0() -> None:
    loads = Loads()
    found = Counter(name for (name, _), _ in loads.samples())
    assert found["pokeapi_load_requests_total"] == len(ENDPOINTS)
    assert found["pokeapi_load_failures_total"] == len(ENDPOINTS) * len(FAILURE_TYPES)
    assert found["pokeapi_load_request_duration_seconds_count"] == len(ENDPOINTS)
    assert found["pokeapi_load_scheduled_total"] == found["pokeapi_load_sent_total"] == 1
    gauges = {"pokeapi_load_users": 7.0, "pokeapi_load_workers": 2.0}
    assert {name: value for (name, _), value in loads.samples() if value} == gauges


def test_a_request_is_counted_where_it_belongs() -> None:
    loads = Loads()
    loads.count("pokemon", 0.3)
    loads.count("pokemon", 0.7, Trouble(FailureType.MODEL, "name should be text"))
    assert loads.value("pokeapi_load_requests_total", endpoint="pokemon") == 2
    assert loads.value("pokeapi_load_failures_total", endpoint="pokemon", failure_type="model") == 1
    assert loads.value("pokeapi_load_failures_total") == 1
    name = "pokeapi_load_request_duration_seconds"
    steps = [loads.value(f"{name}_bucket", endpoint="pokemon", le=bound) for bound in ("0.25", "0.5", "1.0", "+Inf")]
    assert steps == [0, 1, 2, 2]
    assert loads.value(f"{name}_sum", endpoint="pokemon") == pytest.approx(1.0)


def test_who_was_not_reached_has_no_latency() -> None:
    loads = Loads()
    loads.count("type", 3.0, Trouble(FailureType.CONNECTION, "refused"))
    assert loads.value("pokeapi_load_failures_total", endpoint="type", failure_type="connection") == 1
    assert loads.value("pokeapi_load_request_duration_seconds_count") == 0


def test_the_next_load_counts_on() -> None:
    loads = Loads()
    loads.count("pokemon", trouble=Trouble(FailureType.STATUS, "404"))
    loads.page()
    loads.count("pokemon")  # after the last scrape of its load
    loads.begin()
    assert loads.value("pokeapi_load_requests_total", endpoint="pokemon") == 2
    loads.count("pokemon", trouble=Trouble(FailureType.STATUS, "404"))
    assert loads.value("pokeapi_load_requests_total", endpoint="pokemon") == 3
    assert loads.value("pokeapi_load_failures_total", endpoint="pokemon") == 2
    assert loads.value("pokeapi_load_request_duration_seconds_count", endpoint="pokemon") == 3


def test_a_load_between_two_scrapes_is_counted() -> None:
    loads = Loads()
    loads.begin()
    loads.numbers.look()
    loads.count("type")
    loads.begin()
    assert loads.value("pokeapi_load_requests_total", endpoint="type") == 1


def test_a_user_with_a_thousand_names_does_not_make_a_thousand_series() -> None:
    loads = Loads()
    for number in range(1000):
        trouble = Trouble(list(FailureType)[number % len(FailureType)], "why")
        loads.count(f"/search?q={number}", trouble=trouble if number % 3 else None)
        loads.count(f"/search?q={number % 10}", trouble=trouble)
    assert len(loads.samples()) <= MOST_SERIES
    assert loads.value("pokeapi_load_requests_total") == 2000
    assert loads.value("pokeapi_load_failures_total") == sum(loads.measured.troubles.values())
    assert loads.value("pokeapi_load_requests_total", endpoint="other") > 900
    assert loads.value("pokeapi_load_requests_total", endpoint="/search?q=3") == 101


def test_what_was_shown_only_grows_whatever_is_asked() -> None:
    loads = Loads()
    before: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for number in range(60):
        if number % 25 == 24:
            loads.begin()
        loads.count(f"name {59 - number}", trouble=Trouble(FailureType.STATUS, "404"))
        if number % 6:
            continue
        now = dict(loads.samples())
        assert before.keys() <= now.keys()
        assert all(now[series] >= value for series, value in before.items())
        before = now


def test_promtool_has_nothing_against_names_of_any_kind() -> None:
    loads = Loads()
    names = ('quo"ted', "back\\slash", "line\nbreak", "\udcff", "", "é ".join("x" * 200), "other")
    for name in names:
        loads.count(name, trouble=Trouble(FailureType.STATUS, "404"))
    assert loads.value("pokeapi_load_requests_total") == len(names)
    assert complaints(loads.page()) == ""


def test_a_port_that_is_taken_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        assert serve_numbers(Loads().numbers, "127.0.0.1", taken.getsockname()[1]) is None
    assert "so this load shows no live numbers to Prometheus" in caplog.text
    assert "--metrics-port" in caplog.text


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99_999), ("192.0.2.1", 0)])
def test_an_address_that_cannot_be_is_a_warning(host: str, port: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert serve_numbers(Loads().numbers, host, port) is None
    assert f"Port {port} on {host} cannot be had (" in caplog.text
