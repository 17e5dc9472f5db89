"""How the address of a page is told in words."""

from __future__ import annotations

import pytest

from observatory.asking.paging import window_of


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://pokeapi.co/api/v2/pokemon?offset=20&limit=20", "offset 20, limit 20"),
        ("https://pokeapi.co/api/v2/pokemon/?limit=1&offset=1350", "limit 1, offset 1350"),
        ("/api/v2/pokemon?limit=", "limit "),
        ("https://pokeapi.co/api/v2/pokemon", ""),
        (None, "none"),
    ],
)
def test_a_window_is_told_in_the_order_of_its_address(address: str | None, words: str) -> None:
    assert window_of(address) == words
