"""The command `observatory relay`: what it says of itself, and why it does not start."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from observatory.commands.main import main
from observatory.relay.totals import Totals


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Give the tests back what the command takes: the signals that end it."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def started(*options: str, home: Path, **environment: str) -> Result:
    """Start it where it cannot go on."""
    names = {"OBSERVATORY_HOME": str(home), **environment}
    return CliRunner(env=names).invoke(main, ["relay", *options])


def test_it_is_one_of_the_commands() -> None:
    assert "relay" in CliRunner().invoke(main, ["--help"]).output


def test_its_help_says_where_it_listens_and_who_may_push() -> None:
    told = " ".join(CliRunner().invoke(main, ["relay", "--help"]).output.split())
    assert "[default: 127.0.0.1]" in told
    assert "[default: 8000;" in told
    assert "Who pushes must send the token in OBSERVATORY_METRICS_TOKEN" in told
    assert "when there is none, only this machine may push" in told


def test_a_port_that_is_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = started("--port", str(port), home=tmp_path)
    assert told.exit_code == 1
    assert re.fullmatch(
        rf"Error: The relay cannot listen on 127\.0\.0\.1:{port}: .*in use\. Choose others with --host and --port\.\n",
        told.output,
    )
    assert not (tmp_path / "relay.sqlite3").exists()


def test_a_host_that_nobody_has_is_told_with_what_to_do(tmp_path: Path) -> None:
    told = started("--host", "198.51.100.7", "--port", "0", home=tmp_path)
    assert told.exit_code == 1
    assert told.output.startswith("Error: The relay cannot listen on 198.51.100.7:0: ")
    assert told.output.endswith("Choose others with --host and --port.\n")


def test_sums_that_another_relay_has_are_told(tmp_path: Path) -> None:
    with Totals(tmp_path / "relay.sqlite3"):
        told = started("--port", "0", home=tmp_path)
    assert told.exit_code == 1
    assert told.output == (
        f"Error: The relay's sums in {tmp_path}/relay.sqlite3 could not be opened: database is locked. "
        "Is another relay running with it, is the disk full, is it a file of a relay's?\n"
    )


def test_sums_in_a_file_of_another_kind_are_told_and_left(tmp_path: Path) -> None:
    state = tmp_path / "notes.txt"
    state.write_text("These are notes, and no sums. " * 9)
    told = started("--port", "0", "--state", str(state), home=tmp_path)
    assert told.exit_code == 1
    assert f"The relay's sums in {state} could not be opened: file is not a database." in told.output
    assert state.read_text().startswith("These are notes")


@pytest.mark.parametrize(
    "options", [("--port", "65536"), ("--port", "http"), ("--first-shown", "-1"), ("--first-shown", "3601")]
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    told = started(*options, home=tmp_path)
    assert told.exit_code == 2
    assert f"Invalid value for '{options[0]}'" in told.output
