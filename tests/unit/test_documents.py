"""The documents: every keyword is explained, every example runs, and whatever a page names is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
from invoke.collection import Collection
from robot.api import ExecutionResult
from robot.api import TestSuite as Suites

import bootstrap
import robot_session
import tasks
from load.metrics_page import LoadNumbers
from observatory.client import CircuitBreakers
from observatory.commands.main import main as observatory
from observatory.load import Measurements
from observatory.metrics import Metrics
from observatory.metrics.families import FAMILIES
from observatory.relay.page import PUSHES
from observatory.settings import Settings, variable_name
from sandbox.__main__ import main as sandbox

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = sorted((ROOT / "libraries").glob("[A-Z]*.py"))
RESOURCES = sorted((ROOT / "resources").glob("*.resource"))
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
FIRST = "suites/first.robot"  # the file that a reader makes
TO_BE_MADE = {FIRST, "docs/keywords/"}  # and the pages that `inv docs` makes
SETTINGS = {"Test Setup", "Test Tags", "Test Teardown", "Suite Setup", "Suite Teardown"}
LARGEST_PICTURE = 150_000  # bytes

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
ROW = re.compile(r"^\|\s+(.*?)\s+\|$", re.MULTILINE)


def named(path: Path) -> str:
    """A file as the messages of these tests name it."""
    return path.relative_to(ROOT).as_posix()


@cache
def documented(source: str) -> Any:
    """What libdoc, which has no types, knows of a library or a resource."""
    return import_module("robot.libdocpkg").LibraryDocumentation(source)


def keywords() -> Iterator[tuple[Path, str, str]]:
    """Each of our keywords: where it is, its name, and its documentation."""
    for path in [*LIBRARIES, *RESOURCES]:
        for keyword in documented(str(path)).keywords:
            yield path, keyword.name, keyword.doc


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks of a text: the language, which may be empty, and the lines."""
    return [(found[1], found[2]) for found in FENCE.finditer(text)]


def examples(doc: str) -> list[str]:
    """The examples in a keyword's documentation: fenced blocks, or rows of a table as resources have them."""
    rows = ["    ".join(re.split(r"\s+\|\s+", row)).replace("`", "").replace(r"\$", "$") for row in ROW.findall(doc)]
    return [text for language, text in blocks(doc) if language == "robotframework"] + rows


@cache
def code(page: Path) -> list[str]:
    """Each line of code on a page: those of blocks that are no suites, and the spans within its sentences."""
    text = page.read_text("utf-8")
    lines = [
        line.strip() for language, block in blocks(text) if language != "robotframework" for line in block.splitlines()
    ]
    return [*lines, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))]


def commands(program: str) -> Iterator[tuple[str, list[str]]]:
    """Each call of a program on the pages: the page, and the words that follow the program's name."""
    for page in PAGES:
        for line in code(page):
            if line.startswith(f"{program} "):
                yield named(page), shlex.split(line.removeprefix(program), comments=True)


# Keywords


def test_every_library_and_resource_is_documented() -> None:
    silent = [named(path) for path in [*LIBRARIES, *RESOURCES] if not documented(str(path)).doc.strip()]
    assert silent == []


def test_every_keyword_is_documented() -> None:
    silent = [f"{named(path)}: {name}" for path, name, doc in keywords() if not doc.strip()]
    assert silent == []


def test_every_keyword_has_an_example_that_names_it() -> None:
    without = [
        f"{named(path)}: {name}"
        for path, name, doc in keywords()
        if not any(name.lower() in example.lower() for example in examples(doc))
    ]
    assert without == []


def as_suite(example: str) -> str:
    """A suite that has an example in it, whether that is a few steps or sections of a file."""
    if "***" not in example:
        return f"*** Test Cases ***\nExample\n    No Operation\n{textwrap.indent(example, '    ')}"
    example = re.sub(r"(\.\./)+resources/", f"{ROOT.as_posix()}/resources/", example)
    return example if "*** Test Cases ***" in example else f"{example}\n*** Test Cases ***\nExample\n    No Operation\n"


def rehearse(folder: Path, suites: dict[str, str]) -> list[str]:
    """Put suites into a folder, where all our keywords are known, and dry-run them; gives what Robot complains of."""
    imports = [f"Resource    {path.as_posix()}" for path in RESOURCES]
    imports += [f"Library    {path.as_posix()}" for path in LIBRARIES]
    settings = "\n".join(["*** Settings ***", *imports])
    (folder / "suites").mkdir()
    for number, (name, text) in enumerate(suites.items()):
        file = folder / "suites" / f"{number:03}__{re.sub(r'[^A-Za-z0-9]+', '_', name)}.robot"
        file.write_text(f"{settings}\n\n{text}", "utf-8")
    answer = robot(folder, "--dryrun", "--log", "NONE", "--report", "NONE", "suites")
    tests = ExecutionResult(folder / "output.xml").suite.all_tests
    failed = [f"{test.parent.name}: {test.message}" for test in tests if not test.passed]
    return failed + answer.stderr.splitlines()


def robot(folder: Path, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command in a folder, with a history of its own."""
    own = {"OBSERVATORY_HOME": str(home or folder / "history"), "OBSERVATORY_RESULTS": str(folder / "results")}
    # What the suites on the pages take from the environment.
    sources = [*PAGES, *LIBRARIES]
    own |= {name: "-" for source in sources for name in re.findall(r"%\{(\w+)\}", source.read_text("utf-8"))}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OBSERVATORY_", "DATABASE_URL"))}
    command = shutil.which("robot", path=Path(sys.executable).parent)
    assert command is not None, "robot is installed beside this Python"
    return subprocess.run(
        [command, *arguments],
        cwd=folder,
        env={**kept, **own},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_example_uses_keywords_that_exist_with_arguments_that_fit(tmp_path: Path) -> None:
    suites = {
        f"{path.stem} {name} {at}": as_suite(text)
        for path, name, doc in keywords()
        for at, text in enumerate(examples(doc))
    }
    assert len(suites) >= len(list(keywords()))
    assert rehearse(tmp_path, suites) == []
    assert not (tmp_path / "history").exists(), "a dry run opened the history"


def test_every_suite_on_the_pages_uses_keywords_that_exist_with_arguments_that_fit(tmp_path: Path) -> None:
    suites = {
        f"{page.stem} {at}": as_suite(text)
        for page in PAGES
        for at, (language, text) in enumerate(blocks(page.read_text("utf-8")))
        if language == "robotframework"
    }
    assert suites
    assert rehearse(tmp_path, suites) == []


def test_a_wrong_example_is_noticed(tmp_path: Path) -> None:
    wrong = [
        *("Get Pokemn    1", "Get Pokemon", "Get Pokemon    1    2", "Get Pokemon    1    colour=red"),
        *("Inject Fault    hiccup", "Get Field    ${pokemon}    name    =    mew", "[Nonsense]    1"),
    ]
    complaints = rehearse(tmp_path, {f"wrong {at}": as_suite(f"{step}\n") for at, step in enumerate(wrong)})
    unnoticed = [step for at, step in enumerate(wrong) if not any(f"Wrong {at}:" in told for told in complaints)]
    assert unnoticed == []


def test_every_keyword_that_a_page_names_exists() -> None:
    ours = {name for _, name, _ in keywords()}
    theirs = {keyword.name for library in ("BuiltIn", "RequestsLibrary") for keyword in documented(library).keywords}
    tests = {test.name for test in Suites.from_file_system(ROOT / "suites").all_tests}
    known = {name.lower() for name in ours | theirs | tests | SETTINGS}
    title = re.compile(r"[A-Z][a-z]+( [A-Z][A-Za-z]*)+")
    unknown = [
        f"{named(page)}: {text}"
        for page in PAGES
        for text in code(page)
        if title.fullmatch(text) and text.lower() not in known
    ]
    assert unknown == []


# The first test


def test_the_first_test_of_the_readme_passes(tmp_path: Path, home: Path) -> None:
    suites = [
        text for language, text in blocks((ROOT / "README.md").read_text("utf-8")) if language == "robotframework"
    ]
    file = tmp_path / FIRST
    file.parent.mkdir()
    file.write_text(suites[0], "utf-8")
    for neighbour in ("resources", "libraries", "variables"):
        shutil.copytree(ROOT / neighbour, tmp_path / neighbour, ignore=shutil.ignore_patterns("__pycache__"))
    answer = robot(tmp_path, FIRST, home=home)
    assert answer.returncode == 0, answer.stdout
    assert answer.stderr == ""
    assert re.search(r"[1-9]\d* tests?, [1-9]\d* passed, 0 failed", answer.stdout)
    assert (tmp_path / "log.html").is_file()


# What the pages name


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_and_picture_is_there() -> None:
    broken = []
    for page in PAGES:
        for _, _, target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
            file, _, anchor = target.partition("#")
            goal = (page.parent / file).resolve() if file else page
            if target.startswith(("https://", "http://")):
                continue
            if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
                broken.append(f"{named(page)}: {target}")
    assert broken == []


def test_every_picture_is_small_shown_somewhere_and_told_to_those_who_cannot_see_it() -> None:
    shown = {}
    for page in PAGES:
        for is_picture, told, target in LINK.findall(page.read_text("utf-8")):
            if is_picture:
                shown[(page.parent / target).resolve()] = told
    assert {named(path) for path in PICTURES} == {named(path) for path in shown}
    assert [named(path) for path, told in shown.items() if len(told.split()) < 5] == []
    assert [named(path) for path in PICTURES if path.stat().st_size >= LARGEST_PICTURE] == []
    assert [named(path) for path in PICTURES if not path.read_bytes().startswith(b"\x89PNG\r\n")] == []


def test_every_path_that_a_page_names_is_there() -> None:
    place = re.compile(r"(\.ci|bench|docs|libraries|resources|sandbox|suites|tests|variables)/[\w./-]*")
    missing = [
        f"{named(page)}: {text}"
        for page in PAGES
        for text in code(page)
        if place.fullmatch(text) and text not in TO_BE_MADE and not (ROOT / text).exists()
    ]
    assert missing == []


def test_every_folder_of_the_house_is_there() -> None:
    house = re.compile(r"^([a-z/]+/) {2,}\S", re.MULTILINE)
    drawn = [
        (page, folder)
        for page in PAGES
        for _, block in blocks(page.read_text("utf-8"))
        for folder in house.findall(block)
    ]
    assert {named(page) for page, _ in drawn} == {"CONTRIBUTING.md", "README.md"}
    assert [f"{named(page)}: {folder}" for page, folder in drawn if not (ROOT / folder).is_dir()] == []


def test_every_task_that_a_page_names_exists() -> None:
    known = set(Collection.from_module(tasks).task_names)
    called = [(page, words[0]) for page, words in commands("inv") if not words[0].startswith("-")]
    assert called
    assert [f"{page}: inv {word}" for page, word in called if word not in known] == []


def test_every_word_to_the_bootstrap_that_a_page_names_exists() -> None:
    known = set(re.findall(r"^  ([a-z]+) {2,}", bootstrap.HELP, re.MULTILINE)) | {"--help"}
    called = [(page, words[0]) for page, words in commands("python3 bootstrap.py")]
    assert {"smoke", "test"} <= {word for _, word in called}
    assert [f"{page}: {word}" for page, word in called if word not in known] == []


def test_every_command_of_the_observatory_that_a_page_names_exists_with_its_options() -> None:
    wrong = []
    called = list(commands("observatory"))
    for page, words in called:
        command = observatory.commands.get(words[0])
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.commands.get(words[1])
        known = {"--help", *(option for each in (command.params if command else ()) for option in each.opts)}
        passes_on = command is not None and command.context_settings.get("ignore_unknown_options")
        given = set() if passes_on else {word for word in words if word.startswith("--")}
        if words[0] != "--help" and (command is None or given - known):
            wrong.append(f"{page}: observatory {shlex.join(words)}")
    assert set(observatory.commands) <= {words[0] for _, words in called}
    assert wrong == []


def test_every_option_of_the_stand_in_that_a_page_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sandbox(["--help"])
    known = set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    called = list(commands("python -m sandbox"))
    assert called
    assert [page for page, words in called if {word for word in words if word.startswith("--")} - known] == []


def test_every_tag_and_variable_that_a_page_gives_to_robot_exists() -> None:
    tags = {str(tag) for test in Suites.from_file_system(ROOT / "suites").all_tests for tag in test.tags}
    files = [path.read_text("utf-8") for path in (ROOT / "variables").glob("*.py")]
    named_there = re.findall(r"^([A-Z_]+) = ", "\n".join(files), re.MULTILINE)
    variables = {*robot_session._VARIABLES, *named_there}
    called = [*commands("robot"), *commands("pabot"), *commands("python3 bootstrap.py")]
    wrong = []
    for page, words in called:
        for option, value in pairwise(words):
            is_unknown_tag = option in {"--include", "--exclude"} and not set(re.split("AND|OR|NOT", value)) <= tags
            is_unknown_variable = option == "--variable" and value.partition(":")[0] not in variables
            if is_unknown_tag or is_unknown_variable:
                wrong.append(f"{page}: {option} {value}")
    assert called
    assert wrong == []


def test_every_setting_that_a_page_names_exists() -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    used = {
        (named(page), name)
        for page in PAGES
        for name in re.findall(r"\b(?:OBSERVATORY_[A-Z_]+|DATABASE_URL)\b", page.read_text("utf-8"))
    }
    assert used
    assert sorted(f"{page}: {name}" for page, name in used if name not in known) == []


def test_every_metric_that_a_page_names_exists() -> None:
    of_a_load = list(LoadNumbers(Measurements, lambda: 0, lambda: 1).collect())
    known = set(Metrics(CircuitBreakers()).names()) | {family.name for family in of_a_load}
    known |= {sample.name for family in of_a_load for sample in family.samples}
    known |= {family.name for family in (*FAMILIES, PUSHES)}
    used = {(named(page), name) for page in PAGES for name in re.findall(r"\bpokeapi_\w+", page.read_text("utf-8"))}
    assert sorted(f"{page}: {name}" for page, name in used if name not in known) == []


# Decisions


def test_decisions_are_numbered_listed_and_told_in_four_steps() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8")
    assert [int(path.name[:2]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for number, path in enumerate(DECISIONS, start=1):
        text = path.read_text("utf-8")
        title = text.splitlines()[0].removeprefix(f"# {number}. ")
        assert f"{number}. [{title}]({path.name})" in index
        steps = re.findall(r"^\*\*(Context|Decision|Measured|Consequence)\.\*\*", text, re.MULTILINE)
        assert steps == ["Context", "Decision", "Measured", "Consequence"], path.name
        assert len(text.splitlines()) <= 30, path.name
