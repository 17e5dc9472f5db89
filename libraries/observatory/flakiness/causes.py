"""Whose fault a failure is: the API's and the test's own, or that of something around them which is ours."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from observatory.errors import HistoryError, ObservatoryError, StandInError
from observatory.exchange import Exchange, FailureType, Obstacle

_AROUND: Final = (
    r"Several failures occurred:|^\d+\)|(?:Parent suite s|Also parent suite t|Also t|S|T)(?:etup|eardown) failed:"
    r"|Keyword '[^']*' failed after retrying [^.]*\. The last error was:"
)
"""What Robot writes around the messages of failures."""

_NOWHERE: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are reserved for documents (RFC 5737, RFC 3849): no packet is sent to them."""

_ANY_PORT: Final = 9


class Cause(StrEnum):
    """What of ours made a test fail; such a failure does not count against the test.

    `history`: the database of the history is away. `stand_in`: our own server is dead, or could not be started.
    `network`: this machine has no way out. `suite`: the set-up or tear-down of a suite failed, and its tests with it.
    """

    HISTORY = "history"
    STAND_IN = "stand_in"
    NETWORK = "network"
    SUITE = "suite"

    @property
    def words(self) -> str:
        """What happened, as a clause."""
        return _WORDS[self]


_WORDS: Final = {
    Cause.HISTORY: "the history database was away",
    Cause.STAND_IN: "the stand-in, a server of our own, was dead",
    Cause.NETWORK: "this machine had no way into the network",
    Cause.SUITE: "what failed was the set-up or tear-down of its suite",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a request went: whether that is a server of our own, and whether a proxy stands before it."""

    is_stand_in: bool
    has_proxy: bool


def has_way_out() -> bool:
    """Whether this machine knows a way into any network but itself; asks its own routing table, and nobody else."""
    return any(_is_routed(family, address) for family, address in _NOWHERE)


def _is_routed(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, _ANY_PORT))  # of a datagram socket: only a route is looked for
    except OSError:
        return False
    return True


class CauseFinder:
    """Tells the cause of failed exchanges at the moment of failing; remembers why circuits are open."""

    def __init__(self, has_way_out: Callable[[], bool] = has_way_out) -> None:
        """Nothing has failed yet."""
        self._has_way_out = has_way_out
        self._last: dict[tuple[str, str], Cause | None] = {}

    def saw(self, exchange: Exchange, asked: Asked) -> None:
        """Take in an exchange, good or failed, in the order they came."""
        failure = exchange.failure
        if failure is not None and failure.type is not FailureType.CIRCUIT_OPEN:
            self._last[(exchange.run_id, exchange.endpoint)] = self._cause_of_sent(exchange, asked)

    def cause_of(self, exchange: Exchange, asked: Asked) -> Cause | None:
        """The cause of one failed exchange; None when it is the API's, or when it did not fail.

        A circuit that is open was opened by the failures before it, and has their cause.
        """
        if exchange.failure is None:
            return None
        if exchange.failure.type is FailureType.CIRCUIT_OPEN:
            return self._last.get((exchange.run_id, exchange.endpoint))
        return self._cause_of_sent(exchange, asked)

    def cause_of_all(self, exchanges: Iterable[Exchange], asked: Asked) -> Cause | None:
        """The cause of a batch that failed: there is one only when each failure in it has one."""
        causes = [self.cause_of(exchange, asked) for exchange in exchanges if exchange.failure is not None]
        return causes[0] if causes and None not in causes else None

    def _cause_of_sent(self, exchange: Exchange, asked: Asked) -> Cause | None:
        failure = exchange.failure
        if failure is None:
            return None
        if failure.obstacle is Obstacle.NETWORK:
            return Cause.NETWORK
        if failure.obstacle is Obstacle.REFUSED:
            # At somebody else's address it is the API that is down, unless it was our proxy that refused.
            return Cause.STAND_IN if asked.is_stand_in else Cause.NETWORK if asked.has_proxy else None
        if failure.type is FailureType.DNS and not self._has_way_out():
            return Cause.NETWORK
        return None


def cause_of_error(error: ObservatoryError) -> Cause | None:
    """The cause of an error that is not of a request; None when it is the test's own."""
    if isinstance(error, HistoryError):
        return Cause.HISTORY
    return Cause.STAND_IN if isinstance(error, StandInError) else None


def cause_of_message(message: str, blamed: Sequence[tuple[str, Cause]]) -> Cause | None:
    """The cause of a test's failure: the first of those blamed, when nothing else is told in its message.

    Args:
        message: what Robot says of the failed test, which may be of several failures.
        blamed: the messages of all errors of the test that had a cause, each with it.
    """
    rest, found = message, None
    for text, cause in sorted(blamed, key=lambda pair: -len(pair[0])):
        if text and text in rest:
            rest, found = rest.replace(text, ""), found or cause
    return found if not re.sub(_AROUND, "", rest, flags=re.MULTILINE).strip() else None
