"""What an answer amounts to: its body, its JSON, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from observatory.client.body import check_content_type, decompress, parse_json
from observatory.client.fault import Fault, FaultError, status_fault
from observatory.client.reply import Reply
from observatory.exchange import FailureType, Request

NOT_RECORDED_HEADER: Final = "x-observatory-not-recorded"
"""Set on a 404 by a server that replays a recording: the resource may well exist, only nobody recorded it."""

NOT_PARSED: Final = object()
_BODILESS_METHODS: Final = frozenset({"HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer: `fault` is None when it is what was expected.

    `json` is `NOT_PARSED` when none was due, or the body is known; `digest` is the body's SHA-256 where JSON was due.
    """

    body: bytes = b""
    json: object = NOT_PARSED
    fault: Fault | None = None
    digest: bytes | None = None


def read(request: Request, reply: Reply, max_bytes: int, is_known: Callable[[bytes], bool]) -> Reading:
    """Judge an answer that came whole: first by its status, then, where JSON is due, by its body.

    JSON is due with a status 200; a 204, a 304 or an expected 404 has none, nor has the answer to HEAD. A body whose
    digest is known was found to be JSON before, and is not parsed only to see that again.
    """
    fault = _status_fault(request, reply)
    body = b""
    try:
        body = decompress(reply.payload, reply.headers.get("content-encoding", ""), max_bytes)
        if fault is None and reply.status == HTTPStatus.OK and request.method not in _BODILESS_METHODS:
            check_content_type(reply.headers.get("content-type"))
            digest = sha256(body).digest()
            return Reading(body, NOT_PARSED if is_known(digest) else parse_json(body), digest=digest)
    except FaultError as error:
        # A status that was not expected is the greater news than the body it came with.
        fault = fault or error.fault
    return Reading(body, fault=fault)


def _status_fault(request: Request, reply: Reply) -> Fault | None:
    status = reply.status
    if status is None:
        raise ValueError("An answer is judged when its head has come.")
    if status == HTTPStatus.NOT_FOUND and NOT_RECORDED_HEADER in reply.headers:
        clause = "is in neither the recording nor the stand-in's catalogue, so nothing can be said about it"
        return Fault(FailureType.NOT_RECORDED, clause)
    return None if status in request.expected else status_fault(status, request.expected)
