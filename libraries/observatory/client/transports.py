"""How connections are made: kept alive, verified, through the environment's proxy where there is one."""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from observatory.client.deadline import DeadlineBackend
from observatory.client.watched_backend import WatchedBackend

_KEEP_ALIVE: Final = 4.0
"""Seconds an idle connection is kept. Servers close theirs after 5 (uvicorn's default) or more; who is first
does not send a request into a closing connection."""


class BlockingTransport(httpx.HTTPTransport):
    """httpx's blocking transport over connections that keep to a deadline for the whole answer."""

    def __init__(self, base_url: httpx.URL) -> None:
        """Prepare to connect to a target; no connection is made yet."""
        # The parent's constructor would make the same pool, without a way to name the network backend.
        terms, proxy = pool_terms(base_url), proxy_terms(base_url)
        backend = DeadlineBackend()
        if proxy:
            self._pool = httpcore.HTTPProxy(**proxy, **terms, network_backend=backend)
        else:
            self._pool = httpcore.ConnectionPool(**terms, network_backend=backend)


class ConcurrentTransport(httpx.AsyncHTTPTransport):
    """httpx's transport for event loops over connections that tell when they stand."""

    def __init__(self, base_url: httpx.URL) -> None:
        """Prepare to connect to a target; no connection is made yet."""
        terms, proxy = pool_terms(base_url), proxy_terms(base_url)
        backend = WatchedBackend()
        if proxy:
            self._pool = httpcore.AsyncHTTPProxy(**proxy, **terms, network_backend=backend)
        else:
            self._pool = httpcore.AsyncConnectionPool(**terms, network_backend=backend)


def blocking_transport(base_url: httpx.URL) -> httpx.BaseTransport:
    """A transport for one request after the other."""
    return BlockingTransport(base_url)


def concurrent_transport(base_url: httpx.URL) -> httpx.AsyncBaseTransport:
    """A transport for many requests at once; how many is for the caller to bound."""
    return ConcurrentTransport(base_url)


def pool_terms(base_url: httpx.URL) -> dict[str, Any]:
    """On which terms connections to a target are made and kept."""
    return {"ssl_context": tls_context(base_url), "max_connections": None, "keepalive_expiry": _KEEP_ALIVE}


def proxy_terms(base_url: httpx.URL) -> dict[str, Any]:
    """The proxy before a target, as httpcore wants it named; empty when there is none."""
    proxy = proxy_of(base_url)
    if proxy is None:
        return {}
    chosen = httpx.Proxy(proxy)
    return {"proxy_url": str(chosen.url), "proxy_auth": chosen.raw_auth}


def tls_context(base_url: httpx.URL) -> ssl.SSLContext:
    """The trust in authorities: httpx's, which is that of certifi or of SSL_CERT_FILE.

    Loading it takes 20 ms, so a plain-text target on this machine gets an empty one, which trusts nobody.
    """
    if base_url.scheme == "http" and is_loopback(base_url.host):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context()


def proxy_of(base_url: httpx.URL) -> str | None:
    """The proxy that the environment names for a target; none for a target on this machine."""
    if is_loopback(base_url.host) or proxy_bypass(base_url.host):
        return None
    proxies = getproxies()
    proxy = proxies.get(base_url.scheme) or proxies.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
