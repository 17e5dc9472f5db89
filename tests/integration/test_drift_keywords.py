"""Drift as a tester meets it, through the real `robot`, while a recording changes between the runs."""

from __future__ import annotations

import html
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from robot import result
from robot.api import ExecutionResult

from BaselineStore import BaselineStore
from observatory.commands.main import main
from observatory.history import Database
from PokeApiPages import PokeApiPages
from SchemaTracker import SchemaTracker
from tests.conftest import new_database
from tests.history_values import rows
from tests.recording_folder import RecordingFolder
from tests.robot_command import Outcome, run_robot

NOWHERE = "postgresql://localhost:1/nothing"


class Replayed:
    """A recording that is watched in runs of `robot`, which share a history."""

    def __init__(self, folder: Path, database_url: str, **counts: int) -> None:
        """Nothing was run yet."""
        self.folder = folder
        self.database_url = database_url
        self.recording = RecordingFolder(folder / "recording", **counts)
        self._runs = 0

    def run(self, suite: str, *arguments: str, settings: str = "", database_url: str = "") -> Outcome:
        """Run some test cases, in a folder of their own."""
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        folder.mkdir()
        variables = ("--variable", "TARGET:replay", "--variable", f"RECORDING:{self.recording.folder}")
        environment = {"DATABASE_URL": database_url or self.database_url}
        return run_robot(folder, suite, *variables, *arguments, settings=settings, environment=environment)


def _messages(test: result.TestCase) -> list[result.Message]:
    """All that was logged within a test, in keywords or beside them."""
    found: list[result.Message] = []

    def gather(item: Any) -> None:
        for child in getattr(item, "body", []):
            if isinstance(child, result.Message):
                found.append(child)
            else:
                gather(child)

    gather(test)
    return found


def _told(test: result.TestCase, level: str) -> list[str]:
    return [html.unescape(re.sub(r"<[^>]*>", " ", each.message)) for each in _messages(test) if each.level == level]


def _log(outcome: Outcome) -> list[dict[str, Any]]:
    files = (outcome.folder.parent / "results" / "logs").glob("*.jsonl")
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def _warnings(outcome: Outcome) -> list[str]:
    return re.findall(r"\[ WARN \] (.*)", outcome.console)


def _metadata(outcome: Outcome) -> str:
    return str(ExecutionResult(str(outcome.folder / "output.xml")).suite.metadata.get("What changed", ""))


# A run that learns, one over unchanged answers, one over changed ones


_ASKING = """
Everything Is Asked
    Get Many Pokemon    1-3
    Get Page    pokemon    limit=2
    Get Type    fire
    Get Resource    berry    1
    Get Resource    berry    2
    ${last} =    Get Resource    berry    4
    Data Should Match History    ${last}
    Schema Should Not Have Changed    pokemon
    Schema Should Not Have Changed    berry
"""

_CHANGED = r"""
The History Is There
    ${last} =    Get Resource    berry    4
    Response Should Be In History    ${last}
The First Request
    Get Resource    berry    1
The Same Once More
    Get Resource    berry    1
A Field Is New
    ${pokemon} =    Get Pokemon    1
    Data Should Match History    ${pokemon}    ignoring=rating
    Get Resource    berry    2
Many At Once
    Get Many Pokemon    1-3
Data Changed
    ${pokemon} =    Get Pokemon    pikachu
    ${changes} =    Get Data Changes    ${pokemon}    ==    2
    Should Be Equal    ${changes[0].path}    height
    Should Be Equal    ${changes[0].before} -> ${changes[0].after}    7 -> 8
    Should Be Equal    ${changes[1].path} of ${changes[1].about}    stats[5].base_stat of speed
    Get Data Changes    ${pokemon}    ==    1    ignoring=stats
    Data Should Match History    ${pokemon}    ignoring=height, stats[].base_stat
Data Does Not Match
    ${pokemon} =    Get Pokemon    pikachu
    Data Should Match History    ${pokemon}    ignoring=stats
Number Of Data Changes
    ${pokemon} =    Get Pokemon    pikachu
    Get Data Changes    ${pokemon}    ==    0
Ignoring Nonsense
    ${pokemon} =    Get Pokemon    pikachu
    Get Data Changes    ${pokemon}    ignoring=stats[
Nothing Changed There
    ${page} =    Get Page    pokemon    limit=2
    Data Should Match History    ${page}
    Get Data Changes    ${page}    ==    0
    Schema Should Not Have Changed    type
Schema Changed
    Schema Should Not Have Changed    berry
Breaking
    Schema Changes Should Be Non Breaking    pokemon
    Schema Changes Should Be Non Breaking    berry
Since When
    Schema Should Not Have Changed    berry    since=2199-01-01
    Get Schema Changes    berry    ==    0    since=2199-01-01
    Get Schema Changes    berry    ==    1    since=2 minutes
    Get Schema Changes    berry    ==    0    state=accepted
    ${changes} =    Get Schema Changes    berry    ==    1    state=all
    Should Be Equal    ${changes[0].change.kind} ${changes[0].change.path}    field_removed size
    Should Be Equal    ${changes[0].change.resources}    ${{('1', '2')}}
Number Of Schema Changes
    Get Schema Changes    berry    ==    0
No Such State
    Get Schema Changes    berry    state=closed
No Such Time
    Get Schema Changes    berry    since=soon
Accepting Nothing
    Accept Schema Change    pokemon    speed    reason=None is there.
Accepting For No Reason
    Accept Schema Change    pokemon    rating    reason=${SPACE}
Accepting
    Accept Schema Change    pokemon    rating    reason=It was announced.    by=Ann
    Schema Should Not Have Changed    pokemon
    ${accepted} =    Get Schema Changes    pokemon    ==    1    state=accepted
    Should Be Equal    ${accepted[0].closed_by}: ${accepted[0].reason}    Ann: It was announced.
"""


class Story:
    """Three runs of one recording."""

    def __init__(self, replayed: Replayed) -> None:
        """Run them."""
        recording = replayed.recording
        self.first = replayed.run(_ASKING)
        self.unchanged = replayed.run(_ASKING)
        recording.change("pokemon/1", rating=5)
        stats = recording.read("pokemon/2")["stats"]
        stats[5]["base_stat"] = 90
        recording.change("pokemon/2", height=8, stats=stats)
        recording.change("berry/1", "size")
        recording.change("berry/2", "size")
        recording.change("type/1", colour="red")
        self.changed = replayed.run(_CHANGED, settings="Suite Teardown    Get Type    fire")


@pytest.fixture(scope="module")
def url(postgres: str) -> str:
    """The address of the history of the three runs."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def database_url(postgres: str) -> str:
    """The address of a history that all other tests share; each has a recording of its own, which is its target."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, url: str) -> Story:
    """The three runs."""
    return Story(Replayed(tmp_path_factory.mktemp("story"), url))


@pytest.fixture(scope="module")
def remembered(url: str, story: Story) -> Iterator[Database]:
    """What they left."""
    database = Database(lambda: url)
    yield database
    database.close()


_DRIFT_WORDS = re.compile(r"schema change|data change|drift|was added|was removed|what changed", re.IGNORECASE)


# Property 7: Unchanged schemas skip extra logging
@pytest.mark.property(7)
@pytest.mark.parametrize("name", ["first", "unchanged"])
def test_a_run_in_which_nothing_changed_says_nothing(story: Story, name: str) -> None:
    outcome: Outcome = getattr(story, name)
    assert outcome.exit_code == 0, outcome.console
    assert _warnings(outcome) == []
    assert "[ ERROR ]" not in outcome.console
    assert _DRIFT_WORDS.search(outcome.console) is None
    assert "What changed" not in outcome.messages
    logged = [each.message for test in outcome.tests.values() for each in _messages(test)]
    assert len(logged) >= 6
    assert [message for message in logged if _DRIFT_WORDS.search(message)] == []
    assert {line["level"] for line in _log(outcome)} == {"INFO"}
    assert [line["message"] for line in _log(outcome) if _DRIFT_WORDS.search(json.dumps(line))] == []


# Property 6: Schema changes trigger warnings
@pytest.mark.property(6)
@pytest.mark.parametrize(
    ("test", "warning"),
    [
        ("The First Request", r"Schema change \d+: berry: size was removed \(number\) \(breaking, in berry 1\)\."),
        ("A Field Is New", r"Schema change \d+: pokemon: rating was added \(number\) \(in pokemon 1\)\."),
    ],
)
def test_the_test_that_shows_a_change_is_warned_in_its_own_log(story: Story, test: str, warning: str) -> None:
    warnings = _told(story.changed.tests[test], "WARN")
    assert [text for text in warnings if re.fullmatch(warning, text)] == warnings[:1]
    assert warnings[1:] in ([], ["The API changed, and says that it is at the same revision as before."])
    table = [text for text in _told(story.changed.tests[test], "INFO") if "observatory drift accept" in text]
    assert len(table) >= 1


def test_a_change_is_warned_of_once_in_a_run(story: Story) -> None:
    changes = [warning for warning in _warnings(story.changed) if warning.startswith("Schema change")]
    subjects = [re.sub(r"Schema change \d+: (\w+).*", r"\1", warning) for warning in changes]
    assert subjects == ["berry", "pokemon", "type"]
    for test in ("The Same Once More", "Many At Once", "Nothing Changed There"):
        assert _told(story.changed.tests[test], "WARN") == []
    lines = [line for line in _log(story.changed) if line["message"].startswith("Schema changed")]
    assert [(line["level"], line["endpoint"], line["path"]) for line in lines] == [
        ("WARNING", "berry", "size"),
        ("WARNING", "pokemon", "rating"),
        ("WARNING", "type", "colour"),
    ]
    assert all(line["is_unannounced"] for line in lines)


# Property 10: Data differences are reported
@pytest.mark.property(10)
def test_the_test_that_shows_a_difference_has_it_in_its_own_log(story: Story) -> None:
    (told,) = [text for text in _told(story.changed.tests["Many At Once"], "INFO") if "height" in text]
    assert "height of pokemon/2 changed from 7 to 8" in told
    assert "stats[5].base_stat of speed in pokemon/2 changed from 45 to 90" in told
    told = " ".join(" ".join(_told(story.changed.tests["A Field Is New"], "INFO")).split())
    assert "1 schema change of berry, 1 breaking" in told, "an earlier test showed it first"
    assert "removed · breaking size number —" in told
    assert [text for text in _told(story.changed.tests["Nothing Changed There"], "INFO") if "→" in text] == []


# Property 9: Data differences are logged
@pytest.mark.property(9)
def test_each_difference_is_a_line_of_the_test_that_showed_it_first(story: Story) -> None:
    lines = [line for line in _log(story.changed) if line["message"].startswith("Data changed: pokemon/2")]
    assert [(line["path"], line["before"], line["after"]) for line in lines] == [
        ("height", 7, 8),
        ("stats[5].base_stat", 45, 90),
    ]
    assert {line["test_name"] for line in lines} == {"Suite.Many At Once"}


# Property 14: Schema change metrics are incremented
@pytest.mark.property(14)
def test_each_change_is_counted_once(story: Story) -> None:
    text = (story.changed.folder / "metrics.prom").read_text("utf-8")
    counted = dict(re.findall(r'pokeapi_schema_changes_total\{endpoint="(\w+)"\} (\S+)', text))
    assert counted == {"berry": "1.0", "pokemon": "1.0", "type": "1.0"}


def test_the_run_tells_at_its_top_what_changed(story: Story) -> None:
    told = _metadata(story.changed)
    assert "*3 schema changes*" in told
    assert "berry: size was removed (number) (breaking, in berry 1, 2)" in told
    assert "pokemon: rating was added (number) (in pokemon 1)" in told
    assert "type: colour was added (string) (in type 1)" in told
    assert "height of pokemon/2 changed from 7 to 8" in told


def test_changes_are_kept_with_all_resources_that_show_them(remembered: Database) -> None:
    kept = "SELECT endpoint, path, kind, breaking, resources, state FROM schema_changes ORDER BY endpoint"
    assert rows(remembered, kept) == [
        ("berry", "size", "field_removed", True, ["1", "2"], "open"),
        ("pokemon", "rating", "field_added", False, ["1"], "accepted"),
        ("type", "colour", "field_added", False, ["1"], "open"),
    ]


_PASSING = (
    "The History Is There",
    "The First Request",
    "The Same Once More",
    "A Field Is New",
    "Many At Once",
    "Data Changed",
    "Nothing Changed There",
    "Since When",
    "Accepting",
)


@pytest.mark.parametrize("name", _PASSING)
def test_what_should_hold_holds(story: Story, name: str) -> None:
    assert story.changed.tests[name].passed, story.changed.tests[name].message


_OPEN = r"1 schema change that nobody accepted: berry: size was removed \(number\) \(breaking, in berry 1, 2\)\. "
_HOW = r"If it is meant to be so, accept it: observatory drift accept \d+ --reason '…'"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Data Does Not Match",
            r"The data of pokemon/pikachu is not what it was before: height of pokemon/2 changed from 7 to 8\.",
        ),
        (
            "Number Of Data Changes",
            r"pokemon/pikachu, after 1 attempt: number of changes in the data '2' \(int\) should be '0' \(int\)",
        ),
        ("Ignoring Nonsense", r".*stats\[.*"),
        ("Schema Changed", _OPEN + _HOW),
        ("Breaking", _OPEN + _HOW),
        ("Number Of Schema Changes", r"number of open schema changes of berry '1' \(int\) should be '0' \(int\)"),
        (
            "No Such State",
            r"There is no state 'closed' of a schema change; there are open, accepted, reverted, all\.",
        ),
        ("No Such Time", r".*'soon'.*"),
        (
            "Accepting Nothing",
            r"No schema change of pokemon at 'speed' is known\. Changes are known at: rating\.",
        ),
        ("Accepting For No Reason", r"A schema change is accepted for a reason; write one after 'reason='\."),
    ],
)
def test_what_does_not_hold_fails_with_one_clear_sentence(story: Story, name: str, message: str) -> None:
    test = story.changed.tests[name]
    assert test.failed
    assert re.fullmatch(message, test.message), test.message


def test_every_test_is_one_of_these(story: Story) -> None:
    failed = {test.name for test in story.changed.tests.values() if test.failed}
    assert {test.name for test in story.changed.tests.values()} - failed == set(_PASSING)
    assert not any(test.skipped for test in story.changed.tests.values())


# The examples in the documentation


def _examples(*keywords: Callable[..., Any]) -> str:
    """A test for each keyword, with the steps of its example."""
    cases = []
    for keyword in keywords:
        (example,) = re.findall(r"```robotframework\n(.*?)```", inspect.getdoc(keyword) or "", re.DOTALL)
        steps = textwrap.indent(textwrap.dedent(example).strip(), "    ")
        cases.append(f"{keyword.__name__.replace('_', ' ').title()}\n{steps}")
    return "\n".join(cases)


def test_the_examples_of_the_keywords_hold(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url, pokemon=11)
    tracker, store = SchemaTracker, BaselineStore
    suite = _examples(
        tracker.accept_schema_change,
        tracker.schema_should_not_have_changed,
        tracker.schema_changes_should_be_non_breaking,
        tracker.get_schema_changes,
        store.data_should_match_history,
        store.get_data_changes,
        PokeApiPages.get_newest,
    )
    past_stats = replayed.recording.read("pokemon/1")["past_stats"]
    for number in range(1, 12):
        replayed.recording.change(f"pokemon/{number}", "past_stats")
    replayed.run("Learning\n    Run Keyword And Ignore Error    Get Many Pokemon    1, 3-11")
    for number in range(1, 12):
        replayed.recording.change(f"pokemon/{number}", past_stats=past_stats)
    outcome = replayed.run(f"Setting The Scene\n    Get Many Pokemon    1-11\n{suite}")
    assert outcome.exit_code == 0, outcome.console
    assert len(outcome.tests) == 8


def test_the_newest_are_the_last_of_the_list(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url, pokemon=5)
    suite = """
    The Newest Two
        ${newest} =    Get Newest    pokemon    2
        Should Be Equal    ${newest[0].name} ${newest[1].name}    p-4 p-5
        Length Should Be    ${newest}    2
    More Than There Are
        ${newest} =    Get Newest    pokemon    50
        Length Should Be    ${newest}    5
        Should Be Equal    ${newest[0].name}    p-1
    None At All
        Get Newest    pokemon    0
    Of Nothing
        Get Newest    no-such-endpoint
    """
    tests = replayed.run(suite).tests
    assert tests["The Newest Two"].passed, tests["The Newest Two"].message
    assert tests["More Than There Are"].passed, tests["More Than There Are"].message
    assert tests["None At All"].message == "The newest 0 resources of pokemon cannot be drawn; ask for 1 or more."
    assert tests["Of Nothing"].failed or tests["Of Nothing"].skipped


# Policies


_BERRIES = """
Added
    Get Resource    berry    1
Removed
    Get Resource    berry    2
As It Was
    Get Resource    berry    3
Added There Too
    Get Resource    berry    4
Of Another Endpoint
    Get Pokemon    1
"""


def _failed(outcome: Outcome) -> list[str]:
    return [test.name for test in outcome.tests.values() if test.failed]


def test_a_strict_run_is_red_until_the_changes_are_accepted(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed = Replayed(tmp_path, database_url)
    fail = ("--variable", "SCHEMA_POLICY:fail")
    assert replayed.run(_BERRIES, *fail).exit_code == 0
    replayed.recording.change("berry/1", ripe=True)
    replayed.recording.change("berry/4", ripe=True)
    replayed.recording.change("berry/2", "size")
    replayed.recording.change("pokemon/1", rating=1)
    red = ["Added", "Removed", "Added There Too", "Of Another Endpoint"]
    outcome = replayed.run(_BERRIES, *fail)
    assert _failed(outcome) == red
    told = outcome.tests["Removed"].message
    assert re.fullmatch(
        r"1 schema change that nobody accepted: berry: size was removed: "
        r"now number, or missing \(breaking, in berry 2\)\. " + _HOW,
        told,
    ), told
    assert len([each for each in _warnings(outcome) if each.startswith("Schema change")]) == 3

    assert _failed(replayed.run(_BERRIES, *fail)) == red

    variables = tmp_path / "policies.py"
    variables.write_text('SCHEMA_POLICY = {"default": "warn", "berry": " Fail  on BREAKING"}\n', encoding="utf-8")
    outcome = replayed.run(_BERRIES, "--variablefile", str(variables))
    assert _failed(outcome) == ["Removed"]
    assert _warnings(outcome) == []

    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("OBSERVATORY_HOME", str(tmp_path / "home"))
    number = re.findall(r"accept (\d+)", told)[0]
    accepted = CliRunner().invoke(main, ["drift", "accept", number, "--reason", "Berries shrink.", "--name", "Ann"])
    assert accepted.exit_code == 0, accepted.output
    assert _failed(replayed.run(_BERRIES, *fail)) == ["Added", "Added There Too", "Of Another Endpoint"]
    accepted = CliRunner().invoke(main, ["drift", "accept", "--all", "--reason", "Fine.", "--name", "Ann"])
    assert accepted.exit_code == 0, accepted.output
    assert replayed.run(_BERRIES, *fail).exit_code == 0


def test_many_at_once_are_held_to_the_policy_too(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = "All\n    Get Many Pokemon    1-3"
    replayed.run(suite)
    for number in (2, 3):
        replayed.recording.change(f"pokemon/{number}", rating=number)
    outcome = replayed.run(suite, "--variable", "SCHEMA_POLICY:fail")
    assert "pokemon: rating was added (number) (in pokemon 2, 3)" in outcome.tests["All"].message


def test_a_wrong_policy_is_one_clear_sentence(tmp_path: Path, database_url: str) -> None:
    outcome = Replayed(tmp_path, database_url).run(
        "Asking\n    Get Resource    berry    1", "--variable", "SCHEMA_POLICY:sometimes"
    )
    assert outcome.tests["Asking"].message == (
        "SCHEMA_POLICY of berry is 'sometimes'. It can be warn, fail, fail on breaking; see variables/drift.py."
    )


# Without a history


def test_without_a_history_tests_go_on_and_only_what_asks_it_is_skipped(tmp_path: Path) -> None:
    replayed = Replayed(tmp_path, NOWHERE)
    suite = """
    Asking
        Get Resource    berry    1
        Get Many Pokemon    1-3
    Schema
        Get Resource    berry    1
        Schema Should Not Have Changed    berry
    Changes
        Get Schema Changes    berry
    Accepting
        Accept Schema Change    berry    size    reason=None.
    Data
        ${berry} =    Get Resource    berry    1
        Data Should Match History    ${berry}
    A Field That Is Not There
        ${berry} =    Get Resource    berry    1
        Get Field    ${berry}    taste
    """
    outcome = replayed.run(suite, "--variable", "SCHEMA_POLICY:fail")
    statuses = {test.name: test.status for test in outcome.tests.values()}
    assert statuses == {
        "Asking": "PASS",
        "Schema": "SKIP",
        "Changes": "SKIP",
        "Accepting": "SKIP",
        "Data": "SKIP",
        "A Field That Is Not There": "FAIL",
    }
    for name in ("Schema", "Changes", "Accepting", "Data"):
        assert outcome.tests[name].message.startswith("The history database cannot be reached"), name
    assert len(_warnings(outcome)) == 1
    assert "[ ERROR ]" not in outcome.console


def test_what_changed_while_the_history_was_away_is_told_by_the_next_run(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = "Asking\n    Get Resource    berry    1"
    home = {"database_url": NOWHERE}
    replayed.run(suite)
    replayed.recording.change("berry/1", ripe=True)
    replayed.run(suite, **home)
    outcome = replayed.run(suite)
    assert [warning for warning in _warnings(outcome) if "berry: ripe was added" in warning]
    again = replayed.run(suite)
    assert _warnings(again) == []


# What is said where


def test_a_fault_of_the_stand_in_is_no_drift(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = """
    Faulty
        Get Pokemon    1
        Use Faulty Stand In
        Inject Fault    malformed    field=types.0.slot    value=one    times=1
        Run Keyword And Expect Error    *slot*    Get Pokemon    1
    After It
        [Setup]    Leave Faulty Stand In
        Get Pokemon    1
    """
    replayed.run(suite)
    assert _warnings(replayed.run(suite)) == []
    replayed.recording.change("pokemon/1", rating=1, height=9)
    outcome = replayed.run(suite)
    assert [each for each in _warnings(outcome) if each.startswith("Schema change")] != []
    assert not any("height" in text for text in _told(outcome.tests["After It"], "INFO") if "Body" not in text)
    assert any("rating" in text for text in _told(outcome.tests["Faulty"], "WARN"))
    assert any("7" in text and "9" in text and "height" in text for text in _told(outcome.tests["Faulty"], "INFO"))


def test_what_a_tear_down_brings_to_light_is_told_too(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url, berries=16)
    suite = "Asking\n" + "\n".join(f"    Get Resource    berry    {number}" for number in range(1, 13))
    replayed.run(suite)
    replayed.recording.revise("r2")
    for number in (14, 15, 16):
        replayed.recording.change(f"berry/{number}", ripe=True)
    outcome = replayed.run(suite, settings="Suite Teardown    Get Many Resources    berry    14-16")
    assert [each for each in _warnings(outcome) if "berry: ripe was added (boolean) (in berry 14-16)" in each]
    assert "berry: ripe was added" in _metadata(outcome)


def test_more_changes_than_a_console_bears_are_all_in_the_table(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = "Asking\n    Get Resource    berry    1"
    replayed.run(suite)
    replayed.recording.revise("r2")
    replayed.recording.change("berry/1", **{f"field_{number}": number for number in range(8)})
    outcome = replayed.run(suite)
    warnings = _told(outcome.tests["Asking"], "WARN")
    assert len(warnings) == 6
    assert warnings[-1] == "… and 3 more schema changes: observatory drift list"
    table = next(text for text in _told(outcome.tests["Asking"], "INFO") if "observatory drift accept" in text)
    assert [f"field_{number}" in table for number in range(8)] == [True] * 8


def test_a_secret_in_an_answer_is_not_told(tmp_path: Path, database_url: str) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = "Asking\n    Get Resource    berry    1"
    secret = "s3cr3t-word-of-the-berries"  # pragma: allowlist secret
    replayed.run(suite)
    replayed.recording.change("berry/1", name=secret, **{secret: 1})
    folder = tmp_path / "secret"
    folder.mkdir()
    arguments = ("--variable", "TARGET:replay", "--variable", f"RECORDING:{replayed.recording.folder}")
    environment = {"DATABASE_URL": database_url, "OBSERVATORY_API_TOKEN": secret}
    outcome = run_robot(folder, suite, *arguments, environment=environment)
    assert "Schema change" in outcome.console
    assert secret not in outcome.console
    for file in folder.rglob("*.*"):
        if file.suffix in {".xml", ".html", ".jsonl"}:
            assert secret not in file.read_text("utf-8"), file


@pytest.mark.parametrize("others", [0, 3], ids=["the only test", "with others after it"])
def test_what_the_first_request_shows_is_told_before_the_run_ends(
    tmp_path: Path, database_url: str, others: int
) -> None:
    replayed = Replayed(tmp_path, database_url)
    suite = "First\n    Get Resource    berry    1\n"
    suite += "".join(f"Other {number}\n    Get Resource    berry    2\n" for number in range(others))
    assert replayed.run(suite).exit_code == 0
    replayed.recording.change("berry/1", size="large")
    told = replayed.run(suite)
    assert [warning for warning in _warnings(told) if "berry: size changed its type" in warning] != []
    tests = [
        name
        for name, test in told.tests.items()
        if any("1 schema change of berry" in text for text in _told(test, "INFO"))
    ]
    elsewhere = [text for name in tests for text in _told(told.tests[name], "INFO") if "before the history" in text]
    assert len(tests) == 1
    assert (tests == ["First"]) != (len(elsewhere) == 1 and ".First," in elsewhere[0])
