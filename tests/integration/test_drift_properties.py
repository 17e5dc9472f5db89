"""Drift as the seed numbers it: any change of a schema is kept and counted, any difference of data is logged."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from observatory.data_drift import differences
from observatory.history import Database
from observatory.metrics import Metrics
from observatory.session import Memory, Session
from observatory.settings import Settings
from observatory.targets import Target
from tests.conftest import new_database
from tests.history_values import a_run, an_exchange
from tests.remembered_api import RememberedApi, seen

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
METRIC = "pokeapi_schema_changes_total"
_NUMBERS = itertools.count()

pytestmark = pytest.mark.unmeasured  # as all properties

_KEYS = st.text(alphabet="abc.[]*\0é", min_size=1, max_size=3)
_VALUES = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_KEYS, _VALUES, min_size=1, max_size=4)


def _contains_itself(value: Any, own: str | None = None) -> bool:
    """Whether a key stands right below itself: both share one path, where one can hide a change of the other."""
    if isinstance(value, list):
        return any(_contains_itself(each, own) for each in value)
    return isinstance(value, dict) and (own in value or any(_contains_itself(each, key) for key, each in value.items()))


@st.composite
def _edited(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body, and the same with one field that was added, is gone, is null or of another type."""
    body = draw(_OBJECTS.filter(lambda each: not _contains_itself(each)))
    key = draw(st.sampled_from(sorted(body)))
    match draw(st.sampled_from(["added", "removed", "null", "type"])):
        case "added":
            return body, {**body, draw(_KEYS.filter(lambda name: name not in body)): draw(_VALUES)}
        case "removed":
            return body, {name: value for name, value in body.items() if name != key}
        case "null":
            return body, {**body, key: None}
        case _:
            other: Any = "text" if not isinstance(body[key], str) else 1
            return body, {**body, key: other}


@pytest.fixture(scope="module")
def api(postgres: str) -> Iterator[RememberedApi]:
    """An API with as many endpoints as there are examples."""
    url = new_database(postgres)
    database = Database(lambda: url)
    yield RememberedApi(database)
    database.close()


@pytest.fixture
def memory(postgres: str, tmp_path: Path) -> Iterator[Memory]:
    """The memory of a process, with a database of its own."""
    given = {"database_url": SecretStr(new_database(postgres)), "home": tmp_path / "home", "results": tmp_path}
    reports: list[str] = []
    memory = Memory.open(Settings.model_validate(given), uuid.uuid4(), reports.append)
    yield memory
    memory.close()
    assert reports == []


# Property 5: Schema changes are persisted
@pytest.mark.property(5)
@MANY
@given(bodies=_edited())
def test_any_change_of_a_schema_is_a_version_with_its_time(
    api: RememberedApi, bodies: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    before, after = bodies
    endpoint = f"endpoint-{next(_NUMBERS)}"
    first = api.run({"1": before}, endpoint)
    second = api.begin()
    stored = api.tell(seen(second, {"1": after}, endpoint, at=second.started_at + timedelta(minutes=5)))
    assert stored.problem == ""
    assert len(stored.changes) >= 1
    assert api.changes(endpoint=endpoint) == sorted(stored.changes, key=lambda known: known.change.path)
    assert [(number, run) for number, run, _ in api.versions(endpoint)] == [(1, first.id), (2, second.id)]
    kept = sorted(api.rows("number, seen_at, endpoint", "schema_versions"))
    times = [at for _, at, name in kept if name == endpoint]
    assert times == [first.started_at, second.started_at + timedelta(minutes=5)]
    assert {known.found_at for known in stored.changes} == {times[1]}
    models = [json.loads(model) for _, _, model in api.versions(endpoint)]
    assert models[0] != models[1]


# Property 5: Schema changes are persisted
@pytest.mark.property(5)
@MANY
@given(body=_OBJECTS)
def test_no_version_is_made_for_what_is_as_it_was(api: RememberedApi, body: dict[str, Any]) -> None:
    endpoint = f"endpoint-{next(_NUMBERS)}"
    api.run({"1": body}, endpoint)
    stored = api.tell(seen(api.begin(), {"1": dict(reversed(body.items()))}, endpoint))
    assert (list(stored.changes), stored.problem) == ([], "")
    assert len(api.versions(endpoint)) == 1


# Property 14: Schema change metrics are incremented
@pytest.mark.property(14)
@MANY
@given(bodies=_edited())
def test_any_change_of_a_schema_is_counted_for_its_endpoint(
    memory: Memory, bodies: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    endpoint = f"endpoint-{next(_NUMBERS)}"
    counted: list[float] = []
    runs = [a_run(), a_run()]
    for run, body in zip(runs, bodies, strict=True):
        memory.metrics[run.id] = Metrics()
        memory.history.begin(run)
        for resource in ("1", "2"):
            memory.history.saw(an_exchange(endpoint, resource, body), run)
        assert memory.history.flush()
        counted.append(memory.metrics[run.id].value(METRIC, endpoint=endpoint))
    found = memory.history.drift.changes("embedded", endpoint)
    assert counted == [0, len(found)]
    assert counted[1] >= 1
    assert memory.metrics[runs[1].id].value(METRIC) == counted[1]


# Property 9: Data differences are logged
@pytest.mark.property(9)
@MANY
@given(before=_OBJECTS, after=_OBJECTS)
def test_any_difference_of_data_is_a_line_with_its_place_and_both_values(
    memory: Memory, tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    endpoint = f"endpoint-{next(_NUMBERS)}"
    first = a_run()
    old, new = an_exchange(endpoint, body={"of": before}), an_exchange(endpoint, body={"of": after})
    memory.history.begin(first)
    memory.history.saw(old, first)
    assert memory.history.flush()
    memory.history.drift.noticed("embedded", endpoint, "1", old.content_hash)
    settings = Settings.model_validate({"home": tmp_path / "home"})
    session = Session(settings, Target("embedded", "http://localhost:1/api/v2"), memory, a_run())
    session.test_name = "A Test"
    memory.history.saw(new, session.run)
    for _ in range(2):  # told once
        session.compared(new)
    session.client.close()
    told = memory.history.drift.changes("embedded", endpoint)
    expected = [
        (change.path, change.kind.value, change.before, change.after)
        for change in differences({"of": before}, {"of": after})
        if not any(known.change.tells(change.normalised) for known in told)
    ]
    text = "".join(file.read_text("utf-8") for file in (tmp_path / "logs").glob("*.jsonl"))
    lines = [json.loads(line) for line in text.split("\n") if f'"{endpoint}"' in line]
    logged = [line for line in lines if line["message"].startswith("Data changed")]
    assert [(line["path"], line["kind"], line["before"], line["after"]) for line in logged] == expected
    assert all((line["test_name"], line["resource"], line["level"]) == ("A Test", "1", "INFO") for line in logged)
