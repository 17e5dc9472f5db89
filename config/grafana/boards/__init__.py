"""The dashboards, one module each: `BOARDS` has them by the names of their files."""

from collections.abc import Callable, Mapping
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from config.grafana.boards.load_test import load_test

BOARDS: Final[Mapping[str, Callable[[], Dashboard]]] = {"load-test.json": load_test}

__all__ = ["BOARDS"]
