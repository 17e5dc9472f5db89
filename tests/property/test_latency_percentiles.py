"""Percentiles of latencies: numpy's, on the same data."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.latency import percentiles
from tests.latency_values import times

seconds = st.floats(min_value=5e-324, max_value=1e300)
alike = st.sampled_from([0.1, 0.2, 0.3])
samples = st.lists(seconds, min_size=1, max_size=200) | st.lists(alike, min_size=1, max_size=50)


# Requirement 18.2: P50, P95 and P99 are calculated.
@given(samples)
def test_percentiles_are_numpys(values: list[float]) -> None:
    expected = np.percentile(np.array(values), [50, 95, 99])
    assert tuple(percentiles(values)) == pytest.approx(tuple(expected.tolist()), rel=1e-12, abs=0)


@given(samples)
def test_percentiles_rise_and_lie_within_the_values(values: list[float]) -> None:
    found = percentiles(values)
    assert min(values) <= found.p50 <= found.p95 * (1 + 1e-15)
    assert found.p95 <= found.p99 * (1 + 1e-15)
    assert found.p99 <= max(values) * (1 + 1e-15)


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_the_values_makes_no_difference(values: list[float], random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    assert percentiles(shuffled) == percentiles(values)


@given(seconds)
def test_all_percentiles_of_one_value_are_this_value(value: float) -> None:
    assert tuple(percentiles([value])) == (value, value, value)


def test_there_are_no_percentiles_of_nothing() -> None:
    with pytest.raises(ValueError, match="no percentiles of nothing"):
        percentiles([])


def test_percentiles_of_a_run_are_those_of_all_its_requests() -> None:
    run = times(0, [number / 1000 for number in range(1, 101)])
    assert run.percentiles == pytest.approx((0.0505, 0.09505, 0.09901))
    assert math.isclose(run.logarithms[0][1], math.log(0.001))
