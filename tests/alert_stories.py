"""Numbers as the relay shows them over hours, told as a story of runs, and what promtool makes of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from tests.alert_files import RULES
from tests.prometheus_server import tool

BORN: Final = 35
"""Seconds for which the relay shows what it never saw before at 0, from the first scrape on that sees it."""

STAND_INS: Final = frozenset({"embedded", "replay", "faults"})
"""Servers of our own, which leave no alert."""

_BOUNDS: Final = ("0.1", "0.5", "1.0", "+Inf")
"""Those of the buckets that matter when requests take 0.08 or 0.8 s; each more costs time."""

_BESIDE: Final = 20
"""So many stories are told side by side at most: promtool refuses to look at more than 10,000 samples at once."""

SECOND: Final = 1
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400

Labels = tuple[tuple[str, str], ...]


def interval(end: float) -> int:
    """Seconds between two scrapes of a story: 15 as the committed configuration has it, more where a story is long.

    To judge a day at every 15 seconds takes promtool ten seconds, and tells the same.
    """
    return next((seconds for longest, seconds in ((1.5, 15), (6, 60)) if end <= longest * HOUR), 240)


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
        self._unwatched: list[tuple[float, float]] = []

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
            for bound in _BOUNDS:
                below = requests - slow if bound in {"0.1", "0.5"} else requests
                self._count("pokeapi_request_duration_seconds_bucket", labels | {"le": bound}, at, below)
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
        """Nothing can be scraped from `start` until `end`, and Prometheus notes that."""
        self._away.append((start, end))
        return self

    def is_unwatched(self, start: float, end: float) -> Story:
        """Prometheus itself is away from `start` until `end`: nobody scrapes, and nobody notes anything."""
        self._unwatched.append((start, end))
        return self

    def also(self, name: str, labels: Mapping[str, str], changes: Iterable[tuple[float, float | None]]) -> Story:
        """A series of somebody else's."""
        self._series[name, tuple(labels.items())].changes.extend(changes)
        return self

    @property
    def targets(self) -> set[str]:
        """The targets of its series, of which a series without one has none."""
        return {dict(labels).get("target", "") for _, labels in self._series}

    def series(self, end: float, mark: str = "") -> Iterator[dict[str, str]]:
        """The series in promtool's words, from second 0 to the end; each target's name ends with the mark."""
        step = interval(end)
        times = range(0, int(end) + step, step)
        watched = [time for time in times if not _within(self._unwatched, time)]
        looks = [time for time in watched if not _within(self._away, time)]
        for (name, labels), series in self._series.items():
            own = "" if name == "up" or name.startswith("alertmanager") else 'job="observatory",'
            told = ",".join(f"{label}={json.dumps(_marked(label, value, mark))}" for label, value in labels)
            seen: dict[int, float | None] = dict.fromkeys(watched)
            seen.update(zip(looks, series.scraped(looks), strict=True))
            yield {"series": f"{name}{{{own}{told}}}", "values": _in_short(times, seen)}

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


def _marked(label: str, value: str, mark: str) -> str:
    return value + mark if label == "target" else value


def _within(times: Iterable[tuple[float, float]], time: float) -> bool:
    return any(start <= time < end for start, end in times)


def _in_short(times: Iterable[int], seen: Mapping[int, float | None]) -> str:
    """Values of scrapes as promtool reads them; where a scrape sees a series no more, it is noted as stale."""
    samples: list[str] = []
    is_shown = False
    for time in times:
        value = seen.get(time)
        if value is not None:
            samples.append(f"{value:g}" if value < 1e6 else f"{value:.0f}")
        else:
            samples.append("stale" if is_shown and time in seen else "_")
        is_shown = value is not None or (is_shown and time not in seen)
    told: list[str] = []
    for sample, same in groupby(samples):
        number = len(list(same))
        told.append({"_": f"_x{number}", "stale": "stale"}.get(sample, f"{sample}x{number - 1}"))
    return " ".join(told)


Alert = dict[str, str]


def alert(name: str, severity: str, **labels: str) -> Alert:
    """An alert that fires, by its labels."""
    return {"alertname": name, "severity": severity, **labels}


@dataclass(frozen=True)
class Told:
    """A story, and what it must lead to.

    Attributes:
        fires: the alerts that fire at each of these times, in seconds: exactly these.
        reads: at these times and of the alerts of these names, all labels and annotations.
        rules: a text of rules in place of the committed ones.
    """

    story: Story
    fires: Mapping[int, Sequence[Alert]] = field(default_factory=dict)
    reads: Mapping[tuple[int, str], Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    rules: str | None = None

    @property
    def end(self) -> int:
        """The last time that matters, in seconds."""
        return max([*self.fires, *(at for at, _ in self.reads)])

    @property
    def can_be_shared(self) -> bool:
        """Whether it can be told beside others: all that it is about has a target, whose name is free."""
        return not self.reads and self.story.targets.isdisjoint({"", *STAND_INS})


def complaints(folder: Path, cases: Mapping[str, Told]) -> dict[str, str]:
    """What promtool has against each case, by the cases' names; nothing where all is as told.

    promtool is started once, and judges all at once what can be told side by side, each with targets of its own: what
    it takes does not grow with the number of series, but with the number of times that it looks at the rules.

    Raises:
        AssertionError: it said something that is about none of the cases.
    """
    files: dict[tuple[str, int], dict[str, Told]] = defaultdict(dict)
    for number, case in enumerate(cases.values()):
        rules = RULES.read_text("utf-8") if case.rules is None else case.rules
        files[rules, interval(case.end)][f"@{number}@"] = case
    paths = []
    for number, ((rules, step), told) in enumerate(files.items()):
        (folder / f"rules-{number}.yml").write_text(rules, "utf-8")
        tests = [_test(step, {mark: case}) for mark, case in told.items() if not case.can_be_shared]
        shared = [(mark, case) for mark, case in told.items() if case.can_be_shared]
        tests += [_test(step, dict(shared[at : at + _BESIDE])) for at in range(0, len(shared), _BESIDE)]
        whole = {"rule_files": [f"rules-{number}.yml"], "evaluation_interval": f"{step}s", "tests": tests}
        paths.append(folder / f"test-{number}.yml")
        paths[-1].write_text(json.dumps(whole), "utf-8")  # JSON is YAML, too
    command = [tool("promtool"), "test", "rules", *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
    preamble, *parts = re.split(r"^(?=    (?:name|expr): )", ran.stdout + ran.stderr, flags=re.MULTILINE)
    assert set(preamble.split()) <= {"Unit", "Testing:", "SUCCESS", "FAILED:", *map(str, paths)}, preamble
    assert (ran.returncode == 0) == (not parts), ran.stdout + ran.stderr
    said = dict.fromkeys(cases, "")
    for part in parts:
        found = re.search(r"@(\d+)@", part)
        assert found, part
        said[list(cases)[int(found[1])]] += part
    return said


def _test(step: int, cases: Mapping[str, Told]) -> dict[str, Any]:
    """Cases in promtool's words, by the marks that tell them apart in what it says."""
    return {
        "name": " ".join(cases),
        "interval": f"{step}s",
        "input_series": [
            series
            for mark, case in cases.items()
            for series in case.story.series(case.end, mark if case.can_be_shared else "")
        ],
        "promql_expr_test": [
            _firing(at, firing, mark, is_shared=case.can_be_shared)
            for mark, case in cases.items()
            for at, firing in case.fires.items()
        ],
        "alert_rule_test": [
            {"alertname": alert, "eval_time": f"{at}s", "exp_alerts": list(told)}
            for case in cases.values()
            for (at, alert), told in case.reads.items()
        ],
    }


def _firing(at: int, alerts: Iterable[Alert], mark: str, *, is_shared: bool) -> dict[str, Any]:
    """That exactly these alerts fire; no alert has a label `story`, so that what is asked of it changes nothing."""
    of_this = f'target=~".*{mark}"' if is_shared else f'story!="{mark}"'
    return {
        "expr": f'sort(ALERTS{{alertstate="firing",{of_this}}})',
        "eval_time": f"{at}s",
        "exp_samples": [{"labels": _as_labels(each, mark if is_shared else ""), "value": 1} for each in alerts],
    }


def _as_labels(labels: Mapping[str, str], mark: str) -> str:
    told = {"alertstate": "firing", **labels}
    pairs = (f"{label}={json.dumps(_marked(label, value, mark))}" for label, value in told.items())
    return f"ALERTS{{{','.join(pairs)}}}"
