"""The suites as people and CI run them: by the real `robot` and the real `pabot`, with a history of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families
from robot import result, running
from robot.api import ExecutionResult

from observatory.history import Database
from tests.conftest import RECORDING, wait_until_stopped
from tests.history_values import rows

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT / "suites"
SUITE_FILES = sorted(SUITES.rglob("*.robot"))
WRITTEN = {test.full_name: test for test in running.TestSuite.from_file_system(SUITES).all_tests}
NOT_ASKED_FOR = "Load tests run when they are asked for: robot --include load suites/"
LONGEST_SMOKE = 10.0  # seconds; it takes less than one
LONGEST_RESILIENCE = 60.0  # seconds; the pauses of the public API would take minutes


# What the suites look like


def test_there_are_enough_tests() -> None:
    assert len(WRITTEN) >= 40


def _named(is_wrong: Callable[[running.TestCase], bool]) -> list[str]:
    return [name for name, test in WRITTEN.items() if is_wrong(test)]


def test_a_test_is_a_sentence_with_a_line_of_documentation() -> None:
    assert _named(lambda test: len(test.name.split()) < 3) == []
    assert _named(lambda test: not test.doc.endswith(".") or "\n" in test.doc) == []


def test_a_test_has_at_most_ten_steps_unless_it_is_a_table() -> None:
    assert _named(lambda test: not (test.template or 1 <= len(test.body) <= 10)) == []


def test_a_test_is_either_smoke_or_regression_or_load() -> None:
    assert _named(lambda test: len({"smoke", "regression", "load"} & set(test.tags)) != 1) == []


def test_resilience_is_told_by_its_tag() -> None:
    tagged = {name for name, test in WRITTEN.items() if "resilience" in test.tags}
    assert tagged == {name for name in WRITTEN if name.startswith("Suites.Resilience.")} != set()


def test_load_is_told_by_its_tag_and_by_no_endpoint() -> None:
    tagged = {name for name, test in WRITTEN.items() if "load" in test.tags}
    assert tagged == {name for name in WRITTEN if name.startswith("Suites.Load.")} != set()
    assert not any({"pokemon", "type", "ability"} & set(WRITTEN[name].tags) for name in tagged)


@pytest.mark.parametrize("file", SUITE_FILES, ids=lambda file: file.stem)
def test_a_suite_has_no_address_no_python_no_loop_and_no_branch(file: Path) -> None:
    text = file.read_text("utf-8")
    assert not re.search(r"https?://|\$\{\{|\bEvaluate\b|\bShould Be True\b", text)
    assert not re.search(r"^ +(FOR|WHILE|IF|ELSE|TRY|EXCEPT|Run Keyword If|Run Keyword Unless)\b", text, re.MULTILINE)


# How they are run


@dataclass(frozen=True)
class Run:
    """A command that has ended: how, what it printed, and the folders it wrote to."""

    exit_code: int
    console: str
    output: Path
    home: Path

    @property
    def tests(self) -> list[result.TestCase]:
        return list(ExecutionResult(str(self.output / "output.xml")).suite.all_tests)

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return sorted((test.full_name, test.status) for test in self.tests)

    @contextmanager
    def history(self) -> Iterator[Database]:
        """What the command remembered."""
        database = Database.at(None, self.home)
        yield database
        database.close()
        wait_until_stopped(self.home)


class Command(NamedTuple):
    """A command line as people type it, and where they stand."""

    words: tuple[str, ...]
    suites: str
    folder: Path | None = None

    def run(self, home: Path, *options: str, **environment: str) -> Run:
        output = Path(tempfile.mkdtemp(dir=home))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("OBSERVATORY_") and name not in ("DATABASE_URL", "CI")
        }
        ended = subprocess.run(
            [*self.words, *options, "--outputdir", str(output), self.suites],
            cwd=self.folder or output,
            env={
                **inherited,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
                "OBSERVATORY_HOME": str(home),
                "OBSERVATORY_RESULTS": str(output),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return Run(ended.returncode, ended.stdout, output, home)


ROBOT = Command(("robot",), "suites/", ROOT)
ROBOT_ELSEWHERE = Command(("robot",), str(SUITES))
PABOT = Command(("pabot", "--processes", "4"), "suites/", ROOT)
PABOT_ELSEWHERE = Command(("pabot", "--processes", "4"), str(SUITES))
EMBEDDED = ("embedded", ())
REPLAY = (f"replay:{RECORDING}", ("--variable", "TARGET:replay", "--variable", f"RECORDING:{RECORDING}"))


@contextmanager
def _new_home() -> Iterator[Path]:
    """As the fixture `home`, for longer than one test."""
    with tempfile.TemporaryDirectory(prefix="observatory-") as folder:
        yield Path(folder).resolve()
        wait_until_stopped(Path(folder))


class Whole(NamedTuple):
    """A run of all suites: the target's name in the history, what ended, and what the history has of it."""

    target: str
    run: Run
    attempts: list[tuple[Any, ...]]
    runs: list[tuple[Any, ...]]
    samples: int


# The gates run the other ways, too: both commands from the root, on both targets.
@pytest.fixture(
    scope="module",
    params=[(ROBOT, EMBEDDED), (PABOT_ELSEWHERE, REPLAY if RECORDING.is_dir() else EMBEDDED)],
    ids=["robot", "pabot"],
)
def whole(request: pytest.FixtureRequest) -> Iterator[Whole]:
    command, (target, options) = request.param
    with _new_home() as home:
        run = command.run(home, *options)
        with run.history() as history:
            attempts = rows(history, "SELECT test_name, status, run_id FROM test_attempts ORDER BY test_name, status")
            runs = rows(
                history,
                "SELECT target.name, run.id, run.finished_at IS NOT NULL FROM runs AS run "
                "JOIN targets AS target ON target.id = run.target_id",
            )
            samples = rows(
                history,
                "SELECT count(*) FROM latency_samples AS sample JOIN runs AS run ON run.id = sample.run_id "
                "JOIN targets AS target ON target.id = run.target_id WHERE target.name = %s",
                target,
            )[0][0]
        yield Whole(target, run, attempts, runs, samples)


def test_all_tests_pass_but_those_of_what_is_not_recorded_and_of_load(whole: Whole) -> None:
    assert whole.run.exit_code == 0, whole.run.console
    assert {test.full_name for test in whole.run.tests} == set(WRITTEN)
    skipped = [test for test in whole.run.tests if test.skipped and "load" not in test.tags]
    assert [test.message for test in skipped if "is in neither the recording nor" not in test.message] == []
    assert len(skipped) <= 0.1 * len(WRITTEN)
    assert all(test.passed for test in whole.run.tests if not test.skipped)


def test_load_tests_are_skipped_for_they_were_not_asked_for(whole: Whole) -> None:
    told = [test.message.splitlines()[-1] for test in whole.run.tests if "load" in test.tags and test.skipped]
    assert told == [NOT_ASKED_FOR] * sum("load" in test.tags for test in WRITTEN.values())


def test_nothing_is_warned_of(whole: Whole) -> None:
    assert "[ WARN ]" not in whole.run.console
    assert "[ ERROR ]" not in whole.run.console


def test_every_test_is_remembered_with_its_outcome(whole: Whole) -> None:
    assert [(name, status) for name, status, _ in whole.attempts] == whole.run.outcomes


def test_one_command_is_one_run_however_many_processes_it_has(whole: Whole) -> None:
    by_target = {name: (run_id, is_finished) for name, run_id, is_finished in whole.runs}
    assert len(whole.runs) == 2
    assert set(by_target) == {whole.target, "faults"}
    run_id, is_finished = by_target[whole.target]
    assert is_finished
    assert {attempt_of for _, _, attempt_of in whole.attempts} == {run_id}


def test_every_request_that_was_counted_is_remembered(whole: Whole) -> None:
    counted = sum(
        sample.value
        for file in whole.run.output.rglob("metrics.prom")
        for family in text_string_to_metric_families(file.read_text("utf-8"))
        for sample in family.samples
        if sample.name == "pokeapi_requests_total"
    )
    assert whole.samples == counted > 100
    assert list((whole.run.home / "spool").glob("*.journal")) == []


def test_resilience_is_quick(whole: Whole) -> None:
    taken = sum(test.elapsed_time.total_seconds() for test in whole.run.tests if "resilience" in test.tags)
    assert taken < LONGEST_RESILIENCE


def test_smoke_takes_seconds_from_any_folder_and_a_second_run_adds_no_body(home: Path) -> None:
    bodies, runs = [], []
    for command in (ROBOT, ROBOT_ELSEWHERE):
        run = command.run(home, "--include", "smoke")
        assert run.exit_code == 0, run.console
        assert {test.full_name for test in run.tests} == {
            name for name, test in WRITTEN.items() if "smoke" in test.tags
        }
        assert all(test.passed for test in run.tests)
        assert sum(test.elapsed_time.total_seconds() for test in run.tests) < LONGEST_SMOKE
        with run.history() as history:
            bodies += rows(history, "SELECT count(*), sum(size) FROM bodies")
            runs += rows(history, "SELECT count(*) FROM runs")
    assert bodies[0] == bodies[1]
    assert runs == [(1,), (2,)]


# What must not stop them


def test_without_a_database_only_the_tests_of_the_history_are_skipped(home: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    run = ROBOT_ELSEWHERE.run(home, "--exclude", "resilience", DATABASE_URL=nowhere)
    assert run.exit_code == 0, run.console
    reasons = {test.full_name: test.message for test in run.tests if test.skipped and "history" in test.tags}
    assert set(reasons) == {name for name, test in WRITTEN.items() if _needs_history(test)}
    # Of a test with a template Robot says only that all of its rows were skipped; each row has the reason.
    told = [reason for reason in reasons.values() if reason != "All iterations skipped."]
    assert len(told) >= 5
    assert all(reason.startswith("The history database cannot be reached") for reason in told)
    warnings = re.findall(r"\[ WARN \].*", run.console)
    assert len(warnings) == 1, warnings
    assert "The run goes on; its history is kept in" in warnings[0]
    assert str(home / "spool") in warnings[0]


def _needs_history(test: running.TestCase) -> bool:
    return "history" in test.tags and "resilience" not in test.tags


_KILLED = """
*** Settings ***
Resource    {root}/resources/pokeapi.resource

*** Test Cases ***
The Process Is Killed After Its Requests
    Get Many Pokemon    1-40
    Get Type    fire
    Evaluate    os.kill(os.getpid(), signal.SIGKILL)    modules=os, signal
"""

_LEFT_ALONE = """
*** Settings ***
Resource    {root}/resources/pokeapi.resource

*** Test Cases ***
The Other Process Goes On
    ${{pokemon}} =    Get Many Pokemon    1-20
    Length Should Be    ${{pokemon}}    20
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_killed_process_of_pabot_loses_no_request_it_told(home: Path, tmp_path: Path) -> None:
    for name, suite in {"killed": _KILLED, "left_alone": _LEFT_ALONE}.items():
        (tmp_path / f"{name}.robot").write_text(suite.format(root=ROOT.as_posix()), "utf-8")
    run = Command(PABOT.words, str(tmp_path)).run(home)
    assert run.exit_code != 0, run.console
    after = ROBOT.run(home, "--include", "smokeANDmeta")
    assert after.exit_code == 0, after.console
    with after.history() as history:
        samples = rows(history, "SELECT test_name, count(*) FROM latency_samples GROUP BY test_name ORDER BY test_name")
        runs = rows(history, "SELECT count(DISTINCT run_id) FROM latency_samples WHERE endpoint <> 'meta'")
    counts = {name.rpartition(".")[2]: count for name, count in samples}
    assert counts["The Process Is Killed After Its Requests"] == 41
    assert counts["The Other Process Goes On"] == 20
    assert runs == [(1,)]
    assert list((home / "spool").glob("*.journal")) == []
