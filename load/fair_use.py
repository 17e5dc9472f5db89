"""What may be asked of the public API, which everybody shares and nobody here owns."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from observatory.errors import ObservatoryError
from observatory.load import LoadModel, LoadPlan
from observatory.targets import LIVE_RATE_LIMIT, LIVE_URL

_MOST_USERS: Final = 10
_MINUTE: Final = 60.0  # seconds


class UnfairLoadError(ObservatoryError):
    """The load would take more of the public API than is fair."""


def is_shared(address: str) -> bool:
    """Whether an address is the public API's, however it is written."""
    host = (urlsplit(address).hostname or "").rstrip(".").lower()
    home = urlsplit(LIVE_URL).hostname or ""
    return host == home or host.endswith(f".{home}")


def fair_limit(plan: LoadPlan, *, owned: bool, wanted: int | None = None) -> int | None:
    """The most requests a minute that all users together may send; None when there is no limit.

    Args:
        plan: what is planned.
        owned: whether the person says that the server is theirs.
        wanted: the requests a minute that the settings allow, which may be fewer.

    Raises:
        UnfairLoadError: even slowed down, this is no load for a server that is somebody else's.
    """
    if owned or not is_shared(plan.address):
        return None
    host = urlsplit(plan.address).hostname
    fair = f"{host} is free and shared by everyone, and fair use is {LIVE_RATE_LIMIT} requests a minute"
    advice = "Load a server of your own (--target embedded, or its address), or say --i-own-this-server if it is yours."
    if plan.model is LoadModel.OPEN and plan.rate is not None and plan.rate * _MINUTE > LIVE_RATE_LIMIT:
        fair_rate = f"{LIVE_RATE_LIMIT / _MINUTE:.2f} a second"
        raise UnfairLoadError(f"{plan.rate:g} arrivals a second are refused: {fair}, which is {fair_rate}. {advice}")
    if plan.model is LoadModel.CLOSED and plan.users > _MOST_USERS:
        raise UnfairLoadError(
            f"{plan.users} users are refused: {fair}, too little for more than {_MOST_USERS} of them. {advice}"
        )
    return min(wanted or LIVE_RATE_LIMIT, LIVE_RATE_LIMIT)
