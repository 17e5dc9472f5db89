"""Runs of the real `robot` and a made-up quarter of a year, in one history, with the relay and the Prometheus.

What the dashboards show of runs is held against what these left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from bench.weeks import Weeks, fill
from observatory.history import Database
from sandbox.faults import Fault, Kind
from sandbox.server import Server
from tests.load_process import until
from tests.prometheus_server import Prometheus, prometheus, tool
from tests.recording_folder import RecordingFolder
from tests.relay_process import relay
from tests.robot_command import Outcome, run_robot

MADE_UP: Final = "live"
"""The target of the made-up weeks."""

_FIRST_SHOWN: Final = 2.5
"""Seconds for which the relay shows a new counter at 0: two scrapes, and a bit."""

_ASKING: Final = """
Pokemon Are Served
    Get Many Pokemon    1-3
    Get Page    pokemon    limit=2
Berries Are Served
    Get Resource    berry    1
    Get Resource    berry    2
"Pikachu" (25) `Keeps` His Height
    ${pikachu} =    Get Pokemon    pikachu
    Should Be Equal    ${pikachu.height}    ${7}
Abilities Are Served
    Skip    There is none in this recording.
"""

_ASKING_IN_VAIN: Final = """
Pokemon Are Served
    Get Many Pokemon    1-3
Types Are Served
    FOR    ${number}    IN RANGE    12
        Run Keyword And Ignore Error    Get Type    1
    END
    Get Type    1
"""


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """What there is of all runs, when they are over.

    Of `replayed`, a target that Prometheus calls `replay`, there are two runs, between which its pikachu and its
    berries changed; and of `faulty` there is the last one, which asks to be spared and whose types all fail, until
    their circuit opens. `began` and `ended` are the times before the runs and after them. `page` is what the relay
    shows. `lines` are those of the log.
    """

    prometheus: Prometheus
    database: Database
    replayed: str
    faulty: str
    runs: tuple[Outcome, Outcome, Outcome]
    began: datetime
    ended: datetime
    page: str
    lines: list[dict[str, Any]]

    @property
    def samples(self) -> dict[str, set[str]]:
        """The names of all samples that the relay shows, with those of their labels."""
        found: dict[str, set[str]] = {}
        for family in text_string_to_metric_families(self.page):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
        return found


@contextmanager
def watch_runs(folder: Path, database_url: str) -> Iterator[WatchedRun]:
    """Let runs happen, and keep the Prometheus that scraped the relay which they told their numbers."""
    tool("prometheus")
    database = Database(lambda: database_url)
    with database.transaction() as connection:
        fill(connection, Weeks(datetime.now(UTC), days=90, tests=40, target=MADE_UP, failing_runs=2))
    recording = RecordingFolder(folder / "recording")
    replay = ("--variable", "TARGET:replay", "--variable", f"RECORDING:{recording.folder}")
    with (
        relay(folder / "relay", "--first-shown", str(_FIRST_SHOWN)) as relayed,
        prometheus(folder, relayed.host) as asked,
        _faulty_server() as faulty,
    ):
        environment = {
            "DATABASE_URL": database_url,
            "OBSERVATORY_METRICS_RELAY": relayed.address,
            "OBSERVATORY_RETRIES": "0",
        }
        until(lambda: asked.value("sum(up)") == 1, "Prometheus sees the relay")
        began = datetime.now(UTC)
        first = _run(folder / "first", _ASKING, *replay, **environment)
        _change(recording)
        second = _run(folder / "second", _ASKING, *replay, **environment)
        third = _run(folder / "third", _ASKING_IN_VAIN, "--variable", f"TARGET:{faulty}", **environment)
        runs = (first, second, third)
        until(lambda: asked.value("sum(pokeapi_requests_total)") == sum(map(sent, runs)), "all numbers came")
        # And a scrape more, so that nothing is at the edge of the time that is shown.
        time.sleep(1.5)
        ended = datetime.now(UTC)
        page = relayed.page
        lines = [line for run in runs for line in log_of(run)]
        replayed = f"replay:{recording.folder.resolve()}"
        yield WatchedRun(asked, database, replayed, faulty, runs, began, ended, page, lines)
    database.close()


def sent(run: Outcome) -> float:
    """How many requests a process counted, for itself."""
    text = (run.folder / "metrics.prom").read_text("utf-8")
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == "pokeapi_requests_total")


def _run(folder: Path, suite: str, *arguments: str, **environment: str) -> Outcome:
    folder.mkdir()
    return run_robot(folder, suite, "--name", "Watched", *arguments, environment=environment)


def _change(recording: RecordingFolder) -> None:
    """A height, a field that is new, and one that is gone."""
    recording.change("pokemon/2", height=8)
    recording.change("pokemon/1", rating=5)
    recording.change("berry/1", "size")
    recording.change("berry/2", "size")


@contextmanager
def _faulty_server() -> Iterator[str]:
    """The address of an API that asks to be spared once, and whose types all fail."""
    server = Server()
    server.start()
    server.faults.inject(Fault(kind=Kind.RATE_LIMITED, retry_after=0, times=1, only="pokemon"))
    server.faults.inject(Fault(kind=Kind.STATUS, status=503, only="type"))
    try:
        yield server.base_url
    finally:
        server.stop()


def log_of(run: Outcome) -> list[dict[str, Any]]:
    """The lines of the log of a run."""
    files = sorted((run.folder.parent / "results" / "logs").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
