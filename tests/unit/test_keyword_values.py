"""How the keywords read what stands in a table cell, and look behind an answer."""

from __future__ import annotations

import pytest
from assertionengine import AssertionOperator

from keyword_values import compared, content_of, exchange_behind
from observatory.errors import ObservatoryError
from observatory.record import record_of
from tests.history_values import an_exchange

EQUAL, CONTAINS = AssertionOperator["=="], AssertionOperator["contains"]


@pytest.mark.parametrize(
    ("seen", "cell"),
    [
        (7, "7"),
        (0.5, "0.5"),
        (True, "True"),
        (False, "false"),
        (None, "None"),
        (None, "null"),
        ("7", "7"),
        ("grass, poison", "grass, poison"),
        (["grass", "poison"], "grass, poison"),
        (["electric"], "electric"),
        (["grass", "poison"], '["grass", "poison"]'),
        (["grass", "poison"], "['grass', 'poison']"),
        ([45, 49], "45, 49"),
        ([45, 49], "45,49"),
        ([7], "7"),
        ([True, None], "true, null"),
        ({"name": "hp"}, '{"name": "hp"}'),
    ],
)
def test_a_cell_is_read_as_what_was_seen_is(seen: object, cell: str) -> None:
    assert compared(seen, EQUAL, cell, "it") == seen


@pytest.mark.parametrize(("seen", "cell"), [(7, "8"), (["grass"], "grass, poison"), ([45], "45, 49"), ([], "grass")])
def test_what_differs_is_told_with_both_values(seen: object, cell: str) -> None:
    with pytest.raises(AssertionError, match=r"^it '.*' .* should be '.*'"):
        compared(seen, EQUAL, cell, "it")


def test_an_item_of_a_list_may_have_a_comma() -> None:
    compared(["grass, mostly"], CONTAINS, "grass, mostly", "it")


def test_the_content_of_an_answer_is_its_json_whatever_it_is_wrapped_in() -> None:
    exchange = an_exchange(body={"id": 1, "types": [{"slot": 1}]})
    record = record_of(exchange)
    assert content_of(exchange) == content_of(record) == {"id": 1, "types": [{"slot": 1}]}
    assert content_of(record.types) == [{"slot": 1}]
    assert content_of("text") == "text"
    assert exchange_behind(record.types) is exchange_behind(exchange) is exchange


def test_an_answer_that_is_no_json_has_no_fields() -> None:
    exchange = an_exchange().having(body=b"Not Found")
    with pytest.raises(ObservatoryError, match="answered with 9 bytes that are not JSON, so it has no fields"):
        content_of(exchange)
