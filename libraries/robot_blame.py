"""Which errors of a test something of ours caused, found at the moment each of them happened.

Stands below `robot_session`, which hands it what happens.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from observatory.client.transports import proxy_of
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange
from observatory.failures import ExchangeError
from observatory.flakiness import Asked, Cause, CauseFinder, cause_of_error
from observatory.session import Session


class Blame:
    """Collects the errors of the running test that the history, the stand-in or this machine's network caused."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._causes = CauseFinder()
        self._found: list[tuple[str, Cause]] = []
        self._failed_together: Sequence[Exchange] = ()

    @property
    def found(self) -> Sequence[tuple[str, Cause]]:
        """The message of each such error of the test, with its cause."""
        return tuple(self._found)

    def forget(self) -> None:
        """Another test begins."""
        self._found.clear()
        self._failed_together = ()

    def saw(self, session: Session, exchanges: Sequence[Exchange]) -> None:
        """Take in the exchanges that a session had together; what failed may open a circuit, with its cause."""
        self._failed_together = [exchange for exchange in exchanges if exchange.failure is not None]
        for exchange in self._failed_together:
            self._causes.saw(exchange, _asked(session))

    def error(self, error: ObservatoryError, told: str, session: Session | None) -> None:
        """Take in an error that is about to fail the test, as it is told; one of a batch is for all that failed."""
        if isinstance(error, ExchangeError) and session is not None:
            is_of_batch = any(error.exchange is other for other in self._failed_together)
            failed = self._failed_together if is_of_batch else (error.exchange,)
            cause = self._causes.cause_of_all(failed, _asked(session))
        else:
            cause = cause_of_error(error)
        if cause is not None:
            self._found.append((told, cause))


def _asked(session: Session) -> Asked:
    return Asked(session.target.is_stand_in, proxy_of(httpx.URL(session.client.base_url)) is not None)
