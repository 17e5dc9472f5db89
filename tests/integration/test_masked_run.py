"""No planted secret is left anywhere behind runs, loads and reports on an API that gives back whatever it was told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from tests.conftest import new_database
from tests.load_process import AWAY
from tests.planted_secrets import SECRETS, EchoingApi, forms, found_in, left_in, rows
from tests.robot_command import LIBRARIES, ROOT, Outcome, run_command

SUITE: Final = """\
*** Settings ***
{libraries}

*** Variables ***
${{TOKEN: Secret}}    %{{OBSERVATORY_API_TOKEN=%{{REPORTPORTAL_API_KEY}}}}
&{{TURN}}             X-Turn=%{{TURN=0}}

*** Test Cases ***
A Field Is Not As Expected
    ${{answer}} =    Get Resource    echo    1
    Get Field    ${{answer}}    said    ==    nothing

Fields Are Compared And Logged By Robot
    ${{answer}} =    Send Request    echo/1    headers=${{TURN}}
    ${{body}} =    Get Body    ${{answer}}
    Log    ${{body}}
    Log Many    ${{answer.request_headers}}    ${{answer.headers}}
    Log    ${{answer.headers}}    WARN
    Should Be Equal    ${{body}}    nothing

A Header Is Not As Expected
    ${{answer}} =    Send Request    echo/1
    Get Header    ${{answer}}    Set-Cookie    ==    nothing

A Header Is Not As Expected, Either
    ${{answer}} =    Send Request    echo/1
    Get Header    ${{answer}}    X-Echo    ==    nothing

A Message Of Robot Has It
    Fail    It was ${{TOKEN.value}}, after all.

A Loop Fails
    FOR    ${{number}}    IN RANGE    2
        TRY
            Get Resource    echo    ${{TOKEN.value}}
            Fail    It was ${{TOKEN.value}}.
        FINALLY
            No Operation
        END
    END

A Name Is A Secret
    Get Resource    ${{TOKEN.value}}    1

A Query Has A Secret
    Send Request    echo/1?api_key={query}&q=${{TOKEN.value}}

An Address That Was Found Has A Secret
    Follow    http://somewhere.example/api/v2/refused/1?token={query}

Many Are Refused
    Get Many Resources    refused    1-3

A Model Is Not Satisfied
    Get Pokemon    1

The Numbers Are Logged
    Log Metrics

Refused
    Get Resource    refused    1

Broken
    Get Resource    broken    1

Moved
    Get Resource    moved    1

Away
    Get Resource    away    1

Cut
    Get Resource    cut    1

Circle
    Get Resource    circle    1

Typed
    Get Resource    typed    1

Packed
    Get Resource    packed    1

Torn
    Get Resource    torn    1
"""


@dataclass(frozen=True)
class Left:
    """What is left behind all runs: the folder of their files, the rows of the database, and what was printed."""

    folder: Path
    tables: Mapping[str, list[str]]
    printed: Mapping[str, str]
    runs: tuple[Outcome, ...]
    told: frozenset[str]
    pushes: int


@pytest.fixture(scope="module")
def left(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("masked")
    database = new_database(postgres)
    with EchoingApi() as api:
        token = {"OBSERVATORY_TARGET": f"http://{api.host}/api/v2", "OBSERVATORY_API_TOKEN": SECRETS["token"]}
        always = {
            "DATABASE_URL": _with_password(database),
            "REPORTPORTAL_API_KEY": SECRETS["reportportal"],
            "OBSERVATORY_METRICS_RELAY": f"http://{api.host}",
            "OBSERVATORY_METRICS_TOKEN": SECRETS["relay"],
            "OBSERVATORY_RETRIES": "0",
            "OBSERVATORY_RATE_LIMIT": "60000",
            "OBSERVATORY_LOG_LEVEL": "DEBUG",
        }
        suites = _suites(folder)
        robot = [sys.executable, "-m", "robot", "--loglevel", "TRACE"]
        runs = [
            run_command(
                [
                    *robot,
                    "--outputdir",
                    str(folder / f"robot{turn}"),
                    "--debugfile",
                    "debug.txt",
                    str(suites / "one.robot"),
                ],
                folder,
                {**always, **token, "TURN": str(turn)},
            )
            for turn in range(2)
        ]
        # An address with its password, two processes, and a database that is away: the spool has what it would have.
        address = {"OBSERVATORY_TARGET": f"http://ash:{quote(SECRETS['address'], safe='')}@{api.host}/api/v2"}
        away = {"DATABASE_URL": _with_password(AWAY)}
        pabot = ["pabot", "--processes", "2", "--pabotlibport", "0", "--loglevel", "TRACE"]
        runs.append(
            run_command(
                [*pabot, "--outputdir", str(folder / "pabot"), str(suites)], folder, {**always, **address, **away}
            )
        )
        load = [*_observatory("load", "run"), "--profile", "quick", "--users", "2", "--run-time", "2s"]
        loaded = run_command([*load, "--results", str(folder / "load")], folder, {**always, **token})
        commands = (
            "health",
            "drift list",
            "drift list --json",
            "flaky",
            "baselines",
            "latency",
            "load list",
            "failures",
        )
        printed = {"load run": loaded.console}
        for command in commands:
            printed[command] = run_command(_observatory(*command.split()), folder, {**always, **token}).console
        told, pushes = frozenset(api.told), api.pushes
    tables = {name: list(each) for name, each in rows(database).items()}
    return Left(folder, tables, printed, tuple(runs), told, pushes)


def _with_password(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or "postgres"
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(SECRETS['database'], safe='')}@{host}"))


def _suites(folder: Path) -> Path:
    suites = folder.parent / "masked-suites"
    suites.mkdir(exist_ok=True)
    libraries = "\n".join(f"Library    {path}" for path in LIBRARIES)
    for name in ("one", "two"):
        (suites / f"{name}.robot").write_text(SUITE.format(libraries=libraries, query=SECRETS["query"]), "utf-8")
    return suites


def _observatory(*words: str) -> list[str]:
    return [sys.executable, "-m", "observatory.commands", *words]


# That the search would find them, and that the runs met them


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_the_search_finds_every_way_of_writing(secret: str, tmp_path: Path) -> None:
    for way, form in forms(secret).items():
        (tmp_path / "file").write_text(f"before {form} after", "utf-8")
        assert left_in([tmp_path / "file"]), way


def test_the_api_was_told_and_gave_it_back(left: Left) -> None:
    assert f"Bearer {SECRETS['token']}" in left.told
    assert f"Bearer {SECRETS['relay']}" in left.told
    assert any(each.startswith("Basic ") for each in left.told)
    assert left.pushes
    assert "***" in left.runs[0].console


def test_the_runs_went_as_they_should(left: Left) -> None:
    for run, folder in zip(left.runs, ("robot0", "robot1", "pabot"), strict=True):
        statuses = _statuses(left.folder / folder / "output.xml")
        assert statuses["The Numbers Are Logged"] == {"PASS"}
        assert statuses["A Field Is Not As Expected"] == statuses["Refused"] == statuses["A Loop Fails"] == {"FAIL"}
        assert run.exit_code > 10, run.console
    assert "Failed: quick on" in left.printed["load run"]


def _statuses(output: Path) -> dict[str, set[str]]:
    from robot.api import ExecutionResult

    found: dict[str, set[str]] = {}
    for test in ExecutionResult(str(output)).suite.all_tests:
        found.setdefault(test.name, set()).add(test.status)
    return found


# What is left


FILES: Final = {
    "log.html": "*/log.html",
    "report.html": "*/report.html",
    "output.xml": "*/output.xml",
    "of pabot's processes": "pabot/**/*",
    "the debug file": "*/debug.txt",
    "metrics.prom": "**/metrics.prom",
    "the structured log": "results/logs/*.jsonl",
    "the spool": "home/spool/**/*",
    "numbers that wait for the relay": "home/metrics/*",
    "the health page": "results/health.html",
    "the report of the load": "load/*",
}


@pytest.mark.parametrize("what", FILES)
def test_no_secret_is_left_in_a_file(left: Left, what: str) -> None:
    paths = [path for path in left.folder.glob(FILES[what]) if path.is_file()]
    assert any(path.stat().st_size for path in paths), f"nothing was written: {FILES[what]}"
    assert _told_by(paths) == []


def test_no_secret_is_left_in_any_other_file(left: Left) -> None:
    assert _told_by(path for path in left.folder.rglob("*") if path.is_file()) == []


def _told_by(paths: Iterable[Path]) -> list[str]:
    """What files tell; that a debug file, written before anybody can mask it, quotes the suite's own text is known."""
    return [each for each in left_in(paths) if "debug.txt: query" not in each]


def test_no_secret_is_left_on_a_console(left: Left) -> None:
    for run in left.runs:
        assert found_in(run.console) == []
    for command, console in left.printed.items():
        assert found_in(console) == [], command


TABLES: Final = (
    "bodies",
    "api_responses",
    "latency_samples",
    "test_attempts",
    "runs",
    "schema_versions",
    "data_changes",
)


@pytest.mark.parametrize("table", TABLES)
def test_no_secret_is_left_in_a_table(left: Left, table: str) -> None:
    assert left.tables[table], f"nothing was stored in {table}"
    assert found_in("\n".join(left.tables[table])) == []


def test_no_secret_is_left_in_any_other_table(left: Left) -> None:
    assert {name: found_in("\n".join(each)) for name, each in left.tables.items() if found_in("\n".join(each))} == {}


def test_what_the_api_said_besides_is_remembered(left: Left) -> None:
    bodies = "\n".join(left.tables["bodies"])
    assert '\\"said\\":\\"you said ***\\"' in bodies
    assert '\\"access_token\\":\\"***\\"' in bodies
    assert '\\"turn\\":\\"1\\"' in bodies


def test_a_new_token_in_an_answer_is_no_change_of_it(left: Left) -> None:
    changes = "\n".join(left.tables["data_changes"])
    assert "turn" in changes
    assert "said" not in changes


def test_no_secret_is_on_a_command_line(left: Left) -> None:
    """What a process is given with its name is there for everybody on the machine to see."""
    environment = {
        **os.environ,
        "OBSERVATORY_API_TOKEN": SECRETS["token"],
        "OBSERVATORY_HOME": str(left.folder / "home2"),
    }
    environment |= {"OBSERVATORY_TARGET": f"http://ash:{quote(SECRETS['address'], safe='')}@127.0.0.1:1/api/v2"}
    command = [*_observatory("load", "run"), "--profile", "quick", "--run-time", "3s", "--processes", "2"]
    load = subprocess.Popen(
        [*command, "--results", str(left.folder / "load2")],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seen: set[str] = set()
    try:
        while load.poll() is None:
            seen |= _command_lines()
    finally:
        load.kill()
        load.wait()
    assert any("locust" in line for line in seen)
    assert found_in("\n".join(line for line in seen if "observatory" in line or "locust" in line)) == []


def _command_lines() -> set[str]:
    import psutil

    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            found.add(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found
