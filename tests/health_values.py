"""Values that tests of the health page are made from."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from observatory.health.values import EndpointLatency, FailingTest, Health, TargetHealth
from observatory.history.flaky_queries import FlakyTest
from observatory.history.health_queries import KnownBaseline, LatestTest, RunLine, RunVerdict, Series

NOW = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
BEGIN = NOW - timedelta(days=90)


def a_run_line(**values: Any) -> RunLine:
    begun = values.get("started_at", NOW - timedelta(minutes=14))
    base: dict[str, Any] = {
        "id": uuid.uuid4(),
        "kind": "robot",
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=95),
        "passed": 117,
        "failed": 0,
        "skipped": 0,
        "excused": 0,
        "host": "here",
        "shard": "",
        "git_revision": "0123456789abcdef",
        "api_revision": None,
        "log": None,
        "is_overwritten": False,
    }
    return RunLine(**{**base, **values})


def a_test(name: str = "Suites.Smoke.Bulbasaur Is Served", status: str = "PASS", **values: Any) -> LatestTest:
    return LatestTest(**{"name": name, "status": status, "at": NOW - timedelta(minutes=12), "message": "", **values})


def a_failing_test(name: str = "Suites.Smoke.Bulbasaur Is Served", **values: Any) -> FailingTest:
    test = a_test(name, "FAIL", message=values.pop("message", "Status '500' (int) should be '200' (int)"))
    return FailingTest(test, **{"since": NOW - timedelta(days=2), "runs": 8, **values})


def a_flaky_test(name: str = "Suites.Smoke.Stench Is Served", **values: Any) -> FlakyTest:
    base = {
        "target": "live",
        "name": name,
        "attempts": 100,
        "failures": 9,
        "revisions": 3,
        "first_flaked_at": NOW - timedelta(days=20),
        "last_flaked_at": NOW - timedelta(days=1),
        "last_attempt_at": NOW,
        "last_message": "502",
        "last_fingerprint": "0f",
    }
    return FlakyTest(**{**base, **values})


def a_series(**values: Any) -> Series:
    return Series(**{"host": "here", "shard": "", "kind": "robot", "endpoint": "pokemon", **values})


def a_verdict(**values: Any) -> RunVerdict:
    base = {
        "series": a_series(),
        "run_id": uuid.uuid4(),
        "at": NOW,
        "requests": 30,
        "p50": 0.182,
        "p95": 0.25,
        "p99": 0.33,
        "verdict": "steady",
        "effect": 0.01,
        "low": -0.05,
        "high": 0.07,
        "since": None,
        "runs_since": None,
    }
    return RunVerdict(**{**base, **values})


def a_regression(**values: Any) -> RunVerdict:
    since = datetime(2026, 11, 18, 6, tzinfo=UTC)
    base = {"verdict": "regressed", "effect": 0.18, "low": 0.12, "high": 0.24, "since": since, "runs_since": 3}
    return a_verdict(**{**base, **values})


def a_baseline(**values: Any) -> KnownBaseline:
    base = {
        "series": a_series(),
        "number": 4,
        "p50": 0.18,
        "p95": 0.24,
        "p99": 0.31,
        "samples": 840,
        "runs": 28,
        "first_run_at": NOW - timedelta(days=9),
        "last_run_at": NOW - timedelta(days=2),
        "valid_from": NOW - timedelta(days=2),
        "valid_until": None,
        "accepted_by": "",
        "reason": "",
    }
    return KnownBaseline(**{**base, **values})


def a_latency(last: RunVerdict | None = None, **values: Any) -> EndpointLatency:
    last = last or a_verdict()
    earlier = [a_verdict(at=NOW - timedelta(hours=6 * ago), series=last.series) for ago in range(11, 0, -1)]
    return EndpointLatency(**{"series": last.series, "runs": [*earlier, last], "baselines": [a_baseline()], **values})


def a_target(**values: Any) -> TargetHealth:
    base: dict[str, Any] = {
        "name": "live",
        "runs": [a_run_line()],
        "tests": [a_test(), a_test("Suites.Smoke.Stench Is Served")],
        "latencies": [a_latency()],
    }
    return TargetHealth(**{**base, **values})


def a_health(*targets: TargetHealth, **values: Any) -> Health:
    return Health(**{"made_at": NOW, "since": BEGIN, "targets": targets or (a_target(),), **values})
