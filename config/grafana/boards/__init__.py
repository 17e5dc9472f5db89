"""The dashboards, one module each: `BOARDS` has them by the names of their files."""

from collections.abc import Callable, Mapping
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.grafana.boards.api_performance import api_performance
from config.grafana.boards.drift import drift
from config.grafana.boards.load_test import load_test
from config.grafana.boards.performance_baseline import performance_baseline
from config.grafana.boards.test_execution import test_execution

BOARDS: Final[Mapping[str, Callable[[], Dashboard]]] = {
    "api-performance.json": api_performance,
    "test-execution.json": test_execution,
    "load-test.json": load_test,
    "performance-baseline.json": performance_baseline,
    "drift.json": drift,
}

__all__ = ["BOARDS"]
