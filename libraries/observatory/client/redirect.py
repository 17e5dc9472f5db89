"""Following the API from one address to another: on its own host, and not for ever."""

from __future__ import annotations

from typing import Final

import httpx

from observatory.client.address import BaseAddress
from observatory.client.fault import Fault, FaultError
from observatory.client.reply import Reply
from observatory.exchange import FailureType, Request
from observatory.words import one_line

MOST_REDIRECTS: Final = 5
_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
_FOLLOWED_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_ADDRESS: Final = 120  # characters of each address in a message


class Trail:
    """The addresses that one attempt was sent to, the first of them the one that was asked for."""

    def __init__(self, base: BaseAddress, start: httpx.URL) -> None:
        """Begin at the address that was asked for."""
        self._base = base
        self._addresses = [start]

    @property
    def here(self) -> httpx.URL:
        """The address to ask now."""
        return self._addresses[-1]

    def follow(self, request: Request, reply: Reply) -> bool:
        """Go where the answer points to; False when it points nowhere, or is wanted as it is.

        Raises:
            FaultError: it points to another host, to where we were already, or on and on.
        """
        location = reply.headers.get("location")
        if reply.status not in _STATUSES or reply.status in request.expected or location is None:
            return False
        if request.method not in _FOLLOWED_METHODS:
            return False
        try:
            target = self.here.join(location).copy_with(fragment=None)
        except httpx.InvalidURL as error:
            raise self._lost(f"the API redirects to '{_shown(location)}', which is no address") from error
        if not self._base.holds(target):
            # Whoever is asked there would be told the credentials, and is not what is being watched.
            raise self._lost(
                f"the API redirects from {_shown(self.here.path)} away from the target, to {_shown(str(target))}",
                "name that host as the target if it is the one to watch",
            )
        been_there = target in self._addresses
        self._addresses.append(target)
        if been_there:
            raise self._lost(f"the API redirects in a circle: {self._told()}")
        if len(self._addresses) > MOST_REDIRECTS + 1:
            raise self._lost(f"the API redirects more than {MOST_REDIRECTS} times: {self._told()}")
        return True

    def _told(self) -> str:
        return " → ".join(_shown(address.raw_path.decode("ascii")) for address in self._addresses)

    @staticmethod
    def _lost(clause: str, advice: str = "") -> FaultError:
        return FaultError(Fault(FailureType.REDIRECT, clause, advice=advice))


def _shown(address: str) -> str:
    return one_line(address, _LONGEST_ADDRESS)
