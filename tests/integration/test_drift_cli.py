"""`observatory drift` on a real history: what is open is listed, shown and accepted, all or nothing."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result

from observatory.commands.drift import drift
from observatory.history import Database
from observatory.schema_drift import SchemaChange
from tests.drift_values import a_change, an_addition
from tests.history_values import a_run, rows

Command = Callable[..., Result]


@pytest.fixture
def observatory(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *arguments: CliRunner().invoke(drift, [str(argument) for argument in arguments])


@pytest.fixture
def ids(database: Database) -> list[int]:
    """Three open changes: a removal and an addition of pokemon, an addition of type that is ten days older."""
    now = datetime.now(UTC)
    return [
        _stored(database, a_change(), now),
        _stored(database, an_addition(), now - timedelta(seconds=1)),
        _stored(database, an_addition(endpoint="type"), now - timedelta(days=10), target="replay"),
    ]


def _stored(database: Database, change: SchemaChange, found_at: datetime, target: str = "live") -> int:
    run = a_run(target)
    place = (change.endpoint, change.part)
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO targets (name) VALUES (%s) ON CONFLICT DO NOTHING", (target,))
        cursor.execute("SELECT id FROM targets WHERE name = %s", (target,))
        (target_id,) = _row(cursor)
        cursor.execute(
            "INSERT INTO runs (id, target_id, kind, started_at, host, shard) VALUES (%s, %s, %s, %s, %s, %s)",
            (str(run.id), target_id, run.kind, found_at, run.host, run.shard),
        )
        cursor.execute(
            "INSERT INTO schema_versions (target_id, endpoint, part, number, run_id, taught_by, seen_at, model) "
            "SELECT %(target)s, %(endpoint)s, %(part)s, 1 + count(*), %(run)s, %(run)s, %(at)s, '{}' "
            "FROM schema_versions WHERE target_id = %(target)s AND endpoint = %(endpoint)s RETURNING id",
            {"target": target_id, "endpoint": place[0], "part": place[1], "run": str(run.id), "at": found_at},
        )
        (version,) = _row(cursor)
        cursor.execute(
            "INSERT INTO schema_changes (target_id, run_id, version_id, endpoint, part, kind, path, before, after, "
            "breaking, resources, found_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (
                target_id,
                str(run.id),
                version,
                *place,
                change.kind.value,
                change.path,
                json.dumps(change.before),
                json.dumps(change.after),
                change.breaking,
                list(change.resources),
                found_at,
            ),
        )
        return int(_row(cursor)[0])


def _row(cursor: Any) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def _states(database: Database) -> dict[int, tuple[str, str, str]]:
    found = rows(database, "SELECT id, state, closed_by, reason FROM schema_changes")
    return {row[0]: row[1:] for row in found}


def test_open_changes_are_listed_the_newest_first(observatory: Command, ids: list[int]) -> None:
    result = observatory("list")
    assert result.exit_code == 0, result.output
    assert [line.split()[0] for line in result.output.splitlines()] == ["id", *map(str, ids)]
    assert "removed, breaking" in result.output


def test_the_list_can_be_narrowed(observatory: Command, ids: list[int]) -> None:
    def found(*arguments: str) -> list[int]:
        return [json.loads(line)["id"] for line in observatory("list", "--json", *arguments).output.splitlines()]

    assert found() == ids
    assert found("--endpoint", "type") == found("--target", "replay") == ids[2:]
    assert found("--since", "7 days") == ids[:2]
    assert found("--since", "2 weeks") == ids
    assert found("--state", "accepted") == []
    assert found("--state", "all") == ids


def test_nothing_open_is_good_news(observatory: Command, ids: list[int]) -> None:
    assert observatory("accept", "--all", "--reason", "Fine.", "--name", "ann").exit_code == 0
    result = observatory("list", "--fail", "--fail-on-breaking", "--endpoint", "pokemon")
    assert (result.exit_code, result.output) == (
        0,
        "No open schema changes of pokemon: the API looks as it is known.\n",
    )


@pytest.mark.parametrize(
    ("option", "known"),
    [("--target", "live, replay"), ("--endpoint", "pokemon, type")],
)
def test_a_name_of_which_nothing_is_known_is_no_all_clear(
    observatory: Command, ids: list[int], option: str, known: str
) -> None:
    result = observatory("list", option, "pokemn", "--fail-on-breaking")
    assert result.exit_code == 1
    assert f"There is no {option[2:]} 'pokemn' in the history; there are: {known}." in result.output


def test_changes_of_several_targets_say_of_which(observatory: Command, ids: list[int]) -> None:
    assert "pokemon of live" in observatory("list").output
    assert "type of replay" in observatory("list").output
    assert " of live" not in observatory("list", "--target", "live").output


def test_a_pipeline_can_be_made_to_fail(observatory: Command, ids: list[int]) -> None:
    assert observatory("list").exit_code == 0
    assert observatory("list", "--fail").exit_code == 1
    assert observatory("list", "--fail-on-breaking").exit_code == 1
    assert observatory("list", "--fail-on-breaking", "--endpoint", "type").exit_code == 0
    assert observatory("list", "--fail", "--json", "--endpoint", "type").exit_code == 1


def test_one_change_is_shown(observatory: Command, ids: list[int]) -> None:
    result = observatory("show", ids[0])
    assert result.exit_code == 0
    assert "moves[].order" in result.output
    assert "resources   2: 1, 4" in result.output
    assert json.loads(observatory("show", ids[0], "--json").output)["resources"] == ["1", "4"]


def test_a_change_that_is_none_is_told(observatory: Command, ids: list[int]) -> None:
    result = observatory("show", 12345)
    assert result.exit_code == 1
    assert result.output == "Error: There is no change 12345; see `observatory drift list --state all`.\n"


def test_changes_are_accepted_with_reason_and_name(observatory: Command, ids: list[int], database: Database) -> None:
    result = observatory("accept", ids[0], ids[1], ids[0], "--reason", " meant to be so ", "--name", "ann")
    assert result.exit_code == 0, result.output
    assert "2 changes accepted by ann." in result.output
    accepted = ("accepted", "ann", "meant to be so")
    assert _states(database) == {ids[0]: accepted, ids[1]: accepted, ids[2]: ("open", "", "")}
    assert rows(database, "SELECT now() - max(closed_at) < interval '1 minute' FROM schema_changes") == [(True,)]


def test_the_name_is_the_login_unless_one_is_given(observatory: Command, ids: list[int], database: Database) -> None:
    observatory("accept", ids[0], "--reason", "why")
    assert _states(database)[ids[0]] == ("accepted", getpass.getuser(), "why")


def test_nothing_is_half_done(observatory: Command, ids: list[int], database: Database) -> None:
    result = observatory("accept", ids[0], 12345, "--reason", "why", "--name", "ann")
    assert (result.exit_code, result.output) == (1, "Error: Nothing was accepted: there is no change 12345.\n")
    assert {state for state, _, _ in _states(database).values()} == {"open"}


def test_what_is_accepted_already_is_not_accepted_again(
    observatory: Command, ids: list[int], database: Database
) -> None:
    observatory("accept", ids[0], "--reason", "first", "--name", "ann")
    result = observatory("accept", ids[1], ids[0], "--reason", "second", "--name", "bob")
    assert result.exit_code == 1
    assert f"Nothing was accepted: change {ids[0]} was accepted by ann on " in result.output
    assert _states(database)[ids[0]] == ("accepted", "ann", "first")
    assert _states(database)[ids[1]] == ("open", "", "")


def test_all_of_an_endpoint_can_be_accepted(observatory: Command, ids: list[int], database: Database) -> None:
    result = observatory("accept", "--all", "--endpoint", "pokemon", "--reason", "why", "--name", "ann")
    assert "2 changes accepted by ann." in result.output
    assert [state for state, _, _ in _states(database).values()].count("open") == 1
    again = observatory("accept", "--all", "--endpoint", "pokemon", "--reason", "why", "--name", "ann")
    assert (again.exit_code, again.output) == (0, "There was nothing open to accept.\n")


def test_an_acceptance_that_another_person_overtakes_is_undone(
    observatory: Command, ids: list[int], database: Database, database_url: str
) -> None:
    """The command has read that all are open, and waits for one that somebody else is closing just then."""
    other = psycopg2.connect(database_url)
    with ThreadPoolExecutor(1) as pool, other.cursor() as cursor:
        cursor.execute(
            "UPDATE schema_changes SET state = 'accepted', closed_by = 'bob', closed_at = now() WHERE id = %s", ids[1:2]
        )
        command = pool.submit(observatory, "accept", *ids, "--reason", "why", "--name", "ann")
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while rows(database, waiting) == [(0,)]:
            assert not command.done(), command.result().output
        other.commit()
        result = command.result()
    other.close()
    assert result.exit_code == 1
    assert f"Nothing was accepted: change {ids[1]} was accepted by bob on " in result.output
    assert [state for state, _, _ in _states(database).values()].count("open") == 2


def test_a_database_that_is_away_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/none")
    result = CliRunner().invoke(drift, ["list"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: The history database cannot be reached: ")
