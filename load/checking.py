"""What is wrong with an answer, by the engine's own models and in its own words."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from typing import Final

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from load.question import Question
from observatory.client.body import check_content_type, parse_json
from observatory.client.fault import Fault, FaultError, status_fault, transport_fault
from observatory.client.reading import NOT_RECORDED_HEADER
from observatory.exchange import FailureType, FieldError
from observatory.load import Trouble
from observatory.models import Judge
from observatory.models.registry import kind_for
from observatory.record.field_path import normalise, parse, render
from observatory.words import one_line

_EXPECTED: Final = frozenset({200})
_KIND: Final = re.compile(r".*\(([a-z]+)(?: of [0-9]+ characters)?\)", re.DOTALL)
_SIZE: Final = re.compile(r"(an object|a list) (?:with|of) .*")
_PLACE: Final = re.compile(r"line [0-9]+, column [0-9]+: ")
_LONGEST: Final = 160  # characters of a message


class Checker:
    """Holds answers against their models, each distinct body once.

    Args:
        share: the share of the answers that is held against a model, 1 being all of them.
        timeout: seconds that a request may take, for the sentence that says so.
        chance: gives a number from 0 to 1.
    """

    def __init__(self, share: float, timeout: float, *, chance: Callable[[], float] = random.random) -> None:
        self._judge = Judge()
        self._share = share
        self._timeout = timeout
        self._chance = chance

    def trouble(self, question: Question, status: int, headers: object, body: bytes) -> Trouble | None:
        """What is wrong with an answer; None when it is as it should be.

        `headers` has a `get` that takes a name in lower case.
        """
        if status != HTTPStatus.OK:
            return self._status(status, headers)
        try:
            check_content_type(headers.get("content-type"))  # type: ignore[attr-defined]
            digest = sha256(body).digest()
            kind = kind_for(question.endpoint, question.resource)
            if kind is not None and self._judge.accepts(kind, digest):
                return None
            if self._share < 1 and self._chance() >= self._share:
                return None
            parse_json(body)
        except FaultError as error:
            return _trouble(error.fault)
        verdict = self._judge.verdict(question.endpoint, question.resource, body, digest)
        if verdict is None or verdict.accepted:
            return None
        return Trouble(FailureType.MODEL, _fields(verdict.errors))

    def unanswered(self, error: BaseException, host: str, *, answered: bool = False) -> Trouble:
        """Why there is no whole answer; `answered` tells that its head had come."""
        # The client wraps a timeout as if it had tried again.
        cause = getattr(error, "original", None) or error
        if isinstance(cause, TimeoutError | gevent.Timeout):
            return Trouble(FailureType.TIMEOUT, f"no complete answer came within {self._timeout:g} s")
        if isinstance(cause, zlib.error):
            return Trouble(FailureType.INVALID_JSON, "the body is not what its Content-Encoding says")
        if answered or (isinstance(cause, HTTPParseError) and not isinstance(cause, HTTPConnectionClosed)):
            return Trouble(FailureType.TRUNCATED, "the answer is not HTTP, or was cut off")
        if isinstance(cause, HTTPConnectionClosed):
            cause = ConnectionResetError()
        if isinstance(cause, OSError):
            return _trouble(transport_fault(cause, host, answered=False, received=0))
        return Trouble(FailureType.CONNECTION, f"the connection failed ({type(cause).__name__})")

    def _status(self, status: int, headers: object) -> Trouble:
        if status == HTTPStatus.NOT_FOUND and headers.get(NOT_RECORDED_HEADER):  # type: ignore[attr-defined]
            return Trouble(FailureType.NOT_RECORDED, "it is not in the recording")
        return _trouble(status_fault(status, _EXPECTED))


def _trouble(fault: Fault) -> Trouble:
    """The fault without the place in a body, which differs from one resource to the next."""
    return Trouble(fault.type, one_line(_PLACE.sub("", fault.problem), _LONGEST))


def _fields(errors: tuple[FieldError, ...]) -> str:
    """The first field that is wrong, without what differs from one resource to the next, and how many others."""
    first = errors[0]
    path = render(normalise(parse(first.path))) if first.path[0] != "(" else first.path
    kind = _KIND.fullmatch(first.seen) or _SIZE.fullmatch(first.seen)
    others = len({render(normalise(parse(each.path))) for each in errors if each.path[0] != "("} - {path})
    more = f", and {others} more fields are wrong" if others > 1 else ", and another field is wrong" if others else ""
    return one_line(f"{path} should be {first.expected} but was {kind[1] if kind else first.seen}{more}", _LONGEST)
