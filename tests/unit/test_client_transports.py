"""How connections are made."""

from __future__ import annotations

import ssl

import httpcore
import httpx
import pytest

from observatory.client.transports import BlockingTransport, concurrent_transport, is_loopback, proxy_of, tls_context

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("api.localhost", True),
        ("10.0.0.1", False),
        ("localhost.evil.test", False),
        ("pokeapi.co", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.test:3128")
    monkeypatch.setenv("http_proxy", "http://plain.test:8080")
    assert proxy_of(httpx.URL("https://pokeapi.co")) == "http://proxy.test:3128"
    assert proxy_of(httpx.URL("http://pokeapi.co")) == "http://plain.test:8080"


def test_one_proxy_for_everything_is_used_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "http://proxy.test:3128")
    assert proxy_of(httpx.URL("https://pokeapi.co")) == "http://proxy.test:3128"


def test_without_a_proxy_in_the_environment_there_is_none() -> None:
    assert proxy_of(httpx.URL("https://pokeapi.co")) is None


def test_an_exempted_host_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "pokeapi.co")
    assert proxy_of(httpx.URL("https://pokeapi.co")) is None


def test_this_machine_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    assert proxy_of(httpx.URL("http://127.0.0.1:8000/api/v2")) is None


def test_a_host_elsewhere_must_be_trusted() -> None:
    for address in ("https://pokeapi.co", "http://pokeapi.co", "https://127.0.0.1"):
        context = tls_context(httpx.URL(address))
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.get_ca_certs()


def test_a_plain_text_target_on_this_machine_trusts_nobody() -> None:
    context = tls_context(httpx.URL("http://127.0.0.1:8000"))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() == []


def test_both_ways_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://ash:secret@proxy.test:3128")  # pragma: allowlist secret
    url = httpx.URL("http://api.test/")
    assert isinstance(BlockingTransport(url)._pool, httpcore.HTTPProxy)
    way = concurrent_transport(url)
    assert isinstance(way, httpx.AsyncHTTPTransport)
    assert isinstance(way._pool, httpcore.AsyncHTTPProxy)
