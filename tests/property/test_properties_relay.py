"""Whatever is counted, by however many processes, and however it is pushed: the page shows it, once."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from observatory.exchange import Attempt, Failure, FailureType
from observatory.metrics import BUCKETS, Metrics
from observatory.metrics.families import BOUNDS, FAMILIES, FAMILY_OF, Kind, fitting
from observatory.metrics.reading import Reading
from observatory.relay.page import page
from observatory.relay.reading import read_push
from observatory.relay.totals import FIRST_SHOWN, Totals
from tests.history_values import an_exchange
from tests.relay_values import Series, adds_up, of, scraped

SCRAPE = 15.0
DURATION = "pokeapi_request_duration_seconds"
TARGETS = ("embedded", "live", "http://127.0.0.1:8000/api/v2", "faults")

_names = st.sampled_from(["pokemon", "type", "berry"]) | st.text(max_size=8) | st.text(min_size=195, max_size=210)
_processes = st.integers(0, 3)
_exchanges = st.tuples(
    st.just("exchange"),
    _processes,
    _names,
    st.integers(0, 12_000),  # milliseconds
    st.lists(st.sampled_from([200, 404, 429, 503]), max_size=3),
    st.none() | st.sampled_from(FailureType),
)
_numbers = st.tuples(st.sampled_from(["failed", "schema", "suite", "flaked", "rate"]), _processes, _names)
_events = (
    _exchanges
    | _numbers
    | st.tuples(st.sampled_from(["push", "deliver", "deliver"]), st.integers(0, 30))
    | st.tuples(st.sampled_from(["restart", "scrape"]))
)


@dataclass
class Process:
    """A process that counts for one target, and what it has pushed."""

    target: str
    metrics: Metrics = field(default_factory=Metrics)
    since: Reading | None = None


@dataclass
class Wire:
    """A push on its way, and the gauges that it sets."""

    id: str
    target: str
    body: bytes
    gauges: dict[Series, float]
    has_come: bool = False


class World:
    """Processes, pushes in the air, and a relay, beside what the page must show in the end."""

    def __init__(self, path: Path) -> None:
        self.processes = [Process(target) for target in TARGETS]
        self.air: list[Wire] = []
        self.counted: dict[Series, float] = defaultdict(float)
        self.gauges: dict[Series, float] = {}
        self.now = 1_800_000_000.0
        self._path = path
        self._last: dict[Series, float] = {}
        self._pushed = 0
        self.totals = self._opened()

    def _opened(self) -> Totals:
        totals = Totals(self._path)
        totals._file.execute("PRAGMA synchronous = OFF")  # what ends here ends well, and the disk is slow
        totals.know(self.now)
        return totals

    def happens(self, kind: str, *how: Any) -> None:
        """Let an event happen, and count it here, too."""
        self.now += 1.0
        match kind, how:
            case "exchange", (number, endpoint, milliseconds, statuses, failed):
                self._exchange(self.processes[number], endpoint, milliseconds / 1000, statuses, failed)
            case "push", (number,):
                self.push(self.processes[number % len(self.processes)])
            case "deliver", (number,):
                if self.air:
                    self.deliver(self.air[number % len(self.air)])
            case "restart", ():
                self.totals.close()
                self.totals = self._opened()
            case "scrape", ():
                self.scrape()
            case _, (number, name):
                self._number(self.processes[number], kind, name)

    def _exchange(
        self, process: Process, endpoint: str, elapsed: float, statuses: list[int], failed: FailureType | None
    ) -> None:
        attempts = tuple(Attempt(number, status, elapsed) for number, status in enumerate(statuses, 1))
        status = statuses[-1] if statuses else None
        failure = Failure(failed, "why") if failed else None
        process.metrics.saw(an_exchange(endpoint, elapsed=elapsed, status=status, attempts=attempts, failure=failure))
        own = {"target": process.target, "endpoint": fitting(endpoint)}
        if attempts:
            self.counted[of("pokeapi_requests_total", **own)] += 1
        if attempts and status != 404:
            self.counted[of(f"{DURATION}_sum", **own)] += elapsed
            self.counted[of(f"{DURATION}_count", **own)] += 1
            for label, bound in zip(BOUNDS, (*BUCKETS, float("inf")), strict=True):
                self.counted[of(f"{DURATION}_bucket", le=label, **own)] += elapsed <= bound
        if 429 in statuses:
            self.counted[of("pokeapi_rate_limited_total", **own)] += statuses.count(429)
        if failed not in {None, FailureType.NOT_RECORDED}:
            self.counted[of("pokeapi_failures_total", failure_type=str(failed), **own)] += 1

    def _number(self, process: Process, kind: str, name: str) -> None:
        target, label = process.target, fitting(name)
        if kind == "failed":
            process.metrics.failed(name, FailureType.ASSERTION)
            failed = of("pokeapi_failures_total", target=target, endpoint=label, failure_type="assertion")
            self.counted[failed] += 1
        elif kind == "schema":
            process.metrics.schema_changed(name)
            self.counted[of("pokeapi_schema_changes_total", target=target, endpoint=label)] += 1
        elif kind == "suite":
            process.metrics.suite_ended(name, self.now)
        elif kind == "flaked":
            process.metrics.flaked(name)
            self.counted[of("pokeapi_test_flakiness_total", target=target, suite=label)] += 1
        else:
            process.metrics.flakiness(name, self.now % 97 / 97)

    def push(self, process: Process) -> None:
        """Send what came since the last push, which stays in the air until it is delivered."""
        reading = process.metrics.read()
        gauges = {
            of(name, target=process.target, **dict(labels)): value
            for (name, labels), value in reading.values.items()
            if FAMILY_OF[name].kind is Kind.GAUGE
        }
        self._pushed += 1
        body = reading.text(process.since).encode()
        self.air.append(Wire(f"push-{self._pushed}", process.target, body, gauges))
        process.since = reading

    def deliver(self, wire: Wire) -> None:
        """Let a push come, perhaps once more."""
        is_new = self.totals.add(wire.target, wire.id, read_push(wire.body), self.now)
        assert is_new != wire.has_come
        if is_new:
            for series, value in wire.gauges.items():
                latest = series[0] == "pokeapi_test_execution_timestamp"
                self.gauges[series] = max(value, self.gauges.get(series, 0.0)) if latest else value
        wire.has_come = True

    def scrape(self) -> dict[Series, float]:
        """Look at the page: nothing that adds up has fallen, and what is new begins at 0."""
        self.now += SCRAPE
        text = page(self.totals.shown(self.now), {})
        families = {family.name: family.type for family in text_string_to_metric_families(text.decode())}
        assert families.items() >= {each.name.removesuffix("_total"): each.kind.value for each in FAMILIES}.items()
        found = {series: value for series, value in scraped(text).items() if "relay" not in series[0]}
        for series, value in found.items():
            if adds_up(series):
                assert value >= self._last[series] if series in self._last else value == 0
        assert found.keys() >= self._last.keys()
        self._last = found
        return found


@contextmanager
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="observatory-") as folder:
        made = World(Path(folder) / "relay.sqlite3")
        try:
            yield made
        finally:
            made.totals.close()


# Property 15: All metrics are exposed
@pytest.mark.property(15)
@settings(max_examples=100)
@given(st.lists(_events, max_size=40), st.randoms(use_true_random=False))
def test_the_page_shows_every_family_and_the_true_counts_of_all_processes(
    events: list[tuple[Any, ...]], random: Any
) -> None:
    with world() as told:
        for event in events:
            told.happens(*event)
        for process in told.processes:
            told.push(process)
        coming = told.air * 2
        random.shuffle(coming)
        for wire in coming:
            told.deliver(wire)
        told.scrape()
        told.now += FIRST_SHOWN
        found = told.scrape()
    counted = {series: value for series, value in found.items() if adds_up(series) and value}
    assert counted == pytest.approx({series: value for series, value in told.counted.items() if value})
    assert {series: value for series, value in found.items() if not adds_up(series)} == told.gauges
