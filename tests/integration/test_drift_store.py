"""Drift in a real PostgreSQL: what changed is found once, whoever stores first, and kept until it is accepted."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from observatory.comparison import compare
from observatory.exchange import Exchange
from observatory.history import Database, History, RunEntry
from observatory.history.drift_queries import accept_changes
from observatory.history.entries import Entry, ResponseEntry
from observatory.history.known_changes import ChangeState
from observatory.history.store import store
from observatory.history.writer import Writer
from observatory.parts import part_of
from tests.conftest import new_database
from tests.examples import as_bytes
from tests.history_values import NOW, a_response, a_run, an_exchange, rows
from tests.remembered_api import Bodies, RememberedApi, all_pokemon, pokemon, seen, without

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def url(postgres: str) -> str:
    """The address of a database for all tests here: each has a target of its own in it."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def shared(url: str) -> Iterator[Database]:
    """That database."""
    database = Database(lambda: url)
    yield database
    database.close()


@pytest.fixture
def api(shared: Database) -> RememberedApi:
    """An API that was never asked."""
    return RememberedApi(shared, f"api-{uuid.uuid4()}")


# What is found


def test_the_first_run_of_an_endpoint_learns_and_says_nothing(api: RememberedApi) -> None:
    run = api.begin()
    stored = [api.tell(seen(run, {resource: body})) for resource, body in all_pokemon().items()]
    assert all(not each.changes and not each.problem for each in stored)
    assert api.changes() == []
    assert api.data(run).groups == ()
    ((number, made_by, model),) = api.versions()
    assert (number, made_by) == (1, run.id)
    assert set(json.loads(model)) == {"", "id", "name", "height", "cry", "types", "types[]", "types[].slot"}


def _renamed(number: int) -> dict[str, Any]:
    return {**without(pokemon(number), "cry"), "shout": f"cry {number}"}


COLOURS = {str(number): pokemon(number, colour="red" if number % 2 else "blue") for number in range(1, 19)}


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (
            all_pokemon(),
            {"3": pokemon(3, past=[])},
            ("field_added", "past", None, "array", False, ("3",), None),
        ),
        (
            all_pokemon(),
            {"3": without(pokemon(3), "cry"), "2": without(pokemon(2), "cry")},
            ("field_removed", "cry", "string", None, True, ("2", "3"), None),
        ),
        (
            all_pokemon(),
            {"3": pokemon(3, height="tall")},
            ("type_changed", "height", "number", "string", True, ("3",), None),
        ),
        (
            all_pokemon(),
            {"10": pokemon(10, cry=None), "9": pokemon(9, cry=None)},
            ("became_nullable", "cry", "string", "string or null", True, ("9", "10"), None),
        ),
        (
            {**all_pokemon(note=None), "12": pokemon(12, note="y z")},
            all_pokemon(note="x y"),
            (
                "no_longer_nullable",
                "note",
                "string or null",
                "string",
                False,
                tuple(map(str, range(1, 12))),
                None,
            ),
        ),
        (
            COLOURS,
            {"4": pokemon(4, colour="green")},
            ("values_widened", "colour", ["blue", "red"], ["blue", "green", "red"], False, ("4",), None),
        ),
        (
            all_pokemon(),
            {str(number): _renamed(number) for number in (1, 2, 3)},
            ("renamed", "cry", "string", "string", True, ("1", "2", "3"), "shout"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_change_is_kept_with_all_that_is_known_of_it(
    api: RememberedApi, before: Bodies, after: Bodies, event: tuple[Any, ...]
) -> None:
    api.run(before)
    run = api.begin()
    told = api.tell(seen(run, after)).changes
    (known,) = api.changes()
    change = known.change
    assert told == [known]
    assert (
        change.kind,
        change.path,
        change.before,
        change.after,
        change.breaking,
        change.resources,
        change.to,
    ) == event
    assert (known.run_id, known.found_at, known.state, known.target) == (run.id, run.started_at, "open", api.target)
    assert (change.endpoint, change.part, known.closed_at, known.closed_by, known.reason) == (
        "pokemon",
        "",
        None,
        "",
        "",
    )
    stored = rows(
        api.database,
        "SELECT breaking, version.number, version.run_id, version.seen_at "
        "FROM schema_changes JOIN schema_versions AS version ON version.id = version_id WHERE version.run_id = %s",
        run.id,
    )
    last = run.started_at + timedelta(seconds=len(after) - 1)
    assert stored == [(event[4], 2, run.id, last)]


def test_a_change_is_one_row_and_told_once_however_many_batches_show_it(api: RememberedApi) -> None:
    api.run(all_pokemon())
    run = api.begin()
    changed = all_pokemon(past=[])
    told = [api.tell(seen(run, {resource: body})).changes for resource, body in changed.items()]
    assert [len(each) for each in told] == [1, *[0] * 11]
    (known,) = api.changes()
    assert known.change.resources == tuple(map(str, range(1, 13)))


def test_a_run_that_changed_something_makes_one_version_and_learning_updates_it(api: RememberedApi) -> None:
    first = api.run(all_pokemon())
    api.run({"13": pokemon(13)})
    assert [(number, run) for number, run, _ in api.versions()] == [(1, first.id)]
    third = api.begin()
    for resource, body in all_pokemon(3, past=[]).items():
        api.tell(seen(third, {resource: body}))
    api.tell(seen(third, {"4": pokemon(4, weight=1)}))
    assert [(number, run) for number, run, _ in api.versions()] == [(1, first.id), (2, third.id)]
    assert {"past", "weight"} <= set(json.loads(api.versions()[-1][2]))
    assert "past" not in json.loads(api.versions()[0][2])


def test_an_unchanged_run_writes_nothing(api: RememberedApi) -> None:
    api.run(all_pokemon())
    everything = (
        "SELECT 'v', xmin::text, id::text FROM schema_versions UNION ALL "
        "SELECT 'o', xmin::text, run_id::text FROM schema_observations UNION ALL "
        "SELECT 'c', xmin::text, id::text FROM schema_changes UNION ALL "
        "SELECT 'd', xmin::text, id::text FROM data_changes ORDER BY 1, 2, 3"
    )
    before = rows(api.database, everything)
    run = api.run(all_pokemon())
    assert rows(api.database, everything) == before
    assert api.data(run).groups == ()


def test_a_run_keeps_what_was_known_before_it_beside_what_it_saw(api: RememberedApi) -> None:
    first = api.run(all_pokemon())
    known_before = api.versions()[0][2]
    second = api.begin()
    for resource in ("1", "2"):
        api.tell(seen(second, {resource: pokemon(int(resource), past=[])}))
    kept = {
        run: (base, json.loads(notes))
        for run, base, notes in api.rows("run_id, base::text, seen::text", "schema_observations")
    }
    assert kept[first.id][0] == "{}"
    assert kept[second.id][0] == known_before
    assert set(kept[second.id][1]["before"]) == {"1", "2"}
    assert "past" in kept[second.id][1]["observation"]["model"]


def test_what_a_run_saw_is_dropped_a_day_later(api: RememberedApi) -> None:
    old, recent = api.run(all_pokemon()), api.run({"1": pokemon(1, past=[])})
    rows(
        api.database,
        "UPDATE schema_observations SET updated_at = now() - interval '25 hours' WHERE run_id = %s RETURNING 1",
        old.id,
    )
    latest = api.run({"2": pokemon(2, past=[1])})
    assert set(api.rows("run_id", "schema_observations")) == {(recent.id,), (latest.id,)}


def test_lists_sub_resources_and_meta_have_schemas_of_their_own(api: RememberedApi) -> None:
    entries: dict[str, Bodies] = {
        "pokemon": {
            "1": pokemon(1),
            "?limit=2&offset=0": {"count": 2, "results": []},
            "": {"count": 2, "next": None},
            "1/encounters": [{"area": 1}],
            "2/encounters": [{"area": 1}],
        },
        "meta": {"": {"hash": "a"}},
    }
    run = api.begin()
    for endpoint, bodies in entries.items():
        api.tell(seen(run, bodies, endpoint))
    assert sorted(api.rows("endpoint, part", "schema_versions")) == [
        ("meta", ""),
        ("pokemon", ""),
        ("pokemon", "encounters"),
        ("pokemon", "list"),
    ]
    after = api.begin()
    api.tell(seen(after, {"1/encounters": [{"area": 1, "odds": 2}], "": {"count": "2", "next": None}}))
    api.tell(seen(after, {"": {"hash": "a", "tag": "v2"}}, "meta"))
    assert api.told() == [
        "meta: tag was added (string)",
        "pokemon encounters: [].odds was added (number)",
        "pokemon list: count changed its type from number to string",
    ]


# What a change of the schema is not


def test_data_and_schema_are_told_apart(api: RememberedApi) -> None:
    api.run({**all_pokemon(note=None), "13": pokemon(13, note="x y")})
    run = api.run(
        {
            "1": pokemon(1, note="now filled"),
            "2": pokemon(2, note=None, height=99),
            "3": pokemon(3, note=None, types=[{"slot": 1}, {"slot": 2}]),
            "4": pokemon(4, note=None, past=[1, 2]),
        }
    )
    assert api.told() == ["pokemon: past was added (array)"]
    assert {path: group.resources for path, group in api.groups(run).items()} == {
        "note": ("1",),
        "height": ("2",),
        "types[]": ("3",),
    }


def test_a_change_of_the_schema_in_one_resource_hides_no_data_of_others(api: RememberedApi) -> None:
    api.run(all_pokemon())
    run = api.run({"1": pokemon(1, height=None), **{str(n): pokemon(n, height=99) for n in range(2, 9)}})
    assert api.told() == ["pokemon: height became nullable"]
    assert set(map(str, range(2, 9))) <= set(api.groups(run)["height"].resources)


def test_a_mass_event_is_one_group(api: RememberedApi) -> None:
    api.run(all_pokemon(), "pokemon")
    run = api.begin()
    bodies = {str(n): pokemon(n, height=n + 100) for n in range(1, 12)}
    for resource, body in bodies.items():
        api.tell(seen(run, {resource: body}))
    api.tell(seen(run, {"12": pokemon(12), "?limit=20": {"count": 12}, "": {"count": 12}}))
    data = api.data(run)
    (group,) = data.groups
    assert (group.path, group.kind, group.count, len(group.resources)) == ("height", "changed", 11, 11)
    assert data.seen["pokemon"] == 12
    assert api.changes() == []


def test_an_order_is_no_change(api: RememberedApi) -> None:
    api.run({"1": pokemon(1, types=[{"slot": 1}, {"slot": 2}])})
    run = api.run({"1": dict(reversed(pokemon(1, types=[{"slot": 2}, {"slot": 1}]).items()))})
    assert (api.changes(), api.data(run).groups) == ([], ())


def test_a_rollback_is_told_with_the_date_of_the_state(api: RememberedApi) -> None:
    first = api.run(all_pokemon())
    api.run({"1": pokemon(1, height=50), "2": pokemon(2, height=50)})
    run = api.run({"2": pokemon(2), "1": pokemon(1), "3": pokemon(3, height=51)})
    data = api.data(run)
    assert data.rolled_back == {"pokemon": {"1": first.started_at, "2": first.started_at + timedelta(seconds=1)}}
    assert data.groups[0].resources == ("1", "2", "3")


# Who stores first does not matter


Batch = Sequence[ResponseEntry]


def _day_of_edits(chance: random.Random, latest: dict[str, Any]) -> list[tuple[str, Any]]:
    """What a run sees: most as it was, much changed, some changed twice, some back and forth, some new."""
    edits: list[Callable[[dict[str, Any]], dict[str, Any]]] = [
        lambda body: {**body, "past": [{"of": 1}]},
        lambda body: without(body, "cry"),
        lambda body: {**body, "cry": None},
        lambda body: {**body, "height": str(body.get("height"))},
        lambda body: {**body, "height": chance.randrange(99)},
        lambda body: {**without(body, "cry"), "shout": body.get("cry")},
        lambda body: {**body, "colour": chance.choice(["red", "blue", "green", "black"])},
        lambda body: {**body, "types": [{"slot": n} for n in range(chance.randrange(4))]},
        lambda body: {**body, "extra": {chance.choice("abcdef"): 1}},
    ]
    told = []
    for resource in [*latest, *(f"{100 + chance.randrange(50)}" for _ in range(3))]:
        body = latest.get(resource, pokemon(int(resource)))
        for _ in range(chance.choice([0, 1, 1, 2])):
            told.append((resource, body))
            body = chance.choice(edits)(body)
        told.append((resource, body))
        latest[resource] = body
    return told


def _known(api: RememberedApi, runs: Mapping[uuid.UUID, int]) -> dict[str, Any]:
    """All that is known of schemas and data, with numbers for the runs."""
    changes = rows(
        api.database,
        "SELECT run_id, endpoint, part, kind, path, renamed_to, before::text, after::text, breaking, resources, state "
        "FROM schema_changes JOIN targets ON targets.id = target_id WHERE name = %s "
        "ORDER BY endpoint, part, path, kind",
        api.target,
    )
    data = rows(
        api.database,
        "SELECT run_id, endpoint, part, path, kind, about, count, resources, examples::text "
        "FROM data_changes JOIN targets ON targets.id = target_id WHERE name = %s ORDER BY 2, 3, 4, 5, 6",
        api.target,
    )
    return {
        "changes": sorted((runs[run], *map(repr, rest)) for run, *rest in changes),
        "data": sorted((runs[run], *map(repr, rest)) for run, *rest in data),
        "versions": [
            (endpoint, number, runs[run])
            for endpoint in ("pokemon", "type")
            for number, run, _ in api.versions(endpoint)
        ],
        "models": [api.versions(endpoint)[-1][2] for endpoint in ("pokemon", "type")],
    }


def _days(seed: int) -> list[list[tuple[str, str, Any]]]:
    """Three days of an API: endpoint, resource and body of each answer, the last day in part back at the first."""
    chance = random.Random(seed)
    latest = {"pokemon": all_pokemon(14, colour="red"), "type": all_pokemon(5)}
    first = [(endpoint, name, body) for endpoint, bodies in latest.items() for name, body in bodies.items()]
    second, third = (
        [(endpoint, *each) for endpoint, bodies in latest.items() for each in _day_of_edits(chance, bodies)]
        for _ in range(2)
    )
    back = [each for each in chance.sample(first, 6) if each not in third]
    return [first, second, third + back]


def _entries(run: RunEntry, day: Sequence[tuple[str, str, Any]]) -> list[ResponseEntry]:
    return [
        a_response(
            run, as_bytes(body), endpoint=endpoint, resource=resource, seen_at=run.started_at + timedelta(seconds=n)
        )
        for n, (endpoint, resource, body) in enumerate(day)
    ]


def _in_batches(chance: random.Random, entries: Sequence[ResponseEntry]) -> list[Batch]:
    """The entries in batches of any size, in any order, some of them told twice."""
    shuffled = chance.sample(entries, len(entries))
    batches: list[Batch] = []
    while shuffled:
        size = chance.randrange(1, 9)
        batches.append(shuffled[:size])
        shuffled = shuffled[size:]
    return chance.sample(batches + chance.sample(batches, len(batches) // 4), len(batches) + len(batches) // 4)


def _store_together(url: str, batches: Sequence[Batch], workers: int = 4) -> None:
    """Store batches from several threads at once, each with a connection of its own."""
    problems: list[object] = []
    start = threading.Barrier(workers)

    def work(mine: Sequence[Batch]) -> None:
        database = Database(lambda: url)
        try:
            start.wait(10)
            for batch in mine:
                with database.transaction() as connection:
                    problem = store(connection, batch).problem
                if problem:
                    problems.append(problem)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test must hear of it
            problems.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work, args=(batches[number::workers],)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


@pytest.mark.parametrize("seed", range(6))
def test_several_writers_come_to_what_one_would(shared: Database, url: str, seed: int) -> None:
    days = _days(seed)
    alone, together = (RememberedApi(shared, f"{name}-{seed}") for name in ("alone", "together"))
    chance = random.Random(seed)
    numbers: dict[uuid.UUID, int] = {}
    for number, day in enumerate(days):
        one, many = alone.begin(), together.begin()
        numbers |= {one.id: number, many.id: number}
        assert alone.tell(_entries(one, day)).problem == ""
        _store_together(url, _in_batches(chance, _entries(many, day)))
        assert _known(together, numbers) == _known(alone, numbers)
    assert len(_known(alone, numbers)["changes"]) > 5
    assert len(_known(alone, numbers)["data"]) > 5


def test_each_change_is_told_by_one_writer(api: RememberedApi, url: str, tmp_path: Path) -> None:
    api.run(all_pokemon(40))
    run = api.begin()
    told: list[int] = []
    writers = [
        Writer(
            Database(lambda: url),
            tmp_path / str(number),
            report=pytest.fail,
            on_changes=lambda changes: told.extend(known.id for known in changes),
        )
        for number in range(4)
    ]
    for number, writer in enumerate(writers):
        bodies = {str(n): pokemon(n, past=[], weight=1) for n in range(1 + number, 41, 4)}
        writer.add(seen(run, bodies))
    for writer in writers:
        assert writer.flush()
        writer.close()
    assert sorted(told) == sorted(known.id for known in api.changes())
    assert len(told) == 2
    assert {known.change.count for known in api.changes()} == {40}


def test_two_runs_at_once_lose_nothing_of_what_the_other_learned(api: RememberedApi) -> None:
    api.run(all_pokemon())
    mine, theirs = api.begin(), api.begin()
    api.tell(seen(mine, {"1": pokemon(1, past=[])}))
    api.tell(seen(theirs, {str(number): pokemon(number, rare=1) for number in (20, 21, 22)}))
    api.tell(seen(mine, {"2": pokemon(2, past=[])}))
    api.tell(seen(mine, {"3": pokemon(3, past=[])}))
    assert [run for _, run, _ in api.versions()][1:] == [mine.id, theirs.id]
    assert {"past", "rare"} <= set(json.loads(api.versions()[-1][2]))


def test_runs_that_meet_take_turns(api: RememberedApi, url: str) -> None:
    api.run(all_pokemon(40))
    first = api.begin()
    runs = [first, *(api.begin(started_at=first.started_at) for _ in range(3))]
    batches = [
        seen(run, {str(n): pokemon(n, **{f"field_{number}": 1})})
        for start in range(1, 41, 4)
        for number, (n, run) in enumerate(zip(itertools.count(start), runs, strict=False))
    ]
    _store_together(url, batches)
    versions = api.versions()
    assert [number for number, _, _ in versions] == list(range(1, len(versions) + 1))
    assert {run for _, run, _ in versions[1:]} == {run.id for run in runs}
    assert {f"field_{number}" for number in range(4)} <= set(json.loads(versions[-1][2]))
    assert {known.change.path for known in api.changes()} == {f"field_{number}" for number in range(4)}


def test_batches_told_twice_count_once(api: RememberedApi) -> None:
    api.run(all_pokemon())
    run = api.begin()
    batch: list[Entry] = [run, *seen(run, {"1": pokemon(1, past=[], height=50), "2": pokemon(2, height=51)})]
    assert len(api.tell(batch).changes) == 1
    everything = api.rows("schema_observations.xmin::text", "schema_observations"), api.versions(), api.data(run)
    assert not api.tell(batch).changes
    assert not api.tell(batch[:2]).changes
    written = api.rows("schema_observations.xmin::text", "schema_observations")
    assert (written, api.versions(), api.data(run)) == everything


_KILLED = """
import os, signal, sys
from pathlib import Path
from observatory.history import Database
from observatory.history.writer import Writer
from tests.remembered_api import RememberedApi, pokemon, seen
import tests.remembered_api

database = Database(lambda: sys.argv[1])
api = RememberedApi(database, sys.argv[4])
api.today += tests.remembered_api.timedelta(days=int(sys.argv[3]))
run = api.begin()
writer = Writer(database, Path(sys.argv[2]), report=print)
writer.add([run, *seen(run, {"1": pokemon(1, past=[])})])
assert writer.flush()
writer.add(seen(run, {"2": pokemon(2, past=[]), "3": pokemon(3, height=80)}))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_killed_process_has_told_what_it_flushed_and_the_next_run_tells_the_rest(
    api: RememberedApi, url: str, tmp_path: Path
) -> None:
    api.run(all_pokemon())
    command = [sys.executable, "-c", _KILLED, url, str(tmp_path), "1", api.target]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -9
    assert api.told() == ["pokemon: past was added (array)"]
    told: list[str] = []
    writer = Writer(
        api.database,
        tmp_path,
        report=pytest.fail,
        on_changes=lambda changes: told.extend(known.change.path for known in changes),
    )
    assert writer.flush()
    writer.add([a_run(api.target)])
    assert writer.flush()
    writer.close()
    (known,) = api.changes()
    assert known.change.resources == ("1", "2")
    assert told == []
    assert set(api.rows("run_id", "data_changes")) == {(known.run_id,)}


def test_what_a_run_without_a_database_saw_is_found_when_the_next_one_brings_it(
    api: RememberedApi, tmp_path: Path
) -> None:
    api.run(all_pokemon())
    away = Writer(Database(lambda: "postgresql://localhost:1/nothing"), tmp_path, report=lambda _: None)
    run = a_run(api.target, started_at=NOW + timedelta(days=2))
    away.add([run, *seen(run, {"1": pokemon(1, past=[], height=50)})])
    assert not away.flush()
    away.close()
    assert api.changes() == []
    told: list[str] = []
    back = Writer(
        api.database,
        tmp_path,
        report=pytest.fail,
        on_changes=lambda changes: told.extend(known.change.sentence() for known in changes),
    )
    later = a_run(api.target, started_at=NOW + timedelta(days=3))
    back.add([later, *seen(later, {"1": pokemon(1, past=[], height=50), "2": pokemon(2, past=[])})])
    assert back.flush()
    back.close()
    assert sorted(set(told)) == ["pokemon: past was added (array)"]
    assert [known.run_id for known in api.changes()] == [run.id]
    assert set(api.groups(run)) == {"height"}


# What teaches nothing


def test_an_older_recording_that_is_read_in_late_teaches_nothing(api: RememberedApi) -> None:
    api.run(all_pokemon())
    before = api.versions()
    old = a_run(api.target, kind="backfill", started_at=NOW - timedelta(days=400))
    bodies = {"1": without(pokemon(1), "cry"), "50": pokemon(50, strange={"a": 1})}
    stored = api.tell([old, *seen(old, bodies)])
    assert (stored.changes, stored.problem) == ([], "")
    assert api.versions() == before
    assert (api.changes(), api.data(old).groups) == ([], ())
    assert len(api.rows("resource", "api_responses")) == 14


def test_an_answer_that_is_older_than_what_is_known_of_its_resource_teaches_nothing(api: RememberedApi) -> None:
    known = api.run(all_pokemon())
    late = a_run(api.target, started_at=known.started_at - timedelta(hours=2))
    bodies = {"1": pokemon(1, past=[]), **{str(number): pokemon(number, rare=[]) for number in (13, 14, 15)}}
    assert [each.change.path for each in api.tell([late, *seen(late, bodies)]).changes] == ["rare"]
    assert api.data(late).groups == ()


def test_a_schema_is_as_new_as_the_last_answer_that_was_looked_at(api: RememberedApi) -> None:
    api.run(all_pokemon())
    run = api.run({"1": pokemon(1, height=50)})
    assert api.rows("number, seen_at, taught_by", "schema_versions") == [(1, run.started_at, run.id)]
    half_a_day_ago = a_run(api.target, started_at=run.started_at - timedelta(hours=12))
    api.tell([half_a_day_ago, *seen(half_a_day_ago, {"14": pokemon(14, cry="x")})])
    assert api.rows("number, seen_at", "schema_versions") == [(1, run.started_at)]


@pytest.mark.parametrize(
    ("endpoint", "resource", "part"),
    [
        ("pokemon", "25", ""),
        ("pokemon", "pikachu", ""),
        ("pokemon", "", "list"),
        ("pokemon", "?limit=20&offset=0", "list"),
        ("pokemon", "25/encounters", "encounters"),
        ("pokemon", "25/moves/3", "moves/*"),
        ("meta", "", ""),
        ("", "", ""),
    ],
)
def test_the_part_of_an_endpoint_that_a_resource_belongs_to(endpoint: str, resource: str, part: str) -> None:
    assert part_of(endpoint, resource) == part


def test_targets_that_answer_wrongly_on_purpose_are_not_judged(shared: Database) -> None:
    faults = RememberedApi(shared, "faults")
    faults.run(all_pokemon())
    faults.run({"1": {"id": 1}, "2": pokemon(2, height="x")})
    assert faults.changes() == []
    for table in ("schema_versions", "schema_observations", "data_changes"):
        assert faults.rows("endpoint", table) == []
    assert len(faults.rows("resource", "api_responses")) == 14


@pytest.mark.parametrize("content", [b"<html>", b"", b'{"a": NaN}', b"[" * 20_000 + b"]" * 20_000])
def test_a_body_that_cannot_be_read_teaches_nothing_and_the_next_one_does(api: RememberedApi, content: bytes) -> None:
    api.run({"1": pokemon(1), "2": pokemon(2)})
    run = api.begin()
    stored = api.tell(seen(run, {"1": content, "2": pokemon(2, past=[])}))
    assert stored.problem == ""
    assert api.told() == ["pokemon: past was added (array)"]
    api.run({"1": pokemon(1, height=2)})
    assert len(api.rows("resource", "api_responses")) == 5
    assert len(api.changes()) == 1


# What must not keep a response out


@pytest.mark.parametrize("model", ['{"id": 1}', "[1]", '"x"', '{"id": [1, 2, 3, 4, 5, 6, 7]}', "17", '{"": ["a"]}'])
def test_a_model_that_cannot_be_read_is_one_sentence_and_keeps_nothing_out(
    api: RememberedApi, tmp_path: Path, model: str
) -> None:
    api.run(all_pokemon())
    api.run(all_pokemon(), "type")
    corrupt = (
        "UPDATE schema_versions SET model = %s FROM targets "
        "WHERE target_id = targets.id AND name = %s AND endpoint = 'pokemon' RETURNING 1"
    )
    assert rows(api.database, corrupt, model, api.target) == [(1,)]
    run = api.begin()
    reports: list[str] = []
    writer = Writer(api.database, tmp_path, report=reports.append)
    writer.add([*seen(run, {"1": pokemon(1, past=[])}), *seen(run, {"1": pokemon(1, past=[])}, "type")])
    assert writer.flush()
    writer.add(seen(run, {"2": pokemon(2, past=[])}))
    assert writer.flush()
    writer.close()
    assert list(tmp_path.glob("*.journal")) == []
    (report,) = reports
    assert report.startswith("Whether the schema of pokemon changed could not be told")
    assert "\n" not in report
    assert rows(api.database, "SELECT count(*) FROM api_responses WHERE last_run_id = %s", run.id) == [(3,)]
    assert api.told() == ["type: past was added (array)"]


def _long(length: int) -> str:
    chance = random.Random(length)
    return "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789_", k=length))  # pragma: allowlist secret


def _deep(depth: int, leaf: Any) -> Any:
    value = leaf
    for level in range(depth):
        value = {f"level{level}": value}
    return value


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({}, {_long(10_000): 1}, [_long(10_000)]),
        ({}, {"nul\0": 1}, ['["nul\\u0000"]']),
        ({}, {"\ud800": 1}, ['["\\ud800"]']),
        ({}, {"": 1, "a.b": 2, "a[]": 3, "*": 4}, ['["*"]', '["a.b"]', '["a[]"]', '[""]']),
        ({}, {"é😀": 1}, ['["é😀"]']),
    ],
    ids=["long", "nul", "surrogate", "signs", "unicode"],
)
def test_no_key_is_too_strange(
    api: RememberedApi, before: Mapping[str, Any], after: Mapping[str, Any], paths: list[str]
) -> None:
    content = [json.dumps({**pokemon(1), **values}).encode() for values in (before, after)]
    api.run({**all_pokemon(), "1": content[0]})
    run = api.begin()
    stored = api.tell(seen(run, {"1": content[1]}))
    assert stored.problem == ""
    assert [known.change.path for known in api.changes()] == sorted(paths)
    api.run({"1": content[0]})
    assert {known.state for known in api.changes()} == {"reverted"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (1, 2**100),
        (1, 10**400),
        (0.5, 1e308),
        ("a", "nul\0"),
        ("a", "\ud800"),
        ("a", _long(20_000)),
        (_deep(500, 1), _deep(500, 2)),
        ({str(n): 1 for n in range(10_000)}, {str(n): 2 for n in range(10_000)}),
    ],
    ids=["2**100", "10**400", "float", "nul", "surrogate", "long", "deep", "wide"],
)
def test_no_value_is_too_strange(api: RememberedApi, tmp_path: Path, before: Any, after: Any) -> None:
    content = [json.dumps({**pokemon(1), "odd": value}).encode() for value in (before, after)]
    api.run({"1": content[0]})
    run = api.begin()
    stored = api.tell(seen(run, {"1": content[1]}))
    assert stored.problem == ""
    groups = api.data(run).groups
    assert {group.resources for group in groups} == {("1",)}
    assert api.changes() == []
    assert api.versions() != []


# What becomes of a change


def _accept(api: RememberedApi, ids: Sequence[int]) -> list[Any]:
    with api.database.transaction() as connection:
        return accept_changes(connection, ids, "Ann", "It was announced.", NOW)


def test_an_accepted_change_has_a_name_and_a_reason_and_is_told_no_more(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({"1": pokemon(1, past=[], height="x")})
    past, height = sorted(api.changes(), key=lambda known: known.change.path, reverse=True)
    (accepted,) = _accept(api, [past.id])
    assert (accepted.state, accepted.closed_by, accepted.reason, accepted.closed_at) == (
        "accepted",
        "Ann",
        "It was announced.",
        NOW,
    )
    assert [known.id for known in api.changes(states=[ChangeState.OPEN])] == [height.id]
    assert _accept(api, [past.id]) == []
    later = api.begin()
    assert not api.tell(seen(later, {"2": pokemon(2, past=[])})).changes


@pytest.mark.parametrize(
    "changed",
    [
        lambda body: {**body, "past": []},
        lambda body: without(body, "cry"),
        lambda body: {**body, "height": "tall"},
        lambda body: {**body, "cry": None},
        lambda body: {**without(body, "cry"), "shout": body["cry"]},
    ],
    ids=["added", "removed", "type", "null", "renamed"],
)
def test_a_change_that_the_api_takes_back_is_closed_with_what_took_it_back(
    api: RememberedApi, changed: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    api.run(all_pokemon())
    api.run({resource: changed(body) for resource, body in all_pokemon().items()})
    assert [known.state for known in api.changes()] == ["open"]
    run = api.run({resource: {**body, "height": 200} for resource, body in all_pokemon().items()})
    assert len(api.changes(run_id=run.id)) == 1
    assert {(known.state, known.closed_at, known.closed_by) for known in api.changes()} == {
        ("reverted", run.started_at + timedelta(seconds=11), "")
    }


def test_changes_of_few_resources_are_closed_when_these_are_what_they_were(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({"1": pokemon(1, past=[]), "2": pokemon(2, height="x"), "3": pokemon(3, cry=None), "4": _renamed(4)})
    assert [known.state for known in api.changes()] == ["open"] * 5
    api.run({"1": pokemon(1), "3": pokemon(3)})
    assert {known.change.path: known.state for known in api.changes()} == {
        "past": "reverted",
        "cry": "open",
        "height": "open",
        "shout": "open",
    }
    api.run({"2": pokemon(2), "4": pokemon(4)})
    assert {known.state for known in api.changes()} == {"reverted"}


def test_a_state_that_was_seen_after_a_change_takes_nothing_back(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({"1": pokemon(1, past=[])})
    api.run({"1": pokemon(1, past=[1])})
    api.run({"1": pokemon(1, past=[])})
    assert [known.state for known in api.changes()] == ["open"]


def test_a_field_that_became_null_is_closed_when_all_its_resources_have_it_again(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({"1": pokemon(1, cry=None), "2": pokemon(2, cry=None)})
    api.run({"1": pokemon(1, height=9)})
    assert [known.state for known in api.changes()] == ["open"]
    api.run({"2": pokemon(2, height=9)})
    assert [known.state for known in api.changes()] == ["reverted"]


@pytest.mark.parametrize("late", [{"cry": None}, {"height": "tall"}, {}])
def test_a_change_that_was_taken_back_is_told_again_when_it_returns(api: RememberedApi, late: dict[str, Any]) -> None:
    api.run(all_pokemon())
    changed = {**pokemon(3), **late} if late else without(pokemon(3), "height")
    for turn in range(3):
        api.run({"3": {**changed, "name": f"turn {turn}"}})
        assert [known.state for known in api.changes()] == ["open", *["reverted"] * turn]
        api.run({"3": pokemon(3, name=f"back {turn}")})
        assert {known.state for known in api.changes()} == {"reverted"}


def test_a_change_of_many_is_open_until_none_of_them_shows_it(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({str(number): without(pokemon(number), "height") for number in range(1, 12)})
    api.run({"1": pokemon(1)})
    assert [known.state for known in api.changes() if known.change.kind == "field_removed"] == ["open"]
    api.run({str(number): pokemon(number) for number in range(2, 12)})
    assert [known.state for known in api.changes() if known.change.kind == "field_removed"] == ["reverted"]


def test_an_old_resource_that_is_asked_for_late_only_teaches(api: RememberedApi) -> None:
    odd = {"cry": None, "extra": 1}
    api.run({str(number): pokemon(number) for number in (*range(1, 9), *range(30, 45), 10_001)})
    api.run({str(number): pokemon(number, **odd) for number in range(10, 25)})
    assert api.changes() == []
    api.run({str(number): pokemon(number, ready=True) for number in range(50, 54)})
    assert [(known.change.path, known.change.resources) for known in api.changes()] == [
        ("ready", ("50", "51", "52", "53"))
    ]


def test_a_resource_cannot_show_a_change_of_an_api_that_says_it_did_not_change(api: RememberedApi) -> None:
    api.run(all_pokemon(), api_revision="r1")
    api.run({str(number): pokemon(number, cry=None) for number in range(13, 23)}, api_revision="r1")
    assert api.changes() == []


def test_a_page_that_was_never_asked_for_only_teaches(api: RememberedApi) -> None:
    page: dict[str, Any] = {"count": 400, "next": None, "previous": None, "results": []}
    api.run({f"?limit=20&offset={20 * number}": page for number in range(15)}, endpoint="type")
    api.run({"?limit=20&offset=300": {**page, "extra": 1}}, endpoint="type")
    assert api.changes() == []


def test_a_secret_that_changed_is_kept_without_its_values(api: RememberedApi) -> None:
    api.run({"1": pokemon(1, api_token="old")})  # pragma: allowlist secret
    group = api.groups(api.run({"1": pokemon(1, api_token="new")}))["api_token"]  # pragma: allowlist secret
    assert [(change.before, change.after) for _, change in group.examples] == [("***", "***")]


def test_whether_a_page_has_neighbours_is_no_schema(api: RememberedApi) -> None:
    page = {"count": 21, "next": "/api/v2/type?offset=20", "previous": None, "results": []}
    api.run({"": page}, endpoint="type")
    api.run({"": {**page, "count": 20, "next": None}}, endpoint="type")
    assert api.changes() == []


def test_only_an_order_that_was_another_is_no_state_to_go_back_to(api: RememberedApi) -> None:
    first, second = {"1": pokemon(1, tags=["a", "b"])}, {"1": pokemon(1, tags=["b", "a"])}
    for bodies in (first, second, first):
        assert api.data(api.run(bodies)).rolled_back == {}


def test_what_changes_again_after_it_was_accepted_is_found_again(api: RememberedApi) -> None:
    api.run(all_pokemon())
    api.run({str(n): pokemon(n, height="x") for n in range(1, 13)})
    _accept(api, [api.changes()[0].id])
    api.run(all_pokemon())
    assert api.told(states=[ChangeState.OPEN]) == ["pokemon: height changed its type from string to number"]
    _accept(api, [known.id for known in api.changes(states=[ChangeState.OPEN])])
    api.run({"1": pokemon(1, height="y")})
    assert api.told(states=[ChangeState.OPEN]) == ["pokemon: height changed its type from number to string"]
    assert len(api.changes()) == 3


def test_a_removal_that_turns_out_to_be_a_rename_is_one_event(api: RememberedApi) -> None:
    api.run(all_pokemon())
    run = api.begin()
    api.tell(seen(run, {"1": without(pokemon(1), "cry")}))
    assert api.told() == ["pokemon: cry was removed (string)"]
    api.tell(seen(run, {str(number): _renamed(number) for number in range(2, 9)}))
    assert api.told() == ["pokemon: cry seems to be renamed to shout"]


@pytest.mark.parametrize(
    ("before", "now", "is_unannounced"),
    [("r1", "r1", True), ("r1", "r2", False), (None, "r1", False), ("r1", None, False), (None, None, False)],
)
def test_a_change_without_a_new_revision_is_unannounced(
    api: RememberedApi, before: str | None, now: str | None, *, is_unannounced: bool
) -> None:
    api.run(all_pokemon(), api_revision=before)
    api.run({"1": pokemon(1, past=[])}, api_revision=now)
    (known,) = api.changes()
    assert (known.revision_before, known.api_revision) == (before, now)
    assert known.is_unannounced is is_unannounced


def test_a_run_without_a_revision_does_not_hide_the_one_before(api: RememberedApi) -> None:
    api.run(all_pokemon(), api_revision="r1")
    api.run(all_pokemon(), api_revision=None)
    api.run({"1": pokemon(1, past=[])}, api_revision="r1")
    assert [known.is_unannounced for known in api.changes()] == [True]


# An answer against what its resource was before


def test_an_answer_is_compared_with_what_its_resource_was_before_the_run(
    api: RememberedApi, url: str, tmp_path: Path
) -> None:
    first = api.run({"1": pokemon(1), "2": pokemon(2), "1/encounters": [{"area": 1}]})
    second = api.run({"1": pokemon(1, height=50), "2": pokemon(2)})
    third = api.begin()
    back, other = {"1": pokemon(1)}, {"1": pokemon(1, height=70, past=[])}
    api.tell([*seen(third, back), *seen(third, other), *seen(third, {"1/encounters": [{"area": 1, "odds": 1}]})])

    history = History(Database(lambda: url), tmp_path, report=pytest.fail)

    def an_answer(resource: str, body: Any) -> Exchange:
        return replace(an_exchange("pokemon", resource), body=as_bytes(body))

    found = compare(history, third, an_answer("1", back["1"]))
    assert found is not None
    assert (found.before, found.state_of) == (second.started_at, first.started_at)
    assert [(change.path, change.before, change.after) for change in found.data] == [("height", 50, 1)]
    found = compare(history, third, an_answer("1", other["1"]))
    assert found is not None
    assert (found.before, found.state_of) == (second.started_at, None)
    assert [(change.path, change.before, change.after) for change in found.data] == [("height", 50, 70)]
    assert [known.change.path for known in found.schema] == ["past"]
    assert compare(history, third, an_answer("2", pokemon(2))) is None
    assert compare(history, third, an_answer("3", pokemon(3))) is None
    assert compare(history, third, an_answer("1", pokemon(1, height=99))) is None, "it was not told of"
    history.close()
