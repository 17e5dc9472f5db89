"""The errors a failed exchange raises: one class for each thing a caller can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, FailureType

_MOST_TOLD = 3


class ExchangeError(ObservatoryError):
    """A request did not give what was asked of it; `exchange` holds everything that was seen."""

    def __init__(self, message: str, exchange: Exchange) -> None:
        """Keep the exchange beside the message."""
        super().__init__(message)
        self.exchange = exchange


class UnreachableError(ExchangeError):
    """No answer came: name not found, connection refused or reset, TLS trouble, time-out."""


class CircuitOpenError(ExchangeError):
    """The request was not sent: its endpoint failed too often and is left alone for a while."""


class RateLimitedError(ExchangeError):
    """The API kept answering 429 until the retries were used up."""


class UnexpectedStatusError(ExchangeError):
    """An answer came, with a status the caller did not expect."""


class UnreadableBodyError(ExchangeError):
    """An answer came whose body is not the JSON it should be: wrong type, broken, cut off, too large."""


class RedirectError(ExchangeError):
    """The API redirected in a circle or too often."""


class InvalidModelError(ExchangeError):
    """The JSON is well formed, but fields are missing or of the wrong type; the message lists each."""


class NotRecordedError(ExchangeError):
    """The recording that is being replayed does not hold this resource, so nothing can be said about it."""


_ERROR_CLASS: Mapping[FailureType, type[ExchangeError]] = {
    FailureType.DNS: UnreachableError,
    FailureType.CONNECTION: UnreachableError,
    FailureType.TLS: UnreachableError,
    FailureType.TIMEOUT: UnreachableError,
    FailureType.TRUNCATED: UnreadableBodyError,
    FailureType.OVERSIZED: UnreadableBodyError,
    FailureType.CONTENT_TYPE: UnreadableBodyError,
    FailureType.INVALID_JSON: UnreadableBodyError,
    FailureType.REDIRECT: RedirectError,
    FailureType.RATE_LIMITED: RateLimitedError,
    FailureType.SERVER_ERROR: UnexpectedStatusError,
    FailureType.STATUS: UnexpectedStatusError,
    FailureType.MODEL: InvalidModelError,
    FailureType.CIRCUIT_OPEN: CircuitOpenError,
    FailureType.NOT_RECORDED: NotRecordedError,
}


def raise_for_failure(exchange: Exchange) -> None:
    """Raise the error that fits the exchange's failure; do nothing when the exchange is good.

    Raises:
        ExchangeError: always the subclass that belongs to `exchange.failure.type`.
    """
    if exchange.failure is not None:
        raise _ERROR_CLASS[exchange.failure.type](exchange.failure.message, exchange)


def raise_for_failures(exchanges: Iterable[Exchange]) -> None:
    """Raise one error for all failed exchanges of a batch; do nothing when all are good.

    What a recording lacks counts only when nothing else failed: a broken answer must not hide behind it.

    Raises:
        ExchangeError: the class of the first failure; the message counts them and tells the first three.
    """
    asked = list(exchanges)
    failed = [(exchange, exchange.failure) for exchange in asked if exchange.failure is not None]
    failed.sort(key=lambda pair: pair[1].type is FailureType.NOT_RECORDED)
    if len(failed) == 1:
        raise_for_failure(failed[0][0])
    if failed:
        told = " ".join(failure.message for _, failure in failed[:_MOST_TOLD])
        left_out = f" And {len(failed) - _MOST_TOLD} more." if len(failed) > _MOST_TOLD else ""
        message = f"{len(failed)} of {len(asked)} requests failed. {told}{left_out}"
        raise _ERROR_CLASS[failed[0][1].type](message, failed[0][0])
