"""The keywords as a tester meets them, through the real `robot` command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from observatory.history import Database
from tests.conftest import new_database
from tests.history_values import rows
from tests.robot_command import Outcome, run_robot


@pytest.fixture(scope="module")
def database_of_run(postgres: str) -> str:
    """The address of the database that the run writes to."""
    return new_database(postgres)


@pytest.fixture(scope="module")
def remembered(database_of_run: str) -> Iterator[Database]:
    """What the run wrote."""
    database = Database(lambda: database_of_run)
    yield database
    database.close()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, database_of_run: str) -> Outcome:
    """One run whose tests each show one thing."""
    suite = r"""
    Before Any Request
        Should Be Equal    one    two
    Reading Is Natural
        ${pokemon} =    Get Pokemon    1
        Should Be Equal    ${pokemon.name}    bulbasaur
        Should Be Equal    ${pokemon.types[0].type.name}    grass
        Should Contain    ${pokemon.types.names}    poison
        Length Should Be    ${pokemon.stats}    6
    By Name And Number
        ${by_name} =    Get Type    FIRE
        ${by_number} =    Get Type    10
        Should Be Equal    ${by_name}    ${by_number}
    Getters Assert
        ${pokemon} =    Get Pokemon    25
        Get Field    ${pokemon}    name    ==    pikachu
        Get Field    ${pokemon}    height    >    3
        Get Field    ${pokemon}    types[].type.name    ==    ["electric"]
        Get Status    ${pokemon}    ==    200
        Get Header    ${pokemon}    Content-Type    contains    json
        Get Response Time    ${pokemon}    <    10 s
        Get Number Of Attempts    ${pokemon}    ==    1
        ${height} =    Get Field    ${pokemon}    height
        Should Be Equal    ${height}    ${4}
    A Getter That Fails
        ${pokemon} =    Get Pokemon    25
        Get Field    ${pokemon}    name    ==    raichu
    A Field That Is Not There
        ${pokemon} =    Get Pokemon    25
        Get Field    ${pokemon}    types[7].slot
    A Resource That Is Not There
        Get Pokemon    999999
    An Error Status May Be Expected
        ${answer} =    Send Request    pokemon/999999
        Get Status    ${answer}    ==    404
        Get Body    ${answer}    ==    Not Found
    Following
        ${page} =    Get Page    pokemon    limit=20    offset=0
        ${next} =    Follow    ${page.next}
        Length Should Be    ${next.results}    20
        ${first} =    Follow    ${page.results[0]}
        Should Be Equal    ${first.name}    bulbasaur
    Many At Once
        ${pokemon} =    Get Many Pokemon    1-30, mew    concurrency=5
        Length Should Be    ${pokemon}    31
        Should Be Equal    ${pokemon[30].name}    mew
    Many With Some Missing
        Get Many Pokemon    1, 999998, 999999
    A Range That Is None
        Get Many Pokemon    9-1
    All Pages
        ${types} =    Get All References    type    page_size=4
        Should Contain    ${types.names}    fire
    History And Metrics
        ${ability} =    Get Ability    1
        Response Should Be In History    ${ability}
        Get Number Of States    ${ability}    ==    1
        Get Metric    pokeapi_requests_total    >=    1    endpoint=ability
    A Metric That Does Not Exist
        Get Metric    requests
    An Address As It Stands
        ${page} =    Get Page    pokemon    limit=20
        ${answer} =    Send Request    ${page.next}
        Get Status    ${answer}    ==    200
        Should Be Equal    ${answer.endpoint}    pokemon
    The History Of What Is Not There
        ${answer} =    Send Request    pokemon/999999
        Get First Seen    ${answer}
    A Value Without A Request
        Get Status    just text    ==    200
    A Model That Does Not Fit
        Use Faulty Stand In
        Inject Fault    malformed    field=types.0.slot    value=one    times=1
        Get Pokemon    1
        [Teardown]    Leave Faulty Stand In
    Faults Outside The Stand In
        Inject Fault    reset
    Written With Another Library
        ${pokemon} =    Get Pokemon    4
        Should Be Equal    ${pokemon.name}    charmeleon
    """
    folder = tmp_path_factory.mktemp("keywords")
    return run_robot(folder, suite, environment={"DATABASE_URL": database_of_run})


@pytest.mark.parametrize(
    "name",
    [
        "Reading Is Natural",
        "By Name And Number",
        "Getters Assert",
        "An Error Status May Be Expected",
        "Following",
        "Many At Once",
        "All Pages",
        "History And Metrics",
        "An Address As It Stands",
    ],
)
def test_what_should_work_works(outcome: Outcome, name: str) -> None:
    assert outcome.tests[name].passed, outcome.tests[name].message


_AT = r"after 1 attempt at http://127\.0\.0\.1:\d+/api/v2/pokemon/{}/\."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("A Getter That Fails", r"pokemon/25, after 1 attempt: name 'pikachu' \(str\) should be 'raichu' \(str\)"),
        ("A Field That Is Not There", r".*types.*7.*"),
        (
            "A Resource That Is Not There",
            r"pokemon/999999 answered 404 Not Found where 200 was expected, " + _AT.format(999999),
        ),
        (
            "Many With Some Missing",
            r"2 of 3 requests failed\. pokemon/999998 answered 404 .* pokemon/999999 answered .*",
        ),
        ("A Range That Is None", r"The range '9-1' should run upwards .*"),
        ("A Metric That Does Not Exist", r"There is no metric 'requests'\. There are: .*"),
        ("The History Of What Is Not There", r"pokemon/999999 is not in the history: no good answer was ever seen\."),
        ("A Value Without A Request", r"There is no request behind 'just text'\. Give what a keyword such as .*"),
        (
            "A Model That Does Not Fit",
            r"pokemon/1 does not match its model in 1 field: types\[0\]\.slot should be integer but was 'one' \(text\)"
            ", " + _AT.format(1),
        ),
        ("Faults Outside The Stand In", r".*begin with `Use Faulty Stand In`\."),
    ],
)
def test_what_fails_says_why_in_one_sentence(outcome: Outcome, name: str, message: str) -> None:
    assert outcome.tests[name].failed
    assert re.fullmatch(message, outcome.tests[name].message), outcome.tests[name].message


def test_no_body_is_written_into_the_output(outcome: Outcome) -> None:
    assert "api/v2/language" not in outcome.messages
    assert max(map(len, outcome.messages.splitlines())) < 10_000


def test_every_attempt_at_a_test_is_remembered(outcome: Outcome, remembered: Database) -> None:
    stored = dict(rows(remembered, "SELECT test_name, status FROM test_attempts"))
    assert stored == {test.full_name: test.status for test in outcome.tests.values()}


def test_a_run_remembers_its_target_and_what_the_api_said_of_itself(remembered: Database, outcome: Outcome) -> None:
    del outcome
    told = "SELECT name, kind, finished_at IS NOT NULL, api_revision IS NOT NULL FROM runs"
    assert sorted(rows(remembered, f"{told} JOIN targets ON targets.id = target_id")) == [
        ("embedded", "robot", True, True),
        ("faults", "robot", True, True),
    ]


# Property 13: Failure metrics are incremented, for failures of tests whose requests were good too.
@pytest.mark.property(13)
def test_the_failures_of_requests_and_of_tests_are_counted(outcome: Outcome) -> None:
    text = (outcome.folder / "metrics.prom").read_text()
    failures = dict(re.findall(r'pokeapi_failures_total\{endpoint="pokemon",failure_type="(\w+)"\} (\S+)', text))
    assert failures == {"status": "3.0", "assertion": "4.0"}
    assert 'pokeapi_test_execution_timestamp{suite="Suite"}' in text


def test_a_failed_test_is_one_line_in_the_structured_log(outcome: Outcome) -> None:
    (file,) = (outcome.folder.parent / "results" / "logs").glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    failed = {line["test_name"]: line for line in lines if line["level"] == "ERROR"}
    assert set(failed) == {test.full_name for test in outcome.tests.values() if test.failed}
    by_other_library = failed["Suite.Written With Another Library"]
    assert by_other_library["reason"] == "charmander != charmeleon"
    assert by_other_library["assertion"] == "BuiltIn.Should Be Equal    ${pokemon.name}    charmeleon"
    assert by_other_library["endpoint"] == "pokemon"
    not_found = failed["Suite.A Resource That Is Not There"]
    assert not_found["failure_type"] == "status"
    assert "UnexpectedStatusError" in not_found["trace"]


_SECRET = "tr0ub4dor-and-3"  # pragma: allowlist secret


def test_a_secret_is_nowhere(tmp_path: Path, database_url: str) -> None:
    suite = """
    Fails With A Secret In Its Address
        Get Pokemon    1
    """
    target = f"http://user:{_SECRET}@127.0.0.1:1/api/v2"
    environment = {"OBSERVATORY_TARGET": target, "DATABASE_URL": database_url, "OBSERVATORY_RETRIES": "0"}
    outcome = run_robot(tmp_path, suite, "--loglevel", "TRACE", environment=environment)
    assert outcome.exit_code == 1
    written = [file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()]
    assert not [text for text in written if _SECRET in text]
    assert _SECRET not in outcome.console


def test_a_token_of_a_suite_is_a_secret_and_shown_nowhere(tmp_path: Path, database_url: str) -> None:
    suite = """
    With A Token
        Use Api Token    ${TOKEN}
        Get Pokemon    1
    A Token In Plain Sight
        Use Api Token    plain
    """
    variables = "*** Variables ***\n${TOKEN: Secret}    %{MY_TOKEN}"
    environment = {"DATABASE_URL": database_url, "MY_TOKEN": _SECRET}
    outcome = run_robot(tmp_path, suite, "--loglevel", "TRACE", settings=variables, environment=environment)
    assert outcome.tests["With A Token"].passed, outcome.tests["With A Token"].message
    assert "must have type 'Secret'" in outcome.tests["A Token In Plain Sight"].message
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and _SECRET in file.read_text(errors="replace")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variable", "TARGET:moon"], "TARGET is 'moon' (from --variable), but it must be embedded, live, replay"),
        (["--variable", "TARGET:replay"], "OBSERVATORY_RECORDING is not set, but it must be an existing folder"),
        (["--variable", "TARGET:replay", "--variable", "RECORDING:nowhere"], "RECORDING is 'nowhere'"),
        (["--variable", "RATE_LIMIT:many"], "RATE_LIMIT is 'many' (from --variable), but it must be a whole number"),
    ],
)
def test_a_wrong_setting_is_one_clear_message(tmp_path: Path, arguments: list[str], message: str) -> None:
    outcome = run_robot(tmp_path, "Asks\n    Get Pokemon    1", *arguments)
    assert message in outcome.tests["Asks"].message


def test_a_recording_without_a_resource_skips_the_test(tmp_path: Path, database_url: str) -> None:
    folder = tmp_path / "recording" / "api" / "v2" / "berry" / "1"
    folder.mkdir(parents=True)
    (folder / "index.json").write_text('{"id": 1, "name": "cheri"}')
    suite = """
    Recorded
        ${berry} =    Get Resource    berry    1
        Should Be Equal    ${berry.name}    cheri
    Not Recorded
        Get Resource    berry    2
    Some Not Recorded
        Get Many Resources    berry    1-2
    """
    arguments = ["--variable", "TARGET:replay", "--variable", f"RECORDING:{tmp_path / 'recording'}"]
    outcome = run_robot(tmp_path, suite, *arguments, environment={"DATABASE_URL": database_url})
    assert {name: test.status for name, test in outcome.tests.items()} == {
        "Recorded": "PASS",
        "Not Recorded": "SKIP",
        "Some Not Recorded": "SKIP",
    }
    assert "berry/2 is in neither the recording nor" in outcome.tests["Not Recorded"].message
    assert outcome.exit_code == 0


def test_an_empty_name_is_not_taken_for_the_whole_list(tmp_path: Path, database_url: str) -> None:
    outcome = run_robot(tmp_path, "Nobody\n    Get Pokemon    ${EMPTY}", environment={"DATABASE_URL": database_url})
    assert "Which pokemon? The name that was given is empty" in outcome.tests["Nobody"].message


def test_a_history_deleted_in_mid_run_ends_the_run_in_peace(tmp_path: Path) -> None:
    suite = f"""
    Somebody Deletes The Spool
        Get Pokemon    1
        Evaluate    __import__('shutil').rmtree('{tmp_path.as_posix()}/home/spool')
        Get Pokemon    2
    """
    away = {"DATABASE_URL": "postgresql://localhost:1/nothing"}
    outcome = run_robot(tmp_path, suite, environment=away)
    assert outcome.exit_code == 0
    assert "Calling method" not in outcome.console
