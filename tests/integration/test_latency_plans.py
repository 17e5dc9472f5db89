"""How fast the history answers about latencies when it holds 1,000,000 samples, and by which way it goes there."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from pydantic import SecretStr

from observatory.history import latency_queries, latency_series, latency_store
from observatory.history.database import Database
from tests.conftest import new_database
from tests.history_values import rows

RUNS, ENDPOINTS, REQUESTS = 3_334, 10, 30
SAMPLES = RUNS * ENDPOINTS * REQUESTS
NOW = datetime(2026, 8, 8, 12, tzinfo=UTC)
WINDOW = 28  # runs of a baseline
MOST = 10.0  # milliseconds
FASTER = 10.0  # times, at least, with the index

# Without triggers, indexes and log it takes seconds; the indexes are made afterwards as the history has them.
_FILL = """
SET LOCAL session_replication_role = replica;
INSERT INTO targets (name) VALUES ('live');
INSERT INTO runs (id, target_id, kind, started_at, finished_at, host, shard)
SELECT lpad(to_hex(number), 32, '0')::uuid, (SELECT id FROM targets), 'robot', at, at + interval '1 minute', 'here', ''
FROM generate_series(1, %(runs)s) AS number, LATERAL (SELECT %(now)s - number * interval '6 hours' AS at) AS began;
INSERT INTO latency_samples
    (id, run_id, endpoint, resource, started_at, elapsed_seconds, attempts, status, test_name)
SELECT lpad(to_hex(row_number() OVER ()), 32, '0')::uuid, run.id, 'endpoint-' || endpoint, request::text,
       run.started_at + request * interval '1 second',
       0.1 * exp(0.3 * sin((hashtext(run.id::text || endpoint || request)::float8))), 1, 200, 'Suite.Test'
FROM runs AS run, generate_series(1, %(endpoints)s) AS endpoint, generate_series(1, %(requests)s) AS request
ORDER BY run.started_at, request;
INSERT INTO latency_verdicts (run_id, endpoint, started_at, requests, p50, p95, p99, verdict)
SELECT id, 'endpoint-' || endpoint, started_at, %(requests)s, 0.1, 0.13, 0.14, 'steady'
FROM runs, generate_series(1, %(endpoints)s) AS endpoint WHERE started_at < %(now)s - interval '8 days'
ORDER BY started_at;
"""

_PERCENTILES = """
SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY elapsed_seconds)
FROM latency_samples
WHERE run_id = ANY(%(runs)s) AND endpoint = %(endpoint)s AND left_out = '' AND elapsed_seconds > 0
"""


@dataclass(frozen=True)
class Plan:
    """What a statement took in milliseconds, and the tables that it read from end to end and the indexes it used."""

    milliseconds: float
    scanned: frozenset[str]
    indexes: frozenset[str]


@pytest.fixture(scope="module")
def large(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A history of 1,000,000 samples, of which the last eight days are not judged yet."""
    database = Database.at(SecretStr(new_database(postgres)), tmp_path_factory.mktemp("large"))
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'latency_samples' AND indexname !~ '_pkey$'")
        indexes = [definition for (definition,) in cursor.fetchall()]
        cursor.execute("DROP INDEX latency_samples_by_run, latency_samples_by_endpoint")
        cursor.execute("ALTER TABLE latency_samples DROP CONSTRAINT latency_samples_pkey")
        cursor.execute("ALTER TABLE latency_samples SET UNLOGGED")
        values = {"runs": RUNS, "endpoints": ENDPOINTS, "requests": REQUESTS, "now": NOW}
        cursor.execute(_FILL, values)
        cursor.execute("ALTER TABLE latency_samples ADD PRIMARY KEY (id)")
        for definition in indexes:
            cursor.execute(definition)
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    yield database
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE latency_samples, latency_verdicts")  # a server that stops would write it all to disk
    database.close()


def plan(connection: Connection, statement: str, values: Mapping[str, Any]) -> Plan:
    """Run a statement, and tell how; what it changed is for the caller to roll back."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
        ((((told,),),),) = [cursor.fetchall()]
    scanned, indexes = set(), set()
    for node in _nodes(told["Plan"]):
        if node["Node Type"] == "Seq Scan":
            scanned.add(node["Relation Name"])
        indexes.add(node.get("Index Name", ""))
    return Plan(told["Execution Time"], frozenset(scanned), frozenset(indexes))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def typical(connection: Connection, statement: str, values: Mapping[str, Any], times: int = 5) -> Plan:
    """The plan that took the median of the time."""
    plans = sorted((plan(connection, statement, values) for _ in range(times)), key=lambda each: each.milliseconds)
    assert len({(each.scanned, each.indexes) for each in plans}) == 1
    return plans[times // 2]


def newest(database: Database, amount: int = WINDOW) -> list[uuid.UUID]:
    """The runs that a baseline is made of."""
    return [run for (run,) in rows(database, "SELECT id FROM runs ORDER BY started_at DESC LIMIT %s", amount)]


@pytest.mark.parametrize("statement", [latency_series._TIMES, _PERCENTILES], ids=["all times", "percentiles"])
def test_what_a_baseline_is_made_of_is_read_in_less_than_ten_milliseconds_by_its_index(
    large: Database, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """1,000,000 samples, of which 840 are a baseline's; without the index it takes at least ten times as long."""
    ((total,),) = rows(large, "SELECT count(*) FROM latency_samples")
    assert total == SAMPLES > 1_000_000
    values = {"runs": newest(large), "endpoint": "endpoint-3"}
    with large.transaction() as connection:
        read = typical(connection, statement, values)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchall()
            cursor.execute("DROP INDEX latency_samples_by_run")
        without = typical(connection, statement, values, times=3)
        connection.rollback()
    ratio = without.milliseconds / read.milliseconds
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {read.milliseconds:.2f} ms with the index, {without.milliseconds:.1f} ms without: {ratio:.0f} x\n"
        )
    assert read.indexes >= {"latency_samples_by_run"}
    assert "latency_samples" not in read.scanned
    assert read.milliseconds < MOST
    assert ratio >= FASTER
    assert len(found) in {1, WINDOW * REQUESTS}


def test_no_statement_reads_all_samples(large: Database) -> None:
    run = newest(large, 1)[0]
    ((target,),) = rows(large, "SELECT id FROM targets")
    key = {"target_id": target, "host": "here", "shard": "", "kind": "robot"}
    known = {"since": NOW - timedelta(days=30), "least": 60, "without": run}
    place = {**key, **known, "endpoint": "endpoint-3", "run_id": run, "most": 60}
    filters = {"target": None, "host": None, "kind": None}
    finished = {"now": NOW, "untaught": ["faults"], "most": 20}
    statements: Mapping[str, tuple[str, Mapping[str, Any]]] = {
        "unjudged": (latency_store._UNJUDGED, finished),
        "judged too soon": (latency_store._JUDGED_TOO_SOON, finished),
        "times of a run": (latency_series._TIMES, {"runs": [run], "endpoint": None}),
        "known": (latency_series._KNOWN, place),
        "baselines": (latency_series._BASELINES, place),
        "evidence": (latency_series._EVIDENCE, place),
        "earlier": (latency_queries._EARLIER, place),
        "versions": (latency_queries._VERSIONS, place),
        "held baselines": (latency_queries._BASELINES, {**filters, "endpoint": None}),
    }
    for name, (statement, values) in statements.items():
        with large.transaction() as connection:
            told = plan(connection, statement, values)
            connection.rollback()
        assert "latency_samples" not in told.scanned, name
        assert told.milliseconds < 500, name


def test_a_run_is_judged_in_a_moment_however_much_is_known(large: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """At most a second for a run, and nothing worth speaking of when there is nothing to judge."""
    took = []
    for number, expected in ((WINDOW + 4, 32), (0, 0)):
        with large.transaction() as connection:
            started = time.perf_counter()
            judged = latency_store.judge_finished(connection, NOW)
            took.append(time.perf_counter() - started)
        assert judged == expected == number
    one = []
    for _ in range(3):
        with large.transaction() as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM latency_verdicts WHERE run_id = %s", (newest(large, 1)[0],))
            started = time.perf_counter()
            assert latency_store.judge_finished(connection, NOW) == 1
            one.append(time.perf_counter() - started)
            connection.rollback()
    with capsys.disabled():
        sys.stdout.write(
            f"\n  32 runs judged in {took[0]:.2f} s, one in {1000 * median(one):.0f} ms, "
            f"nothing in {1000 * took[1]:.0f} ms\n"
        )
    assert median(one) < 1
    assert took[1] < 0.5
