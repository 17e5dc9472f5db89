"""Starting a load from outside, and the command `observatory load`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from observatory.commands import main
from observatory.load import Ending, LoadReport, Outcome, read_report, write_report
from observatory.load.running import LOCUSTFILE, load_command
from tests.load_values import load_numbers, load_report

Command = Callable[..., Result]


@pytest.fixture
def observatory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command with a home of its own and a database that is away."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/history")  # pragma: allowlist secret
    monkeypatch.setenv("OBSERVATORY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OBSERVATORY_RESULTS", str(tmp_path / "results"))
    return lambda *arguments: CliRunner().invoke(main, ["load", *map(str, arguments)])


def finished(observatory: Command, folder: Path, report: LoadReport) -> Result:
    write_report(report, folder)
    return observatory("finish", folder)


def test_a_load_is_locust_with_the_observatorys_file() -> None:
    command = load_command(["--profile", "light"])
    assert command[:5] == [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE)]
    assert LOCUSTFILE.is_file()
    assert command[-2:] == ["--profile", "light"]
    assert "--headless" in command
    assert "--autostart" not in command


def test_with_its_page_a_load_begins_by_itself() -> None:
    command = load_command(["--profile", "light"], web=True)
    assert "--autostart" in command
    assert "--headless" not in command


def test_one_process_opens_no_port_for_others() -> None:
    assert not [part for part in load_command(["--profile", "light"]) if part.startswith("--master")]


@pytest.mark.parametrize("options", [["--processes", "2"], ["--processes=2"]])
def test_several_processes_meet_on_this_machine_at_a_port_that_is_free(options: list[str]) -> None:
    command = load_command(options)
    given = dict(zip(command[-6::2], command[-5::2], strict=True))
    assert given["--master-bind-host"] == "127.0.0.1"
    assert given["--master-bind-port"] == given["--master-port"]
    assert int(given["--master-port"]) > 0


@pytest.mark.parametrize(
    ("report", "outcome", "code"),
    [
        (load_report(), Outcome.PASSED, 0),
        (load_report(total=load_numbers(p95=2.0)), Outcome.FAILED, 1),
        (load_report(ending=Ending.INTERRUPTED), Outcome.UNSURE, 3),
    ],
)
def test_a_load_that_ended_is_judged_and_the_exit_code_says_how(
    observatory: Command, tmp_path: Path, report: LoadReport, outcome: Outcome, code: int
) -> None:
    done = finished(observatory, tmp_path, report)
    assert done.exit_code == code
    assert f"{outcome.value.title()}: light on embedded" in done.output
    found = read_report(tmp_path)
    assert found.verdict is not None
    assert found.verdict.outcome is outcome
    assert replace(found, verdict=None) == report
    page = tmp_path / "report.html"
    assert page.read_text(encoding="utf-8").startswith("<!")
    assert page.as_uri() in done.output


def test_without_its_database_a_load_is_judged_all_the_same_and_the_password_is_not_told(
    observatory: Command, tmp_path: Path
) -> None:
    done = finished(observatory, tmp_path, load_report())
    assert "database" in done.stderr
    assert "secret" not in done.output
    assert list((tmp_path / "home" / "spool").rglob("*.jsonl*")) or list((tmp_path / "home" / "spool").rglob("*"))


def test_finishing_a_load_twice_gives_the_same(observatory: Command, tmp_path: Path) -> None:
    finished(observatory, tmp_path, load_report())
    first = (tmp_path / "report.json").read_bytes()
    assert observatory("finish", tmp_path).exit_code == 0
    assert (tmp_path / "report.json").read_bytes() == first


def test_where_no_load_ended_there_is_nothing_to_finish(observatory: Command, tmp_path: Path) -> None:
    done = observatory("finish", tmp_path)
    assert done.exit_code == 1
    assert (
        done.output
        == f"Error: There is no {tmp_path / 'report.json'}: no load has ended there. Run one with `inv load`.\n"
    )


def test_a_report_that_is_broken_is_told_in_a_sentence(observatory: Command, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{")
    done = observatory("finish", tmp_path)
    assert done.exit_code == 1
    assert "cannot be read as the report of a load" in done.output
    assert len(done.output.splitlines()) == 1


def test_a_page_that_cannot_be_written_is_told_and_the_verdict_given(observatory: Command, tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    done = finished(observatory, tmp_path, load_report())
    assert done.exit_code == 0
    assert "Passed: light on embedded" in done.output
    assert "The report could not be written whole" in done.stderr


def test_a_report_of_old_keeps_its_identity(observatory: Command, tmp_path: Path) -> None:
    finished(observatory, tmp_path, load_report(id=UUID(int=5)))
    assert json.loads((tmp_path / "report.json").read_text())["id"] == str(UUID(int=5))


@pytest.mark.parametrize("processes", ["0", "65", "many"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(observatory: Command, processes: str) -> None:
    done = observatory("run", "--processes", processes)
    assert done.exit_code == 2
    assert "--processes" in done.output


def test_the_help_tells_the_exit_codes_and_hides_what_only_locust_calls(observatory: Command) -> None:
    assert "3 when it proved nothing" in " ".join(observatory("run", "--help").output.split())
    commands = observatory("--help").output
    assert "run" in commands
    assert "list" in commands
    assert "finish" not in commands


def test_a_list_without_a_database_is_one_sentence(observatory: Command) -> None:
    done = observatory("list")
    assert done.exit_code == 1
    assert done.output.startswith("Error: The history database cannot be reached")
    assert "secret" not in done.output


def test_an_empty_history_says_how_to_run_a_load(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    done = CliRunner().invoke(main, ["load", "list"])
    assert (done.exit_code, done.output) == (0, "No load was ever run: inv load --profile quick runs one.\n")
    on_live = CliRunner().invoke(main, ["load", "list", "--target", "live"])
    assert on_live.output == "No load on live was ever run: inv load --profile quick runs one.\n"


def test_a_load_that_was_remembered_is_listed(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("OBSERVATORY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OBSERVATORY_RESULTS", str(tmp_path / "results"))
    write_report(load_report(), tmp_path)
    assert CliRunner().invoke(main, ["load", "finish", str(tmp_path)]).exit_code == 0
    done = CliRunner().invoke(main, ["load", "list"])
    assert done.exit_code == 0
    assert "light" in done.output
    assert "passed" in done.output
