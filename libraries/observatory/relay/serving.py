"""The relay is served until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import uvicorn

from observatory.errors import ObservatoryError
from observatory.relay.door import Door
from observatory.relay.service import relay_app
from observatory.relay.totals import Totals

_MOST_AT_ONCE: Final = 100
_LAST_ANSWERS: Final = 3  # seconds


class RelayError(ObservatoryError):
    """The relay cannot listen."""


def serve(
    host: str, port: int, state: Path, token: str | None, *, first_shown: float, ready: Callable[[str], None]
) -> None:
    """Serve the relay until SIGINT or SIGTERM; `ready` is told its address.

    Raises:
        RelayError: the address or the port can't be had.
        TotalsError: the file of the sums can't be opened.
    """
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _leave)  # uvicorn raises it again when the last answers are given
    with _listening(host, port) as listening, Totals(state, first_shown=first_shown) as totals:
        totals.know(time.time())
        shown = host if ":" not in host else f"[{host}]"
        config = uvicorn.Config(
            relay_app(totals, token),
            http=Door,
            ws="none",
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MOST_AT_ONCE,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_LAST_ANSWERS,
        )
        ready(f"http://{shown}:{listening.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listening])


def _leave(*_: object) -> None:
    sys.exit(0)


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(_MOST_AT_ONCE)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        advice = "Choose others with --host and --port."
        raise RelayError(f"The relay cannot listen on {host}:{port}: {error}. {advice}") from error
    return listening
