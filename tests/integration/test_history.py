"""The history in a real PostgreSQL: what is told is stored once, grows only with change, and survives every fault."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatory.errors import HistoryError
from observatory.exchange import Attempt, Failure, FailureType
from observatory.history import Database, History
from observatory.history import entries as told
from observatory.history.embedded import EmbeddedServer
from observatory.history.migrations import HEAD
from observatory.history.queries import bodies, known_bodies
from observatory.history.store import store
from observatory.history.writer import Writer
from tests.conftest import wait_until_stopped
from tests.history_values import NOW, a_response, a_run, a_sample, an_exchange, rows

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


# Property 3: API responses are stored in database
@pytest.mark.property(3)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    endpoint=st.sampled_from(["pokemon", "type", "ability"]),
    resource=st.integers(1, 10_000),
    fields=st.dictionaries(st.text(), _JSON, max_size=5),
    seconds=st.integers(0, 10**8),
)
def test_any_good_response_is_stored_whole(
    database: Database, tmp_path: Path, endpoint: str, resource: int, fields: dict[str, object], seconds: int
) -> None:
    history = History(database, tmp_path / "spool", report=pytest.fail)
    run = a_run()
    seen_at = NOW - timedelta(seconds=seconds)
    exchange = an_exchange(endpoint, str(resource), {**fields, "id": resource}, started_at=seen_at)
    history.begin(run)
    history.saw(exchange, run)
    assert history.flush()
    states = history.states("embedded", endpoint, str(resource))
    mine = next(state for state in states if state.body_hash == exchange.content_hash)
    assert mine.first_seen_at <= seen_at <= mine.last_seen_at
    with database.transaction() as connection:
        assert bodies(connection, exchange.content_hash.hex()) == [exchange.body]


def test_entries_told_twice_are_stored_once(database: Database) -> None:
    run = a_run()
    attempt = told.TestAttemptEntry(run.id, "A Test", "PASS", NOW, 1.0)
    entries: list[told.Entry] = [run, a_response(run), a_sample(run), attempt]
    for _ in range(2):
        with database.transaction() as connection:
            store(connection, entries)
    for table in ("runs", "bodies", "api_responses", "latency_samples", "test_attempts"):
        assert rows(database, f"SELECT count(*) FROM {table}") == [(1,)], table  # noqa: S608


def test_text_that_postgresql_cannot_hold_is_stored_as_escapes(database: Database) -> None:
    run = a_run()
    attempt = told.TestAttemptEntry(run.id, "A Test", "FAIL", NOW, 1.0, "half of a pair \ud83d, and \0")
    with database.transaction() as connection:
        store(connection, [run, attempt, a_sample(run, resource="\udcff"), a_response(run, resource="a\0b")])
    assert rows(database, "SELECT message FROM test_attempts") == [(r"half of a pair \ud83d, and \x00",)]
    assert rows(database, "SELECT resource FROM latency_samples") == [(r"\udcff",)]
    assert rows(database, "SELECT resource FROM api_responses") == [(r"a\x00b",)]


def test_an_unchanged_response_touches_one_row(database: Database) -> None:
    first, second = a_run(), a_run()
    later = NOW + timedelta(days=1)
    with database.transaction() as connection:
        store(connection, [first, a_response(first)])
        store(connection, [second, a_response(second, seen_at=later, body=None)])
    assert rows(database, "SELECT first_seen_at, last_seen_at, first_run_id, last_run_id FROM api_responses") == [
        (NOW, later, first.id, second.id)
    ]
    assert rows(database, "SELECT count(*) FROM bodies") == [(1,)]


def test_the_order_in_which_a_history_is_told_does_not_matter(database: Database) -> None:
    runs = [a_run(started_at=NOW + timedelta(days=day)) for day in range(3)]
    responses = [a_response(run, seen_at=run.started_at) for run in runs]
    with database.transaction() as connection:
        for index in (1, 2, 0):
            store(connection, [runs[index], responses[index]])
    assert rows(database, "SELECT first_seen_at, last_seen_at, first_run_id, last_run_id FROM api_responses") == [
        (runs[0].started_at, runs[2].started_at, runs[0].id, runs[2].id)
    ]


def test_the_same_resource_of_two_targets_has_two_histories_and_one_body(database: Database) -> None:
    live, replay = a_run("live"), a_run("replay:/recording")
    with database.transaction() as connection:
        store(connection, [live, replay, a_response(live), a_response(replay)])
    assert rows(database, "SELECT name FROM targets ORDER BY name") == [("live",), ("replay:/recording",)]
    assert rows(database, "SELECT count(*) FROM api_responses") == [(2,)]
    assert rows(database, "SELECT count(*) FROM bodies") == [(1,)]


def test_names_and_numbers_are_one_resource(database: Database, tmp_path: Path) -> None:
    history = History(database, tmp_path / "spool", report=pytest.fail)
    run = a_run()
    history.begin(run)
    for resource in ("1", "bulbasaur", "BULBASAUR"):
        history.saw(an_exchange(resource=resource), run)
    assert len(history.states("embedded", "pokemon", "1")) == 1
    assert rows(database, "SELECT count(*) FROM api_responses") == [(1,)]
    history.close()


@pytest.mark.parametrize(
    ("change", "responses", "samples"),
    [
        ({}, 1, 1),
        ({"status": 404, "body": b"Not Found"}, 0, 1),
        ({"failure": Failure(FailureType.MODEL, "bad")}, 1, 1),
        ({"failure": Failure(FailureType.INVALID_JSON, "bad"), "body": b"{"}, 0, 1),
        ({"attempts": (), "status": None, "body": b""}, 0, 0),
    ],
)
def test_what_is_kept_of_an_exchange(
    database: Database, tmp_path: Path, change: dict[str, Any], responses: int, samples: int
) -> None:
    history = History(database, tmp_path / "spool", report=pytest.fail)
    run = a_run()
    history.begin(run)
    history.saw(replace(an_exchange(), **change), run)
    assert history.flush()
    assert rows(database, "SELECT count(*) FROM api_responses") == [(responses,)]
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(samples,)]
    history.close()


def test_each_attempt_at_a_request_is_kept_and_only_a_good_one_counts(database: Database, tmp_path: Path) -> None:
    history = History(database, tmp_path / "spool", report=pytest.fail)
    run = a_run()
    history.begin(run)
    attempts = (
        Attempt(1, 503, 0.5, connect=0.25, first_byte=0.375, failure_type=FailureType.SERVER_ERROR),
        Attempt(2, 503, 0.25, waited=1.0, first_byte=0.125, failure_type=FailureType.SERVER_ERROR),
        Attempt(3, 200, 0.125, waited=2.0, first_byte=0.0625),
    )
    exchange = an_exchange(attempts=attempts, elapsed=0.125, in_batch=True)
    history.saw(exchange, run)
    history.saw(exchange, run)
    assert history.flush()
    history.close()
    assert rows(
        database,
        "SELECT attempt, attempts, status, elapsed_seconds, connect_seconds, first_byte_seconds, in_batch, left_out "
        "FROM latency_samples ORDER BY attempt",
    ) == [
        (1, 3, 503, 0.5, 0.25, 0.375, True, "failed"),
        (2, 3, 503, 0.25, None, 0.125, True, "failed"),
        (3, 3, 200, 0.125, None, 0.0625, True, ""),
    ]
    assert rows(database, "SELECT attempt FROM latency_samples WHERE id = %s", exchange.id) == [(3,)]


def test_a_test_that_passes_and_fails_at_one_revision_is_flaky(database: Database) -> None:
    run = replace(a_run(git_revision="abc", api_revision="def"))
    now = rows(database, "SELECT now()")[0][0]
    attempts = [
        told.TestAttemptEntry(run.id, name, status, now, 1.0)
        for name, status in [("Steady", "PASS"), ("Steady", "PASS"), ("Shaky", "FAIL"), ("Shaky", "PASS")]
    ]
    with database.transaction() as connection:
        store(connection, [run, *attempts])
    assert rows(database, "SELECT test_name, attempts, failures FROM flaky_tests") == [("Shaky", 2, 1)]


def test_a_refused_entry_is_told_and_the_rest_is_stored(database: Database, tmp_path: Path) -> None:
    reports: list[str] = []
    writer = Writer(database, tmp_path, report=reports.append)
    run = a_run()
    stranger = a_run()  # never told of itself
    writer.add([run, a_sample(stranger), a_sample(run)])
    assert writer.flush()
    writer.close()
    assert rows(database, "SELECT run_id FROM latency_samples") == [(run.id,)]
    assert len(reports) == 1
    assert "refused a SampleEntry" in reports[0]


def test_a_run_lasts_from_its_first_process_to_its_last(database: Database) -> None:
    run = a_run()
    hour = timedelta(hours=1)
    told_by = [
        replace(run, started_at=NOW + hour, finished_at=NOW + 2 * hour),
        replace(run, started_at=NOW, finished_at=NOW + hour, git_revision="abc", api_revision="old"),
        replace(run, started_at=NOW + hour, api_revision="new"),
        replace(run, started_at=NOW + hour),
    ]
    for entry in told_by:
        with database.transaction() as connection:
            store(connection, [entry])
    assert rows(database, "SELECT started_at, finished_at, git_revision, api_revision FROM runs") == [
        (NOW, NOW + 2 * hour, "abc", "new")
    ]


def test_that_a_body_was_accepted_is_not_forgotten(database: Database) -> None:
    content = b'{"id":1}'
    digest = hashlib.sha256(content).digest()
    run = a_run()
    for mark in ("pokemon@old", None, "pokemon@new", None):
        with database.transaction() as connection:
            store(connection, [run, a_response(run, body=told.Body(digest, content, mark))])
    assert rows(database, "SELECT accepted_by FROM bodies") == [("pokemon@new",)]


def test_what_is_news_is_known_however_late_the_run_is_told_of(database_url: str, tmp_path: Path) -> None:
    """The database is not reached before there is a run, for only its target says what has to be read of it."""
    asked = threading.Event()

    def locate() -> str:
        asked.set()
        return database_url

    for number, is_news in enumerate((False, True)):
        asked.clear()
        history = History(Database(locate), tmp_path / "spool", report=pytest.fail)
        assert not asked.wait(0.2)
        run, exchange = a_run(), an_exchange(body={"id": 1, "height": number})
        history.begin(run)
        assert history.flush()
        assert history.drift.is_news("embedded", "pokemon", "1", exchange.content_hash) is is_news
        history.saw(exchange, run)
        history.close()


def test_the_latest_state_comes_first(database: Database, tmp_path: Path) -> None:
    run = a_run()
    responses = [a_response(run, b'{"id":%d}' % number, seen_at=NOW + timedelta(days=number)) for number in (2, 3, 1)]
    with database.transaction() as connection:
        store(connection, [run, *responses])
    history = History(database, tmp_path, report=pytest.fail)
    seen = [state.last_seen_at for state in history.states("embedded", "pokemon", "1")]
    history.close()
    assert seen == [NOW + timedelta(days=number) for number in (3, 2, 1)]


def test_a_history_that_has_not_taken_in_this_run_is_not_asked(tmp_path: Path) -> None:
    reports: list[str] = []
    history = History(Database(lambda: "postgresql://localhost:1/nothing"), tmp_path, report=reports.append)
    history.begin(a_run())
    with pytest.raises(HistoryError, match="The history database cannot be reached"):
        history.states("embedded", "pokemon", "1")
    history.close()


def test_tables_that_cannot_be_made_are_told_in_one_sentence(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    owner = rows(database, "SELECT current_user")[0][0]
    rows(database, "CREATE ROLE guest LOGIN; SELECT 1")
    rows(database, "DROP TABLE alembic_version; SELECT 1")
    guest = database_url.replace(f"{owner}:@", "guest:@", 1)
    reports: list[str] = []
    writer = Writer(Database(lambda: guest), tmp_path, report=reports.append)
    writer.add([a_run()])
    assert not writer.flush()
    writer.close()
    rows(database, "DROP ROLE guest; SELECT 1")
    assert len(reports) == 1
    assert "The tables of the history cannot be made: permission denied" in reports[0]


def test_a_writer_whose_database_fails_twice_forgets_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    doors = iter(["postgresql://localhost:1/nothing", "postgresql://localhost:1/nothing", database_url])
    writer = Writer(Database(lambda: next(doors)), tmp_path, report=lambda _: None)
    run = a_run()
    writer.add([run, a_sample(run)])
    deadline = time.monotonic() + 20
    while not writer.flush(1) and time.monotonic() < deadline:
        writer.add([a_sample(run)])
        time.sleep(0.1)
    writer.close()
    stored = rows(database, "SELECT count(*) FROM latency_samples")[0][0]
    assert stored >= 2
    assert list(tmp_path.glob("*.journal")) == []


def test_entries_of_another_version_are_kept_and_told(database: Database, tmp_path: Path) -> None:
    text = b'{"of": "tomorrow"}'
    (tmp_path / "left.journal").write_bytes(b"%08x EntryOfTomorrow %s\n" % (zlib.crc32(text), text))
    reports: list[str] = []
    writer = Writer(database, tmp_path, report=reports.append)
    writer.add([a_run()])
    assert writer.flush()
    writer.close()
    assert (tmp_path / "left.unread").is_file()
    assert len(reports) == 1
    assert "may be of another version" in reports[0]


def test_a_newer_history_is_left_alone(database: Database, database_url: str, tmp_path: Path) -> None:
    rows(database, "UPDATE alembic_version SET version_num = '9999' RETURNING 1")
    reports: list[str] = []
    writer = Writer(Database(lambda: database_url), tmp_path, report=reports.append)
    writer.add([a_run()])
    assert not writer.flush()
    writer.close()
    assert "made by a newer version" in reports[0]
    assert f"up to {HEAD}" in reports[0]
    assert len(list(tmp_path.glob("*.journal"))) == 1


def test_what_was_told_while_the_database_was_away_is_stored_by_the_next_run(
    database: Database, tmp_path: Path
) -> None:
    reports: list[str] = []
    away = Writer(Database(lambda: "postgresql://localhost:1/nothing"), tmp_path, report=reports.append)
    run = a_run()
    away.add([run, a_response(run), a_sample(run)])
    assert not away.flush()
    away.add([a_sample(run)])
    away.close()
    assert len(reports) == 1
    assert "cannot be reached" in reports[0]
    assert str(tmp_path) in reports[0]

    back = Writer(database, tmp_path, report=pytest.fail)
    back.add([a_run()])
    assert back.flush()
    back.close()
    assert rows(database, "SELECT count(*) FROM latency_samples WHERE run_id = %s", run.id) == [(2,)]
    assert list(tmp_path.glob("*.journal")) == []


def test_a_server_killed_in_mid_run_costs_nothing(home: Path) -> None:
    server = EmbeddedServer(home / "postgres")
    database = Database(server.url, server.leave)
    reports: list[str] = []
    writer = Writer(database, home / "spool", report=reports.append)
    run = a_run()
    writer.add([run, *(a_sample(run) for _ in range(50))])
    assert writer.flush()
    server_process = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(server_process, signal.SIGKILL)
    writer.add([a_sample(run) for _ in range(50)])
    deadline = time.monotonic() + 20
    while not writer.flush(1) and time.monotonic() < deadline:
        writer.add([a_sample(run)])
        time.sleep(0.1)
    writer.close()
    stored = rows(database, "SELECT count(*) FROM latency_samples")[0][0]
    database.close()
    assert stored >= 100
    assert len(reports) <= 1
    assert list((home / "spool").glob("*.journal")) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from observatory.history import Database
from observatory.history.writer import Writer
from tests.conftest import wait_until_stopped
from tests.history_values import a_run, a_sample, a_response

writer = Writer(Database(lambda: sys.argv[1]), Path(sys.argv[2]), report=print)
run = a_run()
writer.add([run, a_response(run)])
for _ in range(200):
    writer.add([a_sample(run)])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_nothing_it_told(database: Database, database_url: str, tmp_path: Path) -> None:
    _python(_KILLED, database_url, str(tmp_path)).communicate(timeout=30)
    assert len(list(tmp_path.glob("*.journal"))) == 1
    writer = Writer(database, tmp_path, report=pytest.fail)
    writer.add([a_run()])
    assert writer.flush()
    writer.close()
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(200,)]
    assert rows(database, "SELECT count(*) FROM api_responses") == [(1,)]


_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from typing import Any
from observatory.history import Database
from observatory.history.writer import Writer
from tests.conftest import wait_until_stopped
from tests.history_values import a_run, a_sample

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
writer = Writer(Database(lambda: sys.argv[1]), Path(sys.argv[2]), report=print)
run = a_run()
writer.add([run])
for _ in range(100):
    writer.add([a_sample(run)])
writer.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_full_disk_costs_nothing_while_the_database_is_there(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    process = _python(_FULL_DISK, database_url, str(tmp_path))
    output, _ = process.communicate(timeout=30)
    assert output.count("cannot be written") == 1
    assert "Make room on that disk" in output
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(100,)]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are a POSIX thing")
def test_a_full_disk_without_a_database_says_how_much_is_lost(tmp_path: Path) -> None:
    output, _ = _python(_FULL_DISK, "postgresql://localhost:1/nothing", str(tmp_path)).communicate(timeout=30)
    assert "entries of the history are lost" in output


_ONE_OF_FOUR = """
import sys
from pathlib import Path
from typing import Any
from observatory.history import Database
from observatory.history.writer import Writer
from tests.conftest import wait_until_stopped
from tests.history_values import a_run, a_sample, a_response

home = Path(sys.argv[1])
database = Database.at(None, home)
writer = Writer(database, home / "spool", report=print)
run = a_run()
for number in range(25):
    content = b'{"id":%d}' % (number % 5)
    writer.add([run, a_sample(run), a_response(run, content, resource=str(number % 5))])
assert writer.flush(60)
writer.close()
database.close()
"""


def test_four_processes_that_start_at_once_on_an_empty_folder_share_a_server(home: Path) -> None:
    home = home / "a folder with blanks"
    processes = [_python(_ONE_OF_FOUR, str(home)) for _ in range(4)]
    outputs = [process.communicate(timeout=90)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], outputs
    assert "".join(outputs) == ""
    database = Database.at(None, home)
    assert rows(database, "SELECT count(*), count(DISTINCT run_id) FROM latency_samples") == [(100, 4)]
    assert rows(database, "SELECT count(*) FROM api_responses") == [(5,)]
    database.close()
    wait_until_stopped(home)


def test_the_next_process_starts_a_server_whose_users_were_all_killed(home: Path) -> None:
    locate = "Database.at(None, Path(sys.argv[1]))._locate"
    code = _KILLED.replace("lambda: sys.argv[1]", locate)
    process = _python(code, str(home), str(home / "spool"))
    process.communicate(timeout=60)
    database = Database.at(None, home)
    writer = Writer(database, home / "spool", report=pytest.fail)
    writer.add([a_run()])
    assert writer.flush()
    writer.close()
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(200,)]
    database.close()
    wait_until_stopped(home)


def test_the_accepting_models_of_a_body_are_known_to_the_next_run(database: Database, tmp_path: Path) -> None:
    content = b'{"id":1}'
    digest = hashlib.sha256(content).digest()
    run = a_run()
    with database.transaction() as connection:
        store(connection, [run, a_response(run, body=told.Body(digest, content, "pokemon@abc"))])
    learnt: dict[bytes, str | None] = {}
    history = History(database, tmp_path, report=pytest.fail, on_known=learnt.update)
    history.begin(run)
    assert history.flush()
    assert learnt == {digest: "pokemon@abc"}
    with database.transaction() as connection:
        assert known_bodies(connection) == learnt
    history.close()


def _python(code: str, *arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
