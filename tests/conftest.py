"""What tests of several folders share: a real PostgreSQL, a fresh database in it for each test that wants one."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from _pytest.reports import BaseReport
from coverage import Coverage
from hypothesis import settings
from pydantic import SecretStr

from observatory.history.database import Database
from observatory.history.embedded import EmbeddedServer

# How long an example takes says nothing on a machine that is busy with something else.
settings.register_profile("observatory", deadline=None)
settings.load_profile("observatory")

PROPERTIES = Path(__file__).resolve().parent / "property"

RECORDING = (Path(__file__).resolve().parents[2] / "shared" / "pokeapi" / "recorded").resolve()
"""Real responses, where a checkout has them beside it."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL that holds a template with the history's tables."""
    with tempfile.TemporaryDirectory(prefix="observatory-") as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        yield _with_template(server.url())
        server.leave()
        wait_until_stopped(Path(folder))


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty folder for an embedded server.

    Not pytest's own, which only its owner may enter: for root, PostgreSQL runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="observatory-") as folder:
        yield Path(folder)
        wait_until_stopped(Path(folder))


def wait_until_stopped(folder: Path, timeout: float = 30.0) -> None:
    """Wait until no embedded server runs below a folder: one that was left ends by itself, behind the caller."""
    deadline = time.monotonic() + timeout
    for data in _data_folders(folder):
        while (running := data / "postmaster.pid").exists():
            assert time.monotonic() < deadline, f"still running: {running}"
            time.sleep(0.01)


def _data_folders(folder: Path) -> list[Path]:
    """The data folders of servers below a folder; what is in one is no place to look, with its thousands of files."""
    found = []
    for path, folders, files in os.walk(folder):
        if "PG_VERSION" in files:
            found.append(Path(path))
            folders.clear()
    return found


def _with_template(url: str) -> str:
    # Nothing here outlives the tests: to bring each of their databases to the disk takes half a minute at the end.
    _execute(url, "ALTER SYSTEM SET fsync = off")
    _execute(url, "SELECT pg_reload_conf()")
    _execute(url, "CREATE DATABASE template_history")
    template = Database(lambda: _in_database(url, "template_history"))
    with template.transaction():
        pass
    template.close()
    return url


@pytest.fixture
def database_url(postgres: str) -> str:
    """The address of a database of its own, with empty tables."""
    return new_database(postgres)


def new_database(postgres: str) -> str:
    """The address of one more database, with empty tables."""
    name = f"history_{uuid.uuid4().hex}"
    _execute(postgres, f"CREATE DATABASE {name} TEMPLATE template_history")
    return _in_database(postgres, name)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """A database of its own, with empty tables."""
    database = Database.at(SecretStr(database_url), tmp_path)
    yield database
    database.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave properties out of the coverage: their hundreds of examples run the lines that a few run."""
    for item in items:
        if PROPERTIES in item.path.parents:
            item.add_marker("unmeasured")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run what is unmeasured, with what it needs, and note no line.

    The marker `no_cover` of pytest-cov would not do: it measures fixtures all the same, and pauses only one of the two
    measurements that are begun in each process of pytest-xdist.
    """
    paused = []
    while item.get_closest_marker("unmeasured") and (coverage := Coverage.current()):
        coverage.stop()
        paused.append(coverage)
    try:
        return (yield)
    finally:
        for coverage in reversed(paused):
            coverage.start()


def _missing_tool_fails_in_ci(report: BaseReport) -> None:
    """Turn a skip for want of a tool into a failure in CI, where whatever a test needs must be there."""
    if not os.environ.get("CI") or report.outcome != "skipped" or not isinstance(report.longrepr, tuple):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if reason.startswith("install "):
        report.outcome = "failed"
        report.longrepr = f"In CI a missing tool is a failure: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at each test's end, and at its fixtures'."""
    report = yield
    _missing_tool_fails_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at each file's collection, where a whole file may be skipped."""
    report = yield
    _missing_tool_fails_in_ci(report)
    return report


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _in_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
