"""Values that tests of loads are made from: a load of ten users that went well, and what may be otherwise in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from observatory.load import Ending, Generator, LoadModel, LoadPlan, LoadReport, judged
from observatory.load.report import Arrivals, FailureCount, Numbers, PastLoad, Second

BEGAN = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
LOAD_ID = UUID("0d9f6f0e-6d53-4f0e-9a54-3a3f0a1b2c3d")


def load_plan(**changes: Any) -> LoadPlan:
    """Light and steady: ten users for two minutes."""
    base: dict[str, Any] = {
        "profile": "light",
        "shape": "steady",
        "model": LoadModel.CLOSED,
        "visitor": "lookup",
        "target": "embedded",
        "address": "http://127.0.0.1:8080/api/v2",
        "users": 10,
        "seconds": 120.0,
    }
    return LoadPlan(**{**base, **changes})


def open_plan(**changes: Any) -> LoadPlan:
    """Fifty arrivals a second for two minutes."""
    return load_plan(**{"model": LoadModel.OPEN, "rate": 50.0, **changes})


def load_numbers(endpoint: str = "all", **changes: Any) -> Numbers:
    """What came of 6,000 requests in two minutes, of which none failed."""
    base: dict[str, Any] = {
        "requests": 6000,
        "failures": 0,
        "throughput": 50.0,
        "size": 6_000_000,
        "p50": 0.085,
        "p90": 0.171,
        "p95": 0.212,
        "p99": 0.334,
        "longest": 0.612,
        "mean": 0.094,
    }
    return Numbers(endpoint, **{**base, **changes})


def load_failure(message: str = "status 500 (text/plain)", **changes: Any) -> FailureCount:
    """Eight failures of one kind."""
    base: dict[str, Any] = {"endpoint": "pokemon", "type": "server_error", "message": message, "count": 8}
    return FailureCount(**{**base, **changes})


def load_second(number: int, **changes: Any) -> Second:
    """A second in which fifty requests ended."""
    base: dict[str, Any] = {
        "users": 10,
        "workers": 1,
        "requests": 50,
        "failures": 0,
        "p50": 0.085,
        "p95": 0.2,
        "longest": 0.35,
    }
    return Second(number, **{**base, **changes})


def load_timeline(seconds: int, change: Callable[[int], dict[str, Any]] | None = None) -> tuple[Second, ...]:
    """So many seconds with a little noise; `change` says what is otherwise in one of them."""
    random = Random(7)
    found = []
    for number in range(seconds):
        p50 = 0.085 * random.lognormvariate(0, 0.06)
        p95 = p50 * random.uniform(2, 2.6)
        values = {"requests": random.randint(44, 56), "p50": p50, "p95": p95, "longest": p95 * random.uniform(1.1, 2)}
        found.append(load_second(number, **{**values, **(change(number) if change else {})}))
    return tuple(found)


def past_load(**changes: Any) -> PastLoad:
    """A load that passed a day before."""
    base: dict[str, Any] = {
        "started_at": BEGAN - timedelta(days=1),
        "outcome": "passed",
        "requests": 5980,
        "failures": 3,
        "throughput": 49.8,
        "p50": 0.083,
        "p95": 0.207,
        "p99": 0.318,
    }
    return PastLoad(**{**base, **changes})


def load_arrivals(**changes: Any) -> Arrivals:
    """All that was scheduled was sent, a little late."""
    base: dict[str, Any] = {
        "scheduled": 6000,
        "sent": 6000,
        "late_p50": 0.0007,
        "late_p99": 0.004,
        "late_longest": 0.021,
    }
    return Arrivals(**{**base, **changes})


def load_report(**changes: Any) -> LoadReport:
    """A load that came to its end and is not judged yet."""
    base: dict[str, Any] = {
        "id": LOAD_ID,
        "plan": load_plan(),
        "started_at": BEGAN,
        "ended_at": BEGAN + timedelta(seconds=120),
        "seconds": 120.0,
        "ending": Ending.FINISHED,
        "generator": Generator(processes=1, busiest=0.34),
        "total": load_numbers(),
        "endpoints": (
            load_numbers("ability", requests=1200, throughput=10.0),
            load_numbers("pokemon", requests=3600, throughput=30.0),
            load_numbers("type", requests=1200, throughput=10.0),
        ),
        "failures": (),
        "timeline": load_timeline(120),
    }
    return LoadReport(**{**base, **changes})


def judged_report(**changes: Any) -> LoadReport:
    """The same with its verdict."""
    report = load_report(**changes)
    return replace(report, verdict=judged(report))
