"""Where a request goes: always to the target that is being watched."""

from __future__ import annotations

import httpx
import pytest

from observatory.client.address import BaseAddress
from observatory.errors import SettingsError
from observatory.exchange import Request

BASE = BaseAddress("http://127.0.0.1:8000/api/v2")


def tail_of(request: Request, base: BaseAddress = BASE) -> str:
    address = base.address_of(request)
    assert address.startswith(base.text)
    return address.removeprefix(base.text)


@pytest.mark.parametrize(
    ("request_", "tail"),
    [
        (Request("pokemon", "25"), "/pokemon/25/"),
        (Request("pokemon"), "/pokemon/"),
        (Request("pokemon", params={"limit": "20", "offset": "0"}), "/pokemon/?limit=20&offset=0"),
        (Request("pokemon", params={"limit": ""}), "/pokemon/?limit="),
        (Request("pokemon", "-1"), "/pokemon/-1/"),
        (Request("pokemon", "mr. mime"), "/pokemon/mr.%20mime/"),
        (Request("pokemon", "a/b?c#d%e"), "/pokemon/a%2Fb%3Fc%23d%25e/"),
        (Request("pokemon", "flabébé"), "/pokemon/flab%C3%A9b%C3%A9/"),
        (Request("pokemon", "\r\nHost: evil"), "/pokemon/%0D%0AHost%3A%20evil/"),
        (Request("pokemon", "\ud800"), "/pokemon/%3F/"),
    ],
)
def test_endpoint_resource_and_parameters_make_the_address(request_: Request, tail: str) -> None:
    assert tail_of(request_) == tail


@pytest.mark.parametrize("resource", [".", ".."])
def test_dots_are_a_name_and_no_step_along_the_path(resource: str) -> None:
    address = BASE.address_of(Request("pokemon", resource))
    assert httpx.URL(address).raw_path.startswith(b"/api/v2/pokemon/%2E")


@pytest.mark.parametrize(
    ("found", "tail"),
    [
        ("https://pokeapi.co/api/v2/pokemon?offset=20&limit=20", "/pokemon?offset=20&limit=20"),
        ("https://pokeapi.co/api/v2/type/1/", "/type/1/"),
        ("/api/v2/type/1/", "/type/1/"),
        ("//pokeapi.co/api/v2/type/1/", "/type/1/"),
        ("http://127.0.0.1:8000/api/v2/type/1/", "/type/1/"),
        ("https://mirror.test/some/where/api/v2/type/1", "/type/1"),
        ("https://pokeapi.co/api/v2", ""),
        ("https://pokeapi.co/api/v2/", "/"),
        ("https://pokeapi.co/api/v2?limit=1", "?limit=1"),
        ("https://pokeapi.co/api/v21/type", "/api/v21/type"),
        ("/type/1/", "/type/1/"),
        ("type/1/", "/type/1/"),
        ("https://elsewhere.test/type/1/#part", "/type/1/"),
        ("https://pokeapi.co", ""),
        ("/api/v2/pokemon/1?limit=1&limit=2", "/pokemon/1?limit=1&limit=2"),
        ("/api/v2/pokemon//1", "/pokemon//1"),
        ("/api/v2/pokemon/a%20b c", "/pokemon/a%20b%20c"),
        ("http://[broken/api/v2/pokemon/1", "/pokemon/1"),
    ],
)
def test_an_address_found_in_a_body_is_taken_to_the_target(found: str, tail: str) -> None:
    assert tail_of(Request("pokemon", "1", url=found)) == tail


def test_parameters_are_added_to_an_address_with_a_query() -> None:
    assert tail_of(Request("pokemon", url="/api/v2/pokemon?limit=1", params={"offset": "2"})) == (
        "/pokemon?limit=1&offset=2"
    )


@pytest.mark.parametrize("base", ["http://api.test", "http://api.test/", " http://api.test/v9/ "])
def test_a_target_may_live_below_any_path(base: str) -> None:
    address = BaseAddress(base).address_of(Request("pokemon", "1"))
    assert address == base.strip().rstrip("/") + "/pokemon/1/"


def test_credentials_are_taken_out_of_the_address() -> None:
    base = BaseAddress("https://ash:secret@api.test/api/v2")
    assert base.text == "https://api.test/api/v2"
    assert base.authorization == "Basic YXNoOnNlY3JldA=="
    assert BASE.authorization is None


@pytest.mark.parametrize(
    "address", ["", "pokeapi.co/api/v2", "ftp://pokeapi.co", "http://", "http://a:b", "http://a?b=c", "http://a\nb"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="is not an address that can be watched; give one that begins with http"):
        BaseAddress(address)


def test_the_message_about_a_broken_address_keeps_its_credentials_secret() -> None:
    with pytest.raises(SettingsError) as error:
        BaseAddress("ftp://ash:secret@api.test")  # pragma: allowlist secret
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("base", "other", "is_held"),
    [
        ("http://api.test", "http://api.test/elsewhere", True),
        ("http://api.test", "http://api.test:80/", True),
        ("http://api.test", "http://API.test/", True),
        ("http://api.test", "https://api.test/", True),
        ("http://api.test", "http://api.test:8080/", False),
        ("http://api.test", "http://evil.test/", False),
        ("http://api.test", "http://api.test.evil.test/", False),
        ("http://api.test", "http://api.test@evil.test/", False),
        ("https://api.test", "http://api.test/", False),
        ("http://api.test:8000", "https://api.test/", False),
        ("http://api.test:8000", "https://api.test:8000/", False),
        ("http://api.test", "ftp://api.test/", False),
    ],
)
def test_only_the_target_s_own_host_is_followed_to(base: str, other: str, is_held: bool) -> None:
    assert BaseAddress(base).holds(httpx.URL(other)) is is_held
