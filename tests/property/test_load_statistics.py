"""The statistics of a load: percentiles of what was measured, however many processes measured it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.load.latencies import Latencies
from observatory.load.measurements import Cell
from observatory.load.summary import numbers
from tests.load_requests import BEGAN, Ended, counted, counted_at_once, requests

_DIGITS = 1e-3  # a latency is kept to three digits
_MICRO = 1e-6  # and to a microsecond


def between(latencies: list[float], percent: float) -> tuple[float, float]:
    """The two latencies on both sides of where numpy puts a percentile, as far apart as digits are kept."""
    low, high = (float(np.percentile(latencies, percent, method=side)) for side in ("lower", "higher"))
    return low * (1 - _DIGITS) - _MICRO, high * (1 + _DIGITS) + _MICRO


def held_against_numpy(found: Latencies, latencies: list[float]) -> None:
    """What the report says of a second, or of an endpoint."""
    assert len(found) == len(latencies)
    for percent, value in ((50, found.percentile(50)), (95, found.percentile(95)), (100, found.longest)):
        if not latencies:
            assert value is None
            continue
        low, high = between(latencies, percent)
        assert value is not None
        assert low <= value <= high, percent


# Property 26: Locust generates statistics
@pytest.mark.property(26)
@settings(max_examples=100)
@given(st.lists(requests, max_size=60))
def test_percentiles_are_those_of_numpy(ended: list[Ended]) -> None:
    found = numbers("all", counted(ended).whole(), 2.0)
    latencies = [each.latency for each in ended if each.has_latency]
    percentiles = {50: found.p50, 90: found.p90, 95: found.p95, 99: found.p99, 100: found.longest}
    if not latencies:
        assert [*percentiles.values(), found.mean] == [None] * 6
        return
    for percent, value in percentiles.items():
        low, high = between(latencies, percent)
        assert value is not None
        assert low <= value <= high, percent
    assert found.mean == pytest.approx(float(np.mean(latencies)), rel=_DIGITS, abs=_MICRO)


# Property 26: Locust generates statistics
@pytest.mark.property(26)
@settings(max_examples=100)
@given(st.lists(requests, max_size=40))
def test_each_endpoint_and_each_second_has_its_own(ended: list[Ended]) -> None:
    measured = counted(ended)
    answered = [each for each in ended if each.has_latency]
    assert set(measured.endpoints) == {each.endpoint for each in ended}
    for endpoint, cell in measured.endpoints.items():
        held_against_numpy(cell.latencies, [each.latency for each in answered if each.endpoint == endpoint])
    assert set(measured.moments) == {int(BEGAN) + each.second for each in ended}
    for second, moment in measured.moments.items():
        latencies = [each.latency for each in answered if int(BEGAN) + each.second == second]
        held_against_numpy(moment.latencies(), latencies)


# Property 26: Locust generates statistics
@pytest.mark.property(26)
@settings(max_examples=100)
@given(st.lists(requests, max_size=60))
def test_many_processes_count_what_one_would(ended: list[Ended]) -> None:
    many, one = counted(ended), counted_at_once(ended)
    assert many.troubles == one.troubles
    assert many.endpoints.keys() == one.endpoints.keys()
    for endpoint, cell in many.endpoints.items():
        assert is_the_same(cell, one.endpoints[endpoint])
    assert many.moments.keys() == one.moments.keys()
    for second, moment in many.moments.items():
        other = one.moments[second]
        assert (moment.requests, moment.failures) == (other.requests, other.failures)
        assert moment.latencies().written() == other.latencies().written()


def is_the_same(cell: Cell, other: Cell) -> bool:
    """Whether two cells say the same; a sum of latencies depends a little on their order."""
    *counts, seconds, latencies, buckets = cell.written()
    *other_counts, other_seconds, other_latencies, other_buckets = other.written()
    return (counts, latencies, buckets) == (other_counts, other_latencies, other_buckets) and math.isclose(
        seconds, other_seconds
    )
