"""Addresses found in bodies, and the requests they stand for."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from observatory.exchange import Request

_ROOT = "/api/v2/"


def request_for(address: str) -> Request:
    """The request for an absolute or relative address, such as `https://pokeapi.co/api/v2/pokemon/25/`.

    The client takes it to the target that is watched. In an API that does not live under `/api/v2/`, the last two
    parts of the path are taken for endpoint and resource.
    """
    path = urlsplit(address).path
    _, root, below = path.partition(_ROOT)
    parts = [unquote(part) for part in (below if root else path).split("/") if part]
    endpoint, *resource = parts if root else parts[-2:] or [""]
    return Request(endpoint, "/".join(resource), url=address)
