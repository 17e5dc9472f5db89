"""Numbers are given to the relay, within a second or not at all: what could not be sent waits for the next run."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from observatory.metrics.families import fitting
from observatory.metrics.outbox import Outbox, Push, Waiting
from observatory.targets import without_credentials
from observatory.words import one_line

LONGEST: Final = 0.7
"""Seconds that the end of a run waits for the relay, whatever the relay does."""

JOB: Final = "observatory"
"""The job that the numbers belong to, by which the Pushgateway's protocol groups them."""

SIGNATURE: Final = "Observatory-Relay"
"""The header of a relay's answers: what stands between, or in its place, refuses numbers for reasons of its own."""

AGE: Final = "Observatory-Age"
"""The header that says for how many seconds numbers have waited."""

_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"
_NEVER_TAKEN: Final = frozenset({400, 413})
_NOT_ALLOWED: Final = frozenset({401, 403})
_NOT_HAD: Final = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)  # the last two for hosts such as `a..b`
_WAIT: Final = "The numbers wait on the disk, and are sent with the next run."
_REST: Final = "the others wait on the disk, and are sent with the next runs."
_LONGEST_REASON: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class Relay:
    """Where numbers are sent to, with what it asks of those who send."""

    address: str
    token: str | None = None

    @property
    def shown(self) -> str:
        """Its address as people may see it."""
        return without_credentials(self.address)


@dataclass(slots=True)
class Sending:
    """How far the sending has come: what the relay has, and one sentence on what went wrong, if anything did."""

    pushes: int = 0
    complaint: str = ""
    is_away: bool = False


def send(outbox: Outbox, relay: Relay, away: Path | None = None, *, longest: float = LONGEST) -> Sending:
    """Give the relay everything that waits.

    Args:
        outbox: what waits. A push that was not answered in time stays there, and is sent again with its id.
        relay: where to.
        away: a file that stands when the relay did not answer in this run: its other processes need not wait too.
        longest: seconds after which this gives up, however slowly the relay answers.
    """
    sending = Sending()
    if away is not None and away.exists():
        return sending
    worker = threading.Thread(target=_send_all, args=(outbox, relay, longest, sending), name="push", daemon=True)
    worker.start()
    worker.join(longest)
    came = Sending(sending.pushes, sending.complaint, sending.is_away)  # the thread may go on with its own
    if worker.is_alive():
        came.complaint, came.is_away = _too_slow(relay, came.pushes, longest), True
    if came.is_away and away is not None:
        with suppress(OSError):  # then the others try for themselves
            away.parent.mkdir(parents=True, exist_ok=True)
            away.touch()
    return came


def _send_all(outbox: Outbox, relay: Relay, longest: float, sending: Sending) -> None:
    headers = httpx.Headers({"Content-Type": _FORMAT}, encoding="utf-8")
    if relay.token:
        headers["Authorization"] = f"Bearer {relay.token}"
    give_up_at = time.monotonic() + longest
    verify = ssl.create_default_context() if relay.address.startswith("https") else False
    # It is a service of one's own: no proxy stands between, whatever the environment says of the rest of the world.
    with httpx.Client(headers=headers, timeout=longest, trust_env=False, verify=verify) as client:
        try:
            for waiting in outbox.waiting():
                if sending.is_away:
                    return
                if time.monotonic() > give_up_at:
                    sending.complaint = _too_slow(relay, sending.pushes, longest)
                    return
                _send_one(client, relay, waiting, sending)
        except _NOT_HAD as error:
            sending.complaint, sending.is_away = _not_reached(relay, _why(error)), True
        except OSError as error:
            sending.complaint = f"The numbers that wait for the metrics relay could not be read or put away: {error}."


def _send_one(client: httpx.Client, relay: Relay, waiting: Waiting, sending: Sending) -> None:
    waited = {AGE: f"{waiting.age(time.time()):.0f}"}
    answer = client.put(_address(relay, waiting.push), content=waiting.push.text.encode(), headers=waited)
    if answer.is_success:
        waiting.sent()
        sending.pushes += 1
        return
    said = f"The metrics relay at {relay.shown} answered with status {answer.status_code}: {_first_line(answer.text)}"
    if answer.status_code in _NEVER_TAKEN and SIGNATURE in answer.headers:
        sending.complaint = f"{said} The numbers were put aside, in {waiting.refused()}."
        return
    advice = " Set its token in OBSERVATORY_METRICS_TOKEN." if answer.status_code in _NOT_ALLOWED else ""
    sending.complaint, sending.is_away = f"{said}{advice} {_WAIT}", True


def _address(relay: Relay, push: Push) -> str:
    target = base64.urlsafe_b64encode(fitting(push.target).encode()).decode() or "="
    return f"{relay.address}/metrics/job/{JOB}/push_id/{push.id}/target@base64/{target}"


def _not_reached(relay: Relay, why: str) -> str:
    return f"The metrics relay at {relay.shown} was not reached: {why}. {_WAIT}"


def _too_slow(relay: Relay, pushes: int, longest: float) -> str:
    if not pushes:
        return _not_reached(relay, f"it took longer than {longest:g} s")
    many = "1 push" if pushes == 1 else f"{pushes} pushes"
    return f"The metrics relay at {relay.shown} took {many} in {longest:g} s; {_REST}"


def _why(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.LocalProtocolError):  # whose own words show the token
        return "OBSERVATORY_METRICS_TOKEN has a line break or another character that can't be sent"
    return str(error).rstrip(".") or type(error).__name__


def _first_line(text: str) -> str:
    line = one_line(next(iter(text.strip().splitlines()), ""), _LONGEST_REASON).rstrip(".")
    return f"{line or 'it did not say why'}."
