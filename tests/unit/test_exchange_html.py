"""An exchange in log.html: a line to scan, details to unfold, never a wall of JSON."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.exchange import Attempt, Failure, FailureType, FieldError
from observatory.history import State
from observatory.logs.exchange_html import exchange_block, exchange_table, states_table
from tests.examples import POKEMON
from tests.history_values import NOW, an_exchange

_LONGEST_BLOCK = 1500  # characters: 500 of them still make a log that opens at once


def test_a_good_request_is_one_folded_line() -> None:
    block = exchange_block(an_exchange(body=POKEMON))
    assert block.startswith("<details><summary>")
    assert "GET pokemon/1</b> 200 OK · 50 ms · " in block


def test_a_failed_request_is_open_and_says_so_in_words() -> None:
    failure = Failure(FailureType.SERVER_ERROR, "pokemon/1 answered 503 <again>")
    block = exchange_block(an_exchange(status=503, failure=failure))
    assert block.startswith("<details open>")
    assert "failed: server error" in block
    assert "pokemon/1 answered 503 &lt;again&gt;" in block


def test_the_body_is_told_in_a_few_lines_with_the_way_to_the_whole() -> None:
    exchange = an_exchange(body={"id": 25, "name": "pikachu", "moves": [{"name": f"m{n}"} for n in range(90)]})
    block = exchange_block(exchange)
    assert "id: 25\nname: pikachu\nmoves: 90 items: m0, m1, m2 …" in block
    assert f"observatory show {exchange.content_hash.hex()[:12]}" in block


def test_attempts_are_shown_when_there_was_more_than_one() -> None:
    attempts = (Attempt(1, 503, 0.1, "it answered 503"), Attempt(2, 200, 0.2, waited=1.5, limited=0.25))
    block = exchange_block(an_exchange(attempts=attempts))
    assert "2 attempts" in block
    assert "waited 250 ms for the rate limit" in block
    assert "<td>it answered 503" in block
    assert "<td>1.50\u00a0s" in block
    assert "attempt" not in exchange_block(an_exchange())


def test_one_attempt_tells_its_phases_in_a_few_words() -> None:
    attempt = Attempt(1, 200, 0.015, connect=0.003, first_byte=0.012)
    block = exchange_block(an_exchange(attempts=(attempt,), elapsed=0.015))
    assert "200 OK · 15 ms" in block
    assert "</summary>http://api/api/v2/pokemon/1/ · connect 3 ms, first byte 12 ms<details>" in block
    kept = exchange_block(an_exchange(attempts=(Attempt(1, 200, 0.015, first_byte=0.012),)))
    assert "/1/ · first byte 12 ms<details>" in kept, "nothing of a connection that was there"
    assert "</summary>http://api/api/v2/pokemon/1/<details>" in exchange_block(an_exchange()), "nothing is known"


def test_a_failed_request_tells_its_phases_too() -> None:
    attempt = Attempt(1, 503, 0.015, "it answered 503", connect=0.003, first_byte=0.012)
    failure = Failure(FailureType.SERVER_ERROR, "pokemon/1 answered 503.")
    block = exchange_block(an_exchange(attempts=(attempt,), status=503, failure=failure))
    assert "pokemon/1 answered 503.</div>connect 3 ms, first byte 12 ms<details>" in block


def test_the_phases_of_several_attempts_are_columns() -> None:
    attempts = (
        Attempt(1, None, 0.25, "reset", connect=0.125),
        Attempt(2, 200, 1.5, connect=0.02, first_byte=0.75),
    )
    block = exchange_block(an_exchange(attempts=attempts))
    assert "<th align=left>connect<th align=left>first byte<th align=left>total" in block
    assert "<td>no\u00a0answer<td>125\u00a0ms<td><td>250\u00a0ms" in block
    assert "<td>200<td>20\u00a0ms<td>750\u00a0ms<td>1.50\u00a0s" in block
    assert "first byte 750" not in block, "once is enough"


def test_rejected_fields_are_a_table() -> None:
    fields = (FieldError("types[0].slot", "integer", "'one' (text)"),)
    block = exchange_block(an_exchange(failure=Failure(FailureType.MODEL, "bad", fields)))
    assert "<th align=left>field<th align=left>expected<th align=left>seen" in block
    assert "<td>types[0].slot<td>integer<td>&#x27;one&#x27; (text)" in block


def test_unknown_fields_are_noticed() -> None:
    assert "Fields the model does not know: moves[].order2" in exchange_block(
        an_exchange(unknown_fields=("moves[].order2",))
    )


def test_an_answer_that_never_came_is_told() -> None:
    failure = Failure(FailureType.TIMEOUT, "pokemon/1 took too long")
    assert "no answer" in exchange_block(an_exchange(status=None, failure=failure).having(body=b""))


def test_many_requests_are_one_table_with_failures_first() -> None:
    good = an_exchange(resource="1")
    bad = an_exchange(resource="2", elapsed=1.5, failure=Failure(FailureType.STATUS, "why"))
    table = exchange_table([good, bad])
    assert "2 requests, 1 failed, the slowest 1.50 s" in table
    assert table.index("pokemon/2") < table.index("pokemon/1")
    assert table.startswith("<details open>")
    assert exchange_table([good]).startswith("<details><summary>1 request, 0 failed")


def test_states_are_a_table_with_times() -> None:
    table = states_table("pokemon/1", [State(b"\xab" * 32, 2048, NOW, NOW + timedelta(days=1))])
    assert "<td>2026-08-08 12:00:00<td>2026-08-09 12:00:00<td>2.0 KB<td>abababababab" in table


_BODIES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(), inner, max_size=30),
)


@given(_BODIES)
def test_any_json_makes_a_short_block_without_markup_of_its_own(body: Any) -> None:
    block = exchange_block(an_exchange(body=body))
    assert block.count("<details") == block.count("</details>") == 2
    assert block.count("<pre>") == 1
    assert len(block) < 10 * _LONGEST_BLOCK


@given(st.binary(min_size=1, max_size=2000))
def test_any_bytes_make_a_short_block(body: bytes) -> None:
    block = exchange_block(an_exchange(status=500).having(body=body))
    assert len(block) < 10 * _LONGEST_BLOCK


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img onerror=x>', "&amp;"])
def test_what_an_api_sends_is_never_markup(text: str) -> None:
    block = exchange_block(an_exchange(resource=text, body={"name": text, text: text}))
    assert "<script" not in block
    assert "<img" not in block


def test_a_secret_is_masked_before_it_is_cut_or_escaped() -> None:
    secret = 'a&b"c<d>' + "x" * 90
    block = exchange_block(an_exchange(body={"echo": secret}), lambda text: text.replace(secret, "***"))
    assert "echo: ***" in block
    excerpt = exchange_block(
        an_exchange(status=500).having(body=(". " * 140 + secret).encode()), lambda text: text.replace(secret, "***")
    )
    assert "xxx" not in excerpt
    assert "***" in excerpt
