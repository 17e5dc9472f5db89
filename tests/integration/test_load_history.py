"""Loads in a real history: remembered once, compared with those of their kind, and kept apart from latencies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.errors import HistoryError
from observatory.health import take_stock, write_health
from observatory.health.values import State
from observatory.history import Database, History, RunEntry
from observatory.history import TestAttemptEntry as AttemptEntry
from observatory.history.entries import Entry
from observatory.history.load import load_entry, load_run
from observatory.history.load_queries import past_loads
from observatory.history.store import store
from observatory.load.report import (
    Arrivals,
    Ending,
    Generator,
    LoadModel,
    LoadPlan,
    LoadReport,
    Numbers,
    Outcome,
    PastLoad,
    Second,
    Verdict,
)
from observatory.logs.masking import Masker
from tests.history_values import NOW, a_run, a_sample, rows
from tests.html_page import HtmlPage
from tests.latency_history import LatencyHistory
from tests.latency_values import noisy

LASTS = timedelta(minutes=2)
TOTAL = Numbers("all", 1234, 5, 10.28, 99_000, 0.1, 0.2, 0.212, 0.4, 0.9, 0.11)
POKEMON = Numbers("pokemon", 1000, 4, 8.33, 90_000, 0.125, 0.25, 0.5, 0.75, 0.875, 0.13)
UNANSWERED = Numbers("type", 234, 1, 1.95, 0)


def a_plan(**values: Any) -> LoadPlan:
    base: dict[str, Any] = {
        "profile": "light",
        "shape": "steady",
        "model": LoadModel.CLOSED,
        "visitor": "browsing",
        "target": "live",
        "address": "http://127.0.0.1:8000/api/v2",
        "users": 10,
        "seconds": 120.0,
    }
    return LoadPlan(**{**base, **values})


def an_open_plan(**values: Any) -> LoadPlan:
    return a_plan(**{"model": LoadModel.OPEN, "rate": 0.1, "users": 50, **values})


def a_load(plan: LoadPlan | None = None, at: datetime = NOW, **values: Any) -> LoadReport:
    """A load of two minutes that passed."""
    base: dict[str, Any] = {
        "id": uuid.uuid4(),
        "plan": plan or a_plan(),
        "started_at": at,
        "ended_at": at + LASTS,
        "seconds": 120.003,
        "ending": Ending.FINISHED,
        "generator": Generator(3),
        "total": TOTAL,
        "endpoints": (POKEMON, UNANSWERED),
        "failures": (),
        "timeline": (Second(0, 10, 2, 50, 0), Second(1, 10, 2, 50, 0)),
        "verdict": Verdict(Outcome.PASSED, ("All is well.",)),
    }
    return LoadReport(**{**base, **values})


def told(report: LoadReport, **run: Any) -> list[Entry]:
    """What is told of a load that was made here."""
    return [load_run(report, a_run(**run)), load_entry(report)]


def put(database: Database, *entries: Entry) -> None:
    """Store entries as a writer does, in one batch."""
    with database.transaction() as connection:
        store(connection, entries)


@contextmanager
def remembering(database: Database, spool: Path, report: Callable[[str], Any] = pytest.fail) -> Iterator[History]:
    """A history as a process has it."""
    history = History(database, spool, report=report)
    yield history
    history.close()


# Remembering


def test_a_load_is_a_run_with_what_came_of_it_in_all_and_by_endpoint(database: Database, tmp_path: Path) -> None:
    report, here = a_load(), a_run("embedded", host="here", git_revision="abc", shard="2", log="/results/report.html")
    with remembering(database, tmp_path) as history:
        run = history.load.remember(report, here)
        (remembered,) = history.load.latest()
    assert (run.id, run.kind, run.target, run.host) == (report.id, "load", "live", "here")
    stored = (
        "SELECT runs.id, kind, name, started_at, finished_at, git_revision, host, shard, log FROM runs JOIN targets "
    )
    assert rows(database, stored + "ON targets.id = target_id") == [
        (report.id, "load", "live", NOW, NOW + LASTS, "abc", "here", "2", "/results/report.html")
    ]
    of = remembered
    assert (of.run_id, of.target, of.host, of.started_at) == (report.id, "live", "here", NOW)
    assert (of.profile, of.shape, of.model, of.visitor) == ("light", "steady", "closed", "browsing")
    assert (of.users, of.rate, of.planned_seconds, of.seconds) == (10, None, 120.0, 120.003)
    assert (of.ending, of.outcome, of.processes, of.git_revision) == ("finished", "passed", 3, "abc")
    assert (of.requests, of.failures, of.throughput) == (1234, 5, 10.28)
    assert (of.p50, of.p90, of.p95, of.p99, of.longest) == (0.1, 0.2, 0.212, 0.4, 0.9)
    assert (of.scheduled, of.sent) == (None, None)
    by_endpoint = "SELECT run_id, endpoint, requests, failures, throughput, p50, p90, p95, p99, longest "
    assert rows(database, by_endpoint + "FROM load_endpoints ORDER BY endpoint") == [
        (report.id, "pokemon", 1000, 4, 8.33, 0.125, 0.25, 0.5, 0.75, 0.875),
        (report.id, "type", 234, 1, 1.95, None, None, None, None, None),
    ]


def test_of_the_open_model_it_is_known_how_much_was_scheduled_and_sent(database: Database, tmp_path: Path) -> None:
    report = a_load(an_open_plan(seconds=None), arrivals=Arrivals(500, 499, 0.001, 0.01, 0.02))
    with remembering(database, tmp_path) as history:
        history.load.remember(report, a_run())
        (remembered,) = history.load.latest()
    assert (remembered.model, remembered.rate, remembered.planned_seconds) == ("open", 0.1, None)
    assert (remembered.scheduled, remembered.sent) == (500, 499)


def test_a_load_is_remembered_however_it_ended(database: Database, tmp_path: Path) -> None:
    nothing = Numbers("all", 0, 0, 0.0, 0)
    ends = {(ending, outcome, None) for ending in Ending for outcome in Outcome}
    with remembering(database, tmp_path) as history:
        for ending, outcome, _ in ends:
            report = a_load(ending=ending, verdict=Verdict(outcome, ()), total=nothing, endpoints=())
            history.load.remember(report, a_run())
        remembered = history.load.latest()
    assert {(each.ending, each.outcome, each.p95) for each in remembered} == ends


def test_a_load_that_is_told_twice_is_stored_once_as_it_was_told_first(database: Database) -> None:
    report = a_load()
    again = replace(report, verdict=Verdict(Outcome.FAILED, ()), total=replace(TOTAL, requests=7))
    put(database, *told(report))
    before = everything(database)
    put(database, *told(again))
    assert everything(database) == before
    other = replace(report, id=uuid.uuid4())
    put(database, *told(other), *told(replace(again, id=other.id)))
    assert rows(database, "SELECT requests, outcome FROM load_runs") == [(1234, "passed")] * 2


def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    """All that is stored of loads."""
    statements = ("SELECT * FROM runs ORDER BY id", "SELECT * FROM load_runs", "SELECT * FROM load_endpoints")
    return [rows(database, statement) for statement in statements]


def test_a_load_that_was_not_judged_is_not_remembered(database: Database, tmp_path: Path) -> None:
    with remembering(database, tmp_path) as history, pytest.raises(ValueError, match="has no verdict"):
        history.load.remember(a_load(verdict=None), a_run())
    assert everything(database) == [[], [], []]


def test_a_load_is_remembered_by_the_next_run_when_the_database_was_away(database: Database, tmp_path: Path) -> None:
    reports: list[str] = []
    report = a_load(an_open_plan(), arrivals=Arrivals(500, 499, None, None, None))
    nowhere = Database(lambda: "postgresql://localhost:1/nothing")
    with remembering(nowhere, tmp_path, reports.append) as history:
        history.load.remember(report, a_run())
        for ask in (history.load.latest, lambda: history.load.past(report, a_run())):
            with pytest.raises(HistoryError, match="cannot be reached"):
                ask()
    assert len(reports) == 1
    with remembering(database, tmp_path) as history:
        history.begin(a_run())
        (remembered,) = history.load.latest()
    assert (remembered.run_id, remembered.sent) == (report.id, 499)
    assert rows(database, "SELECT count(*) FROM load_endpoints") == [(2,)]
    assert list(tmp_path.iterdir()) == []


def test_a_history_that_cannot_be_read_is_told_in_one_sentence(database: Database, tmp_path: Path) -> None:
    rows(database, "ALTER TABLE load_runs RENAME TO elsewhere; SELECT 1")
    with remembering(database, tmp_path) as history, pytest.raises(HistoryError, match=r"^The loads in the history"):
        history.load.latest()


def test_names_that_postgresql_cannot_hold_are_found_again(database: Database, tmp_path: Path) -> None:
    names = {"profile": "li\0ght", "shape": "\ud83d", "visitor": "\udcff"}
    first, second = a_load(a_plan(**names)), a_load(a_plan(**names), NOW + timedelta(days=1))
    with remembering(database, tmp_path) as history:
        history.load.remember(replace(first, endpoints=(replace(POKEMON, endpoint="a\0b"),)), a_run())
        assert len(history.load.past(second, a_run())) == 1
    assert rows(database, "SELECT endpoint FROM load_endpoints") == [(r"a\x00b",)]


# Comparing


def found_before(database: Database, report: LoadReport, host: str = "here", **most: int) -> list[PastLoad]:
    with database.transaction() as connection:
        return past_loads(connection, report.plan, host, report.started_at, **most)


def test_a_load_is_compared_with_those_before_it_the_latest_first(database: Database) -> None:
    loads = [
        a_load(at=NOW + timedelta(days=day), total=replace(TOTAL, requests=100 + day, p95=None if day == 1 else 0.5))
        for day in range(5)
    ]
    for load in (loads[2], loads[0], loads[4], loads[1], loads[3]):
        put(database, *told(load))
    past = found_before(database, loads[3])
    assert [each.requests for each in past] == [102, 101, 100]
    assert past[1] == PastLoad(loads[1].started_at, "passed", 101, 5, 10.28, 0.1, None, 0.4)
    assert [each.requests for each in found_before(database, loads[4], most=2)] == [103, 102]


OF_ANOTHER_KIND: Mapping[str, LoadReport] = {
    "target": a_load(a_plan(target="embedded")),
    "profile": a_load(a_plan(profile="heavy")),
    "shape": a_load(a_plan(shape="spike")),
    "visitor": a_load(a_plan(visitor="journey")),
    "users": a_load(a_plan(users=11)),
    "model": a_load(an_open_plan(users=10)),
    "interrupted": a_load(ending=Ending.INTERRUPTED),
    "unreached": a_load(ending=Ending.UNREACHED),
    "workers lost": a_load(ending=Ending.WORKERS_LOST),
}


def test_loads_of_another_kind_and_broken_ones_are_not_compared(database: Database) -> None:
    compared = []
    for name, other in OF_ANOTHER_KIND.items():
        put(database, *told(other))
        if found_before(database, a_load(at=NOW + timedelta(days=1))):
            compared.append(name)
    assert compared == []


def test_loads_of_another_machine_are_not_compared(database: Database) -> None:
    put(database, *told(a_load(), host="there"))
    later = a_load(at=NOW + timedelta(days=1))
    assert found_before(database, later) == []
    assert len(found_before(database, later, host="there")) == 1


def test_in_the_open_model_the_rate_is_what_counts(database: Database) -> None:
    put(database, *told(a_load(an_open_plan(rate=0.1))), *told(a_load(an_open_plan(rate=0.2))))
    later = NOW + timedelta(days=1)
    assert len(found_before(database, a_load(an_open_plan(rate=0.1, users=7), at=later))) == 1
    assert found_before(database, a_load(an_open_plan(rate=0.3), at=later)) == []


def test_the_latest_loads_come_first_on_one_target_or_all(database: Database, tmp_path: Path) -> None:
    targets = ("live", "embedded", "live")
    for day, target in enumerate(targets):
        put(database, *told(a_load(a_plan(target=target, users=day + 1), NOW + timedelta(days=day))))
    with remembering(database, tmp_path) as history:
        assert [each.users for each in history.load.latest()] == [3, 2, 1]
        assert [each.users for each in history.load.latest("live")] == [3, 1]
        assert [each.users for each in history.load.latest(most=1)] == [3]
        assert history.load.latest("nowhere") == []


# Latencies beside a load

Case = tuple[Mapping[str, Any], Mapping[str, Any], str]
"""What a sample is like, what its run is like, and why it is left out."""

_SECOND = timedelta(seconds=1)
MEANWHILE: Mapping[str, Case] = {
    "at its beginning": ({"started_at": NOW}, {}, "load"),
    "at its end": ({"started_at": NOW + LASTS}, {}, "load"),
    "before it": ({"started_at": NOW - _SECOND, "elapsed": 0.9}, {}, ""),
    "before it and into it": ({"started_at": NOW - _SECOND, "elapsed": 1.1}, {}, "load"),
    "after it": ({"started_at": NOW + LASTS + _SECOND}, {}, ""),
    "on another target": ({}, {"target": "embedded"}, ""),
    "on another machine": ({}, {"host": "there"}, "load"),
    "in a run that began long before": ({}, {"started_at": NOW - timedelta(hours=23)}, "load"),
    "in a run of which one process had ended": ({}, {"finished_at": NOW - _SECOND}, "load"),
    "left out before": ({"left_out": "cold start"}, {}, "cold start"),
    "failed": ({"status": 503}, {}, "failed"),
}
OWN: Mapping[str, Case] = {
    **{f"{target} here": ({}, {"target": target}, "load") for target in ("embedded", "faults", "replay:/recording")},
    **{
        f"{target} there": ({}, {"target": target, "host": "there"}, "")
        for target in (
            *("embedded", "faults", "replay:/recording", "http://localhost:8000/api/v2", "https://127.0.0.1"),
            "http://[::1]:80",
        )
    },
    **{
        f"{target} there": ({}, {"target": target, "host": "there"}, "load")
        for target in ("http://localhost.example:8000", "https://api.example/embedded", "http://10.0.0.1/127.0.0.1")
    },
}
CASES: Mapping[str, Case] = {**MEANWHILE, **OWN}


@pytest.mark.parametrize("first", ["load", "samples", "at once"])
def test_what_is_measured_while_a_load_goes_on_is_left_out(database: Database, first: str) -> None:
    """Whichever of them is stored first."""
    found = {name: why_left_out(database, name, first) for name in CASES}
    assert found == {name: expected for name, (*_, expected) in CASES.items()}


def why_left_out(database: Database, case: str, first: str) -> str:
    """What is stored of the sample of a case, beside a load and nothing else, when one of them is stored first."""
    sample, of_run, _ = CASES[case]
    run = a_run(**{"target": "live", "started_at": NOW - timedelta(minutes=1), **of_run})
    load = told(a_load(a_plan(target="live" if case in MEANWHILE else run.target)))
    measured: list[Entry] = [run, a_sample(run, **{"started_at": NOW + LASTS / 2, **sample})]
    batches = {"load": [load, measured], "samples": [measured, load], "at once": [[*measured, *load]]}
    with database.transaction() as connection, connection.cursor() as cursor:
        for batch in batches[first]:
            store(connection, batch)
        cursor.execute("SELECT left_out FROM latency_samples")
        ((why,),) = cursor.fetchall()
        connection.rollback()  # the next case finds nothing
    return str(why)


def test_a_load_leaves_out_nothing_of_itself(database: Database) -> None:
    report = a_load()
    run = load_run(report, a_run())
    put(database, *told(report), a_sample(run, started_at=NOW + _SECOND))
    assert rows(database, "SELECT left_out FROM latency_samples") == [("",)]


def test_a_load_that_was_broken_off_counts_as_long_as_it_went_on(database: Database) -> None:
    put(database, *told(a_load(ending=Ending.INTERRUPTED, ended_at=NOW + _SECOND)))
    run = a_run("live")
    put(database, run, a_sample(run), a_sample(run, started_at=NOW + 2 * _SECOND))
    assert rows(database, "SELECT left_out FROM latency_samples ORDER BY started_at") == [("load",), ("",)]


def test_a_batch_with_samples_of_all_times_is_left_out_in_part(database: Database) -> None:
    for day in (1, 3):
        put(database, *told(a_load(at=NOW + timedelta(days=day))))
    runs = [a_run("live", started_at=NOW + timedelta(days=day)) for day in range(5)]
    put(database, *runs, *(a_sample(run, started_at=run.started_at + _SECOND) for run in runs))
    assert rows(database, "SELECT left_out FROM latency_samples ORDER BY started_at") == [
        *(("",), ("load",), ("",), ("load",), ("",))
    ]


@pytest.mark.parametrize("first", ["load", "samples"])
def test_two_processes_that_store_at_once_miss_nothing(database: Database, first: str) -> None:
    """The second one waits until the first has stored what it has, and sees it then."""
    run = a_run("live")
    put(database, run)
    batches: dict[str, list[Entry]] = {"load": told(a_load()), "samples": [a_sample(run, started_at=NOW + _SECOND)]}
    second = next(name for name in batches if name != first)
    with ThreadPoolExecutor(1) as other:
        with database.transaction() as connection:
            store(connection, batches[first])
            waiting = other.submit(put, database, *batches[second])
            wait_for_a_lock(connection)
        waiting.result(10)
    assert rows(database, "SELECT left_out FROM latency_samples") == [("load",)]


def test_processes_that_store_samples_do_not_wait_for_each_other(database: Database) -> None:
    run = a_run("live")
    put(database, run)
    with ThreadPoolExecutor(1) as other, database.transaction() as connection:
        store(connection, [a_sample(run)])
        other.submit(put, database, a_sample(run)).result(10)


def wait_for_a_lock(connection: Connection) -> None:
    """Wait until somebody waits for a lock on this database."""
    statement = "SELECT count(*) FROM pg_locks, pg_database WHERE NOT granted AND datname = current_database()"
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute(statement + " AND database = pg_database.oid")
            if cursor.fetchone() != (0,):
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    pytest.fail("Nobody waits.")


def test_loads_make_no_difference_to_what_is_said_of_latencies(database: Database) -> None:
    """The same course on two targets; on one of them loads go on beside some requests, which take ten times as long."""
    history = LatencyHistory(database)
    for number in range(30):
        seconds, at = {"pokemon": noisy(history.random, 10, 1.4 if number > 24 else 1.0)}, history.next_time()
        history.put(seconds, at=at, target="https://quiet.example")
        run = history.put(seconds, at=at, target="https://loaded.example")
        beside = at + timedelta(minutes=1)
        slow = [a_sample(run, started_at=beside + _SECOND, elapsed=each) for each in noisy(history.random, 10, 10.0)]
        load = told(a_load(a_plan(target="https://loaded.example"), beside))
        history.store([*slow, *load] if number % 2 else [*load])
        history.store([] if number % 2 else slow)
    assert history.judge() == 60
    judged = rows(
        database,
        "SELECT targets.name, verdict.verdict, effect, low, high, p50, p95, p99, requests, verdict.since, known_runs "
        "FROM latency_verdicts AS verdict JOIN runs ON runs.id = run_id JOIN targets ON targets.id = target_id "
        "ORDER BY verdict.started_at",
    )
    quiet, loaded = ([row[1:] for row in judged if name in row[0]] for name in ("quiet", "loaded"))
    assert loaded == quiet
    assert "regressed" in [verdict for verdict, *_ in quiet]


def test_a_verdict_that_was_given_stays(database: Database) -> None:
    history = LatencyHistory(database)
    runs = history.put_many(12)
    history.judge()
    before = history.verdicts()
    put(database, *told(a_load(at=runs[-1].started_at)))
    assert rows(database, "SELECT count(*) FROM latency_samples WHERE left_out = 'load'") == [(10,)]
    assert history.judge() == 0
    assert history.verdicts() == before


def test_a_run_of_which_all_was_left_out_is_not_judged(database: Database) -> None:
    history = LatencyHistory(database)
    run = history.put()
    put(database, *told(a_load(at=run.started_at)))
    assert (history.judge(), history.verdicts()) == (0, [])


# The health page


def a_finished_run(target: str, at: datetime) -> RunEntry:
    return a_run(target, started_at=at, finished_at=at + timedelta(minutes=1))


def test_the_health_page_says_what_came_of_a_load(database: Database, tmp_path: Path) -> None:
    report = a_load()
    put(database, *told(report))
    health = write_health(database, tmp_path / "health.html", Masker(), NOW + timedelta(hours=1))
    words = HtmlPage((tmp_path / "health.html").read_text("utf-8")).text
    assert "load light, steady: passed, 1,234 requests, P95 212 ms" in words
    (line,) = health.targets[0].runs
    assert (line.id, line.kind, line.tests) == (report.id, "load", 0)


def test_of_a_target_with_nothing_but_loads_nothing_is_known(database: Database, tmp_path: Path) -> None:
    put(database, *told(a_load()))
    health = write_health(database, tmp_path / "health.html", Masker(), NOW + timedelta(hours=1))
    page = HtmlPage((tmp_path / "health.html").read_text("utf-8"))
    assert page.problems == []
    assert health.targets[0].state is State.UNKNOWN
    assert "Nothing is known of live." in page.text
    assert "No request was measured in this time, but for those of loads" in page.text


def test_a_load_makes_no_target_the_first_and_none_unwell(database: Database) -> None:
    suites = a_finished_run("embedded", NOW)
    attempt = AttemptEntry(suites.id, "A", "PASS", NOW, 1.0)
    failed = Verdict(Outcome.FAILED, ("P95 is 2 s; 500 ms are allowed.",))
    put(database, suites, attempt, a_finished_run("live", NOW - timedelta(hours=1)))
    later = NOW + timedelta(hours=1)
    for target in ("embedded", "live", "https://api.example"):
        put(database, *told(a_load(a_plan(target=target), later, verdict=failed)))
    targets = take_stock(database, later + timedelta(hours=1)).targets
    assert [target.name for target in targets] == ["embedded", "live", "https://api.example"]
    assert targets[0].state is State.WELL
    assert targets[0].last_run is not None
    assert targets[0].last_run.id == suites.id
