"""The families of numbers: their names, labels and buckets, and what becomes of a label that does not fit."""

from __future__ import annotations

import pytest
from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families

from observatory.metrics import Metrics
from observatory.metrics.families import (
    BOUNDS,
    BUCKETS,
    FAMILIES,
    FAMILY_OF,
    LONGEST_LABEL,
    Kind,
    fitting,
)
from tests.history_values import an_exchange


def test_the_families_have_the_names_and_labels_that_dashboards_and_alerts_ask_for() -> None:
    assert {family.name: family.labels for family in FAMILIES} == {
        "pokeapi_requests_total": ("endpoint",),
        "pokeapi_failures_total": ("endpoint", "failure_type"),
        "pokeapi_request_duration_seconds": ("endpoint",),
        "pokeapi_rate_limited_total": ("endpoint",),
        "pokeapi_schema_changes_total": ("endpoint",),
        "pokeapi_test_execution_timestamp": ("suite",),
        "pokeapi_test_flakiness_total": ("suite",),
        "pokeapi_test_flakiness_rate": ("test_name",),
        "pokeapi_circuit_breaker_state": ("endpoint",),
    }


def test_what_a_process_counts_are_these_families() -> None:
    counted = {family.name: family.type for family in text_string_to_metric_families(Metrics().text())}
    assert counted == {family.name.removesuffix("_total"): family.kind.value for family in FAMILIES}


def test_a_name_ends_with_total_where_it_is_a_counter_and_nowhere_else() -> None:
    assert all(family.name.endswith("_total") == (family.kind is Kind.COUNTER) for family in FAMILIES)


def test_each_sample_belongs_to_one_family() -> None:
    assert len(FAMILY_OF) == sum(len(family.samples) for family in FAMILIES)
    assert FAMILY_OF["pokeapi_request_duration_seconds_sum"].name == "pokeapi_request_duration_seconds"


def test_the_buckets_are_labelled_as_a_histogram_labels_them() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange())
    bounds = [sample.labels["le"] for sample in _samples(metrics) if "le" in sample.labels]
    assert tuple(bounds) == BOUNDS
    assert BUCKETS == (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("pokemon", "pokemon"),
        ("Pokémon mit Umlauten: äöü", "Pokémon mit Umlauten: äöü"),
        ("", ""),
        ("one\ntwo\ttabbed\r", "one two tabbed "),
        ("a\x00b\x1b[31mc\x7f", "a b [31mc "),
        ("half a pair \ud800 and a separator \u2028", "half a pair   and a separator  "),
        ("x" * LONGEST_LABEL, "x" * LONGEST_LABEL),
        ("x" * (LONGEST_LABEL + 1), "x" * (LONGEST_LABEL - 1) + "…"),
    ],
)
def test_the_value_of_a_label_is_one_printable_line_of_bounded_length(value: str, fits: str) -> None:
    assert fitting(value) == fits


def _samples(metrics: Metrics) -> list[Sample]:
    return [sample for family in metrics.registry.collect() for sample in family.samples]
