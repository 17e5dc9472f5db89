"""What every line of the structured log holds, whatever happened; each line is read back from a real file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.exchange import Attempt, Exchange, Failure, FailureType
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
TEXTS = st.text(max_size=60)  # any letters at all, line breaks and quotes among them
# Words that neither mean nor look like a secret, so that what was given can be compared with what was written.
WORDS = st.text("abcdefghij .:/0123456789-äß\n\u2028\"'\\", max_size=60)
SECONDS = st.floats(0, 1e6)
MOMENTS = st.datetimes(timezones=st.just(UTC))
ATTEMPTS = st.lists(
    st.builds(Attempt, number=st.integers(1, 9), status=st.none() | st.integers(100, 599), elapsed=SECONDS),
    max_size=5,
).map(tuple)
FAILURES = st.builds(Failure, type=st.sampled_from(FailureType), message=WORDS)
EXCHANGES = st.builds(
    Exchange,
    endpoint=st.sampled_from(["pokemon", "type", "ability", "meta"]),
    resource=WORDS,
    url=WORDS,
    started_at=MOMENTS,
    elapsed=SECONDS,
    attempts=ATTEMPTS,
    method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]),
    status=st.none() | st.integers(100, 599),
    headers=st.dictionaries(WORDS, WORDS, max_size=3),
    body=st.binary(max_size=20),
    failure=st.none() | FAILURES,
    test_name=WORDS,
    run_id=st.uuids().map(lambda run_id: run_id.hex),
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.integers(), inner, max_size=3),
    max_leaves=8,
)
Act = Callable[[StructuredLog], None]


def written(*acts: Act, moment: datetime | None = None) -> list[dict[str, Any]]:
    """The lines that the acts leave in a file, each parsed strictly."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "logs" / "observatory.jsonl"
        clock = (lambda: datetime.now(UTC)) if moment is None else (lambda: moment)
        log = StructuredLog(
            path,
            Masker(["open sesame"]),
            level="DEBUG",
            run_id="r1",
            environment="staging",
            target="live",
            clock=clock,
        )
        for act in acts:
            act(log)
        log.close()
        assert log.lost == 0
        text = path.read_bytes().decode("utf-8")
    assert text.endswith("\n")
    assert len(text.splitlines()) == text.count("\n") == len(acts)
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


ACTS: st.SearchStrategy[Act] = st.one_of(
    EXCHANGES.map(lambda exchange: lambda log: log.exchange(exchange)),
    st.tuples(TEXTS, TEXTS, TEXTS, PLAIN, TEXTS, TEXTS).map(lambda given: lambda log: log.test_failed(*given)),
    st.tuples(
        st.sampled_from(LEVELS) | TEXTS,
        TEXTS,
        TEXTS,
        st.dictionaries(TEXTS.filter(lambda name: name != "test_name"), PLAIN, max_size=3),
    ).map(lambda given: lambda log: log.message(*given[:3], **given[3])),
)


# Property 16: Structured logs contain required fields
@pytest.mark.property(16)
@settings(max_examples=200, deadline=None)
@given(acts=st.lists(ACTS, min_size=1, max_size=4), moment=MOMENTS)
def test_every_line_has_timestamp_level_test_name_and_message(acts: list[Act], moment: datetime) -> None:
    for line in written(*acts, moment=moment):
        assert line["timestamp"].endswith("Z")
        seen = datetime.fromisoformat(line["timestamp"])
        assert seen == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        assert line["level"] in LEVELS
        assert isinstance(line["test_name"], str)
        assert isinstance(line["message"], str)
        assert line["run_id"]
        assert (line["environment"], line["target"]) == ("staging", "live")


@pytest.mark.property(16)
@settings(max_examples=100, deadline=None)
@given(level=st.sampled_from(LEVELS), text=WORDS, test_name=WORDS)
def test_a_message_is_written_as_it_was_given(level: str, text: str, test_name: str) -> None:
    (line,) = written(lambda log: log.message(level, text, test_name))
    assert (line["level"], line["message"], line["test_name"]) == (level, text, test_name)


# Property 17: API request logs contain details
@pytest.mark.property(17)
@settings(max_examples=200, deadline=None)
@given(EXCHANGES)
def test_every_request_is_logged_with_method_endpoint_and_status(exchange: Exchange) -> None:
    (line,) = written(lambda log: log.exchange(exchange))
    assert line["method"] == exchange.method
    assert line["endpoint"] == exchange.endpoint
    assert line["status_code"] == exchange.status
    assert line["resource"] == exchange.resource
    assert line["url"] == exchange.url
    assert line["test_name"] == exchange.test_name
    assert line["run_id"] == exchange.run_id
    assert line["attempts"] == len(exchange.attempts)
    assert line["elapsed_seconds"] == pytest.approx(exchange.elapsed, abs=1e-6)
    if exchange.failure is None:
        assert (line["level"], line["failure_type"], line["reason"]) == ("INFO", None, None)
    else:
        assert line["level"] == "WARNING"
        assert line["failure_type"] == exchange.failure.type.value
        assert line["reason"] == exchange.failure.message


def raised(text: str, depth: int) -> Exception:
    """An exception with a trace of some depth."""

    def fail(deeper: int) -> None:
        if deeper:
            fail(deeper - 1)
        raise AssertionError(text)

    try:
        fail(depth)
    except AssertionError as error:
        return error
    raise RuntimeError("unreachable")


# Property 18: Failure logs contain details
@pytest.mark.property(18)
@settings(max_examples=200, deadline=None)
@given(
    test_name=WORDS,
    reason=WORDS,
    trace=WORDS | st.builds(raised, WORDS, st.integers(0, 3)),
    assertion=WORDS | st.fixed_dictionaries({"expected": WORDS | st.integers(), "seen": WORDS | st.integers()}),
    endpoint=st.sampled_from(["", "pokemon", "type"]),
    failure_type=st.sampled_from(["", *FailureType]),
)
def test_every_failure_is_logged_with_reason_trace_and_assertion(
    test_name: str, reason: str, trace: str | Exception, assertion: object, endpoint: str, failure_type: str
) -> None:
    (line,) = written(lambda log: log.test_failed(test_name, reason, trace, assertion, endpoint, failure_type))
    assert line["level"] == "ERROR"
    assert line["test_name"] == test_name
    assert line["reason"] == reason
    assert line["assertion"] == assertion
    assert (line["endpoint"], line["failure_type"]) == (endpoint, failure_type)
    if isinstance(trace, str):
        assert line["trace"] == trace
    else:
        assert line["trace"].startswith("Traceback (most recent call last):")
        assert f"AssertionError: {trace}".rstrip(": \n\u2028") in line["trace"]
        assert "in fail" in line["trace"]


@settings(max_examples=100, deadline=None)
@given(before=TEXTS, after=TEXTS, deep=PLAIN)
def test_no_secret_reaches_the_file(before: str, after: str, deep: object) -> None:
    text = f"{before}open sesame{after}"
    failure = Failure(FailureType.STATUS, text)
    exchange = Exchange("pokemon", text, text, datetime.now(UTC), 0.1, (), failure=failure, test_name=text)
    lines = written(
        lambda log: log.exchange(exchange),
        lambda log: log.test_failed(text, text, ValueError(text), {text: [text, deep]}),
        lambda log: log.message(
            "INFO", text, text, headers={"Authorization": text}, more=(text, {text}, text.encode())
        ),
    )
    assert "open sesame" not in json.dumps(lines)
