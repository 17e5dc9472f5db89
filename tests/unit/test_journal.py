"""The journal keeps every entry until it is stored, whatever happens to the process or the file."""

from __future__ import annotations

import os
import uuid
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.history import entries as told
from observatory.history.journal import Journal
from tests.history_values import a_response, a_run, a_sample

_TEXT = st.text(st.characters())  # halves of surrogate pairs and NUL included
_RUN = a_run(api_revision="abc", finished_at=datetime(2026, 8, 9, tzinfo=UTC))
_NUMBERS = told.LoadNumbers("pokemon", 1234, 5, 10.28, 0.1, 0.2, 0.3, 0.4, 0.5)
_LOAD = told.LoadEntry(
    run_id=_RUN.id,
    profile="light",
    shape="ste\x00ady",
    model="open",
    visitor="browsing",
    users=50,
    rate=0.1,
    planned_seconds=None,
    seconds=120.003,
    ending="workers lost",
    outcome="unsure",
    total=_NUMBERS,
    endpoints=(_NUMBERS, told.LoadNumbers("type", 0, 0, 0.0)),
    scheduled=500,
    sent=499,
    processes=3,
)
_ENTRIES: list[told.Entry] = [
    _RUN,
    a_response(_RUN),
    a_response(_RUN, body=None),
    a_sample(_RUN, status=None, failure_type="timeout"),
    told.TestAttemptEntry(_RUN.id, "Suite.Test", "FAIL", datetime(2026, 8, 9, tzinfo=UTC), 0.5, "línea\nzwei\x00"),
    _LOAD,
]


def test_entries_come_out_as_they_went_in(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    for entry in _ENTRIES:
        journal.append(entry)
    assert list(journal.entries()) == _ENTRIES
    journal.remove()


@settings(max_examples=100)
@given(name=_TEXT, message=_TEXT, resource=_TEXT, elapsed=st.floats(0, 1e6))
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, name: str, message: str, resource: str, elapsed: float
) -> None:
    journal = Journal.create(tmp_path_factory.mktemp("spool"))
    entries: list[told.Entry] = [
        told.TestAttemptEntry(uuid.uuid4(), name, "PASS", datetime.now(UTC), elapsed, message),
        a_sample(_RUN, resource=resource),
    ]
    for entry in entries:
        journal.append(entry)
    assert list(journal.entries()) == entries
    journal.remove()


@pytest.mark.parametrize("damage", [b"", b"garbage\n", b"00000000 {}\n", b"\xff\xfe\n"])
def test_what_a_crash_cut_off_or_damaged_is_passed_over(tmp_path: Path, damage: bytes) -> None:
    journal = Journal.create(tmp_path)
    journal.append(_ENTRIES[0])
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + damage + whole + whole[: len(whole) // 2])
    assert list(journal.entries()) == [_ENTRIES[0], _ENTRIES[0]]
    journal.remove()


def test_a_journal_in_use_is_not_adopted(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append(_ENTRIES[0])
    assert list(Journal.adopt_abandoned(tmp_path)) == []
    journal.remove()


def test_a_journal_left_behind_is_adopted_once(tmp_path: Path) -> None:
    left = Journal.create(tmp_path)
    left.append(_ENTRIES[0])
    left.close()
    (adopted,) = Journal.adopt_abandoned(tmp_path)
    assert list(Journal.adopt_abandoned(tmp_path)) == []
    assert list(adopted.entries()) == [_ENTRIES[0]]
    adopted.remove()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_journal_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append(_ENTRIES[0])
    journal.clear()
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_what_was_stored_is_dropped_and_the_rest_follows(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append(_ENTRIES[0])
    journal.clear()
    journal.append(_ENTRIES[3])
    assert list(journal.entries()) == [_ENTRIES[3]]
    journal.remove()


def test_an_entry_of_another_version_is_noted_and_its_journal_kept(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append(_ENTRIES[0])
    for text in (b'{"new": "fields"}', b"[]"):
        for name in (b"SampleEntry", b"EntryOfTomorrow"):
            with journal.path.open("ab") as file:
                file.write(b"%08x %s %s\n" % (zlib.crc32(text), name, text))
    assert list(journal.entries()) == [_ENTRIES[0]]
    assert journal.has_unread
    kept = journal.set_aside()
    assert list(Journal.adopt_abandoned(tmp_path)) == []
    assert kept.is_file()


def test_journals_left_behind_are_adopted_oldest_first(tmp_path: Path) -> None:
    runs = [a_run() for _ in range(3)]
    for age, run in enumerate(runs):
        journal = Journal.create(tmp_path)
        journal.append(run)
        journal.close()
        os.utime(journal.path, (1000 - age, 1000 - age))
    adopted = list(Journal.adopt_abandoned(tmp_path))
    assert [next(journal.entries()) for journal in adopted] == runs[::-1]
    for journal in adopted:
        journal.remove()


def test_an_attempt_that_was_written_before_there_were_retries_is_read(tmp_path: Path) -> None:
    text = (
        b'{"run_id":"0b9bd1d3-9d2a-4d3b-8a0d-1f6c0d5b7a11","name":"A Test","status":"FAIL",'
        b'"started_at":"2026-08-08T12:00:00Z","elapsed":0.5,"message":"No.",'
        b'"id":"11111111-2222-3333-4444-555555555555"}'
    )
    (tmp_path / "old.journal").write_bytes(b"%08x TestAttemptEntry %s\n" % (zlib.crc32(text), text))
    journal = next(Journal.adopt_abandoned(tmp_path))
    (entry,) = journal.entries()
    journal.close()
    assert isinstance(entry, told.TestAttemptEntry)
    assert (entry.message, entry.attempt, entry.cause, entry.fingerprint, entry.quarantined) == (
        "No.",
        1,
        "",
        "",
        False,
    )
