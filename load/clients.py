"""The HTTP clients of the users: Locust's, which are kept from sending a request again and again."""

from __future__ import annotations

from typing import Any, Final

from geventhttpclient.client import HTTPClientPool

_NEVER_AGAIN: Final = -1
"""The client tries as often as this says, and once more."""


class Clients(HTTPClientPool):
    """Clients of one user, one for each host.

    Where a server closes connections instead of answering, Locust's client would send the request again at once, as
    often as there may be connections: failures would be hidden, and ten thousand requests sent for one that is counted.
    A connection that was closed while nobody used it is noticed before, and is none.
    """

    def get_client(self, url: Any) -> Any:
        """The client for an address."""
        client = super().get_client(url)
        # The number of connections was settled before; this is only for the tries.
        client._connection_pool.size = _NEVER_AGAIN  # noqa: SLF001 - there is no other way to tell it
        return client
