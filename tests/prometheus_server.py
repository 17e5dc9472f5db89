"""A real Prometheus that scrapes one address every second, and is asked what it makes of it."""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest

from tests.load_process import PATIENCE, free_port, until

SCRAPED: Final = 1
"""Seconds between two scrapes."""

_CONFIGURATION: Final = """
global: {{scrape_interval: {scraped}s, scrape_timeout: {scraped}s}}
scrape_configs: [{{job_name: load, static_configs: [{{targets: ['{target}']}}]}}]
"""


class Row(NamedTuple):
    """A series of an answer: its labels, and its values by their times in seconds since 1970."""

    labels: dict[str, str]
    values: dict[float, float]


class Prometheus:
    """Asks a Prometheus that runs."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, trust_env=False, timeout=10)

    def is_ready(self) -> bool:
        """Whether it takes questions."""
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Ask no more."""
        self._client.close()

    def value(self, expression: str, at: float | None = None) -> float | None:
        """The one value of an expression, now or at a time; None when there is none."""
        found = self.rows(expression, at)
        assert len(found) <= 1, f"{expression} has {len(found)} series"
        return next(iter(found[0].values.values())) if found else None

    def rows(self, expression: str, at: float | None = None) -> list[Row]:
        """The series of an expression, now or at a time."""
        asked = {"query": expression} | ({} if at is None else {"time": str(at)})
        return [Row(each["metric"], _values([each["value"]])) for each in self._ask("query", asked)]

    def course(self, expression: str, start: float, end: float) -> list[Row]:
        """The series of an expression over time, a value for each second."""
        asked = {"query": expression, "start": str(start), "end": str(end), "step": "1"}
        return [Row(each["metric"], _values(each["values"])) for each in self._ask("query_range", asked)]

    def wait_for(self, expression: str, expected: float) -> float | None:
        """Wait until an expression has a value, and give the one it had at last."""
        deadline = time.monotonic() + PATIENCE
        while (value := self.value(expression)) != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    def _ask(self, kind: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        answer = self._client.get(f"/api/v1/{kind}", params=asked).json()
        assert answer["status"] == "success", f"{asked['query']}: {answer['error']}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result


def _values(pairs: list[tuple[float, str]]) -> dict[float, float]:
    return {at: number for at, text in pairs if not math.isnan(number := float(text))}


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """A Prometheus on loopback that keeps its data in a folder and scrapes `target`, a host with a port."""
    command = tool("prometheus")
    configuration = folder / "prometheus.yml"
    configuration.write_text(_CONFIGURATION.format(scraped=SCRAPED, target=target), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    log = (folder / "prometheus.log").open("wb")
    process = subprocess.Popen(
        [
            *(command, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'prometheus'}"),
            *(f"--web.listen-address={address}", "--log.level=warn"),
        ],
        stdout=log,
        stderr=log,
    )
    asked = Prometheus(f"http://{address}")
    try:
        until(lambda: process.poll() is not None or asked.is_ready(), "Prometheus takes questions")
        assert process.poll() is None, (folder / "prometheus.log").read_text("utf-8", "replace")
        yield asked
    finally:
        asked.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def complaints(page: str) -> str:
    """What `promtool check metrics` has against a page of metrics; nothing when it is clean."""
    command = [tool("promtool"), "check", "metrics"]
    checked = subprocess.run(command, input=page, capture_output=True, encoding="utf-8", timeout=30, check=False)
    return f"{checked.stdout}{checked.stderr}" or ("" if checked.returncode == 0 else f"exit code {checked.returncode}")


def tool(name: str) -> str:
    """The command of a tool of Prometheus's; skips the test where there is none."""
    command = shutil.which(name)
    if command is None:
        pytest.skip(f"install prometheus: {name} is not there (apt-get install prometheus)")
    return command
