"""Addresses found in bodies lead to the right endpoint and resource."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from observatory.asking.addresses import request_for
from observatory.asking.paging import all_references
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, Failure, FailureType, Request
from observatory.failures import UnexpectedStatusError
from tests.history_values import an_exchange


@pytest.mark.parametrize(
    ("address", "endpoint", "resource"),
    [
        ("https://pokeapi.co/api/v2/pokemon/25/", "pokemon", "25"),
        ("/api/v2/type/fire", "type", "fire"),
        ("https://pokeapi.co/api/v2/pokemon?offset=20&limit=20", "pokemon", ""),
        ("/api/v2/pokemon/1/encounters", "pokemon", "1/encounters"),
        ("https://shop.example/things/7", "things", "7"),
        ("https://shop.example/", "", ""),
    ],
)
def test_endpoint_and_resource_of_an_address(address: str, endpoint: str, resource: str) -> None:
    request = request_for(address)
    assert (request.endpoint, request.resource, request.url) == (endpoint, resource, address)


def _pages(following: dict[str, str | None]) -> Callable[[Request], Exchange]:
    def fetch(request: Request) -> Exchange:
        url = request.url or "/api/v2/pokemon?offset=0"
        return an_exchange(resource="", url=url, body={"results": [{"url": url}], "next": following[url]})

    return fetch


def test_all_pages_are_walked_in_order() -> None:
    pages = {"/api/v2/pokemon?offset=0": "/api/v2/pokemon?offset=1", "/api/v2/pokemon?offset=1": None}
    assert [found["url"] for found in all_references(_pages(pages), Request("pokemon"))] == list(pages)


def test_pages_that_run_in_a_circle_are_told() -> None:
    pages: dict[str, str | None] = {"/api/v2/pokemon?offset=0": "/api/v2/pokemon?offset=0"}
    with pytest.raises(ObservatoryError, match=r"The pages of pokemon run in a circle: .* comes a second time"):
        all_references(_pages(pages), Request("pokemon"))


def test_a_page_that_cannot_be_had_ends_the_walk() -> None:
    failed = an_exchange(resource="", failure=Failure(FailureType.STATUS, "pokemon answered 400"))
    with pytest.raises(UnexpectedStatusError, match="pokemon answered 400"):
        all_references(lambda _: failed, Request("pokemon"))
