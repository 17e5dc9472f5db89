"""The live numbers of real loads, as a real Prometheus has them, against what the reports say at the end."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from prometheus_client.parser import text_string_to_metric_families

from observatory.load import BUCKETS
from tests.load_process import said
from tests.prometheus_server import SCRAPED, complaints
from tests.watched_load import WatchedLoad

# Property 27: Locust exports metrics
pytestmark = pytest.mark.property(27)

_REQUESTS = "pokeapi_load_requests_total"
_FAILURES = "pokeapi_load_failures_total"
_BUCKET = "pokeapi_load_request_duration_seconds_bucket"


def between_bounds(seconds: float) -> tuple[float, float]:
    """The two bounds of the buckets between which a latency lies."""
    return next((low, high) for low, high in pairwise((0.0, *BUCKETS, math.inf)) if seconds <= high)


@pytest.mark.parametrize("when", ["running", "idle"])
def test_promtool_has_nothing_against_the_page(watched_load: WatchedLoad, when: str) -> None:
    assert complaints(watched_load.pages[when]) == ""


def test_the_page_has_every_family_in_the_words_of_the_project(watched_load: WatchedLoad) -> None:
    families = {
        family.name.removeprefix("pokeapi_load_"): family.type
        for family in text_string_to_metric_families(watched_load.pages["running"])
    }
    assert families == {
        "users": "gauge",
        "workers": "gauge",
        "requests": "counter",
        "failures": "counter",
        "request_duration_seconds": "histogram",
        "scheduled": "counter",
        "sent": "counter",
    }


def test_the_master_shows_them_and_no_worker_does(watched_load: WatchedLoad) -> None:
    assert watched_load.listening == [True, False, False]


def test_every_counter_is_seen_at_0_before_the_load(watched_load: WatchedLoad) -> None:
    watched = watched_load
    for name, series in ((_REQUESTS, 4), (_FAILURES, 56), ("pokeapi_load_sent_total", 1)):
        rows = watched.prometheus.rows(name, watched.began)
        assert [value for row in rows for value in row.values.values()] == [0.0] * series


def test_the_requests_are_those_of_the_report(watched_load: WatchedLoad) -> None:
    watched = watched_load
    assert watched.prometheus.value(f"sum({_REQUESTS})", watched.between) == watched.first.total.requests
    for numbers in watched.first.endpoints:
        counted = watched.prometheus.value(f'{_REQUESTS}{{endpoint="{numbers.endpoint}"}}', watched.between)
        assert counted == numbers.requests
    assert watched.prometheus.value(f"sum({_FAILURES})", watched.between) == watched.first.total.failures


def test_a_second_load_is_added_to_the_first(watched_load: WatchedLoad) -> None:
    watched = watched_load
    both = watched.first.total.requests + watched.second.total.requests
    assert watched.prometheus.value(f"sum({_REQUESTS})", watched.ended) == both
    courses = watched.prometheus.course(_REQUESTS, watched.began, watched.ended)
    assert courses
    for course in courses:
        values = [course.values[at] for at in sorted(course.values)]
        assert values == sorted(values), f"{course.labels} went back"
    resets = watched.prometheus.rows(f"resets({_REQUESTS}[5m])", watched.ended)
    assert {value for row in resets for value in row.values.values()} == {0.0}


def test_the_requests_are_those_that_the_server_answered(watched_load: WatchedLoad) -> None:
    watched = watched_load
    assert watched.second.total.requests == watched.answered > 0


def test_the_failures_are_told_by_type(watched_load: WatchedLoad) -> None:
    watched = watched_load
    expression = f"sum by (failure_type) ({_FAILURES}) > 0"
    rows = watched.prometheus.rows(expression, watched.ended)
    by_type = {row.labels["failure_type"]: sum(row.values.values()) for row in rows}
    before = watched.first.failures_by_type()
    assert by_type == {**before, "server_error": before.get("server_error", 0) + watched.answered}


def test_the_arrivals_of_the_open_model_are_told(watched_load: WatchedLoad) -> None:
    watched = watched_load
    assert watched.second.arrivals is not None
    found = [
        watched.prometheus.value(f"sum(pokeapi_load_{what}_total)", watched.ended) for what in ("scheduled", "sent")
    ]
    assert found == [watched.second.arrivals.scheduled, watched.second.arrivals.sent]


def test_users_and_workers_are_told(watched_load: WatchedLoad) -> None:
    watched = watched_load
    (users,) = watched.prometheus.course("sum(pokeapi_load_users)", watched.began, watched.between)
    (workers,) = watched.prometheus.course("sum(pokeapi_load_workers)", watched.began, watched.between)
    assert (max(users.values.values()), max(workers.values.values())) == (60, 2)
    assert watched.prometheus.value("sum(pokeapi_load_users)", watched.between) == 0


def test_what_increased_is_nearly_what_was_counted(watched_load: WatchedLoad) -> None:
    watched = watched_load
    # Prometheus knows what lies between its first scrape of a counter and its last, and makes up the edges.
    window = f"{math.ceil(watched.between - watched.began) + SCRAPED}s"
    increase = watched.prometheus.value(f"sum(increase({_REQUESTS}[{window}]))", watched.between)
    assert increase == pytest.approx(watched.first.total.requests, rel=0.25)


def test_the_rate_is_that_of_the_report(watched_load: WatchedLoad) -> None:
    watched = watched_load
    (rate,) = watched.prometheus.course(f"sum(rate({_REQUESTS}[4s]))", watched.began, watched.between)
    busiest = max(
        sum(second.requests for second in watched.first.timeline[at : at + 4]) / 4
        for at in range(len(watched.first.timeline))
    )
    assert busiest / 2 <= max(rate.values.values()) <= busiest * 2


@pytest.mark.parametrize(("share", "percentile"), [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")])
def test_percentiles_lie_in_the_buckets_of_those_of_the_report(
    watched_load: WatchedLoad, share: float, percentile: str
) -> None:
    watched = watched_load
    reported = getattr(watched.first.total, percentile)
    found = watched.prometheus.value(f"histogram_quantile({share}, sum by (le) ({_BUCKET}))", watched.between)
    low, high = between_bounds(reported)
    assert found is not None
    assert low <= found <= high


def test_the_histogram_adds_up(watched_load: WatchedLoad) -> None:
    watched = watched_load
    total = watched.first.total
    name = _BUCKET.removesuffix("_bucket")
    assert watched.prometheus.value(f"sum({name}_count)", watched.between) == total.requests
    assert watched.prometheus.value(f'sum({_BUCKET}{{le="+Inf"}})', watched.between) == total.requests
    mean = watched.prometheus.value(f"sum({name}_sum) / sum({name}_count)", watched.between)
    assert mean == pytest.approx(total.mean, rel=0.01)


def test_where_the_port_is_taken_the_load_warns_and_goes_on(watched_load: WatchedLoad) -> None:
    late = watched_load.late
    assert "cannot be had (Address already in use" in said(late.printed)
    assert "so this load shows no live numbers to Prometheus" in said(late.printed)
    assert late.process.returncode == 1  # every request failed, as it should
    assert late.report.total.requests > 0
