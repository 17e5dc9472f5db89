"""The summary report of a load: for anything that was measured it has everything, and it comes back from its file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.load import (
    Counting,
    Ending,
    Generator,
    Limits,
    LoadModel,
    LoadPlan,
    LoadReport,
    Measurements,
    judged,
    read_report,
    summary,
    write_report,
)
from observatory.load.report import Numbers
from tests.load_requests import BEGAN, Ended, counted, requests

texts = st.text(max_size=20)
amounts = st.none() | st.floats(1e-3, 1e6)
plans = st.builds(
    LoadPlan,
    profile=texts,
    shape=st.sampled_from(["steady", "ramp", "spike", "sawtooth"]),
    model=st.sampled_from(LoadModel),
    visitor=st.sampled_from(["lookup", "journey"]),
    target=texts,
    address=texts,
    users=st.integers(1, 10_000),
    seconds=amounts,
    rate=amounts,
    validated=st.floats(0, 1),
    limits=st.builds(Limits, failure_rate=st.none() | st.floats(0, 1), p95=amounts, throughput=amounts),
)
arrivals = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 10), st.booleans()), max_size=10)


def a_summary(plan: LoadPlan, measured: Measurements, ending: Ending, seconds: float, *notes: str) -> LoadReport:
    """The report of a load that lasted so many seconds."""
    generator = Generator(processes=2, lost=1, busiest=0.5)
    began, ended = BEGAN, BEGAN + seconds
    return summary(
        UUID(int=7), plan, measured, began=began, ended=ended, ending=ending, generator=generator, notes=notes
    )


def is_whole(numbers: Numbers, ended: list[Ended]) -> None:
    """The numbers are those of these requests, with every percentile where anything was answered."""
    assert numbers.requests == len(ended)
    assert numbers.failures == sum(each.trouble is not None for each in ended)
    assert numbers.size == sum(each.size for each in ended)
    percentiles = [numbers.p50, numbers.p90, numbers.p95, numbers.p99, numbers.longest]
    known = [value for value in percentiles if value is not None]
    assert len(known) == (len(percentiles) if any(each.has_latency for each in ended) else 0)
    assert known == sorted(known)


def has_every_second(report: LoadReport, ended: list[Ended]) -> None:
    """The timeline has each second with what ended in it, also those in which nothing did."""
    assert [second.number for second in report.timeline] == list(range(len(report.timeline)))
    assert len(report.timeline) > int(report.seconds)
    of_second, failed_in = Counter[int](), Counter[int]()
    for each in ended:
        of_second[each.second] += 1
        failed_in[each.second] += each.trouble is not None
    for second in report.timeline:
        assert (second.requests, second.failures) == (of_second[second.number], failed_in[second.number])
    assert sum(second.requests for second in report.timeline) == report.total.requests


def comes_back(report: LoadReport) -> None:
    """The report is what is read from the file that is written of it."""
    with TemporaryDirectory() as name:
        folder = Path(name) / "load"
        file = write_report(report, folder)
        assert read_report(folder) == report
        assert msgspec.json.decode(file.read_bytes())["total"]["requests"] == report.total.requests
        assert [each.name for each in folder.iterdir()] == ["report.json"]


# Property 28: Locust generates summary reports
@pytest.mark.property(28)
@settings(max_examples=100)
@given(plans, st.lists(requests, max_size=25), st.sampled_from(Ending), st.floats(0.1, 5), texts)
def test_a_report_has_requests_failures_and_percentiles_and_comes_back_from_its_file(
    plan: LoadPlan, ended: list[Ended], ending: Ending, seconds: float, note: str
) -> None:
    report = a_summary(plan, counted(ended), ending, seconds, note)
    assert (report.plan, report.ending, report.notes) == (plan, ending, (note,))
    is_whole(report.total, ended)
    # It lasts until its last answer, and only what was answered well is work that was done.
    lasted = max([seconds, *(each.second for each in ended)])
    good = sum(each.trouble is None for each in ended)
    assert report.seconds == pytest.approx(lasted, abs=0.001)
    assert report.total.throughput == pytest.approx(good / lasted, abs=0.01)
    assert [each.endpoint for each in report.endpoints] == sorted({each.endpoint for each in ended})
    for numbers in report.endpoints:
        is_whole(numbers, [each for each in ended if each.endpoint == numbers.endpoint])
    why = Counter((each.endpoint, str(each.trouble.type), each.trouble.message) for each in ended if each.trouble)
    assert {(each.endpoint, each.type, each.message): each.count for each in report.failures} == why
    assert sum(report.failures_by_type().values()) == report.total.failures
    has_every_second(report, ended)
    comes_back(report)
    comes_back(replace(report, verdict=judged(report)))


# Property 28: Locust generates summary reports
@pytest.mark.property(28)
@settings(max_examples=100)
@given(plans, st.lists(requests, max_size=25), st.lists(st.integers(-1, 4), max_size=3))
def test_a_report_is_the_same_when_seconds_were_settled_on_the_way(
    plan: LoadPlan, ended: list[Ended], settled: list[int]
) -> None:
    at_once, on_the_way = counted(ended), counted(ended)
    for second in settled:
        on_the_way.settle(int(BEGAN) + second)
    assert a_summary(plan, on_the_way, Ending.FINISHED, 4.0) == a_summary(plan, at_once, Ending.FINISHED, 4.0)


# Property 28: Locust generates summary reports
@pytest.mark.property(28)
@settings(max_examples=100)
@given(plans, arrivals)
def test_a_report_of_the_open_model_has_its_arrivals(plan: LoadPlan, due: list[tuple[int, float, bool]]) -> None:
    counting, measured = Counting(), Measurements()
    for second, late, is_sent in due:
        counting.scheduled(BEGAN + second)
        if is_sent:
            counting.sent(BEGAN + second, late)
    measured.add(counting.take())
    report = a_summary(plan, measured, Ending.FINISHED, 4.0)
    if plan.model is LoadModel.CLOSED:
        assert report.arrivals is None
        return
    assert report.arrivals is not None
    lateness = [late for _, late, is_sent in due if is_sent]
    assert (report.arrivals.scheduled, report.arrivals.sent) == (len(due), len(lateness))
    assert (report.arrivals.late_longest or 0.0) == pytest.approx(max(lateness, default=0.0), rel=1e-3, abs=1e-6)
