"""What reaches ReportPortal, for any run: through the real agent, to a receiver that refuses what the server would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from robot.result import Result  # type: ignore[import-untyped]  # Robot types its public API only
from robot.result import TestSuite as Suite

from observatory.comparison import Comparison
from observatory.data_drift import DataChange, DataChangeKind
from observatory.exchange import Exchange
from observatory.launch import Terms, launch_of, suite_types, terms_of
from observatory.launch.launch import SUITE_TYPES, asked_by
from observatory.launch.payloads import data_payload, schema_payload
from observatory.launch.portal import Portal
from observatory.logs.masking import Masker
from observatory.schema_drift import ChangeKind
from observatory.settings import Settings
from robot_agent import Agent, Circuit
from robot_publish import publish
from robot_reporter import Reporter
from tests.drift_values import a_change, a_known_change
from tests.reportportal_receiver import KEY, PROJECT, Item, LaunchSeen, Receiver
from tests.unit.test_reportportal import an_exchange

BEGAN = datetime(2026, 11, 20, 12, 0)  # noqa: DTZ001 - Robot's own times have no zone
STATUSES = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}
LEVELS = {"INFO": "info", "WARN": "warn", "ERROR": "error", "FAIL": "error", "DEBUG": "debug", "TRACE": "trace"}

words = st.text(st.sampled_from("abcdefghij ÄéüЖ漢字.-_/0123"), min_size=1, max_size=30).map(str.strip).filter(bool)
tags = st.sampled_from([*SUITE_TYPES, "pokemon", "type", "slow"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
many = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    """A suite that ran, with its tests, what they logged, and when."""
    suite = Suite(draw(words), doc=draw(st.just("") | words))
    now = BEGAN
    for name in draw(st.lists(words, min_size=1, max_size=4, unique_by=str.lower)):
        length = timedelta(milliseconds=draw(st.integers(1, 5000)))
        status = draw(st.sampled_from(sorted(STATUSES)))
        test = suite.tests.create(
            name,
            status=status,
            message="" if status == "PASS" else draw(words),
            tags=draw(st.lists(tags, max_size=3, unique=True)),
            start_time=now,
            elapsed_time=length,
        )
        keyword = test.body.create_keyword(
            "Step", owner="Steps", args=["x"], status=status, start_time=now, elapsed_time=length
        )
        for level in draw(st.lists(st.sampled_from(sorted(LEVELS)), max_size=3)):
            keyword.body.create_message(draw(words), level, timestamp=now)
        now += length
    suite.start_time, suite.elapsed_time = BEGAN, now - BEGAN
    return suite


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture(autouse=True)
def quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client must not tell an analytics service of our tests."""
    monkeypatch.setenv("AGENT_NO_ANALYTICS", "1")


def chosen(receiver: Receiver, **more: Any) -> Settings:
    return Settings(
        reportportal_endpoint=receiver.endpoint,
        reportportal_project=PROJECT,
        reportportal_api_key=SecretStr(KEY),
        git_revision="abc",
        **more,
    )


def terms(receiver: Receiver) -> Terms:
    found = terms_of(chosen(receiver))
    assert found is not None
    return found


def published(suite: Suite, folder: Path, receiver: Receiver) -> LaunchSeen:
    """The launch of a suite's output file."""
    receiver.launches.clear()
    output = folder / "output.xml"
    Result(suite=suite).save(output)
    publish(output, chosen(receiver), terms(receiver))
    assert receiver.refused == []
    return receiver.launch


def reported(receiver: Receiver, status: str, *steps: Any) -> tuple[LaunchSeen, Item]:
    """A launch with one test in it, in whose keyword a reporter was told of something."""
    receiver.launches.clear()
    now = datetime.now(UTC)
    with Portal(terms(receiver), 5.0) as portal:
        uuid = portal.start(launch_of(chosen(receiver), [], now - timedelta(seconds=1)))
        problems: list[str] = []
        circuit = Circuit(terms(receiver), problems.append, lambda: "".join(problems))
        reporter = Reporter(Agent(circuit, uuid, (5.0, 5.0)), Masker([KEY]), Path())
        about: dict[str, Any] = {"id": "s1", "doc": "", "longname": "S", "metadata": {}, "source": "", "message": ""}
        about |= {"starttime": now, "endtime": now, "status": status}
        suite = about | {"suites": [], "tests": ["T"], "totaltests": 1, "statistics": ""}
        test = about | {"longname": "S.T", "tags": [], "template": ""}
        step = about | {"type": "KEYWORD", "kwname": "K", "libname": "", "args": [], "assign": [], "tags": []}
        reporter.start_suite("S", suite)
        reporter.start_test("T", test)
        reporter.start_keyword("K", step | {"status": "NOT SET"})
        for each in steps:
            each(reporter)
        reporter.end_keyword("K", step | {"status": status})
        reporter.end_test("T", test)
        reporter.end_suite("S", suite)
        reporter.close()
        portal.finish(uuid, datetime.now(UTC), ())
    assert problems == receiver.refused == []
    return receiver.launch, receiver.launch.tests[0]


# Property 21: Test results are sent to ReportPortal
# Property 22: ReportPortal launches have metadata
# Property 23: ReportPortal launches are tagged by suite
@pytest.mark.property(21)
@pytest.mark.property(22)
@pytest.mark.property(23)
@many
@given(suite=suites())
def test_a_run_is_a_launch_with_its_tests(suite: Suite, tmp_path: Path, receiver: Receiver) -> None:
    launch = published(suite, tmp_path, receiver)
    assert [item.name for item in launch.tests] == [test.name for test in suite.tests]
    for item, test in zip(launch.tests, suite.tests, strict=True):
        has_what_the_test_had(launch, item, test)
    has_metadata(launch, suite)
    kinds = {tag for test in suite.tests for tag in test.tags} & set(SUITE_TYPES)
    assert sorted(launch.values("suite")) == sorted(kinds)


def has_what_the_test_had(launch: LaunchSeen, item: Item, test: Any) -> None:
    """Property 21: start, finish, status and log."""
    assert item.status == STATUSES[test.status]
    assert item.started == pytest.approx(test.start_time.timestamp(), abs=0.002)
    assert item.ended == pytest.approx(test.end_time.timestamp(), abs=0.002)
    assert item.tags == set(test.tags)
    assert test.message in item.description
    logged = [(log.message, log.level) for log in launch.logs_of(item)]
    assert [(each.message, LEVELS[each.level]) for each in test.body[0].messages] == [
        pair for pair in logged if not pair[0].startswith("Steps.Step")
    ]
    # What was skipped waits for nobody's investigation.
    assert item.issue == {"passed": None, "failed": "ti001", "skipped": "NOT_ISSUE"}[item.status]


def has_metadata(launch: LaunchSeen, suite: Suite) -> None:
    """Property 22: name, description, and what it is found by."""
    assert launch.name.startswith("Observatory: ")
    assert "against embedded" in launch.description
    assert launch.values("target") == ["embedded"]
    assert launch.values("revision") == ["abc"]
    assert launch.values("environment") == ["local"]
    assert launch.started == pytest.approx(BEGAN.timestamp(), abs=0.002)
    failed = any(test.failed for test in suite.tests)
    assert launch.status == ("failed" if failed else "passed")


# Property 23: ReportPortal launches are tagged by suite
@pytest.mark.property(23)
@given(kinds=st.lists(st.sampled_from(SUITE_TYPES), min_size=1, unique=True), joined=st.booleans())
def test_a_launch_is_marked_from_its_start_with_what_was_asked_for(kinds: list[str], *, joined: bool) -> None:
    options = ["--include", "OR".join(kinds)] if joined else [part for kind in kinds for part in ("-i", kind)]
    launch = launch_of(Settings(), suite_types(asked_by([*options, "suites/"]).included), datetime.now(UTC))
    assert {each.value for each in launch.attributes if each.key == "suite"} == set(kinds)


# Property 24: Attachments are uploaded to ReportPortal
@pytest.mark.property(24)
@many
@given(bodies=st.lists(json_values, min_size=1, max_size=4), status=st.sampled_from(["PASS", "FAIL"]))
def test_each_answer_is_attached_to_its_test(bodies: list[Any], status: str, receiver: Receiver) -> None:
    exchanges: list[Exchange] = [
        an_exchange(json.dumps(body).encode(), resource=str(number)) for number, body in enumerate(bodies)
    ]
    _, test = reported(receiver, status, lambda reporter: reporter.saw(exchanges, Masker()))
    attached = [log for log in test.logs if log.attachment]
    assert [log.attachment for log in attached] == [f"pokemon-{number}.json" for number in range(len(bodies))]
    for log, body in zip(attached, bodies, strict=True):
        assert log.mime == "application/json"
        assert log.json["response"]["body"] == body
        assert log.json["request"]["method"] == "GET"


# Property 24: Attachments are uploaded to ReportPortal
@pytest.mark.property(24)
@many
@given(pixels=st.binary(min_size=1, max_size=200), status=st.sampled_from(["PASS", "FAIL"]))
def test_each_picture_in_a_log_is_attached_to_its_test(
    pixels: bytes, status: str, tmp_path: Path, receiver: Receiver
) -> None:
    (tmp_path / "shot.png").write_bytes(pixels)
    suite = Suite("S")
    suite.start_time, suite.elapsed_time = BEGAN, timedelta(seconds=1)
    test = suite.tests.create("T", status=status, start_time=BEGAN, elapsed_time=timedelta(seconds=1))
    keyword = test.body.create_keyword("K", status=status, start_time=BEGAN, elapsed_time=timedelta(seconds=1))
    keyword.body.create_message('<a href="shot.png"><img src="shot.png"></a>', "INFO", html=True, timestamp=BEGAN)
    launch = published(suite, tmp_path, receiver)
    attached = [log for log in launch.logs_of(launch.tests[0]) if log.attachment]
    assert [(log.attachment, log.mime, log.data) for log in attached] == [("shot.png", "image/png", pixels)]


# Property 6: Schema changes are reported as warnings
@pytest.mark.property(6)
@many
@given(
    kinds=st.lists(st.sampled_from(list(ChangeKind)), min_size=1, max_size=4),
    path=st.sampled_from(["id", "moves[].order", "types[].type.name"]),
)
def test_each_schema_change_is_a_warning_with_its_details(
    kinds: list[ChangeKind], path: str, receiver: Receiver
) -> None:
    changes = [a_known_change(a_change(kind, path)) for kind in kinds]
    launch, test = reported(
        receiver, "PASS", lambda reporter: reporter.attach(lambda: schema_payload(changes, Masker()))
    )
    (warning,) = [log for log in launch.logs_of(test) if log.level == "warn"]
    assert all(known.change.sentence() in warning.message for known in changes)
    assert warning.attachment == "schema-changes.json"
    assert [(each["kind"], each["path"]) for each in warning.json] == [(kind.value, path) for kind in kinds]


# Property 10: Data differences are reported with their details
@pytest.mark.property(10)
@many
@given(pairs=st.lists(st.tuples(json_values, json_values), min_size=1, max_size=4))
def test_each_data_difference_is_reported_with_both_values(pairs: list[tuple[Any, Any]], receiver: Receiver) -> None:
    changes = [
        DataChange(f"stats[{number}].base_stat", DataChangeKind.CHANGED, before, after)
        for number, (before, after) in enumerate(pairs)
    ]
    comparison = Comparison("pokemon", "25", (), tuple(changes), None, None)
    launch, test = reported(
        receiver, "PASS", lambda reporter: reporter.attach(lambda: data_payload(comparison, Masker()))
    )
    (warning,) = [log for log in launch.logs_of(test) if log.level == "warn"]
    assert warning.attachment == "pokemon-25-diff.json"
    told = [(each["path"], each["kind"], each["before"], each["after"]) for each in warning.json["changes"]]
    assert told == [(each.path, "changed", each.before, each.after) for each in changes]
