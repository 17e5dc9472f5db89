"""The gates: each lets a clean tree pass and stops what it is there for, by the commands that people run."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

import tasks

ROOT = Path(tasks.__file__).parent
GATES = {
    "ruff": tasks.RUFF_CHECK,
    "ruff-format": tasks.RUFF_FORMAT,
    "mypy": tasks.TYPES,
    "robocop": tasks.ROBOCOP_CHECK,
    "robocop-format": tasks.ROBOCOP_FORMAT,
    "detect-secrets": tasks.SECRETS,
}
LIBRARY = '''\
"""Words for tests of the gates."""

from robot.api.deco import keyword, library


@library(scope="GLOBAL", auto_keywords=False)
class Greeter:
    """Greets."""

    @keyword
    def greet(self, name: str) -> str:
        """Greet by `name`."""
        return f"Hello, {name}!"
'''
RESOURCE = """\
*** Settings ***
Documentation    Words about greetings.

Library          ../libraries/Greeter.py


*** Keywords ***
Greeting Should Be
    [Documentation]    The greeting is as expected.
    [Arguments]    ${name}    ${expected}
    ${greeting}    Greet    ${name}
    Should Be Equal    ${greeting}    ${expected}
"""
SUITE = """\
*** Settings ***
Documentation    Greetings are friendly.

Resource         ../resources/greetings.resource

Test Tags        smoke


*** Test Cases ***
Everybody Is Greeted
    [Documentation]    The name is part of the greeting.
    Greeting Should Be    World    Hello, World!
"""
ENGINE = '''\
"""An engine of two functions."""


def used() -> int:
    """Tested."""
    return 1


def unused(number: int) -> int:
    """Not tested, and long enough to be missed."""
    number += 1
    number += 2
    number += 3
    return number
'''
TEST = '''\
"""The engine's test."""

from observatory.engine import %s


def test_it() -> None:
    """It counts."""
    assert %s == %s
'''
PLANTED = "AKIA" + "Q3EGRIZ7" + "XMLUV2OD"  # in pieces, so that this file holds none


def shell(folder: Path, command: Sequence[str], **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder with this environment's commands, as a person with an active one does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environ = {**os.environ, "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull, "NO_COLOR": "1", **more}
    return subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def inv(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a task."""
    return shell(folder, [sys.executable, "-m", "invoke", *words])


def put(folder: Path, name: str, text: str) -> Path:
    """Write a file, with the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def clean_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project with the gates of this one, in which all is well."""
    if shutil.which("git") is None:
        pytest.skip("install git: the gates list files with it")
    folder = tmp_path_factory.mktemp("house")
    for name in (
        "pyproject.toml",
        "tasks.py",
        "bootstrap.py",
        ".pre-commit-config.yaml",
        ".secrets.baseline",
    ):
        shutil.copy(ROOT / name, folder)
    put(folder, "config/secrets/detectors.py", (ROOT / "config/secrets/detectors.py").read_text("utf-8"))
    put(folder, "libraries/Greeter.py", LIBRARY)
    put(folder, "libraries/observatory/__init__.py", '"""The engine."""\n')
    put(folder, "resources/greetings.resource", RESOURCE)
    put(folder, "suites/greetings.robot", SUITE)
    for name in ("sandbox", "load", "config", "variables", "bench", "tests"):
        put(folder, f"{name}/nothing.py", '"""Nothing yet."""\n')
    put(folder, ".gitignore", "results/\n.*_cache/\n__pycache__/\n.coverage\n.pabotsuitenames\n")
    shell(folder, ["git", "init", "--quiet"])
    return folder


@pytest.fixture
def house(clean_house: Path) -> Iterator[Path]:
    """The small project, tidied up after the test."""
    shell(clean_house, ["git", "add", "--all"])
    yield clean_house
    shell(clean_house, ["git", "checkout", "--", "."])
    shell(clean_house, ["git", "clean", "--quiet", "--force", "-d"])


def tasks_of(house: Path) -> ModuleType:
    """The tasks, as they are in another folder."""
    spec = importlib.util.spec_from_file_location("tasks_of_house", house / "tasks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# What is planted is stopped


def test_a_clean_tree_passes_every_gate(house: Path) -> None:
    for word in ("lint", "types", "secrets"):
        answer = inv(house, word)
        assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("gate", "file", "text", "told"),
    [
        ("ruff", "libraries/planted.py", '"""Planted."""\n\nimport os\n', "F401"),
        ("ruff", "tests/planted.py", '"""Planted."""\n\ntry:\n    pass\nexcept:\n    pass\n', "E722"),
        ("ruff-format", "libraries/planted.py", '"""Planted."""\n\nx = {  "a":1 }\n', "planted.py"),
        ("mypy", "libraries/planted.py", '"""Planted."""\n\nnumber: int = "one"\n', "Incompatible types"),
        ("mypy", "libraries/planted.py", '"""Planted."""\n\n\ndef f(x):\n    return x\n', "no-untyped-def"),
        ("robocop", "suites/planted.robot", SUITE.replace("Greeting Should Be", "Greting Should Be"), "KW05"),
        ("robocop", "suites/planted.robot", SUITE.replace("    Hello, World!", ""), "ARG08"),
        (
            "robocop",
            "suites/planted.robot",
            SUITE.replace("    [Documentation]    The name is part of the greeting.\n", ""),
            "DOC02",
        ),
        (
            "robocop-format",
            "suites/planted.robot",
            SUITE.replace("Test Tags        smoke", "Test Tags    smoke"),
            "planted.robot",
        ),
    ],
)
def test_a_planted_error_is_stopped_and_named(house: Path, gate: str, file: str, text: str, told: str) -> None:
    put(house, file, text)
    answer = shell(house, GATES[gate])
    assert answer.returncode != 0
    assert told in answer.stdout + answer.stderr
    assert Path(file).name in answer.stdout + answer.stderr


@pytest.mark.parametrize("file", ["libraries/planted.py", "suites/planted.robot", "notes.md", ".env.example"])
def test_a_planted_secret_is_stopped_in_any_file(house: Path, file: str) -> None:
    put(house, file, f"key = '{PLANTED}'\n")
    answer = inv(house, "secrets")
    assert answer.returncode != 0
    assert f"Location:    {file}:1" in answer.stdout + answer.stderr
    assert PLANTED not in answer.stdout + answer.stderr


def test_files_that_git_ignores_are_not_searched(house: Path) -> None:
    put(house, "results/log.html", f"key = '{PLANTED}'\n")
    assert inv(house, "secrets").returncode == 0


def test_no_known_secret_is_excused() -> None:
    baseline = json.loads((ROOT / ".secrets.baseline").read_text("utf-8"))
    assert baseline["version"] == "1.5.0"
    assert not any("exclude" in filter_["path"] for filter_ in baseline["filters_used"])


def test_lint_goes_on_after_a_failure_and_sums_up(house: Path) -> None:
    put(house, "libraries/planted.py", '"""Planted."""\n\nimport os\n')
    answer = inv(house, "lint")
    assert answer.returncode == 1
    summary = answer.stdout.splitlines()[-6:]
    assert [line.split()[:3] for line in summary[:4]] == [
        ["FAILED", "ruff", "check"],
        ["ok", "ruff", "format"],
        ["ok", "robocop", "check"],
        ["ok", "robocop", "format"],
    ]
    assert summary[4:] == ["", "3 passed, 1 failed"]


# Before a commit, the same


def test_the_hooks_are_the_commands_of_the_tasks() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")

    def values(key: str) -> list[str]:
        return re.findall(rf"^[ -]*{key}: (.+)$", config, flags=re.MULTILINE)

    assert dict(zip(values("id"), map(tuple, map(shlex.split, values("entry"))), strict=True)) == GATES
    assert values("repo") == ["local"]
    assert values("language") == ["system"] * len(GATES)


def test_pre_commit_stops_a_planted_secret(house: Path, tmp_path: Path) -> None:
    command = ["pre-commit", "run", "detect-secrets", "--all-files"]
    assert shell(house, command, PRE_COMMIT_HOME=str(tmp_path)).returncode == 0
    put(house, "notes.md", f"key = '{PLANTED}'\n")
    shell(house, ["git", "add", "notes.md"])
    answer = shell(house, command, PRE_COMMIT_HOME=str(tmp_path))
    shell(house, ["git", "rm", "--quiet", "--force", "notes.md"])
    assert answer.returncode == 1
    assert "Location:    notes.md:1" in answer.stdout


# Tests and suites


@pytest.mark.parametrize(
    ("function", "call", "expected", "told"),
    [("used", "used()", "2", "1 failed"), ("used", "used()", "1", "fail-under")],
    ids=["a test fails", "too little of the engine is covered"],
)
def test_the_unit_gate_stops(house: Path, function: str, call: str, expected: str, told: str) -> None:
    put(house, "libraries/observatory/engine.py", ENGINE)
    put(house, "tests/test_engine.py", TEST % (function, call, expected))
    answer = shell(house, tasks.UNIT, PYTHONPATH=str(house / "libraries"))
    assert answer.returncode != 0
    assert told in answer.stdout + answer.stderr


def test_the_unit_gate_lets_a_tested_engine_pass(house: Path) -> None:
    put(house, "libraries/observatory/engine.py", ENGINE)
    put(house, "tests/test_engine.py", TEST % ("unused, used", "unused(0) + used()", "7"))
    answer = shell(house, tasks.UNIT, PYTHONPATH=str(house / "libraries"))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("word", ["smoke", "suites"])
def test_a_failing_suite_fails_its_task(house: Path, word: str) -> None:
    answer = inv(house, word)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (house / "results" / "log.html").is_file()
    put(house, "suites/planted.robot", SUITE.replace("Hello,", "Go away,"))
    assert inv(house, word).returncode == 1


def test_suites_run_by_robot_and_pabot_on_every_target_without_network(tmp_path: Path) -> None:
    steps = list(tasks.suite_steps(tmp_path))
    assert [step.name for step in steps] == [
        "robot embedded",
        "pabot embedded",
        "robot replay",
        "pabot replay",
        "robot load",
    ]
    assert [step.skipped for step in steps] == [""] * 5
    absent = list(tasks.suite_steps(tmp_path / "absent"))
    assert [bool(step.skipped) for step in absent] == [False, False, True, True, False]


# Keyword documentation


def test_keyword_pages_are_built_for_every_library(house: Path) -> None:
    assert inv(house, "docs").returncode == 0
    page = (house / "docs" / "keywords" / "Greeter.html").read_text("utf-8")
    assert "Greet by" in page


def test_a_complaint_of_libdoc_fails_the_documentation(house: Path) -> None:
    put(house, "libraries/Greeter.py", LIBRARY.replace("from robot", "import nowhere\nfrom robot"))
    answer = inv(house, "docs")
    assert answer.returncode == 1
    assert "No module named 'nowhere'" in answer.stdout


# How steps are taken


def test_every_step_is_taken_and_the_last_line_counts_them(capsys: pytest.CaptureFixture[str]) -> None:
    taken: list[str] = []

    def act(name: str, code: int) -> int:
        taken.append(name)
        return code

    steps = [
        tasks.Step("first", lambda: act("first", 3)),
        tasks.Step("second", lambda: act("second", 0)),
        tasks.Step("third", lambda: act("third", 0), "there is nothing to do"),
    ]
    assert tasks.take(steps) == 1
    assert taken == ["first", "second"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5].split() == ["FAILED", "first", "0.0", "s"]
    assert lines[-4].split() == ["ok", "second", "0.0", "s"]
    assert lines[-3].split() == ["skipped", "third", "there", "is", "nothing", "to", "do"]
    assert lines[-1] == "1 passed, 1 failed, 1 skipped"


def test_steps_that_all_pass_give_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.take([tasks.Step("only", lambda: 0)]) == 0
    assert capsys.readouterr().out.endswith("\n1 passed, 0 failed\n")


def test_a_tool_that_is_missing_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert tasks.run("a-tool-that-nobody-has") == 127
    assert "a-tool-that-nobody-has is not installed: python3 bootstrap.py setup --dev" in capsys.readouterr().out


def test_ci_runs_the_whole_test_and_nothing_weaker() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "set -euo pipefail" in script
    assert [line.strip() for line in script.splitlines() if "bootstrap.py" in line] == [
        'exec "$python" bootstrap.py test </dev/null'
    ]
