"""What is wrong with an answer, by the engine's own models and in its own words."""

from __future__ import annotations

import errno
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from load.question import Question
from load.resources import ENDPOINTS
from observatory.client.body import check_content_type, parse_json
from observatory.client.fault import Fault, FaultError, status_fault, transport_fault
from observatory.client.reading import NOT_RECORDED_HEADER
from observatory.exchange import FailureType, FieldError
from observatory.load import Trouble
from observatory.load.measurements import STARVED
from observatory.models import judge
from observatory.models.registry import kind_for, model_of
from observatory.record.field_path import normalise, parse, render
from observatory.words import one_line

_OF_THIS_MACHINE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS})
_EXPECTED: Final = frozenset({200})
_KIND: Final = re.compile(r".*\(([a-z]+)(?: of [0-9]+ characters)?\)", re.DOTALL)
_SIZE: Final = re.compile(r"(an object|a list) (?:with|of) .*")
_PLACE: Final = re.compile(r"line [0-9]+, column [0-9]+: ")
_MOST_BODIES: Final = 10_000
_LONGEST: Final = 160  # characters of a message


@dataclass(frozen=True, slots=True)
class _Judged:
    """What was found of a body: what is wrong with it, and the id and name of the resource that it is about."""

    trouble: Trouble | None
    names: frozenset[str] = frozenset()


class Checker:
    """Holds answers against their models, each distinct body once, and against what was asked for.

    Args:
        share: the share of the answers that is held against a model, 1 being all of them; a body that was found to be
            wrong is so each time it comes.
        timeout: seconds that a request may take, for the sentence that says so.
        chance: gives a number from 0 to 1.
    """

    def __init__(self, share: float, timeout: float, *, chance: Callable[[], float] = random.random) -> None:
        self._judged: dict[tuple[str, bytes], _Judged] = {}
        self._share = share
        self._timeout = timeout
        self._chance = chance
        for endpoint in ENDPOINTS:
            model_of(endpoint)  # built now, and not while the first users wait for it

    def trouble(self, question: Question, status: int, headers: object, body: bytes) -> Trouble | None:
        """What is wrong with an answer; None when it is as it should be.

        `headers` has a `get` that takes a name in lower case.
        """
        if status != HTTPStatus.OK:
            return self._status(status, headers)
        try:
            check_content_type(headers.get("content-type"))  # type: ignore[attr-defined]
        except FaultError as error:
            return _trouble(error.fault)
        place = (kind_for(question.endpoint, question.resource) or "", sha256(body).digest())
        judged = self._judged.get(place)
        if judged is None:
            if self._share < 1 and self._chance() >= self._share:
                return None
            judged = self._judge(place[0], body)
            while len(self._judged) >= _MOST_BODIES:
                del self._judged[next(iter(self._judged))]
            self._judged[place] = judged
        if judged.trouble is None and judged.names and question.resource not in judged.names:
            return Trouble(FailureType.MODEL, "id should be the one that was asked for")
        return judged.trouble

    def _judge(self, kind: str, body: bytes) -> _Judged:
        try:
            value = parse_json(body)
        except FaultError as error:
            return _Judged(_trouble(error.fault))
        if not kind:
            return _Judged(None)
        errors = judge(model_of(kind), body).errors
        if errors:
            return _Judged(Trouble(FailureType.MODEL, _fields(errors)))
        is_resource = kind in ENDPOINTS and isinstance(value, dict)
        return _Judged(None, frozenset({str(value["id"]), str(value["name"])}) if is_resource else frozenset())  # type: ignore[index]

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
        if isinstance(cause, OSError) and cause.errno in _OF_THIS_MACHINE:
            return Trouble(FailureType.CONNECTION, STARVED)
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
