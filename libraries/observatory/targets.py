"""What is watched: the stand-in, the public API, a recording, or any address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from observatory.errors import SettingsError, StandInError
from observatory.settings import Settings

if TYPE_CHECKING:
    from sandbox.faults import Faults

LIVE_URL = "https://pokeapi.co/api/v2"
LIVE_RATE_LIMIT = 100
"""Requests a minute that we allow ourselves on the public API, which everybody shares."""


@dataclass(frozen=True)
class Target:
    """An API that can be asked: its name in the history, its address, and how many requests a minute it is sent.

    `rate_limit` None means as many as we like. `faults` is the board on
    which faults are pinned, of the target of that name only. `stop` ends what was started for it, which is a server of
    our own in this process when `is_stand_in`.
    """

    name: str
    base_url: str
    rate_limit: int | None = None
    faults: Faults | None = None
    stop: Callable[[], None] = field(default=lambda: None, repr=False)
    is_stand_in: bool = False


def open_target(settings: Settings) -> Target:
    """The target that the settings name, started if it is one of ours.

    `faults` is the stand-in under a name of its own, so that what is measured under injected faults never mixes
    with the history of `embedded`.

    Raises:
        SettingsError: the recording cannot be replayed.
    """
    match settings.target:
        case "live":
            return Target("live", LIVE_URL, settings.rate_limit or LIVE_RATE_LIMIT)
        case "embedded" | "faults" | "replay":
            return _stand_in(settings)
        case url if url_name(url) == "live":
            return Target("live", LIVE_URL, settings.rate_limit or LIVE_RATE_LIMIT)
        case url:
            return Target(url_name(url), url.rstrip("/"), settings.rate_limit)


def _stand_in(settings: Settings) -> Target:
    # Loaded here: whoever watches another API has no use for a web server.
    from sandbox.catalogue import Catalogue
    from sandbox.errors import SandboxError, ServerError
    from sandbox.recording import Recording
    from sandbox.server import Server

    name = settings.target
    try:
        if settings.target == "replay":
            if settings.recording is None:
                raise SettingsError("OBSERVATORY_RECORDING is missing: TARGET replay needs the folder of a recording.")
            name = f"replay:{settings.recording.resolve()}"
            server = Server(Recording(settings.recording))
        else:
            server = Server(Catalogue())
        server.start()
    except ServerError as error:
        raise StandInError(str(error)) from error
    except SandboxError as error:
        raise SettingsError(str(error)) from error
    # A board for `faults` alone: what is measured of the others should be what they are.
    faults = server.faults if name == "faults" else None
    return Target(name, server.base_url, settings.rate_limit, faults, server.stop, is_stand_in=True)


def url_name(url: str) -> str:
    """The name in the history of the target at an address: `live`, or the address without user and password."""
    return "live" if urlsplit(url).hostname == urlsplit(LIVE_URL).hostname else without_credentials(url)


def without_credentials(url: str) -> str:
    """An address as it may be shown: without user, password, query, and the last slash."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
