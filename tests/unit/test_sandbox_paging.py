"""Pages of a list: walking them, and what odd parameters mean."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.paging import Window, page
from sandbox.source import Listing

ADDRESS = "https://pokeapi.co/api/v2/pokemon/"


def listing(count: int) -> Listing:
    rows = tuple({"name": f"row-{number}", "url": f"{ADDRESS}{number}/"} for number in range(1, count + 1))
    return Listing(count=count, results=rows)


@settings(max_examples=100)
@given(count=st.integers(0, 120), limit=st.integers(1, 60))
def test_walking_forward_gives_each_row_once_in_order(count: int, limit: int) -> None:
    rows, query = [], f"limit={limit}"
    while True:
        body = page(listing(count), Window.of(query), ADDRESS)
        rows += body["results"]
        if body["next"] is None:
            break
        query = urlsplit(body["next"]).query
    assert rows == list(listing(count).results)


@settings(max_examples=100)
@given(count=st.integers(1, 120), limit=st.integers(1, 60), offset=st.integers(0, 119))
def test_walking_back_gives_all_rows_before(count: int, limit: int, offset: int) -> None:
    offset %= count
    rows: list[object] = []
    previous = page(listing(count), Window(offset, limit), ADDRESS)["previous"]
    while previous is not None:
        body = page(listing(count), Window.of(urlsplit(previous).query), ADDRESS)
        rows = [*body["results"], *rows]
        previous = body["previous"]
    assert rows == list(listing(count).results[:offset])


@settings(max_examples=100)
@given(query=st.text())
def test_any_query_means_some_page(query: str) -> None:
    body = page(listing(50), Window.of(query), ADDRESS)
    assert body["count"] == 50
    assert len(body["results"]) <= 50


def test_the_page_that_ends_with_the_last_row_has_no_next() -> None:
    assert page(listing(40), Window(20, 20), ADDRESS)["next"] is None


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("", Window(0, 20)),
        ("limit=0", Window(0, 20)),
        ("limit=-1", Window(0, -1)),
        ("limit=5xyz&offset=10.7", Window(10, 5)),
        ("limit=%20+7", Window(0, 7)),
        ("limit=abc&limit=3", Window(0, 20)),
        ("limit=999999999999999999999999", Window(0, 999_999_999_999_999)),
    ],
)
def test_a_query_is_read_forgivingly(query: str, window: Window) -> None:
    assert Window.of(query) == window
