"""Numbers as the relay shows them over hours, told as a story of runs, and what promtool makes of them."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from observatory.metrics import BUCKETS
from tests.alert_files import RULES
from tests.prometheus_server import tool

BORN: Final = 35
"""Seconds for which the relay shows what it never saw before at 0, from the first scrape on that sees it."""

SECOND: Final = 1
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400

Labels = tuple[tuple[str, str], ...]


def interval(end: float) -> int:
    """Seconds between two scrapes of a story: 15 as the committed configuration has it, more where a story is long.

    To judge a day at every 15 seconds takes promtool ten seconds, and tells the same.
    """
    return next((seconds for longest, seconds in ((1.5, 15), (6, 60), (30, 120)) if end <= longest * HOUR), 240)


@dataclass
class _Series:
    """A series by its changes: from each time on, in seconds, it has a value; None when it is not shown.

    Where it was `born`, it is a counter that the relay never saw before.
    """

    changes: list[tuple[float, float | None]] = field(default_factory=list)
    born: list[float] = field(default_factory=list)

    @property
    def value(self) -> float | None:
        return self.changes[-1][1] if self.changes else None

    def at(self, time: float) -> float | None:
        return next((value for since, value in reversed(self.changes) if since <= time), None)

    def scraped(self, times: Iterable[float]) -> Iterator[float | None]:
        """What each scrape of the relay sees."""
        unseen = sorted(self.born)
        at_0_until = 0.0
        for time in times:
            while unseen and unseen[0] <= time:
                unseen.pop(0)
                at_0_until = time + BORN
            value = self.at(time)
            yield 0.0 if value is not None and time < at_0_until else value


class Story:
    """What a relay shows from second 0 on. Times are in seconds, and are told in their order."""

    def __init__(self, target: str | None = "live") -> None:
        self._target = target
        self._series: dict[tuple[str, Labels], _Series] = defaultdict(_Series)
        self._away: list[tuple[float, float]] = []

    def run(
        self,
        at: float,
        endpoint: str = "pokemon",
        *,
        requests: int = 0,
        slow: int = 0,
        failures: Mapping[str, int] | None = None,
        changes: int = 0,
        circuit: int | None = None,
        flaked: int = 0,
        target: str | None = None,
    ) -> Story:
        """A process pushes: so many requests, of which some took 0.8 s and the others 0.08 s; some may have failed."""
        labels = {"endpoint": endpoint, **self._named(target)}
        if requests:
            self._count("pokeapi_requests_total", labels, at, requests)
            self._count("pokeapi_request_duration_seconds_count", labels, at, requests)
            for bound in (*BUCKETS, float("inf")):
                below = requests if bound >= 0.8 else requests - slow
                le = {"le": "+Inf" if bound == float("inf") else str(bound)}
                self._count("pokeapi_request_duration_seconds_bucket", labels | le, at, below)
        for kind, number in (failures or {}).items():
            self._count("pokeapi_failures_total", labels | {"failure_type": kind}, at, number)
        if changes:
            self._count("pokeapi_schema_changes_total", labels, at, changes)
        if circuit is not None:
            self._set("pokeapi_circuit_breaker_state", labels, at, circuit)
        suite = {"suite": "Suites.Smoke", **self._named(target)}
        if flaked:
            self._count("pokeapi_test_flakiness_total", suite, at, flaked)
        self._set("pokeapi_test_execution_timestamp", suite, at, at)
        return self

    def loses_its_sums(self, at: float) -> Story:
        """The relay begins anew: all that it knew is gone."""
        for series in self._series.values():
            series.changes.append((at, None))
        return self

    def is_away(self, start: float, end: float) -> Story:
        """Nothing can be scraped from `start` until `end`."""
        self._away.append((start, end))
        return self

    def also(self, name: str, labels: Mapping[str, str], changes: Iterable[tuple[float, float | None]]) -> Story:
        """A series of somebody else's."""
        self._series[name, tuple(labels.items())].changes.extend(changes)
        return self

    def series(self, end: float) -> Iterator[dict[str, str]]:
        """The series in promtool's words, from second 0 to the end."""
        step = interval(end)
        times = range(0, int(end) + step, step)
        looks = [time for time in times if not any(start <= time < end for start, end in self._away)]
        for (name, labels), series in self._series.items():
            own = "" if name == "up" or name.startswith("alertmanager") else 'job="observatory",'
            told = ",".join(f"{label}={json.dumps(value)}" for label, value in labels)
            seen = dict(zip(looks, series.scraped(looks), strict=True))
            yield {"series": f"{name}{{{own}{told}}}", "values": _in_short(seen.get(time) for time in times)}

    def _named(self, target: str | None) -> dict[str, str]:
        named = target or self._target
        return {} if named is None else {"target": named}

    def _count(self, name: str, labels: Mapping[str, str], at: float, number: int) -> None:
        series = self._series[name, tuple(labels.items())]
        if series.value is None:
            series.born.append(at)
        series.changes.append((at, (series.value or 0.0) + number))

    def _set(self, name: str, labels: Mapping[str, str], at: float, value: float) -> None:
        self._series[name, tuple(labels.items())].changes.append((at, float(value)))


def _in_short(seen: Iterable[float | None]) -> str:
    """Values of scrapes as promtool reads them; where a series ends, Prometheus notes that it is stale."""
    told: list[str] = []
    for value, run in groupby(seen):
        more = len(list(run)) - 1
        if value is not None:
            told.append(f"{value:g}x{more}" if value < 1e6 else f"{value:.0f}x{more}")
        elif told:
            told += ["stale", *([f"_x{more}"] if more else [])]
        else:
            told.append(f"_x{more + 1}")
    return " ".join(told)


Alert = dict[str, str]


def alert(name: str, severity: str, **labels: str) -> Alert:
    """An alert that fires, by its labels."""
    return {"alertname": name, "severity": severity, **labels}


class Judge:
    """Asks promtool which alerts fire in a story. `rules` is a text of rules, the committed ones by default."""

    def __init__(self, folder: Path, rules: str | None = None) -> None:
        self._folder = folder
        self._rules = folder / "rules.yml"
        self._rules.write_text(RULES.read_text("utf-8") if rules is None else rules, "utf-8")

    def complaints(self, story: Story, expected: Mapping[int, Iterable[Alert]]) -> str:
        """What promtool has against this: at each time, in seconds, exactly these alerts fire. Nothing if all is so."""
        asked = [
            {
                "expr": 'sort(ALERTS{alertstate="firing"})',
                "eval_time": f"{int(at)}s",
                "exp_samples": [{"labels": _as_labels(each), "value": 1} for each in firing],
            }
            for at, firing in expected.items()
        ]
        return self._test(story, max(expected), {"promql_expr_test": asked})

    def misreadings(self, story: Story, at: float, name: str, told: Iterable[Mapping[str, Any]]) -> str:
        """What promtool has against this: at a time these alerts of a name fire, with all labels and annotations."""
        asked = [{"alertname": name, "eval_time": f"{int(at)}s", "exp_alerts": list(told)}]
        return self._test(story, at, {"alert_rule_test": asked})

    def _test(self, story: Story, end: float, asked: Mapping[str, Any]) -> str:
        file = self._folder / "test.yml"
        step = f"{interval(end)}s"
        test = {"interval": step, "input_series": list(story.series(end)), **asked}
        # JSON is YAML, too.
        whole = {"rule_files": [self._rules.name], "evaluation_interval": step, "tests": [test]}
        file.write_text(json.dumps(whole), "utf-8")
        command = [tool("promtool"), "test", "rules", str(file)]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
        assert "SUCCESS" in ran.stdout or "got:" in ran.stderr + ran.stdout, ran.stderr + ran.stdout
        return "" if ran.returncode == 0 else ran.stderr + ran.stdout


def _as_labels(labels: Mapping[str, str]) -> str:
    told = {"alertstate": "firing", **labels}
    return "ALERTS{" + ",".join(f"{name}={json.dumps(value)}" for name, value in told.items()) + "}"
