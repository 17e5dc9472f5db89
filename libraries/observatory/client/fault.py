"""What can be wrong with one attempt at a request, and whether another one may mend it."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final

import httpx

from observatory.exchange import Failure, FailureType, Obstacle
from observatory.words import count, one_line

_LONGEST_DETAIL: Final = 160  # characters quoted of what a server or a library says


class Again(Enum):
    """Whether a request that went wrong is tried again."""

    NEVER = "never"
    AFTER_A_WHILE = "after a while"
    WHEN_ALLOWED = "when the server allows it"


_OPENING: Final = {
    FailureType.DNS: "could not be reached: ",
    FailureType.CONNECTION: "could not be reached: ",
    FailureType.TLS: "could not be reached: ",
    FailureType.TIMEOUT: "could not be read: ",
    FailureType.TRUNCATED: "could not be read: ",
    FailureType.OVERSIZED: "could not be read: ",
    FailureType.CONTENT_TYPE: "could not be read: ",
    FailureType.INVALID_JSON: "could not be read: ",
    FailureType.REDIRECT: "could not be read: ",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an attempt: its type, a clause that says it, what to do, and whether to try again.

    For a type without an opening in the failure's sentence, the clause begins with the verb that belongs to
    the request: `answered 404 Not Found where 200 was expected`. `is_ours` tells that the request was at
    fault, so that nothing was learnt of the API. `obstacle` says what kept it from reaching anybody.
    """

    type: FailureType
    clause: str
    again: Again = Again.NEVER
    advice: str = ""
    is_ours: bool = False
    obstacle: Obstacle | None = None

    @property
    def problem(self) -> str:
        """The clause with a subject of its own, for the list of attempts."""
        return self.clause if self.type in _OPENING else f"it {self.clause}"

    @property
    def is_answer(self) -> bool:
        """Whether the API did its part: it answered, though not what was expected."""
        return self.type in {FailureType.STATUS, FailureType.NOT_RECORDED}

    def failure(self, subject: str, attempts: int, url: str) -> Failure:
        """The failure of a request whose last attempt went wrong like this."""
        where = f", after {count(attempts, 'attempt')} at {url}" if attempts else f" ({url})"
        advice = f"; {self.advice}" if self.advice else ""
        sentence = f"{subject} {_OPENING.get(self.type, '')}{self.clause}{where}{advice}."
        return Failure(self.type, sentence, obstacle=self.obstacle)


_NO_WAY_OUT: Final = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH})


class FaultError(Exception):
    """Carries a fault out of the reading of an answer."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault."""
        super().__init__(fault.clause)
        self.fault = fault


def status_fault(status: int, expected: frozenset[int]) -> Fault:
    """The fault of an answer whose status is none of those expected."""
    wanted = " or ".join(str(code) for code in sorted(expected)) or "no answer"
    clause = f"answered {status_words(status)} where {wanted} was expected"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        advice = "the API allows fewer requests than are sent: lower the rate limit or wait"
        return Fault(FailureType.RATE_LIMITED, clause, Again.WHEN_ALLOWED, advice)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Fault(FailureType.SERVER_ERROR, clause, Again.AFTER_A_WHILE)
    return Fault(FailureType.STATUS, clause)


def status_words(status: int) -> str:
    """A status with its phrase, as far as it has one: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def timeout_fault(timeout: float, *, answered: bool, received: int) -> Fault:
    """The fault of an attempt that was not complete in `timeout` seconds."""
    how_far = f"the body had come as far as {count(received, 'byte')}" if answered else "nothing had come"
    clause = f"no complete answer came within {timeout:g} s ({how_far})"
    return Fault(FailureType.TIMEOUT, clause, Again.AFTER_A_WHILE)


def unsendable_fault(detail: str) -> Fault:
    """The fault of a request that no HTTP client could send; it would be the same again."""
    clause = f"the request is not valid HTTP ({one_line(detail, _LONGEST_DETAIL)}) and was not sent"
    return Fault(FailureType.CONNECTION, clause, advice="check its address and headers", is_ours=True)


def transport_fault(error: Exception, host: str, *, answered: bool, received: int) -> Fault:
    """The fault behind an error of the network.

    Args:
        error: what the transport raised; the reason is looked for among its causes too.
        host: the host that was asked.
        answered: whether the head of the answer had come already.
        received: how many bytes of the body had come by then.
    """
    causes = list(_causes(error))
    detail = _detail(error)
    for cause in causes:
        if isinstance(cause, socket.gaierror | UnicodeError):  # the second for a name too long to be one
            return Fault(
                FailureType.DNS,
                f"the host name {one_line(host, _LONGEST_DETAIL)} has no address ({_detail(cause)})",
                Again.AFTER_A_WHILE,
                "check the target's spelling and this machine's name server",
                # A name server that answers says that there is no such name; "again" says that none answered.
                obstacle=Obstacle.NETWORK if cause.args[:1] == (socket.EAI_AGAIN,) else None,
            )
        if isinstance(cause, ssl.SSLError):
            return _tls_fault(cause)
    if answered:
        clause = f"the body was cut off after {count(received, 'byte')} ({detail})"
        return Fault(FailureType.TRUNCATED, clause, Again.AFTER_A_WHILE)
    if isinstance(error, httpx.LocalProtocolError):
        return unsendable_fault(detail)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        clause = "the connection was refused"
        advice = "check that the API runs there"
        return Fault(FailureType.CONNECTION, clause, Again.AFTER_A_WHILE, advice, obstacle=Obstacle.REFUSED)
    if any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in causes):
        clause = "the connection was reset before an answer came"
        return Fault(FailureType.CONNECTION, clause, Again.AFTER_A_WHILE)
    kind = "the answer is not HTTP" if isinstance(error, httpx.RemoteProtocolError) else "the connection failed"
    obstacle = Obstacle.NETWORK if any(map(_is_of_this_network, causes)) else None
    return Fault(FailureType.CONNECTION, f"{kind} ({detail})", Again.AFTER_A_WHILE, obstacle=obstacle)


def _is_of_this_network(cause: BaseException) -> bool:
    """Whether there is no way out of this machine, or its proxy let nothing through.

    A proxy that answers 5xx could not reach the API, which may be the API's own fault.
    """
    if isinstance(cause, httpx.ProxyError):
        return str(cause).startswith("4")
    return isinstance(cause, OSError) and cause.errno in _NO_WAY_OUT


def _tls_fault(error: ssl.SSLError) -> Fault:
    """A certificate that is not trusted now will not be so in seven seconds; other trouble may pass."""
    if isinstance(error, ssl.SSLCertVerificationError):
        clause = f"its certificate is not trusted ({one_line(error.verify_message, _LONGEST_DETAIL)})"
        advice = "name the right host, or the authority's certificate in SSL_CERT_FILE"
        return Fault(FailureType.TLS, clause, Again.NEVER, advice)
    clause = f"the TLS handshake failed ({_detail(error)})"
    return Fault(FailureType.TLS, clause, Again.AFTER_A_WHILE, "check that the port speaks https")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, each once, groups opened."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__context__, cause.__cause__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions


def _detail(error: BaseException) -> str:
    return one_line(str(error), _LONGEST_DETAIL) or type(error).__name__
