"""The relay as its callers meet it: pushes, what Prometheus sees, who may push, and the words of each refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from observatory.metrics import Metrics
from observatory.metrics.sending import AGE
from observatory.relay.reading import MOST_BYTES
from observatory.relay.service import relay_app
from observatory.relay.totals import Totals
from tests.fake_clock import FakeClock
from tests.history_values import an_exchange
from tests.relay_values import PUSH, Answer, asked, full_disk, of, scraped

TOKEN = "s3cret"
LIVE = f"{PUSH}/target/live"
REQUESTS = of("pokeapi_requests_total", target="live", endpoint="pokemon")
TEXT = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def totals(tmp_path: Path) -> Iterator[Totals]:
    with Totals(tmp_path / "relay.sqlite3") as opened:
        yield opened


@pytest.fixture
def app(totals: Totals, clock: FakeClock) -> Starlette:
    return relay_app(totals, None, clock=clock.monotonic)


def body(times: int = 1) -> bytes:
    metrics = Metrics()
    for _ in range(times):
        metrics.saw(an_exchange())
    return metrics.read().text().encode()


def push(app: Starlette, path: str = LIVE, content: bytes | None = None, **how: Any) -> Answer:
    return asked(app, how.pop("method", "PUT"), path, body() if content is None else content, **how)


def page(app: Starlette) -> Answer:
    return asked(app, "GET", "/metrics")


def outcomes(app: Starlette) -> dict[str, float]:
    """The pushes by what came of them, as Prometheus sees them."""
    found = scraped(page(app).text.encode())
    return {dict(labels)["outcome"]: value for (name, labels), value in found.items() if "relay" in name and value}


class TestAPush:
    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_is_added_and_shown_when_it_was_seen_at_0(self, app: Starlette, clock: FakeClock, method: str) -> None:
        assert push(app, content=body(3), method=method)[:2] == (200, "added")
        seen = []
        for _ in range(4):
            seen.append(scraped(page(app).text.encode())[REQUESTS])
            clock.advance(15.0)
        assert seen == [0, 0, 0, 3]

    def test_that_comes_again_is_not_added_again(self, app: Starlette) -> None:
        path = f"{LIVE}/push_id/0b9bd1d3"
        assert [push(app, path).text for _ in range(2)] == ["added", "known already: nothing was added"]
        assert outcomes(app) == {"added": 1, "repeated": 1}

    def test_may_come_in_parts(self, app: Starlette) -> None:
        whole = body()
        assert asked(app, "PUT", LIVE, whole[:7], whole[7:90], whole[90:]).text == "added"

    @pytest.mark.parametrize("kind", [TEXT, "text/plain", "Text/Plain ;charset=utf-8", ""])
    def test_is_text(self, app: Starlette, kind: str) -> None:
        assert push(app, headers={"Content-Type": kind}).status == 200

    def test_is_of_the_target_that_its_path_says_with_what_is_encoded_in_it(self, app: Starlette) -> None:
        push(app, f"{PUSH}/target/http:%2F%2Fhost%2Fapi")
        assert of("pokeapi_requests_total", target="http://host/api", endpoint="pokemon") in scraped(
            page(app).text.encode()
        )


def test_how_long_numbers_have_waited_is_what_their_gauges_are_as_of(app: Starlette, clock: FakeClock) -> None:
    def circuit(state: int) -> bytes:
        metric = "pokeapi_circuit_breaker_state"
        return f'# TYPE {metric} gauge\n{metric}{{endpoint="pokemon"}} {state}\n'.encode()

    clock.set(1_000_000.0)
    assert push(app, content=circuit(0)).status == 200
    assert push(app, content=circuit(1), headers={AGE: "3600"}).status == 200
    shown = scraped(page(app).text.encode())
    assert shown[of("pokeapi_circuit_breaker_state", target="live", endpoint="pokemon")] == 0


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("path", "how", "status", "said"),
        [
            (LIVE, {"content": b"<html>"}, 400, "The push is not in Prometheus's text format: "),
            (LIVE, {"content": b"up 1\n"}, 400, "'up' is no metric that is added up here; there are: "),
            (f"{PUSH}/run/5", {}, 400, "The address of a push has each of instance, job, push_id, target once"),
            ("/metrics/", {}, 400, "The address of a push is /metrics/job/observatory/target/NAME/push_id/ID."),
            (f"{PUSH}/target", {}, 400, "The address of a push is /metrics/job/observatory/target/NAME/push_id/ID."),
            (LIVE, {"breaks_off": True}, 400, "The push broke off."),
            (LIVE, {"content": b"#" * (MOST_BYTES + 1)}, 413, "The push is larger than 2000000 bytes."),
            (LIVE, {"ends": False}, 408, "The push took longer than 0.01 s."),
            (
                LIVE,
                {"headers": {"Content-Type": "application/json"}},
                415,
                "A push is Prometheus's text format as text",
            ),
            (
                LIVE,
                {"headers": {"Content-Encoding": "gzip"}},
                415,
                "A push is Prometheus's text format as text/plain, ",
            ),
            *(
                (LIVE, {"headers": {AGE: age}}, 400, f"Observatory-Age is '{age}', but it must be the seconds that ")
                for age in ("-1", "nan", "inf", "x", "")
            ),
            (LIVE, {"headers": {"Origin": "http://evil"}}, 403, "Numbers are not taken from a page in a browser."),
        ],
    )
    def test_changes_nothing_and_says_why(
        self, totals: Totals, path: str, how: dict[str, Any], status: int, said: str
    ) -> None:
        app = relay_app(totals, None, reading=0.01)
        before = list(totals.shown(0.0))
        answer = push(app, path, **how)
        assert answer.status == status
        assert answer.text.startswith(said)
        assert answer.text.endswith(".")
        assert answer.headers["content-type"].startswith("text/plain")
        assert list(totals.shown(0.0)) == before
        assert outcomes(app) == {"refused": 1}

    @pytest.mark.parametrize("method", ["DELETE", "PATCH", "GET"])
    def test_are_other_methods(self, app: Starlette, method: str) -> None:
        assert push(app, method=method).status == 405

    def test_are_other_paths(self, app: Starlette) -> None:
        assert asked(app, "GET", "/").status == 404


class TestWhoMayPush:
    @pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1"])
    def test_without_a_token_this_machine(self, app: Starlette, client: str) -> None:
        assert push(app, client=client).status == 200

    @pytest.mark.parametrize("client", ["192.168.1.5", "10.0.0.1", "8.8.8.8", "2001:db8::1", "localhost", "", None])
    def test_without_a_token_nobody_else(self, app: Starlette, client: str | None) -> None:
        answer = push(app, client=client)
        assert answer[:2] == (
            403,
            "Without a token, only this machine may push; set OBSERVATORY_METRICS_TOKEN for both sides.",
        )
        assert "added" not in outcomes(app)

    @pytest.mark.parametrize("client", ["127.0.0.1", "192.168.1.5", None])
    def test_with_a_token_whoever_has_it(self, totals: Totals, client: str | None) -> None:
        app = relay_app(totals, TOKEN)
        assert push(app, client=client, headers={"Authorization": f"Bearer {TOKEN}"}).status == 200

    @pytest.mark.parametrize("token", ["Würfel", "日本"])
    def test_a_token_may_have_any_letters(self, totals: Totals, token: str) -> None:
        app = relay_app(totals, token)
        assert push(app, headers={"Authorization": f"Bearer {token}".encode()}).status == 200
        assert push(app, headers={"Authorization": b"Bearer W\xfcrfel"}).status == 401

    @pytest.mark.parametrize(
        "given", [None, "", TOKEN, f"Basic {TOKEN}", "Bearer ", "Bearer s3cre", "Bearer s3crets", f"bearer{TOKEN}"]
    )
    def test_with_a_token_nobody_without_it_this_machine_neither(self, totals: Totals, given: str | None) -> None:
        app = relay_app(totals, TOKEN)
        answer = push(app, headers={} if given is None else {"Authorization": given})
        assert answer[:2] == (401, "The push bears no token, or a wrong one.")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert outcomes(app) == {"refused": 1}

    def test_who_asks_only_to_look_needs_none(self, totals: Totals) -> None:
        app = relay_app(totals, TOKEN)
        assert asked(app, "GET", "/metrics", client="192.168.1.5").status == 200
        assert asked(app, "GET", "/health", client="192.168.1.5").status == 200


class TestThePage:
    def test_says_what_it_is_as_prometheus_wants_to_hear_it(self, app: Starlette) -> None:
        assert page(app).headers["content-type"] == TEXT

    def test_cannot_be_had_while_what_is_new_cannot_be_noted(self, app: Starlette, clock: FakeClock) -> None:
        push(app)
        page(app)
        clock.advance(35.0)
        with full_disk():
            answer = page(app)
        assert answer.status == 503
        assert answer.text.startswith("The relay's sums in ")
        assert scraped(page(app).text.encode())[REQUESTS] == 1


class TestHealth:
    def test_is_good_while_a_push_could_be_written(self, app: Starlette) -> None:
        push(app)
        push(app, content=b"up 1\n")
        answer = asked(app, "GET", "/health")
        assert (answer.status, json.loads(answer.text)) == (200, {"status": "ok", "pushes": {"added": 1, "refused": 1}})

    def test_is_not_while_none_could(self, app: Starlette) -> None:
        with full_disk():
            answer = asked(app, "GET", "/health")
        told = json.loads(answer.text)
        assert (answer.status, told["status"]) == (503, "failing")
        assert told["reason"].endswith("Is another relay running with it, is the disk full, is it a file of a relay's?")
        assert asked(app, "GET", "/health").status == 200


def test_a_push_that_cannot_be_written_is_told_and_taken_when_it_comes_again(app: Starlette, clock: FakeClock) -> None:
    path = f"{LIVE}/push_id/0b9bd1d3"
    with full_disk():
        answer = push(app, path)
    assert answer.status == 503
    assert "could not be written" in answer.text
    assert outcomes(app) == {}
    assert push(app, path).text == "added"
