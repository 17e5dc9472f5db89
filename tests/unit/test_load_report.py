"""The report of a load: from what was measured to report.json, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from observatory.errors import ObservatoryError
from observatory.exchange import FailureType
from observatory.load import Counting, Ending, Generator, LoadReport, Measurements, Trouble, read_report, summary
from observatory.load import write_report as write
from tests.load_values import (
    LOAD_ID,
    judged_report,
    load_arrivals,
    load_failure,
    load_plan,
    load_report,
    open_plan,
    past_load,
)

BEGAN = 1_800_000_000.4


def reported(counting: Counting, *, lasted: float = 4.0, plan: object = None) -> LoadReport:
    measured = Measurements()
    measured.add(counting.take())
    measured.at(int(BEGAN)).users = 7
    return summary(
        LOAD_ID,
        plan or load_plan(),  # type: ignore[arg-type]
        measured,
        began=BEGAN,
        ended=BEGAN + lasted,
        ending=Ending.FINISHED,
        generator=Generator(1),
    )


@pytest.mark.parametrize(
    "report",
    [
        load_report(),
        judged_report(past=(past_load(), past_load(outcome="failed", p95=None))),
        load_report(plan=open_plan(seconds=None), arrivals=load_arrivals(late_p50=None), failures=(load_failure(),)),
        load_report(timeline=(), endpoints=(), notes=("Something was odd: “ünïcode”.",)),
    ],
)
def test_a_report_is_read_as_it_was_written(report: LoadReport, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    assert write(report, folder) == folder / "report.json"
    assert read_report(folder) == report


def test_a_report_is_json_that_people_can_read(tmp_path: Path) -> None:
    text = write(judged_report(), tmp_path).read_text(encoding="utf-8")
    assert text.startswith('{\n  "id": "')
    assert text.endswith("}\n")
    value = json.loads(text)
    assert value["plan"]["profile"] == "light"
    assert value["total"]["p95"] == 0.212
    assert value["verdict"]["outcome"] == "passed"


def test_a_report_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    write(load_report(), tmp_path)
    other = load_report(id=UUID(int=7))
    write(other, tmp_path)
    assert read_report(tmp_path) == other
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]


def test_a_report_that_cannot_be_written_leaves_the_one_before_whole(tmp_path: Path) -> None:
    write(load_report(), tmp_path)
    (tmp_path / "report.json.new").mkdir()
    with pytest.raises(OSError, match=r"report\.json\.new"):
        write(load_report(id=UUID(int=7)), tmp_path)
    assert read_report(tmp_path) == load_report()


def test_where_no_load_has_ended_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(ObservatoryError) as caught:
        read_report(tmp_path)
    assert str(caught.value) == (
        f"There is no {tmp_path / 'report.json'}: no load has ended there. Run one with `inv load`."
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"id":"7"}'])
def test_what_is_no_report_is_refused_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(ObservatoryError, match=r"report\.json cannot be read as the report of a load: .*\.$"):
        read_report(tmp_path)


def test_a_report_that_is_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(load_report(timeline=()), tmp_path).read_bytes()
    for cut in range(0, len(whole) - 3, 97):
        (tmp_path / "report.json").write_bytes(whole[:cut])
        with pytest.raises(ObservatoryError):
            read_report(tmp_path)


def test_a_folder_in_the_place_of_the_report_is_told(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(ObservatoryError, match="cannot be read as the report of a load"):
        read_report(tmp_path)


def test_failures_are_added_up_by_type_the_most_frequent_first() -> None:
    failures = (
        load_failure(count=3),
        load_failure("other", count=2),
        load_failure("z", type="timeout", count=5),
        load_failure("y", type="model", count=9),
    )
    assert list(load_report(failures=failures).failures_by_type().items()) == [
        ("model", 9),
        ("server_error", 5),
        ("timeout", 5),
    ]


def test_a_share_of_no_requests_is_none_at_all() -> None:
    assert replace(load_report().total, requests=0).failure_rate == 0


def test_every_second_is_there_also_those_in_which_nothing_came() -> None:
    counting = Counting()
    for at, latency in ((BEGAN, 0.1), (BEGAN + 3, 0.2), (BEGAN + 3.1, 0.4)):
        counting.ended("pokemon", at, latency, 5, None)
    report = reported(counting)
    assert [second.number for second in report.timeline] == [0, 1, 2, 3, 4]
    assert [second.requests for second in report.timeline] == [1, 0, 0, 2, 0]
    assert report.timeline[0].users == 7
    assert report.timeline[1].p95 is None
    assert report.timeline[3].longest == pytest.approx(0.4, rel=0.001)


def test_what_ended_after_the_end_is_counted_in_its_second() -> None:
    counting = Counting()
    counting.ended("pokemon", BEGAN + 6, 2.0, 5, None)
    report = reported(counting)
    assert report.total.requests == 1
    assert [second.requests for second in report.timeline] == [0, 0, 0, 0, 0, 0, 1]


def test_throughput_is_over_the_whole_time() -> None:
    counting = Counting()
    for _ in range(10):
        counting.ended("pokemon", BEGAN, 0.1, 5, None)
    assert reported(counting).total.throughput == 2.5
    assert reported(counting, lasted=0.0).total.throughput == 0


def test_endpoints_stand_in_their_order_and_failures_by_their_number() -> None:
    counting = Counting()
    for endpoint, message, times in (("type", "b", 1), ("pokemon", "a", 3), ("ability", "a", 3)):
        for _ in range(times):
            counting.ended(endpoint, BEGAN, 0.1, 5, Trouble(FailureType.STATUS, message))
    report = reported(counting)
    assert [numbers.endpoint for numbers in report.endpoints] == ["ability", "pokemon", "type"]
    assert [(each.endpoint, each.count) for each in report.failures] == [("ability", 3), ("pokemon", 3), ("type", 1)]
    assert sum(each.count for each in report.failures) == report.total.failures == 7


def test_arrivals_are_told_of_the_open_model_only() -> None:
    counting = Counting()
    counting.scheduled(BEGAN, 2)
    counting.sent(BEGAN, 0.25)
    assert reported(counting).arrivals is None
    counting.scheduled(BEGAN, 2)
    counting.sent(BEGAN, 0.25)
    arrivals = reported(counting, plan=open_plan()).arrivals
    assert arrivals is not None
    assert (arrivals.scheduled, arrivals.sent) == (2, 1)
    assert arrivals.late_longest == pytest.approx(0.25, rel=0.001)


@hypothesis_settings(max_examples=40)  # a percentile takes some milliseconds
@given(st.lists(st.floats(0.001, 0.05), min_size=1, max_size=20))
def test_percentiles_rise(latencies: list[float]) -> None:
    counting = Counting()
    for latency in latencies:
        counting.ended("pokemon", BEGAN, latency, 5, None)
    total = reported(counting, lasted=0.1).total
    found = [total.p50, total.p90, total.p95, total.p99, total.longest]
    assert None not in found
    assert found == sorted(found, key=lambda value: value or 0)
