"""Made-up weeks of a history, in a real database: runs, tests, latencies and drift, as a watched API leaves them."""

from __future__ import annotations

import csv
import io
import json
import math
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812

_SUBJECTS = ("Pokemon", "Types", "Abilities", "Moves", "Berries", "Items", "Lists", "Errors", "Sprites", "Evolutions")
_RULES = (
    *("Are Served With All Required Fields", "Refer Only To What Is There", "Have The Names They Had"),
    *("Come In Pages Of The Asked Size", "Answer 404 For What Is Not There", "Keep Their Order", "Are JSON In UTF-8"),
    *("Say How Long They May Be Kept", "Are The Same By Name And By Number", "Have No Field That Nobody Knows"),
)
ENDPOINTS = ("pokemon", "type", "ability", "move", "berry")
_USUAL = {"pokemon": 0.182, "type": 0.094, "ability": 0.088, "move": 0.104, "berry": 0.061}
_TAIL = 1.38  # P95 over P50 of the made-up requests


@dataclass(frozen=True, slots=True)
class Weeks:
    """What the weeks are like: `days` of `runs_a_day` runs of `tests` tests until `now`.

    In the newest `slower_runs` pokemon take a fifth longer, and in the newest `failing_runs` one test fails. With
    `requests`, that many are stored for each endpoint of a run; else only what was judged of them. `log` is where
    every run wrote its log. `seed` and the target decide all that is left to chance.
    """

    now: datetime
    days: int = 35
    runs_a_day: int = 4
    tests: int = 117
    target: str = "live"
    slower_runs: int = 3
    failing_runs: int = 0
    requests: int = 0
    with_drift: bool = True
    log: str | None = None
    seed: int = 4


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of these weeks; `number` counts from the oldest, `left` to the newest, which has 0."""

    id: str
    number: int
    left: int
    at: datetime
    was_killed: bool

    @property
    def day(self) -> int:
        return self.at.toordinal()


def fill(connection: Connection, weeks: Weeks) -> int:
    """Write the weeks into a history that has its tables; gives how many runs they have."""
    random = Random(f"{weeks.seed} {weeks.target}")
    runs = list(_runs(weeks, random))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO targets (name) VALUES (%s) ON CONFLICT DO NOTHING", (weeks.target,))
        cursor.execute("SELECT id FROM targets WHERE name = %s", (weeks.target,))
        (target,) = cursor.fetchone() or (0,)
        _copy(cursor, "runs", _RUN_COLUMNS, (_run_row(target, run, weeks) for run in runs))
        _copy(cursor, "test_attempts", _ATTEMPT_COLUMNS, _attempts(runs, weeks, random))
        _copy(cursor, "latency_samples", _SAMPLE_COLUMNS, _samples(runs, weeks, random))
        if not weeks.requests:
            _judge(cursor, target, runs, weeks, random)
        if weeks.with_drift:
            _drift(cursor, target, runs)
        cursor.execute("ANALYZE")
    return len(runs)


_RUN_COLUMNS = (
    *("id", "target_id", "kind", "started_at", "finished_at", "git_revision", "api_revision", "host", "shard", "log"),
)
_ATTEMPT_COLUMNS = ("id", "run_id", "test_name", "status", "started_at", "elapsed_seconds", "message")
_SAMPLE_COLUMNS = (
    *("id", "run_id", "endpoint", "resource", "started_at", "elapsed_seconds", "attempts", "status", "test_name"),
)


def _runs(weeks: Weeks, random: Random) -> Iterator[_Run]:
    amount = weeks.days * weeks.runs_a_day
    between = timedelta(days=1) / weeks.runs_a_day
    for number in range(amount):
        left = amount - 1 - number
        at = weeks.now - timedelta(minutes=14) - left * between + timedelta(seconds=random.uniform(-90, 90))
        yield _Run(_uuid(random), number, left, at, was_killed=left in {9, 61})


def _run_row(target: int, run: _Run, weeks: Weeks) -> tuple[Any, ...]:
    finished = None if run.was_killed else run.at + timedelta(seconds=95 + run.number % 7)
    git = f"{run.day // 3 * 2_654_435_761 % 2**40:010x}"
    api = f"{run.day // 11 * 40_503_000_007 % 2**48:012x}"
    return (run.id, target, "robot", run.at, finished, git, api, "runner-1", "", weeks.log)


def names_of_tests(amount: int) -> list[str]:
    """The long names of as many tests."""
    names = []
    for number in range(amount):
        subject = _SUBJECTS[number % len(_SUBJECTS)]
        rule = _RULES[number // len(_SUBJECTS) % len(_RULES)]
        again = number // (len(_SUBJECTS) * len(_RULES))
        names.append(f"Suites.Regression.{subject}.{subject} {rule}" + (f" {again + 1}" if again else ""))
    return names


def _attempts(runs: Sequence[_Run], weeks: Weeks, random: Random) -> Iterator[tuple[Any, ...]]:
    names = names_of_tests(weeks.tests)
    flaky = {names[7 % len(names)]: 0.09, names[23 % len(names)]: 0.04}
    for run in runs:
        shown = names[: len(names) // 3] if run.was_killed else names
        for place, name in enumerate(shown):
            at = run.at + timedelta(seconds=0.6 * place)
            fails = random.random() < flaky.get(name, 0.0)
            if fails:
                said = "HTTPError: 502 Bad Gateway, after 4 tries in 7.3 s"
                yield (_uuid(random), run.id, name, "FAIL", at, 7.3, said)
                at += timedelta(seconds=8)
            if place == 5 and run.left < weeks.failing_runs:
                said = "The model of type/19 is broken: damage_relations is missing (list expected)."
                yield (_uuid(random), run.id, name, "FAIL", at, 0.4, said)
            elif place == 11:
                yield (_uuid(random), run.id, name, "SKIP", at, 0.0, "Not on this target.")
            else:
                yield (_uuid(random), run.id, name, "PASS", at, 0.3, "")


def _samples(runs: Sequence[_Run], weeks: Weeks, random: Random) -> Iterator[tuple[Any, ...]]:
    for run in runs if weeks.requests else ():
        shared = random.gauss(0, 0.05) + _daily(run)
        for endpoint in ENDPOINTS:
            for number in range(weeks.requests):
                elapsed = _level(run, endpoint, weeks) * math.exp(shared + random.gauss(0, 0.2))
                elapsed *= 4 if random.random() < 0.02 else 1
                at = run.at + timedelta(seconds=number)
                resource = str(number % 10 + 1)
                yield (_uuid(random), run.id, endpoint, resource, at, elapsed, 1, 200, f"Suites.{endpoint}")


def _level(run: _Run, endpoint: str, weeks: Weeks) -> float:
    """The seconds that half of the requests take: berries got faster in the middle, pokemon slower at the end."""
    is_slower = endpoint == "pokemon" and run.left < weeks.slower_runs
    is_faster = endpoint == "berry" and run.left < weeks.days * weeks.runs_a_day // 2
    return _USUAL[endpoint] * (1.21 if is_slower else 1) * (0.8 if is_faster else 1)


def _daily(run: _Run) -> float:
    return 0.04 * math.sin(2 * math.pi * run.at.hour / 24)


def _judge(cursor: Cursor, target: int, runs: Sequence[_Run], weeks: Weeks, random: Random) -> None:
    """Baselines of ten days each, and verdicts as the rule gives them for such levels."""
    length = max(10 * weeks.runs_a_day, 11)
    for endpoint in ENDPOINTS:
        versions = []
        for number, begin in enumerate(range(10, len(runs), length), start=1):
            usual = _level(runs[begin], endpoint, weeks) if endpoint == "berry" else _USUAL[endpoint]
            end = begin + length
            until = runs[end].at if end < len(runs) else None
            values = (target, endpoint, number, usual, usual * _TAIL, usual * _TAIL * 1.3, runs[begin].at, until)
            versions.append((begin, _insert_baseline(cursor, runs, begin, values), usual))
        held: dict[int, tuple[int, float] | None] = dict.fromkeys(range(len(runs)))
        for begin, version, usual in versions:
            held.update(dict.fromkeys(range(begin, len(runs)), (version, usual)))
        rows = (_verdict_row(run, endpoint, held[run.number], runs, weeks, random) for run in runs)
        _copy(cursor, "latency_verdicts", _VERDICT_COLUMNS, (row for row in rows if row))


_VERDICT_COLUMNS = (
    *("run_id", "endpoint", "started_at", "requests", "p50", "p95", "p99", "baseline_id", "verdict"),
    *("effect", "low", "high", "since", "runs_since", "way", "known_runs"),
)


def _insert_baseline(cursor: Cursor, runs: Sequence[_Run], begin: int, values: tuple[Any, ...]) -> int:
    cursor.execute(
        "INSERT INTO performance_baselines (target_id, host, shard, kind, endpoint, number, p50, p95, p99, samples, "
        "runs, first_run_at, last_run_at, valid_from, valid_until, reference) "
        "VALUES (%s, 'runner-1', '', 'robot', %s, %s, %s, %s, %s, 300, 10, %s, %s, %s, %s, '{}') RETURNING id",
        (*values[:6], runs[begin - 10].at, runs[begin - 1].at, *values[6:]),
    )
    (key,) = cursor.fetchone() or (0,)
    return int(key)


def _verdict_row(
    run: _Run, endpoint: str, baseline: tuple[int, float] | None, runs: Sequence[_Run], weeks: Weeks, random: Random
) -> tuple[Any, ...] | None:
    if run.was_killed:
        return None
    p50 = _level(run, endpoint, weeks) * math.exp(random.gauss(0, 0.04) + _daily(run))
    percentiles = (p50, p50 * _TAIL * math.exp(random.gauss(0, 0.06)), p50 * 1.9)
    row = (run.id, endpoint, run.at, 30, *percentiles, baseline and baseline[0])
    if baseline is None:
        return (*row, "learning", None, None, None, None, None, "", run.number)
    if endpoint == "pokemon" and run.left < weeks.slower_runs:
        since = runs[-weeks.slower_runs]
        return (*row, "regressed", 0.18, 0.12, 0.24, since.at, weeks.slower_runs - run.left, "alone", run.number)
    shift = p50 / baseline[1] - 1
    if endpoint == "berry" and shift < -0.12:
        since = runs[len(runs) // 2]
        return (*row, "improved", -0.2, -0.25, -0.15, since.at, run.number - since.number + 1, "alone", run.number)
    return (*row, "steady", shift, shift - 0.06, shift + 0.06, None, None, "", run.number)


_SCHEMA_CHANGES: Sequence[tuple[int, str, str, str, str | None, str | None, bool, str]] = (
    # runs ago, endpoint, kind, path, before, after, breaking, state
    (118, "pokemon", "field_added", "past_stats", None, "array", False, "accepted"),
    (54, "ability", "became_nullable", "generation", "object", "object or null", True, "reverted"),
    (6, "type", "field_added", "sprites", None, "object", False, "open"),
    (2, "pokemon", "type_changed", "weight", "number", "string", True, "open"),
)


def _drift(cursor: Cursor, target: int, runs: Sequence[_Run]) -> None:
    numbers: dict[str, int] = {}
    for ago, endpoint, kind, path, before, after, breaking, state in _SCHEMA_CHANGES:
        run = runs[-min(ago, len(runs))]
        numbers[endpoint] = numbers.get(endpoint, 0) + 1
        cursor.execute(
            "INSERT INTO schema_versions (target_id, endpoint, part, number, run_id, taught_by, seen_at, model) "
            "VALUES (%s, %s, '', %s, %s, %s, %s, '{}') RETURNING id",
            (target, endpoint, numbers[endpoint], run.id, run.id, run.at),
        )
        (version,) = cursor.fetchone() or (0,)
        closed = (None, "", "") if state == "open" else (run.at + timedelta(hours=9), "ann", "Announced beforehand.")
        cursor.execute(
            "INSERT INTO schema_changes (target_id, run_id, version_id, endpoint, part, kind, path, before, after, "
            "breaking, resources, found_at, state, closed_at, closed_by, reason) "
            "VALUES (%s, %s, %s, %s, '', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                *(target, run.id, version, endpoint, kind, path, json.dumps(before), json.dumps(after), breaking),
                *([str(number) for number in range(1, 11)], run.at + timedelta(seconds=9), state, *closed),
            ),
        )
    for ago, place, resources in ((97, "base_experience", 1), (40, "stats[].base_stat", 9), (2, "weight", 10)):
        run = runs[-min(ago, len(runs))]
        names = [str(number) for number in range(1, resources + 1)]
        examples = [
            {"resource": name, "path": place.replace("[]", "[0]"), "before": 45 + at, "after": 46 + at, "about": ""}
            for at, name in enumerate(names[:5])
        ]
        cursor.execute(
            "INSERT INTO data_changes (target_id, run_id, endpoint, part, path, kind, about, count, resources, "
            "examples, found_at) VALUES (%s, %s, 'pokemon', '', %s, 'changed', '', %s, %s, %s, %s)",
            (target, run.id, place, resources, names, json.dumps(examples), run.at + timedelta(seconds=12)),
        )


def _copy(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows by COPY, which is many times as fast as inserting them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        ["\\N" if value is None else value for value in row] for row in rows
    )
    text.seek(0)
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv, NULL '\\N')", text)


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))
