"""The command around a run, in this process: when it publishes, what it says, and that it never gets in the way."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from observatory.commands.main import main
from observatory.errors import SettingsError
from observatory.launch import LaunchFolder, PortalError, Terms, launch_of
from observatory.launch.live import begun, fingerprint, run_published
from observatory.launch.portal import Key
from observatory.settings import Settings
from tests.reportportal_receiver import KEY, PROJECT, Receiver, dying, slow

SUITE = "*** Test Cases ***\nFirst\n    [Tags]    smoke\n    Log    one\n"


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite, in a folder where nothing else speaks for the settings."""
    for name in ("ENDPOINT", "PROJECT", "API_KEY"):
        monkeypatch.delenv(f"REPORTPORTAL_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "suite.robot"
    path.write_text(SUITE, encoding="utf-8")
    return path


def publishing_to(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in receiver.environment.items():
        monkeypatch.setenv(name, value)


def robot(suite: Path, *options: str) -> list[str]:
    return ["robot", *options, "--outputdir", str(suite.parent / "output"), str(suite)]


def test_a_run_is_published_and_told_in_one_sentence(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with Receiver() as receiver:
        publishing_to(receiver, monkeypatch)
        assert run_published(robot(suite), said.append) == 0
    assert receiver.refused == []
    page = f"{receiver.endpoint}/ui/#{PROJECT}/launches/all/{receiver.launch.number}"
    assert said == [f"ReportPortal has the run, with 1 test: {page}"]
    assert receiver.launch.values("output") == [fingerprint(suite.parent / "output" / "output.xml")]


def test_a_server_that_is_away_is_told(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with Receiver() as receiver:
        publishing_to(receiver, monkeypatch)
        monkeypatch.setenv("REPORTPORTAL_ENDPOINT", "http://127.0.0.1:9")
        assert run_published(robot(suite), said.append) == 0
    (sentence,) = said
    assert "; then publish the run later with: inv publish --output /" in sentence
    assert sentence.endswith("output.xml.")


@pytest.mark.parametrize("after", [6, 3], ids=["in the middle", "at once"])
def test_a_server_that_dies_is_told(suite: Path, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with Receiver(dying(after)) as receiver:
        publishing_to(receiver, monkeypatch)
        assert run_published(robot(suite), said.append) == 0
    (sentence,) = said
    assert sentence.startswith(f"The run was not published whole: ReportPortal at {receiver.endpoint} did not")
    assert receiver.launch.ended is None


def test_a_server_that_is_slow_has_a_launch_that_was_stopped(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write_text(SUITE + "".join(f"Test {number}\n    Log    x\n" for number in range(30)), encoding="utf-8")
    said: list[str] = []
    with Receiver(slow(0.08)) as receiver:
        publishing_to(receiver, monkeypatch)
        assert run_published(robot(suite), said.append) == 0
    assert "took too long" in said[0]
    assert receiver.launch.status == "stopped"
    assert receiver.launch.values("output") == []


def test_settings_that_are_wrong_are_told(suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setenv("REPORTPORTAL_PROJECT", PROJECT)
    assert run_published(robot(suite), said.append) == 0
    missing = "REPORTPORTAL_ENDPOINT and REPORTPORTAL_API_KEY are not set"
    assert said == [f"The run was not published: For ReportPortal, {missing}; set all of its settings or none."]


@pytest.mark.parametrize("options", [(), ("--dryrun",)], ids=["no settings", "dry run"])
def test_what_is_not_to_be_published_runs_as_it_is(
    suite: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with Receiver() as receiver:
        if options:
            publishing_to(receiver, monkeypatch)
        assert run_published(robot(suite, *options), said.append) == 0
    assert (said, receiver.asked) == ([], [])


@pytest.mark.parametrize("command", [["pytest", "tests"], ["python", "-m", "http.server"]])
def test_only_runs_of_robot_and_pabot_are_published(command: list[str]) -> None:
    with pytest.raises(SettingsError, match="is a run of robot or pabot, not"):
        run_published(command, print)


def test_the_command_passes_on_the_exit_code(suite: Path) -> None:
    suite.write_text(SUITE.replace("Log ", "Fail"), encoding="utf-8")
    assert CliRunner().invoke(main, ["launch", *robot(suite)]).exit_code == 1


def test_the_command_says_what_it_does_not_know() -> None:
    told = CliRunner().invoke(main, ["launch", "pytest"])
    assert (told.exit_code, told.output) == (
        1,
        "Error: What is published is a run of robot or pabot, not 'pytest'; write one of them behind it.\n",
    )


def test_a_launch_that_starts_too_late_is_cancelled() -> None:
    waiting = threading.Event()

    def late(number: int, path: str) -> None:
        if path.endswith("/launch"):
            waiting.wait(5)

    with Receiver(late) as receiver:
        terms = Terms(receiver.endpoint, PROJECT, Key(KEY))
        with pytest.raises(PortalError, match="did not answer in a second"):
            begun(terms, launch_of(Settings(), [], datetime.now(UTC)), answers=0.2)
        waiting.set()
        deadline = time.monotonic() + 10
        while not (receiver.launches and receiver.launch.ended) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert receiver.launch.status == "cancelled"


def test_a_process_that_was_killed_is_told(tmp_path: Path, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del tmp_path
    suite.write_text(
        "*** Test Cases ***\nFirst\n    Evaluate    os.kill(os.getpid(), 9)    modules=os\n", encoding="utf-8"
    )
    said: list[str] = []
    with Receiver() as receiver:
        publishing_to(receiver, monkeypatch)
        assert run_published(robot(suite), said.append) == -9
    assert receiver.launch.status == "interrupted"
    assert "as far as it came" in said[0]


def test_what_was_told_first_stops_all(tmp_path: Path) -> None:
    one, other = LaunchFolder(tmp_path), LaunchFolder(tmp_path)
    one.tell("It is away")
    assert other.trouble == "It is away"
