"""What Prometheus reads: every family, each series once, in an order and with labels that it takes."""

from __future__ import annotations

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from observatory.exchange import FailureType
from observatory.metrics import Metrics
from observatory.metrics.families import BOUNDS, FAMILIES
from observatory.relay.keys import Key
from observatory.relay.page import page
from tests.history_values import an_exchange
from tests.prometheus_server import complaints
from tests.relay_values import of, pushed, scraped

NOTHING: dict[str, int] = {}
NAME = "pokeapi_request_duration_seconds"
HARD = 'a "quoted" \\ back\\nslash, {brace}=,# Größe'


def sums(metrics: Metrics, target: str) -> list[tuple[Key, float]]:
    return [(Key(target, each.name, each.labels), each.value) for each in pushed(metrics)]


def counted(*endpoints: str) -> Metrics:
    """The numbers of a process that has something in every family."""
    metrics = Metrics()
    for endpoint in endpoints:
        metrics.saw(an_exchange(endpoint, elapsed=0.2))
        metrics.failed(endpoint, FailureType.ASSERTION)
        metrics.schema_changed(endpoint)
        metrics.suite_ended(f"Suites.{endpoint}", 1786004122.5)
        metrics.flaked(f"Suites.{endpoint}")
        metrics.flakiness(f"Suites.{endpoint}.One", 0.25)
    return metrics


def test_every_family_is_there_before_anything_is_counted() -> None:
    families = {family.name: family for family in text_string_to_metric_families(page([], NOTHING).decode())}
    for family in FAMILIES:
        told = families[family.name.removesuffix("_total")]
        assert (told.type, told.documentation) == (family.kind.value, family.help)


def test_each_sum_stands_with_its_target_and_its_labels() -> None:
    found = scraped(page(sums(counted("pokemon"), "live"), NOTHING))
    assert found[of("pokeapi_requests_total", target="live", endpoint="pokemon")] == 1
    assert found[of(f"{NAME}_bucket", target="live", endpoint="pokemon", le="0.25")] == 1
    assert found[of("pokeapi_test_execution_timestamp", target="live", suite="Suites.pokemon")] == 1786004122.5
    assert found[of("pokeapi_test_flakiness_rate", target="live", test_name="Suites.pokemon.One")] == 0.25


def test_what_was_pushed_for_no_target_has_no_label_of_one() -> None:
    assert scraped(page(sums(counted("pokemon"), ""), NOTHING))[of("pokeapi_requests_total", endpoint="pokemon")] == 1


def test_the_buckets_of_a_histogram_stand_in_their_order_whatever_that_of_the_sums_is() -> None:
    there = [*sums(counted("pokemon", "type"), "live"), *sums(counted("pokemon"), "embedded")]
    (told,) = [
        family
        for family in text_string_to_metric_families(page(reversed(there), NOTHING).decode())
        if family.name == NAME
    ]
    bounds = [sample.labels["le"] for sample in told.samples if "le" in sample.labels]
    assert bounds == [*BOUNDS] * 3
    assert page(reversed(there), NOTHING) == page(there, NOTHING)


def test_pushes_are_counted_by_what_came_of_them() -> None:
    found = scraped(page([], Counter(added=3, repeated=1)))
    outcomes = {outcome: found[of("pokeapi_relay_pushes_total", outcome=outcome)] for outcome in OUTCOMES}
    assert outcomes == {"added": 3, "repeated": 1, "refused": 0}


def test_labels_come_through_whatever_letters_they_have() -> None:
    found = scraped(page(sums(counted(HARD), HARD), NOTHING))
    assert found[of("pokeapi_requests_total", target=HARD, endpoint=HARD)] == 1
    assert found[of("pokeapi_test_flakiness_rate", target=HARD, test_name=f"Suites.{HARD}.One")] == 0.25


def test_prometheus_has_nothing_against_it() -> None:
    everything = [pair for target in ("live", "", HARD) for pair in sums(counted("pokemon", HARD), target)]
    assert complaints(page(everything, Counter(added=3)).decode()) == ""
    assert complaints(page([], NOTHING).decode()) == ""


OUTCOMES = ("added", "repeated", "refused")
