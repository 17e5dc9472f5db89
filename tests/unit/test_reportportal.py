"""What a launch is called, marked and filled with, before any ReportPortal is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from observatory.comparison import Comparison
from observatory.exchange import Attempt, Exchange, Failure, FailureType
from observatory.launch import (
    Attribute,
    LaunchFolder,
    Portal,
    PortalError,
    Report,
    Terms,
    attributes_of,
    launch_of,
    suite_types,
    terms_of,
)
from observatory.launch.launch import asked_by
from observatory.launch.payloads import MOST_BYTES_OF_PASSED, data_payload, exchange_payload, kept, schema_payload
from observatory.launch.portal import Key
from observatory.launch.readable import images, readable
from observatory.logs.masking import Masker
from observatory.schema_drift import ChangeKind
from observatory.settings import Settings
from tests.drift_values import a_change, a_data_change, a_known_change
from tests.reportportal_receiver import KEY

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TERMS = Terms("http://portal:8080", "pokeapi", Key(KEY))


def an_exchange(body: bytes = b'{"id": 25}', **values: object) -> Exchange:
    given = {
        "endpoint": "pokemon",
        "resource": "25",
        "url": "http://api/pokemon/25",
        "started_at": AT,
        "elapsed": 0.02,
        "attempts": (Attempt(1, 200, 0.02),),
        "status": 200,
        "body": body,
    }
    return Exchange(**(given | values))  # type: ignore[arg-type]  # the values are right, their union says nothing


def answering(response: httpx.Response) -> httpx.BaseTransport:
    return httpx.MockTransport(lambda _: response)


class TestSettings:
    def test_nothing_set_publishes_nothing(self) -> None:
        assert terms_of(Settings()) is None

    def test_half_of_it_is_told(self) -> None:
        with pytest.raises(PortalError, match="REPORTPORTAL_PROJECT and REPORTPORTAL_API_KEY are not set"):
            terms_of(Settings(reportportal_endpoint="http://portal:8080"))

    def test_the_key_is_a_secret_and_shown_nowhere(self) -> None:
        settings = Settings(
            reportportal_endpoint="http://portal:8080/",
            reportportal_project="pokeapi",
            reportportal_api_key=SecretStr(KEY),
        )
        assert KEY in settings.secrets()
        terms = terms_of(settings)
        assert terms == TERMS
        assert KEY not in f"{terms!r} {settings!r}"


class TestKindsOfSuites:
    @pytest.mark.parametrize(
        ("included", "expected"),
        [
            (["smoke"], ("smoke",)),
            (["Smoke"], ("smoke",)),
            (["loadORregression"], ("regression", "load")),
            (["smokeANDpokemon"], ("smoke",)),
            (["smokeNOTload"], ("smoke",)),
            (["pokemon"], ()),
            ([], ()),
        ],
    )
    def test_they_are_read_from_what_is_included(self, included: list[str], expected: tuple[str, ...]) -> None:
        assert suite_types(included) == expected


class TestCommand:
    def test_its_options_say_what_is_published(self) -> None:
        asked = asked_by(["-i", "smoke", "--include=load", "-v", "TARGET:live", "-d", "out", "-o", "x", "suites/"])
        assert asked.included == ("smoke", "load")
        assert asked.settings == {"target": "live"}
        assert asked.output_file == Path("out/x.xml").absolute()
        assert asked.log_file == Path("out/log.html").absolute()

    def test_there_may_be_no_log(self) -> None:
        assert asked_by(["--log", "NONE", "suites/"]).log_file is None

    def test_a_dry_run_is_no_run(self) -> None:
        assert asked_by(["--dryrun", "suites/"]).is_dry


class TestLaunch:
    def test_it_is_called_the_same_each_time(self) -> None:
        settings = Settings(environment="ci", git_revision="abc")
        launch = launch_of(settings, ["smoke"], AT, log=Path("/results/log.html"))
        assert launch.name == "Observatory: smoke suites"
        assert launch.description == "Smoke suites against embedded. The whole log: /results/log.html"
        assert launch.attributes == (
            Attribute("suite", "smoke"),
            Attribute("target", "embedded"),
            Attribute("revision", "abc"),
            Attribute("environment", "ci"),
        )

    def test_the_password_of_a_target_is_masked(self) -> None:
        settings = Settings(target="http://ash:pikachu7@api:80")
        told = f"{launch_of(settings, [], AT)} {attributes_of(settings, [])}"
        assert "pikachu7" not in told


class TestPortal:
    @pytest.mark.parametrize(
        ("status", "told"),
        [
            (401, "rejects the key"),
            (403, "does not let the owner of the key into the project 'pokeapi'"),
            (404, "does not know the project 'pokeapi'"),
            (503, "answers with status 503: too busy"),
        ],
    )
    def test_a_refusal_is_one_sentence_with_no_key_in_it(self, status: int, told: str) -> None:
        transport = answering(httpx.Response(status, json={"message": "too busy"}))
        with Portal(TERMS, 1.0, transport) as portal, pytest.raises(PortalError, match=told) as caught:
            portal.check()
        assert KEY not in str(caught.value)

    def test_what_answers_may_be_something_else(self) -> None:
        transport = answering(httpx.Response(200, text="<html>"))
        with Portal(TERMS, 1.0, transport) as portal, pytest.raises(PortalError, match="is no ReportPortal"):
            portal.check()

    def test_the_end_says_where_the_launch_is(self) -> None:
        transport = answering(httpx.Response(200, json={"id": "u"}))
        with Portal(TERMS, 1.0, transport) as portal:
            assert portal.finish("u", AT, ()) == "http://portal:8080/ui/#pokeapi/launches/all/u"


class TestFolder:
    def test_the_first_trouble_is_kept(self, tmp_path: Path) -> None:
        folder = LaunchFolder(tmp_path)
        assert folder.trouble == ""
        folder.tell("one")
        folder.tell("two")
        assert folder.trouble == "one"

    def test_a_process_has_one_report_its_last(self, tmp_path: Path) -> None:
        folder = LaunchFolder(tmp_path)
        folder.write(Report())
        folder.write(Report(tests=2, tags=("smoke",), is_over=True))
        assert folder.reports() == [Report(tests=2, tags=("smoke",), is_over=True)]


class TestReadable:
    def test_a_table_has_a_line_for_each_row(self) -> None:
        html = "<details><summary><b>2 changes</b> in x</summary><table><tr><th>a<th>b<tr><td>1<td>2</table></details>"
        assert readable(html) == "2 changes in x\na | b\n1 | 2"

    def test_drawings_styles_and_scripts_are_left_out(self) -> None:
        assert readable("<style>b{}</style>a &lt; b<svg><text>5</text></svg><script>x()</script>") == "a < b"

    def test_pictures_are_found(self) -> None:
        assert images('<a href="x.png"><img src="x.png"></a>') == ["x.png"]


class TestPayloads:
    def test_an_exchange_is_a_file_without_secrets(self) -> None:
        body = b'{"id": 25, "password": "hunter22"}'  # pragma: allowlist secret
        exchange = an_exchange(body, request_headers={"Authorization": "Bearer abcdefgh"})
        payload = exchange_payload(exchange, Masker(["abcdefgh"]))
        assert (payload.name, payload.level, payload.at) == ("pokemon-25.json", "INFO", AT)
        assert b"hunter22" not in payload.data
        assert b"abcdefgh" not in payload.data
        assert json.loads(payload.data)["response"]["body"]["id"] == 25

    def test_a_failed_one_says_why(self) -> None:
        failure = Failure(FailureType.INVALID_JSON, "The body is no JSON.")
        payload = exchange_payload(an_exchange(b"<html>", failure=failure), Masker())
        told = json.loads(payload.data)
        assert payload.level == "ERROR"
        assert told["failure"] == {"type": "invalid_json", "message": "The body is no JSON."}
        assert told["response"]["body"] == "<html>"

    def test_a_test_that_passed_keeps_what_is_small(self) -> None:
        large, small = an_exchange(b" " * (MOST_BYTES_OF_PASSED + 1)), an_exchange()
        assert list(kept([large, small], failed=False)) == [small]

    def test_a_test_that_failed_keeps_all(self) -> None:
        large, small = an_exchange(b" " * (MOST_BYTES_OF_PASSED + 1)), an_exchange()
        assert list(kept([large, small], failed=True)) == [large, small]

    def test_a_schema_change_is_a_warning(self) -> None:
        payload = schema_payload([a_known_change(a_change(ChangeKind.FIELD_REMOVED, "moves[].order"))], Masker())
        assert (payload.name, payload.level) == ("schema-changes.json", "WARN")
        assert payload.message.startswith("1 schema change:\n- ")
        assert json.loads(payload.data)[0]["path"] == "moves[].order"

    def test_a_change_of_data_has_both_values(self) -> None:
        comparison = Comparison("pokemon", "25", (), (a_data_change("weight", 60, 61),), AT, AT)
        payload = data_payload(comparison, Masker())
        assert payload is not None
        assert payload.message == "1 change in the data of pokemon/25, which is back at an earlier state"
        assert json.loads(payload.data)["changes"] == [
            {"path": "weight", "kind": "changed", "before": 60, "after": 61},
        ]

    def test_what_is_told_by_the_schema_alone_has_no_difference(self) -> None:
        assert data_payload(Comparison("pokemon", "25", (), (), None, None), Masker()) is None
