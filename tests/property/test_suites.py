"""What must hold of the suites for any tags, and of the API for any number that no resource has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from robot import running
from robot.api import ExecutionResult

from observatory.client import PokeApiClient
from observatory.exchange import FailureType, Request
from sandbox import Catalogue, Recording, Server, Source
from tests.examples import as_bytes, reference

ROOT = Path(__file__).resolve().parents[2]
SUITES = running.TestSuite.from_file_system(ROOT / "suites")
TAGS = {test.full_name: frozenset(map(str, test.tags)) for test in SUITES.all_tests}
EVERY_TAG = sorted(frozenset[str]().union(*TAGS.values()))


def matching(include: Sequence[str], exclude: Sequence[str]) -> set[str]:
    """The tests that these options should select; `aANDb` stands for tests that have both."""

    def has(tags: frozenset[str], selector: str) -> bool:
        return tags.issuperset(selector.lower().split("and"))

    return {
        name
        for name, tags in TAGS.items()
        if (not include or any(has(tags, selector) for selector in include))
        and not any(has(tags, selector) for selector in exclude)
    }


tags = st.sampled_from([*EVERY_TAG, "no-such-tag"])
selectors = st.lists(tags | st.tuples(tags, tags).map("AND".join) | tags.map(str.title), max_size=3)


# Property 25: Tags filter test execution
@pytest.mark.property(25)
@settings(max_examples=150, deadline=None)
@given(include=selectors, exclude=selectors)
def test_exactly_the_tests_whose_tags_match_are_selected(include: list[str], exclude: list[str]) -> None:
    selected = SUITES.deepcopy()
    selected.filter(included_tags=include or None, excluded_tags=exclude or None)
    assert {test.full_name for test in selected.all_tests} == matching(include, exclude)


# Property 25: Tags filter test execution
@pytest.mark.property(25)
@pytest.mark.parametrize(
    ("include", "exclude"),
    [
        (["smoke"], []),
        (["regression"], []),
        (["pokemon"], []),
        (["type", "ability"], ["regression"]),
        (["regressionANDhttp"], []),
        ([], ["resilience", "smoke"]),
        (["resilience"], ["retries", "timeouts"]),
        (["load"], []),
        (["load", "smoke"], ["spike"]),
        ([], ["load"]),
    ],
    ids=str,
)
def test_the_command_executes_exactly_the_tests_whose_tags_match(
    tmp_path: Path, include: list[str], exclude: list[str]
) -> None:
    options = [word for tag in include for word in ("--include", tag)]
    options += [word for tag in exclude for word in ("--exclude", tag)]
    command = ["robot", "--dryrun", "--runemptysuite", *options, "--outputdir", str(tmp_path), "suites/"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    executed = ExecutionResult(str(tmp_path / "output.xml")).suite.all_tests
    assert {test.full_name for test in executed} == matching(include, exclude)


ENDPOINTS = ["pokemon", "type", "ability"]


@pytest.fixture(scope="module", params=["catalogue", "recording"])
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PokeApiClient]:
    """The engine's client at the stand-in, over its own catalogue and over a recording."""
    source: Source = Catalogue() if request.param == "catalogue" else recording(tmp_path_factory.mktemp("recording"))
    with Server(source) as server, PokeApiClient(server.base_url, retries=0) as client:
        yield client


def recording(folder: Path) -> Recording:
    """A recording of one resource of each endpoint."""
    for endpoint in ENDPOINTS:
        root = folder / "api" / "v2" / endpoint
        listing = {"count": 1, "results": [reference(endpoint, 1, "first")]}
        for file, body in ((root / "index.json", listing), (root / "1" / "index.json", {"id": 1})):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(as_bytes(body))
    return Recording(folder)


# Property 32: Invalid resource IDs return errors
@pytest.mark.property(32)
@settings(max_examples=200, deadline=None)
@given(
    endpoint=st.sampled_from(ENDPOINTS),
    number=st.integers(max_value=0) | st.integers(min_value=100_000) | st.integers(0, 2000).map(lambda n: -(10**n)),
)
def test_a_number_that_no_resource_has_is_refused(client: PokeApiClient, endpoint: str, number: int) -> None:
    exchange = client.fetch(Request(endpoint, str(number)))
    assert exchange.status in {400, 404}
    assert exchange.failure is not None
    assert exchange.failure.type is FailureType.STATUS
    assert len(exchange.attempts) == 1
    assert exchange.body in {b"Not Found", b"Bad Request"}
