"""Latencies in a real history: what is judged of the samples of a series, when, and what makes no difference."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import psycopg2
import pytest
from pydantic import SecretStr

from observatory.errors import HistoryError, ObservatoryError
from observatory.exchange import Attempt, FailureType
from observatory.history import History, RunEntry
from observatory.history.database import Database
from observatory.history.latency_queries import earlier_runs, held_baselines, versions
from observatory.history.latency_series import Acceptance
from observatory.history.latency_store import RunSoFar, accept_finished, accept_so_far, judge_all, judge_finished
from observatory.latency import FEWEST_RUNS, Times, percentiles
from observatory.latency.series import Series
from tests.history_values import a_run, an_exchange, rows
from tests.latency_history import BETWEEN, FIRST, LatencyHistory, samples
from tests.latency_values import noisy

WEEK = 28  # runs
ENDPOINTS = ("pokemon", "type", "ability")


@pytest.fixture
def history(database: Database) -> LatencyHistory:
    """An empty history."""
    return LatencyHistory(database)


def so_far(history: LatencyHistory, run: RunEntry, endpoint: str = "pokemon") -> Any:
    """What is said of an endpoint in a run that goes on."""
    with history.database.transaction() as connection:
        return RunSoFar(connection, run.id).judge(connection)[endpoint][1]


# What is stored is what the rule says


def as_stored(seconds: float) -> float:
    """The number that a column of type real gives back."""
    return float(str(np.float32(seconds)))


def as_stored_or_none(value: float | None) -> float | None:
    """The same of a column that may be null."""
    return None if value is None else as_stored(value)


def a_course(seed: int, amount: int = 50) -> Sequence[Mapping[str, list[float]]]:
    """The seconds of some runs: endpoints come and go, and one changes twice."""
    random = Random(seed)
    factor = random.choice([0.6, 1.3, 1.6])
    course = []
    for number in range(amount):
        shared, names = random.gauss(0, 0.05), ENDPOINTS[: random.randint(1, 3)]
        changed = factor if 24 <= number < 40 else 1.0
        seconds = {
            name: noisy(random, random.randint(1, 9), math.exp(shared) * (changed if name == "pokemon" else 1.0))
            for name in names
        }
        course.append({name: [as_stored(each) for each in many] for name, many in seconds.items()})
    return course


def in_memory(run: RunEntry, endpoint: str, seconds: Sequence[float]) -> Times:
    """The requests of a run, as the history has them."""
    return Times(str(run.id), run.started_at, endpoint, [(str(place), each) for place, each in enumerate(seconds, 1)])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_stored_of_a_course_is_what_a_course_in_memory_says(history: LatencyHistory, seed: int) -> None:
    """Judged by and by, as runs end: some one by one, some when several are waiting."""
    series, random = Series(), Random(seed)
    said = []
    for seconds in a_course(seed):
        run = history.put(seconds)
        judged = series.judge({name: in_memory(run, name, many) for name, many in seconds.items()})
        said.append((run, judged, seconds))
        if random.random() < 0.4:
            history.judge()
    history.judge()
    seen = set()
    for run, judged, seconds in said:
        for endpoint, each in judged.items():
            (stored,) = history.verdicts(endpoint, run)
            judgement = each.judgement
            seen.add(judgement.verdict.value)
            for name in ("effect", "low", "high", "slow", "usually_slow"):
                assert as_stored_or_none(getattr(judgement, name)) == stored[name], name
            assert (stored["verdict"], stored["since"]) == (judgement.verdict, judgement.since)
            assert stored["runs_since"] == judgement.runs
            assert stored["way"] == (judgement.way if judgement.since else "")
            assert stored["known_runs"] == each.known
            assert stored["number"] == (each.baseline.number if each.baseline else None)
            assert stored["requests"] == len(seconds[endpoint])
            expected = percentiles(seconds[endpoint])
            assert (stored["p50"], stored["p95"], stored["p99"]) == pytest.approx(tuple(expected), rel=1e-5)
    for endpoint, baseline in series.baselines.items():
        number, valid_from, valid_until, amount, runs = history.versions(endpoint)[-1]
        assert (number, valid_from, valid_until) == (baseline.number, baseline.valid_from, None)
        assert (amount, runs) == (baseline.samples, baseline.runs)
    assert seen > {"learning", "steady"}


# Requirement 18.1: baselines are stored in the database.
# Requirement 18.2: P50, P95 and P99 of the last seven days are calculated.
def test_a_baseline_has_the_percentiles_of_a_week_as_postgresql_calculates_them(history: LatencyHistory) -> None:
    history.put_many(2 * WEEK + 2)
    history.judge()
    statement = """
        SELECT baseline.p50, baseline.p95, baseline.p99,
               percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY elapsed_seconds),
               count(*) = baseline.samples, count(DISTINCT run_id) = baseline.runs,
               baseline.calculated_at - min(run.started_at) <= interval '7 days'
        FROM performance_baselines AS baseline, latency_samples AS sample JOIN runs AS run ON run.id = sample.run_id
        WHERE run.started_at BETWEEN first_run_at AND last_run_at
        GROUP BY baseline.id ORDER BY number
    """
    found = rows(history.database, statement)
    assert len(found) == 2
    for p50, p95, p99, calculated, *holds in found:
        assert (p50, p95, p99) == pytest.approx(tuple(calculated), rel=1e-5)
        assert holds == [True, True, True]


# Requirement 18.5: versions of baselines are kept, with from when to when they hold.
def test_versions_follow_each_other_without_a_gap_and_the_last_one_holds(history: LatencyHistory) -> None:
    history.put_many(4 * WEEK)
    history.judge()
    found = history.versions()
    assert [number for number, *_ in found] == list(range(1, len(found) + 1))
    assert len(found) >= 3
    for (_, valid_from, valid_until, *_), (_, following, *_) in pairwise(found):
        assert valid_from < valid_until == following
    assert found[-1][2] is None
    judged = history.verdicts()
    starts = {number: valid_from for number, valid_from, *_ in found}
    assert all(each["started_at"] >= starts[each["number"]] for each in judged if each["number"])


def test_what_was_judged_stays_as_it_was_said(history: LatencyHistory) -> None:
    history.put_many(20)
    history.judge()
    before = history.verdicts()
    history.put_many(5, factor=2)
    history.judge()
    assert history.verdicts()[:20] == before


# Through the client's exchanges and the writer


def test_exchanges_of_runs_become_verdicts(database: Database, tmp_path: Path) -> None:
    random, history = Random(1), History(database, tmp_path / "spool", report=pytest.fail)
    runs = [
        a_run("live", started_at=FIRST + number * BETWEEN, finished_at=FIRST + number * BETWEEN) for number in range(14)
    ]
    for number, run in enumerate(runs):
        history.begin(run)
        for seconds in noisy(random, 10, 2.0 if number > 11 else 1.0):
            waited = Attempt(1, 503, 9.0, failure_type=FailureType.SERVER_ERROR)
            attempts = (waited, Attempt(2, 200, seconds, waited=5.0))
            history.saw(an_exchange(started_at=run.started_at, elapsed=14.0 + seconds, attempts=attempts), run)
    assert history.flush()
    assert LatencyHistory(database).judge(runs[-1].started_at + BETWEEN) == 14
    now = history.latency.now(runs[-1].id, "pokemon")
    history.close()
    assert now is not None
    assert now.said.judgement.verdict == "regressed"
    assert now.said.known == 13
    assert now.times.percentiles.p99 < 1  # neither the attempt that failed nor the waits
    assert [each.verdict for each in now.earlier] == ["learning"] * FEWEST_RUNS + ["steady"] * 2 + ["regressed"]
    assert len(now.versions) == 1


NOT_COUNTED: Mapping[str, Mapping[str, Any]] = {
    "404": {"status": 404},
    "503": {"status": 503, "failure_type": "server_error"},
    "no answer": {"status": None, "failure_type": "timeout"},
    "broken body": {"status": 200, "failure_type": "truncated"},
    "clock jump": {"left_out": "clock jump"},
    "cold start": {"left_out": "cold start"},
    "other method": {"left_out": "other method"},
}


def test_errors_clock_jumps_and_cold_starts_change_nothing(history: LatencyHistory) -> None:
    """The same course twice, on two hosts; on one of them much went wrong beside it."""
    for number in range(30):
        seconds = {"pokemon": noisy(history.random, 10, 1.4 if number > 24 else 1.0)}
        at = history.next_time()
        history.put(seconds, at=at, host="well")
        run = history.put(seconds, at=at, host="troubled")
        for values in NOT_COUNTED.values():
            history.store(samples(run, {"pokemon": [1000.0], "berry": [0.5]}, **values))
    assert history.judge() == 60
    judged = rows(
        history.database,
        "SELECT run.host, verdict.verdict, effect, low, high, p50, p95, p99, requests, since, known_runs, "
        "evidence::text FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = run_id "
        "ORDER BY verdict.started_at",
    )
    well, troubled = ([row[1:] for row in judged if row[0] == host] for host in ("well", "troubled"))
    assert troubled == well
    assert "regressed" in [verdict for verdict, *_ in well]
    assert history.versions("berry") == []


def test_a_run_of_nothing_but_errors_is_not_judged_and_no_run_is_known_by_it(history: LatencyHistory) -> None:
    history.put_many(5)
    run = history.put({})
    history.store(samples(run, {"pokemon": [0.1]}, status=500))
    assert history.judge() == 5
    assert history.judge() == 0
    assert history.verdicts(run=run) == []


def test_times_of_nothing_are_not_judged_again_and_again(history: LatencyHistory) -> None:
    history.put({"pokemon": [0.0, 0.0]})
    assert history.judge() == history.judge() == 0
    mixed = history.put({"pokemon": [0.0, 0.1]})
    assert (history.judge(), history.judge()) == (1, 0)
    assert history.verdicts(run=mixed)[0]["requests"] == 1


def test_requests_of_a_batch_are_held_against_those_of_batches(history: LatencyHistory) -> None:
    """They wait for each other: the same resource takes longer than alone."""
    for number in range(26):
        is_mixed = number < 14
        run = history.put({"pokemon": noisy(history.random, 5)} if is_mixed else {})
        history.store(samples(run, {"pokemon": noisy(history.random, 5, 3.0)}, in_batch=True))
    history.judge()
    assert set(history.words()) == {"learning", "steady"}
    ((known,),) = rows(history.database, "SELECT reference -> 'by_resource' FROM performance_baselines")
    assert known["1 in a batch"][0] - known["1"][0] == pytest.approx(math.log(3), abs=0.3)


def test_what_was_proved_against_an_accepted_level_is_forgotten(history: LatencyHistory) -> None:
    """Also when the change was so small that it would take several runs to see that it is over."""
    history.put_many(WEEK)
    history.put_many(16, factor=1.15)
    history.judge()
    assert history.words()[-1] == "regressed"
    accept(history, history.put_many(1, factor=1.15, finished_at=None)[0])
    history.put_many(4, factor=1.15)
    history.judge()
    assert history.words()[-4:] == ["steady"] * 4


# Series


SERIES = [{"target": "embedded"}, {"host": "there"}, {"shard": "2"}, {"kind": "load"}]


@pytest.mark.parametrize("other", SERIES, ids=lambda other: next(iter(other)))
def test_what_cannot_be_compared_shares_nothing(history: LatencyHistory, other: dict[str, str]) -> None:
    """Ten times slower elsewhere is no regression here, and runs elsewhere teach nothing here."""
    for _ in range(FEWEST_RUNS + 2):
        history.put_many(1)
        history.put_many(1, factor=10, **other)
    assert history.judge() == 2 * (FEWEST_RUNS + 2)
    judged = history.verdicts()
    assert {each["known_runs"] for each in judged} == set(range(FEWEST_RUNS + 2))
    assert {each["verdict"] for each in judged} == {"learning", "steady"}
    p50s = sorted(row[0] for row in rows(history.database, "SELECT p50 FROM performance_baselines"))
    assert p50s == pytest.approx([0.1, 1.0], rel=0.2)


def test_a_target_that_answers_wrongly_on_purpose_is_not_judged(history: LatencyHistory) -> None:
    history.put_many(3, target="faults")
    assert history.judge() == 0


# When a run is judged


def test_a_run_that_was_killed_is_judged_after_an_hour(history: LatencyHistory) -> None:
    run = history.put(finished_at=None)
    assert history.judge(run.started_at + timedelta(minutes=59)) == 0
    assert history.judge(run.started_at + timedelta(minutes=61)) == 1
    assert history.judge(run.started_at + timedelta(minutes=62)) == 0


def test_a_run_whose_clock_is_ahead_waits(history: LatencyHistory) -> None:
    run = history.put()
    assert history.judge(run.started_at - timedelta(hours=1)) == 0
    assert history.judge(run.started_at - timedelta(minutes=1)) == 1


def test_a_run_whose_processes_end_one_after_the_other_is_judged_with_all_its_requests(
    history: LatencyHistory,
) -> None:
    """Judged in between, by whoever asks; what is said in the end is what is said of a run that ended at once."""
    alike = {name: Random(7) for name in ("at once", "by and by")}
    for number in range(26):
        at = history.next_time()
        for host, random in alike.items():
            slow = 1.4 if number >= 23 else 1.0
            first, second = ({"pokemon": noisy(random, 8, slow)} for _ in range(2))
            berries = {"berry": noisy(random, 4)}
            run = history.put({} if host == "by and by" else first, at=at, host=host)
            if host == "by and by":
                history.store(samples(run, first))
                history.judge()
            history.store([*samples(run, second), *samples(run, berries)])
            history.store([replace(run, finished_at=at + timedelta(minutes=20))])
        history.judge(at + timedelta(minutes=30))
        history.judge(at + timedelta(minutes=31))
    judged = rows(
        history.database,
        "SELECT run.host, verdict.endpoint, verdict.verdict, effect, low, high, p95, requests, since, known_runs, "
        "evidence::text FROM latency_verdicts AS verdict JOIN runs AS run ON run.id = run_id "
        "ORDER BY verdict.started_at, endpoint",
    )
    at_once, by_and_by = ([row[1:] for row in judged if row[0] == host] for host in alike)
    assert by_and_by == at_once
    assert {row[6] for row in at_once} == {16, 4}
    assert "regressed" in {row[1] for row in at_once}


def test_a_run_that_comes_late_is_judged_and_the_others_keep_their_verdicts(history: LatencyHistory) -> None:
    history.put_many(12)
    late = history.next_time()
    history.put_many(12)
    history.judge()
    before = {each["run_id"]: each for each in history.verdicts()}
    run = history.put(at=late)
    assert history.judge() == 1
    judged = {each["run_id"]: each for each in history.verdicts()}
    assert judged.pop(run.id)["verdict"] == "steady"
    assert judged == before
    history.put_many(2)
    assert history.judge() == 2
    assert history.verdicts()[-1]["known_runs"] == 26
    (latest,) = history.versions()
    assert latest[4] >= 24


def test_runs_that_were_all_late_are_judged_in_their_order(history: LatencyHistory) -> None:
    """A spool that is read in after weeks: a later run is stored before earlier ones, and nothing was judged."""
    course = [(FIRST + number * BETWEEN, 1.5 if number >= 20 else 1.0) for number in range(24)]
    for at, factor in reversed(course):
        history.put({"pokemon": noisy(history.random, 10, factor)}, at=at)
    assert history.judge(FIRST + 100 * BETWEEN) == 24
    assert history.words() == ["learning"] * 10 + ["steady"] * 10 + ["regressed"] * 4


def test_a_long_history_is_judged_some_runs_at_a_time(history: LatencyHistory) -> None:
    history.put_many(45)
    with history.database.transaction() as connection:
        assert judge_finished(connection, history.now, 20) == 20
    assert len(history.verdicts()) == 20
    judge_all(history.database, history.now)
    assert len(history.verdicts()) == 45
    assert [each["known_runs"] for each in history.verdicts()] == list(range(45))


@pytest.mark.parametrize("processes", [2, 4])
def test_several_that_judge_at_once_judge_each_run_once(
    history: LatencyHistory, database_url: str, tmp_path: Path, processes: int
) -> None:
    for number in range(24):
        history.put_many(1, factor=1.5 if number > 20 else 1.0)
    databases = [Database.at(SecretStr(database_url), tmp_path) for _ in range(processes)]
    with ThreadPoolExecutor(processes) as pool:
        counts = list(pool.map(lambda each: LatencyHistory(each).judge(history.now), databases))
    for each in databases:
        each.close()
    assert sum(counts) == 24
    assert sorted(counts)[:-1] == [0] * (processes - 1)
    judged = history.verdicts()
    assert len(judged) == 24
    assert [each["known_runs"] for each in judged] == list(range(24))
    assert [number for number, *_ in history.versions()] == [1]


def judge_and_fail(history: LatencyHistory) -> None:
    """Judge, and be killed before it is committed."""
    with history.database.transaction() as connection:
        assert judge_finished(connection, history.now) == 15
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")


def test_what_is_broken_off_in_the_middle_is_as_if_it_had_never_begun(history: LatencyHistory) -> None:
    history.put_many(15)
    with pytest.raises(psycopg2.errors.DivisionByZero):
        judge_and_fail(history)
    assert history.verdicts() == []
    assert history.versions() == []
    assert history.judge() == 15


# A run that goes on


def test_to_ask_about_a_run_that_goes_on_stores_nothing(history: LatencyHistory) -> None:
    history.put_many(12)
    history.judge()
    run = history.put_many(1, factor=2, finished_at=None)[0]
    before = (history.verdicts(), history.versions())
    assert so_far(history, run).judgement.verdict == "regressed"
    assert so_far(history, run) == so_far(history, run)
    assert (history.verdicts(), history.versions()) == before


def test_to_ask_about_a_run_that_was_judged_stores_nothing_either(history: LatencyHistory) -> None:
    """A process of it had ended, somebody judged it and the next one, and then another process of it asks."""
    run, *_ = history.put_many(14)[-2:]
    history.judge()
    before = history.verdicts()
    so_far(history, run)
    assert history.verdicts() == before
    assert history.judge() == 0


def test_what_is_said_of_a_run_that_goes_on_is_what_is_judged_in_the_end(history: LatencyHistory) -> None:
    history.put_many(20)
    history.judge()
    for factor in (1.0, 1.3, 1.3, 1.3):
        run = history.put_many(1, factor=factor, finished_at=None)[0]
        said = so_far(history, run)
        history.store([replace(run, finished_at=run.started_at + timedelta(minutes=1))])
        history.judge()
        (stored,) = history.verdicts(run=run)
        assert stored["verdict"] == said.judgement.verdict
        assert stored["effect"] == pytest.approx(said.judgement.effect, rel=1e-5)
        assert stored["known_runs"] == said.known


def test_a_run_of_which_nothing_is_known_says_nothing(history: LatencyHistory) -> None:
    with history.database.transaction() as connection:
        assert RunSoFar(connection, uuid.uuid4()).judge(connection) == {}
    run = history.put({})
    with history.database.transaction() as connection:
        assert RunSoFar(connection, run.id).judge(connection) == {}


# Accepting


def accept(history: LatencyHistory, run: RunEntry, endpoint: str = "pokemon") -> Any:
    """Accept in a run that goes on."""
    with history.database.transaction() as connection:
        return accept_so_far(connection, run.id, endpoint, Acceptance("ann", "it does more"))


# Requirement 18.5: a new version, and the one before it keeps until when it held.
def test_what_is_accepted_is_a_new_version_and_steady_from_then_on(history: LatencyHistory) -> None:
    history.put_many(WEEK)
    history.put_many(4, factor=1.6)
    history.judge()
    assert history.words()[-1] == "regressed"
    run = history.put_many(1, factor=1.6, finished_at=None)[0]
    accepted = accept(history, run)
    assert so_far(history, run).judgement.verdict == "steady"
    history.store([replace(run, finished_at=run.started_at + timedelta(minutes=1))])
    history.put_many(12, factor=1.6)
    history.judge()
    assert history.words()[-13:] == ["steady"] * 13
    (_, _, until, *_), (number, valid_from, holds, *_) = history.versions()
    assert (number, until, valid_from, holds) == (accepted.number, run.started_at, run.started_at, None)
    with history.database.transaction() as connection:
        (held,) = held_baselines(connection, endpoint="pokemon")
    assert (held.accepted_by, held.reason, held.number) == ("ann", "it does more", 2)
    assert held.p50 == pytest.approx(0.16, rel=0.1)
    history.put_many(12, factor=1.6 * 1.3)
    history.judge()
    assert history.words()[-1] == "regressed"


def test_what_is_accepted_after_its_run_is_the_same_as_within_it(history: LatencyHistory) -> None:
    for host in ("within", "after"):
        history.random.seed(3)
        history.number = 0
        history.put_many(WEEK, host=host)
        history.put_many(4, factor=1.6, host=host)
    history.judge()
    finished = history.put_many(1, factor=1.6, host="after", at=history.now)[0]
    history.judge()
    going_on = history.put({"pokemon": noisy(history.random, 10, 1.6)}, host="within", at=finished.started_at)
    first = accept(history, going_on)
    with history.database.transaction() as connection:
        second = accept_finished(connection, finished.id, "pokemon", Acceptance("ann", "it does more"))
    assert second is not None
    assert (first.runs, first.samples, first.not_before) == (second.runs, second.samples, second.not_before)
    assert (first.runs, first.samples) == (5, 50)


def test_there_is_nothing_to_accept_where_nothing_changed_or_nothing_is_known(history: LatencyHistory) -> None:
    run = history.put_many(3)[-1]
    history.judge()
    assert accept(history, run) is None
    with pytest.raises(ObservatoryError, match="berry was not measured in this run"):
        accept(history, run, "berry")
    history.put_many(WEEK)
    history.judge()
    assert accept(history, history.put_many(1, finished_at=None)[0]) is None
    assert len(history.versions()) == 1


# What is asked


def test_the_runs_before_and_the_versions_are_those_of_the_series(history: LatencyHistory) -> None:
    history.put_many(70)
    history.put_many(3, factor=9, host="there")
    history.judge()
    run = history.put_many(1, finished_at=None)[0]
    with history.database.transaction() as connection:
        earlier, held = earlier_runs(connection, run.id, "pokemon"), versions(connection, run.id, "pokemon")
    assert len(earlier) == 60
    assert [each.at for each in earlier] == sorted(each.at for each in earlier)
    assert max(each.p50 for each in earlier) < 0.2
    assert [each.valid_until is None for each in held] == [False] * (len(held) - 1) + [True]


def test_an_empty_history_has_nothing_to_say(database: Database, tmp_path: Path) -> None:
    history = History(database, tmp_path, report=pytest.fail)
    run = a_run()
    assert history.latency.now(run.id, "pokemon") is None
    assert history.latency.times(run.id, "pokemon") is None
    with pytest.raises(ObservatoryError, match="pokemon was not measured in this run"):
        history.latency.accept(run.id, "pokemon", Acceptance("ann", "why not"))
    history.close()
    with database.transaction() as connection:
        assert held_baselines(connection) == []


def test_a_history_of_a_newer_version_is_told_in_one_sentence(database: Database, tmp_path: Path) -> None:
    rows(database, "UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    reports: list[str] = []
    newer = Database(lambda: database_address(database))
    history = History(newer, tmp_path, report=reports.append)
    history.begin(a_run())
    for ask in (history.latency.now, history.latency.times):
        with pytest.raises(HistoryError, match=r"^The history is at revision 9999, made by a newer version"):
            ask(uuid.uuid4(), "pokemon")
    history.close()


def database_address(database: Database) -> str:
    """How to reach the database that another one reaches."""
    with database.transaction() as connection:
        return str(connection.dsn)
