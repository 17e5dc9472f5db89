"""The way of lines to Loki: written by the log, taken through the committed pipeline, judged by the committed limits.

Neither Alloy nor Loki runs here: `tests/alloy_shipper.py` and `tests/loki_store.py` do as their documentation says.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.exchange import Attempt, Exchange, Failure, FailureType
from observatory.logs.log_files import DailyFiles
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog
from tests.alloy_shipper import Alloy, committed
from tests.logql import quoted
from tests.loki_store import Line, LokiStore

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
ENDPOINTS = ("pokemon", "type", "ability")
METADATA = ("target", "test_name", "run_id", "endpoint", "method", "status_code", "failure_type")
# Any letters, quotes and line breaks; no surrogates, which no UTF-8 file can hold.
NAMES = st.text(max_size=40) | st.sampled_from(["Smoke.Bulbasaur", 'Says "no"', "a\\b", "{x}", "`", "é\n\u2028"])
Act = Callable[[StructuredLog], None]


def _exchange(endpoint: str, status: int | None, failure: FailureType | None, test_name: str, run_id: str) -> Exchange:
    return Exchange(
        endpoint=endpoint,
        resource="1",
        url=f"http://127.0.0.1/api/v2/{endpoint}/1",
        started_at=NOW,
        elapsed=0.01,
        attempts=(Attempt(1, status, 0.01),),
        status=status,
        failure=Failure(failure, "It failed.") if failure else None,
        test_name=test_name,
        run_id=run_id,
    )


EXCHANGES = st.builds(
    _exchange,
    endpoint=st.sampled_from(ENDPOINTS),
    status=st.none() | st.sampled_from([200, 404, 500]),
    failure=st.none() | st.sampled_from(FailureType),
    test_name=NAMES,
    run_id=st.uuids().map(lambda run_id: run_id.hex),
)
ACTS: st.SearchStrategy[Act] = st.one_of(
    EXCHANGES.map(lambda exchange: lambda log: log.exchange(exchange, "live")),
    st.tuples(NAMES, NAMES, NAMES, NAMES, st.sampled_from(ENDPOINTS), st.sampled_from(FailureType)).map(
        lambda given: lambda log: log.test_failed(*given)
    ),
    st.tuples(st.sampled_from(LEVELS), NAMES, NAMES).map(lambda given: lambda log: log.message(*given)),
)


class Shipped(NamedTuple):
    """The fields of the lines in the files, in their order, what Loki has of them, and the files."""

    written: list[dict[str, Any]]
    store: LokiStore
    files: list[str]


def shipped(acts: list[Act], environment: str = "local", largest_part: int = 4000, hours: float = 30) -> Shipped:
    """Let a log write, over some hours until now, and ship it in two goes, with a restart of Alloy between them."""
    store = LokiStore.committed(clock=lambda: NOW)
    ticks = count(1)
    steps = max(len(acts), 1)
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        logs.mkdir()
        log = StructuredLog(
            DailyFiles(logs, largest_part=largest_part),
            Masker(),
            level="DEBUG",
            run_id="a-run",
            environment=environment,
            target="embedded",
            clock=lambda: NOW - timedelta(hours=hours) * (1 - next(ticks) / steps),
        )

        def ship() -> None:
            for path in logs.iterdir():
                os.utime(path, (NOW.timestamp(), NOW.timestamp()))
            alloy = Alloy(committed(logs, "http://loki"), Path(folder), push(store), clock=lambda: NOW)
            alloy.ship()
            assert alloy.ship() == 0, "what was shipped is shipped again"

        for number, act in enumerate(acts):
            if number == len(acts) // 2:
                ship()
            act(log)
        log.close()
        assert log.lost == 0
        ship()
        files = sorted(logs.iterdir())
        written = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
        return Shipped(written, store, [str(path) for path in files])


def push(store: LokiStore) -> Callable[[str, dict[str, Any]], int]:
    """A way to push that refuses nothing in silence."""

    def pushed(url: str, body: dict[str, Any]) -> int:
        assert url == "http://loki/loki/api/v1/push"
        assert store.push(json.loads(json.dumps(body))) == []
        return 204

    return pushed


def sent(fields: dict[str, Any]) -> dict[str, str]:
    """The metadata that a line should have: its fields as texts, without those that say nothing."""
    return {name: str(fields[name]) for name in METADATA if fields.get(name) not in {None, ""}}


# Property 19: Logs are shipped with metadata
@pytest.mark.property(19)
@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, min_size=1, max_size=12), environment=st.sampled_from(["local", "ci", "staging é"]))
def test_every_line_reaches_loki_once_with_labels_and_metadata(acts: list[Act], environment: str) -> None:
    written, store, files = shipped(acts, environment)
    assert len(store.lines) == len(written) == len(acts)
    by_text = {line.text: (labels, line) for labels, line in store.lines}
    for fields in written:
        labels, line = next(pair for text, pair in by_text.items() if json.loads(text) == fields)
        assert labels.pop("filename") in files
        assert labels == {
            "job": "observatory",
            "service_name": "observatory",
            "environment": environment,
            "level": fields["level"],
        }
        assert line.metadata == sent(fields)
        assert line.at == round(datetime.fromisoformat(fields["timestamp"]).timestamp() * 1000) * 1_000_000


@pytest.mark.property(19)
@settings(max_examples=100, deadline=None)
@given(acts=st.lists(ACTS, min_size=1, max_size=12), hours=st.floats(0.01, 160))
def test_streams_stay_few_whatever_is_logged(acts: list[Act], hours: float) -> None:
    _, store, files = shipped(acts, hours=hours)
    assert len(store.streams) <= len(files) * len(LEVELS)


# Property 20: Logs are filterable
@pytest.mark.property(20)
@settings(max_examples=150, deadline=None)
@given(acts=st.lists(ACTS, min_size=1, max_size=12), data=st.data())
def test_lines_are_found_by_test_name_endpoint_and_level(acts: list[Act], data: st.DataObject) -> None:
    written, store, _ = shipped(acts)
    one = data.draw(st.sampled_from(written))
    parts = {
        "level": data.draw(st.sampled_from([None, one["level"], *LEVELS])),
        "test_name": data.draw(st.sampled_from([None, one["test_name"], "Nobody's test"])),
        "endpoint": data.draw(st.sampled_from([None, one.get("endpoint", ""), *ENDPOINTS])),
    }
    asked = {name: value for name, value in parts.items() if value is not None}
    matchers = ['job="observatory"', *(f'level="{level}"' for level in [asked.get("level")] if level)]
    filters = "".join(f" | {name}={quoted(asked[name])}" for name in ("test_name", "endpoint") if name in asked)
    found = store.ask(f"{{{', '.join(matchers)}}}{filters}")
    expected = [fields for fields in written if all(fields.get(name, "") == value for name, value in asked.items())]
    assert sorted(as_fields(found), key=repr) == sorted(expected, key=repr)


@pytest.mark.property(20)
@settings(max_examples=100, deadline=None)
@given(acts=st.lists(ACTS, min_size=1, max_size=12), status=st.sampled_from([200, 400, 404, 500]))
def test_lines_are_found_by_run_status_and_kind_of_failure(acts: list[Act], status: int) -> None:
    written, store, _ = shipped(acts)
    run = written[0]["run_id"]
    assert by_fields(store, f'{{job="observatory"}} | run_id="{run}"') == [
        fields for fields in written if fields["run_id"] == run
    ]
    assert by_fields(store, f'{{job="observatory"}} | status_code >= {status}') == [
        fields for fields in written if (fields.get("status_code") or 0) >= status
    ]
    assert by_fields(store, '{job="observatory"} | failure_type!=""') == [
        fields for fields in written if fields.get("failure_type")
    ]


def by_fields(store: LokiStore, query: str) -> list[dict[str, Any]]:
    """The fields of the lines that a query finds, in the order of their times."""
    return as_fields(store.ask(query))


def as_fields(found: list[tuple[dict[str, str], Line]]) -> list[dict[str, Any]]:
    return [json.loads(line.text) for _, line in found]
