"""What a push may say, and the sentence for each that it may not."""

from __future__ import annotations

import re

import pytest

from observatory.exchange import FailureType
from observatory.metrics import Metrics
from observatory.relay.reading import MOST_SAMPLES, PushError, read_push
from tests.history_values import an_exchange
from tests.relay_values import requests, sample

COUNTER = "# TYPE pokeapi_requests_total counter\n"
GAUGE = "# TYPE pokeapi_test_execution_timestamp gauge\n"
NAME = "pokeapi_request_duration_seconds"
BUCKETS = ("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")


def histogram(
    values: tuple[float, ...] = (0, 1, 1, 1, 1, 1, 1, 1), bounds: tuple[str, ...] = BUCKETS, count: float = 1
) -> bytes:
    """The durations of an endpoint, by their buckets."""
    lines = [f'{NAME}_bucket{{endpoint="type",le="{le}"}} {value}' for le, value in zip(bounds, values, strict=True)]
    lines += [f'{NAME}_count{{endpoint="type"}} {count}', f'{NAME}_sum{{endpoint="type"}} 0.2']
    return "\n".join([f"# TYPE {NAME} histogram", *lines, ""]).encode()


def test_an_empty_push_says_nothing() -> None:
    assert read_push(b"") == []


def test_a_push_is_read_as_it_was_counted() -> None:
    metrics = Metrics()
    metrics.saw(an_exchange(elapsed=0.2))
    metrics.failed("type", FailureType.ASSERTION)
    metrics.suite_ended('"Smoke" \\ Größe', 1786004122.5)
    read = read_push(metrics.text().encode())
    assert len(read) == 1 + 10 + 1 + 1
    assert requests(1) in read
    assert sample(f"{NAME}_bucket", 1, endpoint="pokemon", le="0.25") in read
    assert sample("pokeapi_failures_total", 1, endpoint="type", failure_type="assertion") in read
    assert sample("pokeapi_test_execution_timestamp", 1786004122.5, suite='"Smoke" \\ Größe') in read


def test_labels_are_read_in_any_order() -> None:
    body = b'# TYPE pokeapi_failures_total counter\npokeapi_failures_total{failure_type="tls",endpoint="type"} 1\n'
    assert read_push(body) == [sample("pokeapi_failures_total", 1, endpoint="type", failure_type="tls")]


def test_when_a_counter_was_made_says_nothing_here() -> None:
    made = b'# TYPE pokeapi_requests_created gauge\npokeapi_requests_created{endpoint="pokemon"} 1.7e9\n'
    body = f'{COUNTER}pokeapi_requests_total{{endpoint="pokemon"}} 2\n'.encode()
    assert read_push(body + made) == [requests(2)]


def test_a_bound_of_a_bucket_may_be_written_in_other_ways() -> None:
    other_ways = ("0.10", "2.5e-1", ".5", "1", "2.50", "5", "1e1", "inf")
    assert read_push(histogram(bounds=other_ways)) == read_push(histogram())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xff", "Byte 0 of the push is no UTF-8."),
        (b"# fine\n\xe4", "Byte 7 of the push is no UTF-8."),
        (b"<html>", "The push is not in Prometheus's text format: "),
        (b"pokeapi_requests_total{", "The push is not in Prometheus's text format: "),
        (
            b"# TYPE up gauge\nup 1\n",
            "'up' is no metric that is added up here; there are: pokeapi_requests_total, pokeapi_failures_total, ",
        ),
        (
            b"pokeapi_relay_pushes_total 1\n",
            "'pokeapi_relay_pushes_total' is no metric that is added up here; there are: ",
        ),
        (
            f"{COUNTER}pokeapi_requests_total 1\n".encode(),
            "pokeapi_requests_total{} must have the labels endpoint, and no others.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a",target="live"}} 1\n'.encode(),
            "pokeapi_requests_total{endpoint='a', target='live'} must have the labels endpoint, and no others.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="{"x" * 201}"}} 1\n'.encode(),
            "The label endpoint of pokeapi_requests_total has 201 characters; 200 are allowed.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a\\nb"}} 1\n'.encode(),
            "pokeapi_requests_total{endpoint='a\\\\nb'} has a control character in its label endpoint.",
        ),
        (
            b'# TYPE pokeapi_failures_total counter\npokeapi_failures_total{endpoint="a",failure_type="luck"} 1\n',
            "pokeapi_failures_total{endpoint='a', failure_type='luck'}: 'luck' is no type of failure.",
        ),
        (
            b'pokeapi_requests_total{endpoint="a"} 1\n',
            "pokeapi_requests_total is a counter, and the push says that it is 'unknown'.",
        ),
        (
            b'# TYPE pokeapi_requests_total gauge\npokeapi_requests_total{endpoint="a"} 1\n',
            "pokeapi_requests_total is a counter, and the push says that it is 'gauge'.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} NaN\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} is nan, which is no number that can be added.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} +Inf\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} is inf, which is no number that can be added.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} 2e12\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} is 2e+12, which no process counts to.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} -1\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} is -1; nothing that is counted here falls below 0.",
        ),
        (
            f'{GAUGE}pokeapi_test_execution_timestamp{{suite="a"}} -1\n'.encode(),
            "pokeapi_test_execution_timestamp{suite='a'} is -1; nothing that is counted here falls below 0.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} 1.5\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} is 1.5; what is counted is whole.",
        ),
        (
            b'# TYPE pokeapi_circuit_breaker_state gauge\npokeapi_circuit_breaker_state{endpoint="a"} 3\n',
            "pokeapi_circuit_breaker_state{endpoint='a'} is 3; a circuit is 0 closed, 1 open or 2 half-open.",
        ),
        (
            f'{COUNTER}pokeapi_requests_total{{endpoint="a"}} 1\npokeapi_requests_total{{endpoint="a"}} 1\n'.encode(),
            "pokeapi_requests_total{endpoint='a'} stands twice in the push.",
        ),
        (
            histogram(bounds=("0.1", "0.10", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")),
            f"{NAME}_bucket{{endpoint='type', le='0.1'}} stands twice in the push.",
        ),
        (
            histogram((0, 1, 1, 1, 1, 1, 1), BUCKETS[1:]),
            f"{NAME}{{endpoint='type'}} must have _sum, _count, and the buckets {', '.join(BUCKETS)}.",
        ),
        (
            histogram((2, 1, 1, 1, 1, 1, 1, 1)),
            f"{NAME}{{endpoint='type'}} does not add up: its buckets are [2, 1, 1, 1, 1, 1, 1, 1], its count is 1.",
        ),
        (
            histogram(count=2),
            f"{NAME}{{endpoint='type'}} does not add up: its buckets are [0, 1, 1, 1, 1, 1, 1, 1], its count is 2.",
        ),
        (
            histogram(bounds=("a lot", *BUCKETS[1:])),
            f"{NAME}_bucket{{endpoint='type', le='a lot'}}: 'a lot' is no bound of a bucket.",
        ),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_cannot_be_true_is_refused_with_what_and_where(body: bytes, said: str) -> None:
    with pytest.raises(PushError, match=f"^{re.escape(said)}") as refused:
        read_push(body)
    assert str(refused.value).endswith((".", "!"))
    assert str(refused.value).isprintable()


def test_a_push_of_more_samples_than_any_process_has_is_refused() -> None:
    lines = [f'pokeapi_requests_total{{endpoint="{number}"}} 1\n' for number in range(MOST_SAMPLES + 1)]
    assert len(read_push("".join([COUNTER, *lines[1:]]).encode())) == MOST_SAMPLES
    with pytest.raises(PushError, match=r"^The push has more than 10000 samples\.$"):
        read_push("".join([COUNTER, *lines]).encode())
