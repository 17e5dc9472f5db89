"""Four processes of `pabot` that each see a part come to what one `robot` would: the same model, the same changes."""

from __future__ import annotations

import html
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from robot.api import ExecutionResult

from observatory.history import Database
from tests.conftest import new_database
from tests.history_values import rows
from tests.recording_folder import RecordingFolder
from tests.robot_command import LIBRARIES, Outcome, run_command

PARTS = {
    "one": ["Get Many Pokemon    1-5", "Get Resource    berry    1", "Get Many Pokemon    3-4"],
    "two": ["Get Many Pokemon    4-8", "Get Resource    berry    2", "Get Resource    berry    1"],
    "three": ["Get Pokemon    9", "Get Pokemon    1", "Get Page    pokemon", "Get Resource    berry    3"],
    "four": ["Get Many Pokemon    8-12", "Get Resource    berry    4", "Get Type    fire"],
}
ROBOT = (sys.executable, "-m", "robot")
PABOT = (str(Path(sys.executable).with_name("pabot")), "--processes", "4")


class World:
    """A recording that changes, some suites that ask for parts of it, and two histories of it."""

    def __init__(self, folder: Path) -> None:
        """Write suites and recording."""
        self.folder = folder
        self.recording = RecordingFolder(folder / "recording", pokemon=12)
        self.suites = folder / "suites"
        self.suites.mkdir()
        for name, steps in PARTS.items():
            self.suite(name, steps)

    def suite(self, name: str, steps: list[str]) -> None:
        """Write a suite with a test for each step."""
        libraries = "\n".join(f"Library    {library}" for library in LIBRARIES)
        cases = "\n".join(f"Step {number} Of {name}\n    {step}" for number, step in enumerate(steps))
        text = f"*** Settings ***\n{libraries}\n*** Test Cases ***\n{cases}\n"
        (self.suites / f"{name}.robot").write_text(text, encoding="utf-8")

    def run(self, command: tuple[str, ...], database_url: str, name: str) -> Outcome:
        """Run all suites."""
        folder = self.folder / name
        folder.mkdir()
        options = ["--variable", "TARGET:replay", "--variable", f"RECORDING:{self.recording.folder}"]
        words = [*command, *options, "--outputdir", str(folder / "output"), str(self.suites)]
        return run_command(words, folder, {"DATABASE_URL": database_url})

    def change(self) -> None:
        """Let the API change: some in many resources, some in one, some in the schema, some in the data."""
        for number in (1, 4, 8, 12):
            self.recording.change(f"pokemon/{number}", rating=number)
        for number in range(1, 13):
            self.recording.change(f"pokemon/{number}", height=50 + number)
        self.recording.change("pokemon/9", weight=1, past_types=[])
        for number in (1, 2, 3, 4):
            self.recording.change(f"berry/{number}", "size", girth=20)
        self.recording.change("berry/3", soft=None)
        self.recording.change("type/1", colour="red")


def _known(url: str) -> dict[str, list[Any]]:
    database = Database(lambda: url)
    known = {
        "versions": "SELECT endpoint, part, number, model::text FROM schema_versions ORDER BY 1, 2, 3",
        "changes": "SELECT endpoint, part, kind, path, renamed_to, before::text, after::text, breaking, resources, "
        "state FROM schema_changes ORDER BY 1, 2, 4, 3",
        "data": "SELECT endpoint, part, path, kind, about, count, resources, examples::text FROM data_changes "
        "ORDER BY 1, 2, 3, 4, 5",
        "runs": "SELECT kind, api_revision FROM runs ORDER BY started_at",
    }
    found = {name: rows(database, statement) for name, statement in known.items()}
    database.close()
    return found


@dataclass(frozen=True)
class Both:
    """What came of the same two days, by one process and by four."""

    alone: Outcome
    together: Outcome
    known_alone: dict[str, list[Any]]
    known_together: dict[str, list[Any]]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Both:
    """One recording, asked for on two days by one process, and by four into a history of their own."""
    world = World(tmp_path_factory.mktemp("parallel"))
    alone, together = new_database(postgres), new_database(postgres)
    for outcome in (world.run(ROBOT, alone, "first-alone"), world.run(PABOT, together, "first-together")):
        assert outcome.exit_code == 0, outcome.console
    world.change()
    return Both(
        world.run(ROBOT, alone, "second-alone"),
        world.run(PABOT, together, "second-together"),
        _known(alone),
        _known(together),
    )


def test_four_processes_know_what_one_would(both: Both) -> None:
    assert both.alone.exit_code == both.together.exit_code == 0, both.together.console
    assert both.known_alone["runs"] == [("robot", "r1")] * 2
    assert both.known_together["runs"] == [("pabot", "r1")] * 2
    assert both.known_together["changes"] == both.known_alone["changes"]
    assert both.known_together["data"] == both.known_alone["data"]
    newest = [
        {(endpoint, part): model for endpoint, part, _, model in known["versions"]}
        for known in (both.known_together, both.known_alone)
    ]
    assert newest[0] == newest[1]
    assert [each[:3] for each in both.known_together["versions"]] == [each[:3] for each in both.known_alone["versions"]]


def test_what_changed_is_what_was_changed(both: Both) -> None:
    changes = [(each[0], each[2], each[3], each[8]) for each in both.known_together["changes"]]
    assert changes == [
        ("berry", "renamed", "size", ["1", "2", "3", "4"]),
        ("berry", "became_nullable", "soft", ["3"]),
        ("pokemon", "field_added", "rating", ["1", "4", "8", "12"]),
        ("type", "field_added", "colour", ["1"]),
    ]
    height = next(each for each in both.known_together["data"] if each[2] == "height")
    assert (height[5], height[6]) == (12, [str(number) for number in range(1, 13)])


def _warnings(outcome: Outcome) -> list[str]:
    """The warnings in the bodies of tests and suites, each as often as it is there."""
    text = (outcome.folder / "output.xml").read_text(encoding="utf-8").partition("<statistics>")[0]
    return [html.unescape(each) for each in re.findall(r'<msg [^>]*level="WARN"[^>]*>([^<]*)</msg>', text)]


@pytest.mark.parametrize("name", ["alone", "together"])
def test_each_change_is_warned_of_once_in_a_run(both: Both, name: str) -> None:
    outcome: Outcome = getattr(both, name)
    told = [re.sub(r"^Schema change \d+: ([^(]*[^( ]) \(.*", r"\1", each) for each in _warnings(outcome)]
    changes = sorted(each for each in told if not each.startswith("The API changed"))
    assert changes == [
        "berry: size seems to be renamed to girth",
        "berry: soft became nullable",
        "pokemon: rating was added",
        "type: colour was added",
    ]


def _at_the_top(outcome: Outcome) -> str:
    return str(ExecutionResult(str(outcome.folder / "output.xml")).suite.metadata["What changed"])


def test_the_whole_run_tells_at_its_top_what_changed(both: Both) -> None:
    told = _at_the_top(both.alone)
    assert "*4 schema changes*" in told
    assert "pokemon: rating was added (number) (in pokemon 1, 4, 8, 12)" in told
    assert "height changed in 12 of 12 pokemon" in told
    # Of several processes, the one whose output is merged last has the word, with all that was known at its end.
    assert re.match(r"\*\d schema changes?\*\n- ", _at_the_top(both.together))


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX thing")
def test_a_killed_process_loses_nothing_that_was_flushed(tmp_path: Path, postgres: str) -> None:
    world, url = World(tmp_path), new_database(postgres)
    for name in PARTS:
        (world.suites / f"{name}.robot").unlink()
    world.suite("killed", ["Get Many Pokemon    1-6", "Get Resource    berry    1"])
    world.suite("other", ["Get Many Pokemon    7-12", "Get Resource    berry    2"])
    assert world.run(ROBOT, url, "first").exit_code == 0
    for number in (2, 9):
        world.recording.change(f"pokemon/{number}", rating=number)
    world.recording.change("berry/1", ripe=1)
    steps = ["Get Many Pokemon    1-6", "Get Schema Changes    pokemon"]
    world.suite("killed", [*steps, "Evaluate    os.kill(os.getpid(), signal.SIGKILL)    modules=os, signal"])
    outcome = world.run(PABOT, url, "second")
    assert outcome.exit_code != 0
    changes = [(each[0], each[3], each[8]) for each in _known(url)["changes"]]
    assert changes == [("pokemon", "rating", ["2", "9"])]
