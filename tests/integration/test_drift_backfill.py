"""`observatory backfill --json` prints the drift events of a run as JSON lines, and nothing where nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from observatory.commands.main import main
from observatory.history import Database
from tests.history_values import rows
from tests.recording_folder import RecordingFolder

Backfill = Callable[..., Result]


@pytest.fixture
def recording(tmp_path: Path) -> RecordingFolder:
    """What is read into the history."""
    return RecordingFolder(tmp_path / "recording", pokemon=12)


@pytest.fixture
def backfill(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recording: RecordingFolder
) -> Backfill:
    """Read the recording in as it is now, on a day."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("OBSERVATORY_HOME", str(tmp_path / "home"))
    command = ["backfill", str(recording.folder), "--json", "--at"]
    return lambda day, *options: CliRunner().invoke(main, [*command, day, *options])


def _events(done: Result) -> list[dict[str, Any]]:
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def _change(recording: RecordingFolder) -> None:
    recording.change("pokemon/3", rating={"of": 1, "by": "all"}, height=8)
    for number in range(1, 13):
        body = recording.read(f"pokemon/{number}")
        for move in body["moves"]:
            for detail in move["version_group_details"]:
                detail["turn"] = detail.pop("order")
        recording.write(f"pokemon/{number}", body)
    recording.change("berry/2", "size")
    recording.change("berry/1", "size")


EXPECTED = [
    {
        "kind": "field_removed",
        "endpoint": "berry",
        "path": "size",
        "before": "number",
        "after": None,
        "breaking": True,
        "resources": ["1", "2"],
        "count": 2,
    },
    {
        "kind": "renamed",
        "endpoint": "pokemon",
        "path": "moves[].version_group_details[].order",
        "before": "number or null",
        "after": "number or null",
        "breaking": True,
        "resources": [str(number) for number in range(1, 13)],
        "count": 12,
        "to": "moves[].version_group_details[].turn",
    },
    {
        "kind": "field_added",
        "endpoint": "pokemon",
        "path": "rating",
        "before": None,
        "after": "object",
        "breaking": False,
        "resources": ["3"],
        "count": 1,
    },
]


def test_events_are_printed_as_json_lines(backfill: Backfill, recording: RecordingFolder) -> None:
    assert _events(backfill("2026-01-01")) == []
    assert _events(backfill("2026-01-02")) == []
    _change(recording)
    assert _events(backfill("2026-01-03")) == EXPECTED
    assert _events(backfill("2026-01-03")) == EXPECTED, "the same run again"
    assert _events(backfill("2026-01-04")) == []


def test_each_target_has_schemas_of_its_own(backfill: Backfill, recording: RecordingFolder) -> None:
    backfill("2026-01-01", "--target", "live")
    _change(recording)
    assert _events(backfill("2026-01-02", "--target", "mirror")) == []
    assert _events(backfill("2026-01-02", "--target", "live")) == EXPECTED


def test_an_older_day_that_comes_later_has_no_events(
    backfill: Backfill, recording: RecordingFolder, database: Database
) -> None:
    backfill("2026-01-10")
    _change(recording)
    assert _events(backfill("2025-01-10")) == []
    recording.change("berry/3", ripe=True)
    changes = [(event["kind"], event["path"]) for event in _events(backfill("2026-01-11"))]
    assert ("field_added", "ripe") in changes
    assert ("field_removed", "size") in changes
    assert rows(
        database, "SELECT count(*) FROM data_changes JOIN runs ON runs.id = run_id WHERE started_at < '2026-01-01'"
    ) == [(0,)]


def test_a_broken_file_keeps_no_event_back(backfill: Backfill, recording: RecordingFolder) -> None:
    backfill("2026-01-01")
    _change(recording)
    recording.write("pokemon/5", "{")
    done = backfill("2026-01-02")
    assert done.exit_code == 1
    assert [json.loads(line)["kind"] for line in done.stdout.splitlines()] == [
        "field_removed",
        "renamed",
        "field_added",
    ]
    assert "pokemon/5" in done.stderr


def test_what_cannot_be_judged_is_one_sentence_and_stored(
    backfill: Backfill, recording: RecordingFolder, database: Database
) -> None:
    backfill("2026-01-01")
    rows(database, "UPDATE schema_versions SET model = '[1]' WHERE endpoint = 'berry' RETURNING 1")
    _change(recording)
    done = backfill("2026-01-02")
    assert done.exit_code == 1
    assert done.stderr.count("Whether the schema of berry changed could not be told") == 1
    seen = (
        "SELECT count(*) FROM api_responses JOIN runs ON runs.id = last_run_id WHERE started_at = '2026-01-02 00:00Z'"
    )
    assert rows(database, seen) == [(20,)]
    assert rows(database, "SELECT path FROM schema_changes ORDER BY 1") == [
        ("moves[].version_group_details[].order",),
        ("rating",),
    ]
