"""What happened is what was counted, for any run of requests and failures."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.exchange import Attempt, Failure, FailureType
from observatory.metrics import BUCKETS, Metrics
from tests.history_values import an_exchange

_ENDPOINTS = st.sampled_from(["pokemon", "type", "ability", "berry"])


# Property 11: Request metrics are incremented
@pytest.mark.property(11)
@settings(max_examples=100)
@given(st.lists(_ENDPOINTS, max_size=30))
def test_each_request_counts_once_for_its_endpoint(endpoints: list[str]) -> None:
    metrics = Metrics()
    for endpoint in endpoints:
        metrics.saw(an_exchange(endpoint))
    for endpoint, count in Counter(endpoints).items():
        assert metrics.value("pokeapi_requests_total", endpoint=endpoint) == count
        assert metrics.value("pokeapi_request_duration_seconds_count", endpoint=endpoint) == count
    assert metrics.value("pokeapi_requests_total") == len(endpoints)
    assert metrics.value("pokeapi_failures_total") == 0


# Property 12: Latency metrics are recorded
@pytest.mark.property(12)
@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            _ENDPOINTS,
            st.floats(0, 100, allow_nan=False),
            st.sampled_from([200, 404, 429, 503]),
            st.none() | st.sampled_from(FailureType),
        ),
        max_size=30,
    )
)
def test_each_answer_leaves_its_duration_with_its_endpoint(
    answers: list[tuple[str, float, int, FailureType | None]],
) -> None:
    metrics = Metrics()
    for endpoint, seconds, status, failed in answers:
        failure = Failure(failed, "why") if failed else None
        # A try before the last one, and what was waited, are no part of how long this answer took.
        attempts = (Attempt(1, 503, 9.0), Attempt(2, status, seconds, waited=8.0, limited=7.0))
        metrics.saw(an_exchange(endpoint, elapsed=seconds, status=status, failure=failure, attempts=attempts))
    name = "pokeapi_request_duration_seconds"
    for endpoint in ("pokemon", "type", "ability", "berry"):
        durations = [seconds for of, seconds, status, _ in answers if of == endpoint and status != HTTPStatus.NOT_FOUND]
        assert metrics.value(f"{name}_count", endpoint=endpoint) == len(durations)
        assert metrics.value(f"{name}_sum", endpoint=endpoint) == pytest.approx(fsum(durations))
        for bound in BUCKETS:
            within = sum(seconds <= bound for seconds in durations)
            assert metrics.value(f"{name}_bucket", endpoint=endpoint, le=str(bound)) == within


# Property 13: Failure metrics are incremented
@pytest.mark.property(13)
@settings(max_examples=100)
@given(st.lists(st.tuples(_ENDPOINTS, st.sampled_from(FailureType), st.booleans()), max_size=30))
def test_each_failure_counts_once_for_its_endpoint_and_type(
    failures: list[tuple[str, FailureType, bool]],
) -> None:
    metrics = Metrics()
    for endpoint, failure_type, is_of_request in failures:
        if is_of_request:
            metrics.saw(an_exchange(endpoint, failure=Failure(failure_type, "why")))
        else:
            metrics.failed(endpoint, failure_type)
    counted = Counter(
        (endpoint, failure_type)
        for endpoint, failure_type, is_of_request in failures
        if not (is_of_request and failure_type is FailureType.NOT_RECORDED)
    )
    for (endpoint, failure_type), count in counted.items():
        assert metrics.value("pokeapi_failures_total", endpoint=endpoint, failure_type=failure_type.value) == count
    assert metrics.value("pokeapi_failures_total") == sum(counted.values())


@settings(max_examples=100)
@given(st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=30))
def test_each_duration_falls_into_its_buckets(durations: list[float]) -> None:
    metrics = Metrics()
    for seconds in durations:
        metrics.saw(an_exchange(elapsed=seconds))
    for bound in (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0):
        expected = sum(seconds <= bound for seconds in durations)
        assert metrics.value("pokeapi_request_duration_seconds_bucket", le=str(bound)) == expected


def test_answers_with_status_429_are_counted_one_by_one() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange(attempts=(Attempt(1, 429, 0.1), Attempt(2, 429, 0.1), Attempt(3, 200, 0.1))))
    assert metrics.value("pokeapi_rate_limited_total", endpoint="pokemon") == 2
    assert metrics.value("pokeapi_requests_total") == 1
