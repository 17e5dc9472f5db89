"""What real loads leave: statistics of each endpoint and each second, and a report that has all of it."""

from __future__ import annotations

import json

import pytest

from observatory.load import LoadReport, read_report
from tests.html_page import HtmlPage
from tests.watched_load import WatchedLoad


def both(watched: WatchedLoad) -> tuple[LoadReport, LoadReport]:
    return watched.first, watched.second


# Property 26: Locust generates statistics
@pytest.mark.property(26)
def test_every_endpoint_has_percentiles(watched_load: WatchedLoad) -> None:
    for report in both(watched_load):
        assert report.endpoints
        for numbers in (report.total, *report.endpoints):
            percentiles = [numbers.p50, numbers.p90, numbers.p95, numbers.p99, numbers.longest]
            known = [value for value in percentiles if value is not None and value > 0]
            assert len(known) == len(percentiles)
            assert known == sorted(known)
        assert report.total.requests == sum(numbers.requests for numbers in report.endpoints)


# Property 26: Locust generates statistics
@pytest.mark.property(26)
def test_every_second_with_requests_has_percentiles(watched_load: WatchedLoad) -> None:
    for report in both(watched_load):
        assert sum(second.requests for second in report.timeline) == report.total.requests
        for second in report.timeline:
            assert (second.p50 is None) == (second.requests == 0)
            assert (second.p95 is None) == (second.requests == 0)


# Property 28: Locust generates summary reports
@pytest.mark.property(28)
def test_the_report_has_requests_failures_and_percentiles_as_json(watched_load: WatchedLoad) -> None:
    written = json.loads((watched_load.results / "report.json").read_text(encoding="utf-8"))
    total = written["total"]
    assert (total["requests"], total["failures"]) == (watched_load.answered, watched_load.answered)
    assert all(total[name] > 0 for name in ("p50", "p90", "p95", "p99", "longest"))
    assert total["throughput"] == 0, "nobody was answered well"
    assert watched_load.first.total.throughput > 0
    assert sum(each["count"] for each in written["failures"]) == watched_load.answered
    assert written["verdict"]["outcome"] == "failed"
    assert read_report(watched_load.results) == watched_load.second


# Property 28: Locust generates summary reports
@pytest.mark.property(28)
def test_the_report_can_be_read_as_a_page(watched_load: WatchedLoad) -> None:
    page = HtmlPage((watched_load.results / "report.html").read_text(encoding="utf-8"))
    assert page.problems == []
    assert f"{watched_load.answered} requests failed" in page.text
    assert "P95" in page.text
    assert (watched_load.results / "locust.html").stat().st_size > 0
