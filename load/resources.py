"""Which resources there are to ask for: those that the lists of the API name."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Final
from urllib.request import Request, urlopen

_FIRST: Final = tuple(str(number) for number in range(1, 19))
"""What is asked for when no list could be had: these exist in every endpoint, and failures will say the rest."""

_MOST: Final = 2000
_LARGEST: Final = 10_000_000  # bytes of a list

_log = logging.getLogger(__name__)


class Resources:
    """The resources of each endpoint by their ids, learned from its list when first asked for.

    The lists are read beside the load, and are not counted. `read` gives the body of an address.
    """

    def __init__(self, address: str, read: Callable[[str], bytes], *, choose: random.Random | None = None) -> None:
        self._address = address
        self._read = read
        self._known: dict[str, list[str]] = {}
        self._random = choose or random.Random()

    def any_of(self, endpoint: str) -> str:
        """The id of any resource of an endpoint."""
        known = self._known.get(endpoint)
        if known is None:
            known = self._known.setdefault(endpoint, list(self._listed(endpoint)))
        return self._random.choice(known)

    def count(self, endpoint: str) -> int:
        """How many resources an endpoint has."""
        self.any_of(endpoint)
        return len(self._known[endpoint])

    def forget(self, endpoint: str, resource: str) -> None:
        """Ask no more for what a recording lacks; the last one stays."""
        known = self._known.get(endpoint, [])
        if resource in known and len(known) > 1:
            known.remove(resource)

    def _listed(self, endpoint: str) -> tuple[str, ...]:
        address = f"{self._address}/{endpoint}/?limit={_MOST}&offset=0"
        try:
            page = json.loads(self._read(address))
            ids = tuple(entry["url"].rstrip("/").rpartition("/")[2] for entry in page["results"])
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning(
                f"The list at {address} could not be read ({error}); asking for {endpoint}/1 to {endpoint}/18."
            )
            return _FIRST
        return ids or _FIRST


def reader(timeout: float, headers: Mapping[str, str]) -> Callable[[str], bytes]:
    """Reads addresses, in at most so many seconds each."""

    def read(address: str) -> bytes:
        request = Request(address, headers={"Accept": "application/json", **headers})  # noqa: S310 - as the plan says
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310
            body: bytes = answer.read(_LARGEST)
            return body

    return read
