"""`observatory backfill` reads a recording into the history, and `observatory show` prints what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from observatory.commands.main import main
from observatory.history import Database
from tests.conftest import RECORDING
from tests.history_values import rows

Command = Callable[..., Result]


@pytest.fixture
def observatory(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("OBSERVATORY_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    folder = tmp_path / "recording"
    for path, body in {
        "pokemon/1": {"id": 1, "name": "bulbasaur"},
        "pokemon/1/encounters": [],
        "berry/7": {"id": 7, "name": "leppa"},
        "pokemon": {"count": 1, "results": []},
        "meta": {"hash": "abc", "deploy_date": "1786004122", "tag": None},
    }.items():
        file = folder / "api" / "v2" / path / "index.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(body))
    return folder


def test_every_file_is_a_response_of_one_run(observatory: Command, recording: Path, database: Database) -> None:
    result = observatory("backfill", recording, "--at", "2026-08-08", "--target", "live")
    assert result.exit_code == 0, result.output
    assert "5 responses of 2026-08-08 00:00 UTC are in the history of live." in result.output
    assert rows(database, "SELECT endpoint, resource FROM api_responses ORDER BY 1, 2") == [
        ("berry", "7"),
        ("meta", ""),
        ("pokemon", ""),
        ("pokemon", "1"),
        ("pokemon", "1/encounters"),
    ]
    runs = "SELECT name, kind, started_at::text, api_revision FROM runs JOIN targets ON targets.id = target_id"
    assert rows(database, runs) == [("live", "backfill", "2026-08-08 00:00:00+00", "abc")]


def test_doing_it_twice_changes_nothing(observatory: Command, recording: Path, database: Database) -> None:
    for _ in range(2):
        assert observatory("backfill", recording, "--at", "2026-08-08").exit_code == 0
    assert rows(database, "SELECT count(*) FROM runs") == [(1,)]
    assert rows(database, "SELECT count(*) FROM api_responses") == [(5,)]


def test_an_older_date_comes_before_a_newer_one_that_is_there_already(
    observatory: Command, recording: Path, database: Database
) -> None:
    observatory("backfill", recording, "--at", "2026-08-08")
    observatory("backfill", recording, "--at", "2018-09-28")
    assert rows(database, "SELECT DISTINCT first_seen_at::date::text, last_seen_at::date::text FROM api_responses") == [
        ("2018-09-28", "2026-08-08")
    ]


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": NaNs}'])
def test_a_broken_file_is_named_and_skipped(
    observatory: Command, recording: Path, database: Database, content: bytes
) -> None:
    broken = recording / "api" / "v2" / "pokemon" / "1" / "index.json"
    broken.write_bytes(content)
    result = observatory("backfill", recording, "--at", "2026-08-08")
    assert result.exit_code == 1
    assert f"skipped {broken}: " in result.output
    assert rows(database, "SELECT count(*) FROM api_responses") == [(4,)]


def test_a_folder_without_a_recording_is_told(observatory: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = observatory("backfill", tmp_path / "empty", "--at", "2026-08-08")
    assert result.exit_code == 1
    assert "There is no recording in" in result.output


def test_a_date_that_is_none_is_told(observatory: Command, recording: Path) -> None:
    result = observatory("backfill", recording, "--at", "yesterday")
    assert result.exit_code == 2
    assert "'yesterday' is no date; write it like 2026-08-08" in result.output


def test_a_stored_body_is_shown_whole(observatory: Command, recording: Path, database: Database) -> None:
    observatory("backfill", recording, "--at", "2026-08-08")
    digest = rows(database, "SELECT encode(body_hash, 'hex') FROM api_responses WHERE endpoint = 'berry'")[0][0]
    shown = observatory("show", digest[:12])
    assert json.loads(shown.output) == {"id": 7, "name": "leppa"}
    assert "No stored bodies begin with ffffff" in observatory("show", "ffffff").output
    assert "is no beginning of a SHA-256" in observatory("show", "xyz").output


@pytest.mark.skipif(not RECORDING.is_dir(), reason="needs the recorded responses beside the checkout")
def test_the_recorded_responses_are_stored_whole(observatory: Command, database: Database) -> None:
    result = observatory("backfill", RECORDING, "--at", "2026-08-08")
    assert result.exit_code == 0, result.output
    files = len(list(RECORDING.rglob("index.json")))
    assert rows(database, "SELECT count(*) FROM api_responses") == [(files,)]
