"""Real runs write their lines, the committed pipeline ships them over HTTP, and queries of testers find them.

Loki is `tests/loki_receiver.py` with the committed limits, Alloy `tests/alloy_shipper.py` with the committed
configuration: of neither program was a package found in PyPI, npm or Debian.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from observatory.exchange import Exchange
from observatory.logs.masking import Masker
from observatory.logs.structured_log import StructuredLog
from observatory.schema_drift import ChangeKind
from tests.alloy_shipper import Alloy, committed
from tests.conftest import new_database
from tests.drift_values import a_change, a_data_change, a_known_change
from tests.logql import quoted, read_logql
from tests.loki_receiver import LokiReceiver, loki
from tests.robot_command import ROOT, Outcome, run_robot

PAGE = ROOT / "docs" / "logs.md"
SUITE = """
Bulbasaur Is There
    Get Pokemon    1
    Get Type    normal

Nobody Has The Number Zero
    ${answer} =    Send Request    pokemon/0
    Get Status    ${answer}    ==    404

Missingno Is Missing
    Get Pokemon    missingno

A Sentence Does Not Hold
    ${ability} =    Get Ability    stench
    Should Be Equal    ${ability.name}    perfume
"""
STARTED = datetime.now(UTC)


class Shipped(NamedTuple):
    """What the runs wrote, line by line, how they ended, and a Loki that has been sent all of it."""

    lines: list[dict[str, Any]]
    runs: list[Outcome]
    loki: LokiReceiver
    taken: int

    def ask(self, query: str, **options: str) -> list[dict[str, Any]]:
        """The fields of the lines that Loki finds over HTTP, newest first."""
        answer = httpx.get(
            f"{self.loki.url}/loki/api/v1/query_range", params={"query": query, "limit": "5000", **options}
        )
        assert answer.is_success, answer.text
        found = [value for stream in answer.json()["data"]["result"] for value in stream["values"]]
        return [json.loads(text) for _, text in sorted(found, reverse=True)]


@pytest.fixture(scope="module")
def shipped(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    """Two runs at once that write into one folder, shipped while Loki is away at first."""
    folder = tmp_path_factory.mktemp("shipping")
    results = folder / "results"

    def run(environment: str) -> Outcome:
        own = folder / environment
        own.mkdir()
        url = new_database(postgres)
        given = {"OBSERVATORY_ENVIRONMENT": environment, "OBSERVATORY_RESULTS": str(results), "DATABASE_URL": url}
        return run_robot(own, SUITE, environment=given)

    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(run, ["ci", "staging"]))
    lines = [json.loads(line) for path in (results / "logs").iterdir() for line in path.read_text().splitlines()]
    with loki() as receiver:
        receiver.outages = [503, 500, 429]
        text = committed(results / "logs", receiver.url)
        taken = Alloy(text, folder / "storage", push).ship()
        taken += Alloy(text, folder / "storage", push).ship()
        yield Shipped(lines, runs, receiver, taken)


def push(url: str, body: dict[str, Any]) -> int:
    try:
        return httpx.post(url, json=body).status_code
    except httpx.TransportError:
        return 0


class TestLines:
    """What the lines of a real run say (A13)."""

    def test_every_line_says_when_how_grave_which_test_and_what(self, shipped: Shipped) -> None:
        assert {run.exit_code for run in shipped.runs} == {2}, "two of the tests fail in each run"
        for line in shipped.lines:
            at = datetime.fromisoformat(line["timestamp"])
            assert STARTED - timedelta(seconds=1) <= at <= datetime.now(UTC)
            assert line["level"] in {"INFO", "WARNING", "ERROR"}
            assert isinstance(line["test_name"], str)
            assert line["message"]
            assert re.fullmatch("[0-9a-f]{32}", line["run_id"])
            assert line["environment"] in {"ci", "staging"}
            assert line["target"] == "embedded"

    def test_requests_say_what_was_asked_and_what_came(self, shipped: Shipped) -> None:
        requests = [line for line in shipped.lines if "method" in line]
        # The revision of the API, which each run asks for too, is not among the endpoints of a test.
        asked = [(line["endpoint"], line["resource"], line["status_code"]) for line in requests if line["test_name"]]
        expected = [
            ("pokemon", "1", 200),
            ("type", "normal", 200),
            ("pokemon", "0", 404),
            ("pokemon", "missingno", 404),
            ("ability", "stench", 200),
        ]
        assert sorted(asked) == sorted([*expected, *expected])
        assert {line["method"] for line in requests} == {"GET"}

    def test_failures_say_why_on_which_way_and_against_what(self, shipped: Shipped) -> None:
        failed = {line["test_name"]: line for line in shipped.lines if line["level"] == "ERROR"}
        assert set(failed) == {"Suite.Missingno Is Missing", "Suite.A Sentence Does Not Hold"}
        said = failed["Suite.A Sentence Does Not Hold"]
        assert said["reason"] == "stench != perfume"
        assert said["assertion"] == "BuiltIn.Should Be Equal    ${ability.name}    perfume"
        assert said["trace"]
        assert (said["endpoint"], said["failure_type"]) == ("ability", "assertion")
        missing = failed["Suite.Missingno Is Missing"]
        assert "UnexpectedStatusError" in missing["trace"]
        assert (missing["endpoint"], missing["failure_type"]) == ("pokemon", "status")


# Property 19: Logs are shipped with metadata, on the lines of real runs.
@pytest.mark.property(19)
def test_everything_is_shipped_once_with_its_labels(shipped: Shipped) -> None:
    assert shipped.taken == len(shipped.lines)
    assert shipped.loki.problems == []
    assert shipped.loki.pushes == 4, "three were turned away"
    everything = shipped.ask('{job="observatory"}')
    assert sorted(map(repr, everything)) == sorted(map(repr, shipped.lines))
    for environment in ("ci", "staging"):
        found = shipped.ask(f'{{service_name="observatory", environment="{environment}"}}')
        assert len({line["run_id"] for line in found}) == 1
        assert {line["environment"] for line in found} == {environment}
    names = httpx.get(f"{shipped.loki.url}/loki/api/v1/labels").json()["data"]
    assert names == ["environment", "filename", "job", "level", "service_name"]
    assert len(shipped.loki.store.streams) <= 2 * 3 * 2, "a stream for each environment, level and file"


# Property 20: Logs are filterable, on the lines of real runs.
@pytest.mark.property(20)
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ('{job="observatory", level="ERROR"}', {"level": "ERROR"}),
        ('{job="observatory"} | test_name="Suite.Bulbasaur Is There"', {"test_name": "Suite.Bulbasaur Is There"}),
        ('{job="observatory"} | endpoint="ability"', {"endpoint": "ability"}),
        ('{job="observatory"} | endpoint="pokemon" | status_code="404"', {"endpoint": "pokemon", "status_code": 404}),
        (
            '{level="ERROR"} | test_name="Suite.Missingno Is Missing" | endpoint="pokemon"',
            {"level": "ERROR", "test_name": "Suite.Missingno Is Missing", "endpoint": "pokemon"},
        ),
        ('{job="observatory"} | failure_type="assertion"', {"failure_type": "assertion"}),
        ('{job="observatory"} | json | resource="stench"', {"resource": "stench"}),
    ],
)
def test_a_query_finds_what_it_names_and_nothing_else(shipped: Shipped, query: str, wanted: dict[str, Any]) -> None:
    expected = [line for line in shipped.lines if wanted.items() <= line.items()]
    assert expected
    assert sorted(map(repr, shipped.ask(query))) == sorted(map(repr, expected))


def test_all_that_a_run_said_is_found_by_its_id(shipped: Shipped) -> None:
    run_id = shipped.lines[0]["run_id"]
    found = shipped.ask(f'{{job="observatory"}} | run_id={quoted(run_id)}', direction="forward")
    assert len(found) == sum(line["run_id"] == run_id for line in shipped.lines)


def test_a_query_that_cannot_be_read_is_refused(shipped: Shipped) -> None:
    for query in ("{}", "{job=observatory}", '{job="x"} | level', '{job=~".*"}', 'job="x"'):
        answer = httpx.get(f"{shipped.loki.url}/loki/api/v1/query_range", params={"query": query})
        assert answer.status_code == 400, query


def documented_queries() -> list[str]:
    """The queries that a tester copies from the page."""
    blocks = re.findall(r"^```logql\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


class TestThePage:
    def test_it_has_a_query_for_each_need(self) -> None:
        text = "\n".join(documented_queries())
        for name in (
            "test_name",
            "endpoint",
            "level",
            "run_id",
            "failure_type",
            "status_code",
            "environment",
            "target",
        ):
            assert re.search(rf"\b{name}\b", text), name

    @pytest.mark.parametrize("query", documented_queries())
    def test_each_query_finds_lines_of_a_real_run(self, shipped: Shipped, query: str) -> None:
        a_run = shipped.lines[0]["run_id"]
        for placeholder, value in {"TEST": "Suite.Missingno Is Missing", "RUN": a_run, "ENVIRONMENT": "ci"}.items():
            query = query.replace(f'"{placeholder}"', f'"{value}"')
        assert not re.search(r'"[A-Z]{5,}"', query.replace('"ERROR"', "").replace('"WARNING"', "")), (
            "a placeholder is left"
        )
        read_logql(query)
        assert shipped.ask(query) != []

    def test_it_explains_every_field_that_lines_have(self, shipped: Shipped, tmp_path: Path) -> None:
        log = StructuredLog(tmp_path / "log.jsonl", Masker())
        for change in (a_change(), a_change(ChangeKind.RENAMED, to="moves[].rank"), a_change(part="list")):
            log.schema_change(a_known_change(change))
        log.data_changes("pokemon", "1", [a_data_change()])
        log.exchange(Exchange("pokemon", "1", "", STARTED, 0.1, (), unknown_fields=("new",)))
        log.close()
        lines = [*shipped.lines, *map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())]
        rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
        explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert {name for line in lines for name in line} - explained == set()
