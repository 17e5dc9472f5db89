"""Real runs of `robot` and `pabot`, published by the real agent to a receiver: what arrives, and what it may cost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.load_process import until
from tests.recording_folder import RecordingFolder
from tests.reportportal_receiver import (
    KEY,
    Receiver,
    dying,
    everything,
    hanging,
    refusing,
    slow,
)
from tests.robot_command import LIBRARIES, Outcome, run_command

LAUNCH = (sys.executable, "-m", "observatory.commands", "launch")
PABOT = ("pabot", "--processes", "2", "--pabotlibport", "0")
HUNG = r"did not answer \(not in time\)|took too long"
"""Which of the two it is, depends on what comes first: the end of a request's time, or of that of all."""

COST = 2.0
"""Seconds that a server which does not do its part may cost a run."""

COMMANDS = {"robot": ("robot",), "pabot": PABOT}
HEAD = "*** Settings ***\n" + "".join(f"Library    {path}\n" for path in LIBRARIES)
PLAIN = """
    *** Test Cases ***
    First
        [Tags]    smoke
        Log    one
    Second
        [Tags]    regression    pokemon
        Fail    two
    Third
        Skip    three
    """


def written(folder: Path, text: str, name: str = "suite.robot") -> Path:
    path = folder / "suites" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return path.parent


def three(folder: Path) -> Path:
    for name in "abc":
        suites = written(folder, PLAIN, f"{name}.robot")
    return suites


def launched(folder: Path, receiver: Receiver, *command: str, suites: Path, **environment: str) -> Outcome:
    name, *options = command
    full = [*LAUNCH, name, *options, "--outputdir", str(folder / "output"), str(suites)]
    return run_command(full, folder, {**receiver.environment, **environment})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


def timed(folder: Path, program: str, receiver: Receiver) -> tuple[float, Outcome]:
    """The seconds that a run takes with a server, and how it ended."""
    folder.mkdir()
    suites = three(folder)
    began = time.monotonic()
    done = launched(folder, receiver, *COMMANDS[program], suites=suites)
    return time.monotonic() - began, done


@pytest.mark.parametrize("command", [("robot",), PABOT], ids=["robot", "pabot"])
def test_a_run_is_one_launch_with_all_its_tests(command: tuple[str, ...], tmp_path: Path, receiver: Receiver) -> None:
    written(tmp_path, PLAIN, "a.robot")
    suites = written(tmp_path, PLAIN, "b.robot")
    done = launched(tmp_path, receiver, *command, suites=suites)
    assert done.exit_code == 2
    assert receiver.refused == []
    launch = receiver.launch
    assert sorted((test.name, test.status) for test in launch.tests) == sorted(
        2 * [("First", "passed"), ("Second", "failed"), ("Third", "skipped")]
    )
    assert launch.status == "failed"
    assert launch.ended is not None
    assert all(item.ended is not None and item.ended <= launch.ended for item in launch.items.values())
    assert launch.values("suite") == ["smoke", "regression"]
    assert "ReportPortal has the run, with 6 tests: http://" in done.console
    assert receiver.asked[0] == "GET /api/v1/pokeapi/settings"
    assert receiver.asked[-2] == f"PUT /api/v2/pokeapi/launch/{launch.uuid}/finish"
    failed = next(test for test in launch.tests if test.name == "Second")
    assert failed.tags == {"regression", "pokemon"}
    assert [log.message for log in launch.logs_of(failed) if log.level == "error"] == ["two"]


def test_what_is_included_marks_the_launch_from_its_start(tmp_path: Path, receiver: Receiver) -> None:
    suites = written(tmp_path, PLAIN)
    done = launched(tmp_path, receiver, "robot", "--include", "smoke", suites=suites, OBSERVATORY_ENVIRONMENT="ci")
    assert done.exit_code == 0
    assert receiver.launch.name == "Observatory: smoke suites"
    assert str(tmp_path / "output" / "log.html") in receiver.launch.description
    assert receiver.launch.values("suite") == ["smoke"]
    assert receiver.launch.values("environment") == ["ci"]


def test_requests_and_answers_are_attached_and_no_html_is_sent(
    tmp_path: Path, receiver: Receiver, database_url: str
) -> None:
    cases = "*** Test Cases ***\nPikachu\n    Get Pokemon    25\nAway\n    Get Pokemon    999999\n"
    suites = written(tmp_path, HEAD + cases)
    launched(tmp_path, receiver, "robot", suites=suites, DATABASE_URL=database_url)
    assert receiver.refused == []
    launch = receiver.launch
    (answer,) = (log for log in launch.counted["Pikachu"].logs if log.attachment)
    assert (answer.attachment, answer.level) == ("pokemon-25.json", "info")
    assert answer.json["response"]["body"]["name"] == "pikachu"
    (away,) = (log for log in launch.counted["Away"].logs if log.attachment)
    assert (away.attachment, away.level) == ("pokemon-999999.json", "error")
    assert (away.json["response"]["status"], away.json["response"]["body"]) == (404, "Not Found")
    assert not [text for text in everything(launch) if re.search(r"<(details|table|summary|b|div)\b", text)]
    assert any("GET pokemon/25 200 OK" in log.message for log in launch.logs_of(launch.counted["Pikachu"]))
    assert [len(launch.values(key)) for key in ("run", "api_revision", "output")] == [1, 1, 1]


# Property 6: Schema changes are reported as warnings
# Property 10: Data differences are reported with their details
@pytest.mark.property(6)
@pytest.mark.property(10)
def test_what_changed_is_a_warning_in_the_test_that_saw_it(
    tmp_path: Path, receiver: Receiver, database_url: str
) -> None:
    recording = RecordingFolder(tmp_path / "recording")
    variables = ("--variable", "TARGET:replay", "--variable", f"RECORDING:{recording.folder}")
    suites = written(
        tmp_path,
        HEAD
        + """*** Test Cases ***
The History Is There
    ${last} =    Get Resource    berry    4
    Response Should Be In History    ${last}
    Get Many Pokemon    1-3
New
    ${pokemon} =    Get Pokemon    1
    Schema Should Not Have Changed    pokemon
Other
    ${pokemon} =    Get Pokemon    2
    Get Data Changes    ${pokemon}    ==    2
""",
    )
    for _ in range(2):
        launched(tmp_path, receiver, "robot", *variables, suites=suites, DATABASE_URL=database_url)
    receiver.launches.clear()
    recording.change("pokemon/1", rating=5)
    stats = recording.read("pokemon/2")["stats"]
    stats[5]["base_stat"] = 90
    recording.change("pokemon/2", height=8, stats=stats)
    launched(tmp_path, receiver, "robot", *variables, suites=suites, DATABASE_URL=database_url)
    assert receiver.refused == []
    launch = receiver.launch
    warnings = [log for test in launch.tests for log in launch.logs_of(test) if log.level == "warn"]
    schema = [log for log in warnings if log.attachment == "schema-changes.json"]
    assert [(each["kind"], each["path"]) for log in schema for each in log.json] == [("field_added", "rating")]
    assert any(re.match(r"Schema change \d+: .*rating", log.message) for log in warnings)
    (data,) = (log for log in warnings if log.attachment.startswith("pokemon-") and "-diff" in log.attachment)
    assert [(each["path"], each["before"], each["after"]) for each in data.json["changes"]] == [
        ("height", 7, 8),
        ("stats[5].base_stat", 45, 90),
    ]
    assert launch.values("target") == ["replay"]


def test_an_attempt_that_failed_is_retried_and_the_test_passed(tmp_path: Path, receiver: Receiver) -> None:
    suites = written(
        tmp_path,
        HEAD
        + """*** Variables ***
${N}    ${0}
*** Test Cases ***
Flaky
    [Tags]    test:retry(2)
    VAR    ${N}    ${N + 1}    scope=SUITE
    Should Be Equal    ${N}    ${3}
Steady
    Log    fine
""",
    )
    away = "postgresql://u:secret@127.0.0.1:1/history"  # pragma: allowlist secret
    done = launched(tmp_path, receiver, "robot", suites=suites, DATABASE_URL=away)
    assert done.exit_code == 0
    launch = receiver.launch
    assert [(test.name, test.status, test.retry) for test in launch.tests] == [
        ("Flaky", "failed", False),
        ("Flaky", "failed", True),
        ("Flaky", "passed", True),
        ("Steady", "passed", False),
    ]
    assert {name: test.status for name, test in launch.counted.items()} == {"Flaky": "passed", "Steady": "passed"}
    assert launch.status == "passed"
    # The same, from the output file.
    receiver.launches.clear()
    again = [sys.executable, "-m", "robot_publish", str(tmp_path / "output" / "output.xml")]
    run_command(again, tmp_path, receiver.environment)
    later = receiver.launch
    assert [(test.name, test.status, test.retry) for test in later.tests] == [
        (test.name, test.status, test.retry) for test in launch.tests
    ]
    assert later.counted["Flaky"].test_case_id == launch.counted["Flaky"].test_case_id
    assert receiver.refused == []


def test_an_output_is_published_later_and_only_once(tmp_path: Path, receiver: Receiver) -> None:
    suites = written(tmp_path, PLAIN)
    run_command([*PABOT, "--outputdir", str(tmp_path / "output"), str(suites)], tmp_path)
    command = [sys.executable, "-m", "robot_publish", str(tmp_path / "output" / "output.xml")]
    first = run_command(command, tmp_path, receiver.environment)
    assert first.exit_code == 0, first.console
    assert "ReportPortal has the run, with 3 tests" in first.console
    assert {name: test.status for name, test in receiver.launch.counted.items()} == {
        "First": "passed",
        "Second": "failed",
        "Third": "skipped",
    }
    assert receiver.launch.values("suite") == ["smoke", "regression"]
    second = run_command(command, tmp_path, receiver.environment)
    assert second.exit_code == 0
    assert "was published before" in second.console
    assert len(receiver.launches) == 1
    third = run_command([*command, "--again"], tmp_path, receiver.environment)
    assert third.exit_code == 0
    assert len(receiver.launches) == 2
    assert receiver.refused == []


def test_what_was_published_live_is_not_published_later(tmp_path: Path, receiver: Receiver) -> None:
    launched(tmp_path, receiver, "robot", suites=written(tmp_path, PLAIN))
    command = [sys.executable, "-m", "robot_publish", str(tmp_path / "output" / "output.xml")]
    assert "was published before" in run_command(command, tmp_path, receiver.environment).console


class TestKey:
    def test_it_is_in_no_file_no_log_and_no_process_list(self, tmp_path: Path, receiver: Receiver) -> None:
        text = """
            *** Test Cases ***
            Variables
                [Tags]    smoke
                Log Variables    WARN
                Sleep    0.5
            """
        written(tmp_path, text, "a.robot")
        suites = written(tmp_path, text, "b.robot")
        kept = tmp_path / "tmp"
        kept.mkdir()
        command = [*LAUNCH, *PABOT, "--loglevel", "TRACE", "--outputdir", str(tmp_path / "output"), str(suites)]
        environment = {**os.environ, **receiver.environment, "TMPDIR": str(kept), "OBSERVATORY_HOME": str(tmp_path)}
        bin_folder = str(Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join([bin_folder, environment["PATH"]])
        seen: set[str] = set()
        files: set[Path] = set()
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            for each in psutil.Process(process.pid).children(recursive=True):
                try:
                    seen.add(" ".join(each.cmdline()))
                except psutil.Error:
                    continue
            files |= holding(tmp_path, KEY)
            time.sleep(0.02)
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
        assert any("robot_reportportal" in line for line in seen)
        assert not [line for line in seen if KEY in line]
        assert KEY.encode() not in printed
        assert files | holding(tmp_path, KEY) == set()
        assert not [text for text in everything(receiver.launch) if KEY in text]
        assert receiver.keys == {KEY}

    def test_a_log_that_shows_it_is_masked(self, tmp_path: Path, receiver: Receiver) -> None:
        suites = written(
            tmp_path,
            """
            *** Test Cases ***
            Careless
                Log    The key is %{REPORTPORTAL_API_KEY}
                Fail    %{REPORTPORTAL_API_KEY}
            """,
        )
        launched(tmp_path, receiver, "robot", suites=suites)
        assert not [text for text in everything(receiver.launch) if KEY in text]
        assert receiver.launch.tests[0].status == "failed"


def holding(folder: Path, text: str) -> set[Path]:
    """The files below a folder that hold a text."""
    found = set()
    for path in folder.rglob("*"):
        try:
            if path.is_file() and text.encode() in path.read_bytes():
                found.add(path)
        except OSError:
            continue  # it was there a moment ago
    return found


class TestBadServer:
    """What it costs is measured against the same run with a server that is well."""

    @pytest.mark.parametrize(
        ("program", "before", "told"),
        [
            ("robot", hanging(0), "did not answer in a second"),
            ("robot", hanging(6), HUNG),
            ("robot", dying(6), r"did not answer \(the connection was closed\)"),
            ("robot", refusing(503, 6), "answers with status 503"),
            ("robot", refusing(401, 6), r"rejects the key \(401\)"),
            ("robot", refusing(403), "does not let the owner of the key into the project"),
            ("robot", slow(0.3), "took too long"),
            ("pabot", hanging(6), HUNG),
            ("pabot", dying(6), r"did not answer \(the connection was closed\)"),
            ("pabot", slow(0.3), "took too long"),
        ],
        ids=lambda value: value if isinstance(value, str) else "server",
    )
    def test_it_costs_little_fails_nothing_and_is_told(
        self,
        program: str,
        before: Callable[[int, str], None],
        told: str,
        tmp_path: Path,
    ) -> None:
        for attempt in range(4):  # both are timed in turn, for the machine may do much else
            with Receiver(before) as receiver:
                took, done = timed(tmp_path / f"bad{attempt}", program, receiver)
            assert done.exit_code == 3
            assert re.search(told, done.console), done.console
            assert done.console.count("inv publish") == 1
            assert "Traceback" not in done.console
            if not any(
                late in told for late in ("took too long", "in time", "in a second")
            ):  # it says at once that it won't, and costs nothing
                return
            with Receiver() as well:
                usual, _ = timed(tmp_path / f"well{attempt}", program, well)
            if took < usual + COST:
                return
        pytest.fail(f"it took {took:.1f} s, and {usual:.1f} s with a server that is well")

    def test_nobody_there_is_told(self, tmp_path: Path, receiver: Receiver) -> None:
        suites = written(tmp_path, PLAIN)
        done = launched(tmp_path, receiver, "robot", suites=suites, REPORTPORTAL_ENDPOINT="http://127.0.0.1:9")
        assert done.exit_code == 1
        assert "the connection was refused" in done.console
        assert "inv publish" in done.console

    def test_half_of_the_settings_is_told(self, tmp_path: Path, receiver: Receiver) -> None:
        done = launched(tmp_path, receiver, "robot", suites=written(tmp_path, PLAIN), REPORTPORTAL_PROJECT="")
        assert done.exit_code == 1
        assert "REPORTPORTAL_PROJECT is not set" in done.console
        assert receiver.asked == []

    def test_without_settings_it_is_the_plain_command(self, tmp_path: Path) -> None:
        full = [*LAUNCH, "robot", "--outputdir", str(tmp_path / "output"), str(written(tmp_path, PLAIN))]
        done = run_command(full, tmp_path)
        assert done.exit_code == 1
        assert "ReportPortal" not in done.console

    def test_publishing_later_says_what_is_wrong(self, tmp_path: Path) -> None:
        run_command(["robot", "--outputdir", str(tmp_path / "output"), str(written(tmp_path, PLAIN))], tmp_path)
        command = [sys.executable, "-m", "robot_publish", str(tmp_path / "output" / "output.xml")]
        with Receiver(dying(8)) as receiver:
            done = run_command(command, tmp_path, receiver.environment)
        assert done.exit_code == 1
        assert "the connection was closed" in done.console
        assert "Traceback" not in done.console


class TestInterruption:
    """The launch is finished, whoever stops the run."""

    SLOW = """
        *** Test Cases ***
        Quick
            Log    one
        Long
            Sleep    20
        Never
            Log    two
        """

    @pytest.mark.parametrize("command", [("robot",), PABOT], ids=["robot", "pabot"])
    @pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
    def test_a_run_that_is_stopped_is_finished_as_interrupted(
        self, command: tuple[str, ...], stop: signal.Signals, tmp_path: Path, receiver: Receiver
    ) -> None:
        written(tmp_path, self.SLOW, "a.robot")
        suites = written(tmp_path, self.SLOW, "b.robot")
        environment = {**os.environ, **receiver.environment, "OBSERVATORY_HOME": str(tmp_path)}
        bin_folder = str(Path(sys.executable).parent)
        environment["PATH"] = os.pathsep.join([bin_folder, environment["PATH"]])
        with (tmp_path / "printed.txt").open("wb") as printed:
            process = subprocess.Popen(
                [*LAUNCH, *command, "--outputdir", str(tmp_path / "output"), str(suites)],
                cwd=tmp_path,
                env=environment,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            until(lambda: self.begun(receiver), "a test is running")
            if stop == signal.SIGINT:
                os.killpg(process.pid, stop)  # as a terminal does
            else:
                process.send_signal(stop)
            process.wait(60)
        said = (tmp_path / "printed.txt").read_text("utf-8")
        assert process.returncode != 0
        launch = receiver.launch
        assert launch.status == "interrupted", said
        assert all(item.status is not None for item in launch.items.values())
        assert "as far as it came" in said or "inv publish" in said
        assert not psutil.pid_exists(process.pid)

    @staticmethod
    def begun(receiver: Receiver) -> bool:
        launches = list(receiver.launches.values())
        return bool(launches) and any(item.name == "Long" for item in list(launches[0].items.values()))
