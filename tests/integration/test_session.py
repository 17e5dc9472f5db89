"""The session tells each part of each exchange, and keeps what belongs to one target from the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from observatory.errors import SettingsError
from observatory.exchange import FailureType, Request
from observatory.history import Database
from observatory.revision import deploy_time, git_revision
from observatory.session import Session
from observatory.settings import Settings
from observatory.targets import LIVE_URL, open_target
from sandbox.catalogue import Catalogue
from sandbox.faults import Fault, Kind
from sandbox.server import Server
from tests.history_values import rows

Open = Callable[..., Session]


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Iterator[Open]:
    """Opens sessions on a database of their own, and closes them."""
    sessions: list[Session] = []

    def open_session(log: str | None = None, **values: object) -> Session:
        given = {"database_url": SecretStr(database_url), "home": tmp_path / "home", "results": tmp_path / "results"}
        sessions.append(Session.open(Settings.model_validate({**given, **values}), log=log))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()
        session.memory.close()


def _log(folder: Path) -> list[dict[str, object]]:
    (file,) = (folder / "results" / "logs").glob("*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_part_is_told_of_an_exchange(opened: Open, database: Database, tmp_path: Path) -> None:
    session = opened()
    session.test_name = "A Test"
    exchange = session.fetch(Request("pokemon", "25"))
    assert exchange.failure is None
    assert (exchange.test_name, exchange.run_id) == ("A Test", session.run.id.hex)
    assert session.metrics.value("pokeapi_requests_total", endpoint="pokemon") == 1
    assert session.memory.history.flush()
    assert rows(database, "SELECT id, test_name, status FROM latency_samples") == [(exchange.id, "A Test", 200)]
    (line,) = [line for line in _log(tmp_path) if line.get("endpoint") == "pokemon"]
    assert (line["test_name"], line["status_code"], line["url"]) == ("A Test", 200, exchange.url)


def test_a_batch_is_told_of_one_by_one(opened: Open, database: Database) -> None:
    session = opened()
    exchanges = session.fetch_many([Request("pokemon", str(number)) for number in range(1, 41)], concurrency=7)
    assert [exchange.resource for exchange in exchanges] == [str(number) for number in range(1, 41)]
    assert session.metrics.value("pokeapi_requests_total") == 40
    assert session.memory.history.flush()
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(40,)]


def test_the_cold_start_of_a_session_is_not_held_against_its_target(opened: Open, database: Database) -> None:
    session = opened()
    for number in (1, 2):
        session.fetch(Request("pokemon", str(number)))
    assert session.memory.history.flush()
    assert rows(
        database,
        "SELECT resource, left_out, connect_seconds IS NULL, in_batch, "
        "first_byte_seconds BETWEEN coalesce(connect_seconds, 0) AND elapsed_seconds "
        "FROM latency_samples ORDER BY resource",
    ) == [("1", "cold start", False, False, True), ("2", "", True, False, True)]


def test_a_run_tells_where_its_log_is_written(opened: Open, database: Database) -> None:
    session = opened(log="/results/log.html")
    elsewhere = session.watching("faults")
    elsewhere.close()
    assert session.memory.history.flush()
    logs = rows(database, "SELECT log FROM runs JOIN targets ON targets.id = target_id ORDER BY name = 'faults'")
    assert logs == [("/results/log.html",), (None,)]  # what goes with a run does not write over its log


def test_a_body_that_its_model_rejects_is_a_failure_and_remembered(opened: Open, database: Database) -> None:
    session = opened(target="faults")
    assert session.target.faults is not None
    session.target.faults.inject(Fault(kind=Kind.MALFORMED, field="name", times=1))
    exchange = session.fetch(Request("pokemon", "1"))
    assert exchange.failure is not None
    assert exchange.failure.type is FailureType.MODEL
    assert "name should be present but was missing, after 1 attempt at http://" in exchange.failure.message
    assert session.metrics.value("pokeapi_failures_total", failure_type="model") == 1
    assert session.memory.history.flush()
    assert rows(database, "SELECT failure_type FROM latency_samples") == [("model",)]
    assert rows(database, "SELECT accepted_by FROM bodies") == [(None,)]


def test_what_an_earlier_run_accepted_is_not_judged_again(opened: Open) -> None:
    first = opened()
    exchange = first.fetch(Request("pokemon", "1"))
    assert first.memory.history.flush()
    second = opened()
    assert second.memory.history.flush()
    second.fetch(Request("type", "1"))
    second.memory.history.flush()
    assert second.memory.judge.accepts("pokemon", exchange.content_hash)
    assert not second.memory.judge.accepts("type", exchange.content_hash)


def test_the_api_revision_is_noticed_from_any_answer(opened: Open, database: Database) -> None:
    session = opened()
    session.fetch(Request("pokemon", "1"))
    assert session.memory.history.flush()
    meta = session.fetch(Request("meta")).json
    assert rows(database, "SELECT api_revision, api_deployed_at FROM runs") == [
        (meta["hash"], deploy_time(meta["deploy_date"]))
    ]


def test_another_target_has_a_run_and_numbers_of_its_own(opened: Open, database: Database) -> None:
    main = opened()
    faults = main.watching("faults", pause=0.0)
    assert faults.target.faults is not None
    faults.target.faults.inject(Fault(kind=Kind.STATUS, status=503))
    assert faults.fetch(Request("pokemon", "1")).failure is not None
    faults.close()
    assert main.metrics.value("pokeapi_failures_total") == 0
    assert main.fetch(Request("pokemon", "1")).failure is None
    assert main.memory.history.flush()
    assert sorted(rows(database, "SELECT name FROM runs JOIN targets ON targets.id = target_id")) == [
        ("embedded",),
        ("faults",),
    ]


def test_local_targets_have_no_limit_unless_asked(opened: Open) -> None:
    assert opened().target.rate_limit is None
    assert opened(rate_limit=7).target.rate_limit == 7


def test_the_public_api_has_a_limit_of_100_a_minute() -> None:
    assert open_target(Settings(target="live")).rate_limit == 100
    assert open_target(Settings(target="live", rate_limit=5)).rate_limit == 5


def test_a_limit_is_shared_and_its_wait_is_seen_in_the_exchange(opened: Open) -> None:
    with Server(Catalogue()) as server:
        first, second = opened(target=server.base_url, rate_limit=6000), opened(target=server.base_url, rate_limit=6000)
        assert first.fetch(Request("pokemon", "1")).attempts[0].limited == 0
        limiters = [first, second]
        for number in range(20):
            assert limiters[number % 2].wait_for_limit() == 0.0


def test_a_token_goes_to_an_address_and_to_nobody_else(opened: Open) -> None:
    token = SecretStr("s3cret-token")  # pragma: allowlist secret
    with Server(Catalogue()) as server:
        own = opened(target=server.base_url, api_token=token).fetch(Request("pokemon", "1"))
    assert own.request_headers["authorization"] == "Bearer s3cret-token"
    assert "authorization" not in opened(api_token=token).fetch(Request("pokemon", "1")).request_headers


def test_a_target_that_cannot_be_opened_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    settings = Settings.model_validate({"target": "replay", "recording": tmp_path / "empty", "home": tmp_path / "home"})
    with pytest.raises(SettingsError, match="is empty; it should hold files like"):
        Session.open(settings)
    assert not (tmp_path / "home").exists()


def test_the_name_of_a_target_has_no_credentials() -> None:
    settings = Settings(target="http://user:pw@host:8000/api/v2/")  # pragma: allowlist secret
    assert open_target(settings).name == "http://host:8000/api/v2"


def test_a_token_given_later_is_sent_and_masked(opened: Open) -> None:
    session = opened()
    session.authorize("given-later-42")  # pragma: allowlist secret
    assert session.fetch(Request("pokemon", "1")).request_headers["authorization"] == "Bearer given-later-42"
    assert session.memory.masker.mask_text("the token given-later-42") == "the token ***"


def test_the_public_api_is_given_no_token(opened: Open) -> None:
    with pytest.raises(SettingsError, match="The public API needs no token"):
        opened(target="live").authorize("given-later-42")  # pragma: allowlist secret


@pytest.mark.parametrize("told", ["", "soon", "1e9", "99999999999999999999", "-99999999999999999999"])
def test_a_deploy_date_that_is_none_is_not_taken_for_one(told: str) -> None:
    assert deploy_time(told) is None


def test_a_deploy_date_is_seconds_since_1970() -> None:
    assert deploy_time("1786004122") == datetime(2026, 8, 6, 8, 15, 22, tzinfo=UTC)


def test_the_revision_of_the_tests_is_the_commit(tmp_path: Path) -> None:
    assert git_revision(tmp_path) is None
    assert git_revision(tmp_path / "nowhere") is None
    revision = git_revision(Path(__file__).parent)
    assert revision is None or len(revision.partition("+")[0]) == 40


def test_the_public_api_is_the_public_api_by_its_address_too() -> None:
    for address in ("https://pokeapi.co/api/v2", "http://pokeapi.co/api/v2/"):
        target = open_target(Settings(target=address))
        assert (target.name, target.base_url, target.rate_limit) == ("live", LIVE_URL, 100)


def test_a_verdict_of_other_models_is_not_trusted(opened: Open, database: Database) -> None:
    first = opened()
    exchange = first.fetch(Request("pokemon", "1"))
    assert first.memory.history.flush()
    rows(database, "UPDATE bodies SET accepted_by = 'pokemon@other-models' RETURNING 1")
    second = opened()
    second.fetch(Request("type", "1"))
    assert second.memory.history.flush()
    assert not second.memory.judge.accepts("pokemon", exchange.content_hash)
    second.fetch(Request("pokemon", "1"))
    assert second.memory.history.flush()
    (mark,) = rows(database, "SELECT accepted_by FROM bodies WHERE hash = %s", exchange.content_hash)[0]
    assert mark.startswith("pokemon@")
    assert mark != "pokemon@other-models"


def test_a_body_with_unknown_fields_is_noticed_in_every_run(opened: Open) -> None:
    for _ in range(2):
        session = opened(target="faults")
        assert session.target.faults is not None
        session.target.faults.inject(Fault(kind=Kind.MALFORMED, field="colour", value="green"))
        assert session.fetch(Request("pokemon", "1")).unknown_fields == ("colour",)
        assert session.memory.history.flush()


def test_a_batch_keeps_bytes_and_no_parsed_bodies(opened: Open) -> None:
    exchanges = opened().fetch_many([Request("pokemon", str(number)) for number in range(1, 6)])
    assert all("json" not in exchange.__dict__ for exchange in exchanges)
    assert exchanges[0].json["name"] == "bulbasaur"


def test_only_what_was_asked_for_is_a_state_of_a_resource(opened: Open, database: Database) -> None:
    session = opened()
    session.fetch(Request("pokemon", "1", method="HEAD"))
    session.fetch(Request("pokemon", "1", method="OPTIONS", expected=frozenset({200, 204})))
    assert session.memory.history.flush()
    assert rows(database, "SELECT count(*) FROM api_responses") == [(0,)]
    assert rows(database, "SELECT count(*) FROM latency_samples") == [(2,)]


def test_each_database_has_a_spool_of_its_own(tmp_path: Path) -> None:
    for url in ("postgresql://localhost:1/one", "postgresql://localhost:1/two"):
        settings = {"database_url": SecretStr(url), "home": tmp_path / "home", "results": tmp_path / "results"}
        session = Session.open(Settings.model_validate(settings))
        session.fetch(Request("pokemon", "1"))
        session.close()
        session.memory.close()
    spools = list((tmp_path / "home" / "spool").iterdir())
    assert [len(list(spool.glob("*.journal"))) for spool in spools] == [1, 1]
