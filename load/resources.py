"""Which resources there are to ask for: those that the lists of the API name."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import httpx

from observatory.client.fault import status_words
from observatory.targets import without_credentials

ENDPOINTS: Final = ("pokemon", "type", "ability")
"""What users ask for."""

_FIRST: Final = tuple(str(number) for number in range(1, 19))
"""What is asked for when no list could be had: these exist in every endpoint, and failures will say the rest."""

_MOST: Final = 2000
_LARGEST: Final = 10_000_000  # bytes of a list

_log = logging.getLogger(__name__)


class Resources:
    """The resources of each endpoint by their ids. `choose` makes the choices."""

    def __init__(self, ids: Mapping[str, Sequence[str]], *, choose: random.Random | None = None) -> None:
        self._ids = {endpoint: list(known) for endpoint, known in ids.items()}
        self._random = choose or random.Random()

    def any_of(self, endpoint: str) -> str:
        """The id of any resource of an endpoint."""
        return self._random.choice(self._ids[endpoint])

    def count(self, endpoint: str) -> int:
        """How many resources an endpoint has."""
        return len(self._ids[endpoint])

    def forget(self, endpoint: str, resource: str) -> None:
        """Ask no more for what a recording lacks; the last one stays."""
        known = self._ids.get(endpoint, [])
        if resource in known and len(known) > 1:
            known.remove(resource)


def learned(address: str, read: Callable[[str], bytes]) -> dict[str, list[str]]:
    """The ids of what there is at an address, by endpoint, as its lists say; `read` gives the body of an address.

    They are read once, before the load begins.
    """
    return {
        endpoint: list(_listed(f"{address}/{endpoint}/?limit={_MOST}&offset=0", endpoint, read))
        for endpoint in ENDPOINTS
    }


def _listed(address: str, endpoint: str, read: Callable[[str], bytes]) -> tuple[str, ...]:
    try:
        page = json.loads(read(address))
        ids = tuple(entry["url"].rstrip("/").rpartition("/")[2] for entry in page["results"])
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        ValueError,
        RecursionError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        shown = without_credentials(address)
        _log.warning(f"The list at {shown} could not be read ({error}); asking for {endpoint}/1 to {endpoint}/18.")
        return _FIRST
    return ids or _FIRST


def reader(timeout: float, headers: Mapping[str, str]) -> Callable[[str], bytes]:
    """Reads addresses, in at most so many seconds each.

    A redirect is not followed: what may be said to this server is not for another one.
    """

    def read(address: str) -> bytes:
        every, deadline = {"Accept": "application/json", **headers}, time.monotonic() + timeout
        with httpx.stream("GET", address, headers=every, timeout=timeout, trust_env=False) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise ValueError(f"the answer is {status_words(answer.status_code)}")
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if time.monotonic() > deadline:  # the client's own timeout is for each piece
                    raise ValueError(f"it did not come whole within {timeout:g} s")
                if len(body) > _LARGEST:
                    raise ValueError(f"it has more than {_LARGEST} bytes")
            return body

    return read
