"""The HTTP clients of the users: Locust's, which are kept from sending a request again and again."""

from __future__ import annotations

from typing import Any, Final

from geventhttpclient.client import HTTPClientPool

_TRIES_MORE: Final = 1
"""How often a request may be sent again: a server may close a connection at the moment in which it is used again."""


class Clients(HTTPClientPool):
    """Clients of one user, one for each host.

    Where a server closes connections instead of answering, Locust's client would send the request again at once, as
    often as there may be connections: a stream of arrivals ten thousand times for one that is counted.
    """

    def get_client(self, url: Any) -> Any:
        """The client for an address."""
        client = super().get_client(url)
        # The client tries as often as this says, and once more; the number of connections was settled before.
        client._connection_pool.size = _TRIES_MORE - 1  # noqa: SLF001 - there is no other way to tell it
        return client
