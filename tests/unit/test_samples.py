"""What is remembered of each attempt, and what of it is not held against a baseline."""

from __future__ import annotations

import json
import uuid
import zlib
from datetime import timedelta
from pathlib import Path

import pytest

from observatory.exchange import Attempt, Exchange, Failure, FailureType
from observatory.history.entries import SampleEntry
from observatory.history.journal import Journal
from observatory.history.samples import samples, why_left_out
from tests.history_values import NOW, a_run, an_exchange

RUN = a_run()


@pytest.mark.parametrize(
    ("method", "status", "failure_type", "clock_jumped", "is_cold", "reason"),
    [
        ("GET", 200, None, False, False, ""),
        ("GET", 200, "model", False, False, ""),
        ("GET", 404, None, False, False, "failed"),
        ("GET", 304, None, False, False, "failed"),
        ("GET", 503, "server_error", False, False, "failed"),
        ("GET", None, "timeout", False, False, "failed"),
        ("GET", None, None, False, False, "failed"),
        ("GET", 200, "truncated", False, False, "failed"),
        ("GET", 200, "invalid_json", False, False, "failed"),
        ("HEAD", 200, None, False, False, "other method"),
        ("OPTIONS", 200, None, True, True, "other method"),
        ("OPTIONS", 204, None, False, False, "failed"),
        ("GET", 200, None, True, False, "clock jump"),
        ("GET", 200, None, True, True, "clock jump"),
        ("GET", 200, None, False, True, "cold start"),
        ("GET", 200, "model", False, True, "cold start"),
        ("GET", 503, "server_error", True, True, "failed"),
    ],
)
def test_a_sample_is_left_out_for_the_first_reason_that_applies(
    method: str, status: int | None, failure_type: str | None, clock_jumped: bool, is_cold: bool, reason: str
) -> None:
    assert why_left_out(method, status, failure_type, clock_jumped=clock_jumped, is_cold=is_cold) == reason


def attempts_of_a_healed_request() -> tuple[Attempt, ...]:
    return (
        Attempt(
            1, 503, 0.5, "it answered 503", started_at=NOW, connect=0.25, first_byte=0.375,
            failure_type=FailureType.SERVER_ERROR, is_cold=True,
        ),
        Attempt(
            2, None, 10.0, "no answer", waited=1.0, started_at=NOW + timedelta(seconds=1.5),
            failure_type=FailureType.TIMEOUT,
        ),
        Attempt(3, 200, 0.125, waited=2.0, started_at=NOW + timedelta(seconds=13.5), first_byte=0.0625),
    )  # fmt: skip


def test_each_attempt_leaves_a_sample_of_its_own() -> None:
    exchange = an_exchange(attempts=attempts_of_a_healed_request(), elapsed=0.125, test_name="A Test", in_batch=True)
    seen = samples(exchange, RUN.id)
    assert [(sample.attempt, sample.attempts) for sample in seen] == [(1, 3), (2, 3), (3, 3)]
    assert [sample.elapsed for sample in seen] == [0.5, 10.0, 0.125], "and no sleep between them"
    assert [sample.started_at - NOW for sample in seen] == [timedelta(seconds=s) for s in (0, 1.5, 13.5)]
    assert [(sample.connect, sample.first_byte) for sample in seen] == [(0.25, 0.375), (None, None), (None, 0.0625)]
    assert [(sample.status, sample.failure_type, sample.left_out) for sample in seen] == [
        (503, "server_error", "failed"),
        (None, "timeout", "failed"),
        (200, None, ""),
    ]
    about = {(each.run_id, each.endpoint, each.resource, each.test_name, each.in_batch) for each in seen}
    assert about == {(RUN.id, "pokemon", "1", "A Test", True)}


def test_the_last_sample_has_the_id_of_the_exchange_and_the_others_ids_that_never_change() -> None:
    exchange = an_exchange(attempts=attempts_of_a_healed_request())
    first, second, last = (sample.id for sample in samples(exchange, RUN.id))
    assert last == exchange.id
    assert (first, second) == (uuid.uuid5(exchange.id, "1"), uuid.uuid5(exchange.id, "2"))
    assert samples(exchange, RUN.id) == samples(exchange, RUN.id)


def test_what_was_found_wrong_with_the_body_later_belongs_to_the_last_attempt() -> None:
    failure = Failure(FailureType.MODEL, "name is missing")
    seen = samples(an_exchange(attempts=attempts_of_a_healed_request(), failure=failure), RUN.id)
    assert [sample.failure_type for sample in seen] == ["server_error", "timeout", "model"]
    assert seen[-1].left_out == ""


def test_a_request_that_was_not_sent_leaves_none() -> None:
    assert samples(an_exchange(attempts=(), status=None), RUN.id) == []


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (Attempt(1, 200, 0.05, is_cold=True), "cold start"),
        (Attempt(1, 200, 0.05, clock_jumped=True), "clock jump"),
        (Attempt(1, 200, 0.05), ""),
    ],
)
def test_what_the_client_noticed_of_an_attempt_is_why_it_is_left_out(attempt: Attempt, reason: str) -> None:
    (sample,) = samples(an_exchange(attempts=(attempt,)), RUN.id)
    assert sample.left_out == reason


def test_an_attempt_that_does_not_know_when_it_began_began_with_its_request() -> None:
    exchange: Exchange = an_exchange(attempts=(Attempt(1, 200, 0.05),))
    assert [sample.started_at for sample in samples(exchange, RUN.id)] == [exchange.started_at]


@pytest.mark.parametrize(
    ("status", "failure_type", "left_out"), [(200, None, ""), (200, "model", ""), (503, "server_error", "failed")]
)
def test_a_journal_of_the_version_before_is_still_read(
    tmp_path: Path, status: int, failure_type: str | None, left_out: str
) -> None:
    told = {
        "id": str(uuid.uuid4()),
        "run_id": str(RUN.id),
        "endpoint": "pokemon",
        "resource": "1",
        "started_at": NOW.isoformat(),
        "elapsed": 0.05,
        "attempts": 1,
        "status": status,
        "failure_type": failure_type,
        "test_name": "A Test",
    }
    text = json.dumps(told).encode()
    path = tmp_path / "old.journal"
    path.write_bytes(b"%08x SampleEntry %s\n" % (zlib.crc32(text), text))
    (journal,) = Journal.adopt_abandoned(tmp_path)
    (sample,) = journal.entries()
    journal.remove()
    assert isinstance(sample, SampleEntry)
    assert (sample.attempt, sample.connect, sample.first_byte, sample.in_batch) == (1, None, None, False)
    assert (sample.status, sample.left_out) == (status, left_out)
