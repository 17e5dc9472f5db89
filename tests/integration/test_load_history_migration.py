"""The way of a history from before there were loads, and back; and that the newest step is the one that is named."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import psycopg2
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from observatory.history import Database, migrations
from observatory.history.store import store
from tests.history_values import NOW, a_run, a_sample, rows

FOLDER = Path(migrations.__file__).parent


def go_to(url: str, revision: str) -> None:
    """Take a database back to an earlier revision."""
    engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(url))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["engine"] = engine
    command.downgrade(config, revision)
    engine.dispose()


def test_the_newest_step_is_the_one_that_is_named() -> None:
    assert max(path.name for path in (FOLDER / "versions").glob("*.py")).partition("_")[0] == migrations.HEAD


def test_a_history_from_before_loads_is_brought_up_to_date_and_keeps_what_it_has(database_url: str) -> None:
    go_to(database_url, "0004")
    assert tables(database_url) == []
    earlier = psycopg2.connect(database_url)
    with earlier, earlier.cursor() as cursor:
        cursor.execute("INSERT INTO targets (name) VALUES ('live')")
        cursor.execute(
            "INSERT INTO runs (id, target_id, kind, started_at, host, shard) VALUES (%s, 1, 'robot', %s, '', '')",
            (str(uuid.uuid4()), NOW),
        )
    earlier.close()
    database = Database(lambda: database_url)
    run = a_run("live", kind="load", finished_at=NOW + timedelta(minutes=1))
    beside = a_run("live", started_at=NOW + timedelta(seconds=1))
    with database.transaction() as connection:
        store(connection, [run, beside, a_sample(beside, started_at=NOW + timedelta(seconds=1))])
    assert rows(database, "SELECT count(*) FROM runs") == [(3,)]
    assert rows(database, "SELECT left_out FROM latency_samples") == [("load",)]
    database.close()
    assert tables(database_url) == ["load_endpoints", "load_runs"]


def test_each_new_table_says_what_is_in_it(database: Database) -> None:
    told = rows(database, "SELECT obj_description('load_runs'::regclass), obj_description('load_endpoints'::regclass)")
    assert all("seconds" in text for text in told[0])
    (reasons,) = rows(
        database,
        "SELECT col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = 'latency_samples'::regclass AND attname = 'left_out'",
    )[0]
    assert "load" in reasons


def tables(url: str) -> list[str]:
    """The tables of loads that a database has."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'load%' ORDER BY tablename")
        found = [name for (name,) in cursor.fetchall()]
    connection.close()
    return found
