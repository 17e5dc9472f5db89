"""How each fault is acted out: changed answers, and trouble on the wire."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from starlette.types import Message, Receive, Send

from sandbox.answer import JSON_TYPE, Answer, plain, redirect
from sandbox.faults import Fault, Kind, Nothing
from sandbox.negotiation import Response, plain_response

LOOP_PATHS = ("/_loop/ping", "/_loop/pong")
"""Two addresses that redirect to each other for ever."""

_BROKEN_JSON = b'{"id": 1, "name": '
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wire:
    """The connection an answer goes to, and how to wait and tell the time."""

    send: Send
    receive: Receive
    transport: asyncio.Transport
    sleep: Callable[[float], Awaitable[None]]
    now: Callable[[], float]

    async def deliver(self, response: Response) -> None:
        """Send the response whole."""
        await self.send(start_of(response))
        await self.send({"type": "http.response.body", "body": response.body})

    async def hang_up(self) -> None:
        """Wait until the connection, which is being closed, is gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def start_of(response: Response) -> Message:
    """The message that begins a response."""
    return {"type": "http.response.start", "status": response.status, "headers": response.headers}


def spoil(answer: Answer, fault: Fault, now: float) -> Answer:
    """The answer as the fault changes it; those faults that happen on the wire leave it as it is.

    Args:
        answer: what would have been answered.
        fault: what goes wrong.
        now: seconds since 1970, to reckon a date from.
    """
    spoiler = _SPOILERS.get(fault.kind)
    return answer if spoiler is None else spoiler(answer, fault, now)


def _status(_: Answer, fault: Fault, __: float) -> Answer:
    known = {status.value: status.phrase for status in HTTPStatus}
    return plain(fault.status, known.get(fault.status, f"Status {fault.status}"))


def _rate_limited(_: Answer, fault: Fault, now: float) -> Answer:
    if fault.retry_after is None:
        return plain(429)
    told = formatdate(math.ceil(now) + fault.retry_after, usegmt=True) if fault.as_date else str(fault.retry_after)
    return plain(429, headers={"Retry-After": told})


def _bad_json(answer: Answer, _: Fault, __: float) -> Answer:
    return Answer(200, {**answer.headers, "Content-Type": JSON_TYPE}, _BROKEN_JSON)


def _content_type(answer: Answer, fault: Fault, _: float) -> Answer:
    return Answer(answer.status, {**answer.headers, "Content-Type": fault.content_type}, answer.body)


def _redirect_loop(_: Answer, __: Fault, ___: float) -> Answer:
    return redirect(LOOP_PATHS[0])


def _oversized(answer: Answer, fault: Fault, _: float) -> Answer:
    begin, end = b'{"padding":"', b'"}'
    padding = b"x" * (fault.size + 1 - len(begin) - len(end))
    return Answer(200, {**answer.headers, "Content-Type": JSON_TYPE}, begin + padding + end)


def _malformed(answer: Answer, fault: Fault, _: float) -> Answer:
    if answer.status != 200:
        return answer
    body = json.loads(answer.body)
    *way, last = fault.field.split(".")
    parent: object = body
    for step in way:
        parent = _child(parent, step)
    _put(parent, last, fault.value)
    return Answer(200, answer.headers, json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())


def _child(parent: object, step: str) -> object:
    if isinstance(parent, list) and step.isdecimal() and int(step) < len(parent):
        return parent[int(step)]
    return parent.get(step) if isinstance(parent, dict) else None


def _put(parent: object, key: str, value: object) -> None:
    """Set or remove a field; where the body has no such place, it stays as it is."""
    if isinstance(parent, list):
        if not key.isdecimal() or int(key) >= len(parent):
            return
        parent[int(key) : int(key) + 1] = [] if value is Nothing.NOTHING else [value]
    elif isinstance(parent, dict):
        parent.pop(key, None)
        if value is not Nothing.NOTHING:
            parent[key] = value


_SPOILERS: Mapping[Kind, Callable[[Answer, Fault, float], Answer]] = {
    Kind.STATUS: _status,
    Kind.RATE_LIMITED: _rate_limited,
    Kind.BAD_JSON: _bad_json,
    Kind.CONTENT_TYPE: _content_type,
    Kind.REDIRECT_LOOP: _redirect_loop,
    Kind.OVERSIZED: _oversized,
    Kind.MALFORMED: _malformed,
}


async def _truncated(wire: Wire, _: Fault, answer: Answer, __: Response) -> None:
    """Promise the whole length, send half of it, hang up."""
    whole = plain_response(answer)
    await wire.send(start_of(whole))
    await wire.send({"type": "http.response.body", "body": whole.body[: len(whole.body) // 2], "more_body": True})
    wire.transport.close()
    await wire.hang_up()


async def _reset(wire: Wire, _: Fault, __: Answer, ___: Response) -> None:
    """Drop the connection so that the other side sees a reset: a socket closed with no time to linger."""
    peer = wire.transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.transport.abort()
    await wire.hang_up()


async def _slow_drip(wire: Wire, fault: Fault, _: Answer, response: Response) -> None:
    """Send the headers, then the body piece by piece, each after a pause."""
    await wire.send(start_of(response))
    size = max(1, math.ceil(len(response.body) / fault.pieces))
    for begin in range(0, len(response.body), size):
        await wire.sleep(fault.seconds)
        await wire.send({"type": "http.response.body", "body": response.body[begin : begin + size], "more_body": True})
    await wire.send({"type": "http.response.body"})


async def _uncompressed(wire: Wire, _: Fault, answer: Answer, __: Response) -> None:
    """Send the body as it is, in pieces, so that a client which has had enough can hang up."""
    whole = plain_response(answer)
    await wire.send(start_of(whole))
    for begin in range(0, len(whole.body), _PIECE):
        piece = whole.body[begin : begin + _PIECE]
        await wire.send({"type": "http.response.body", "body": piece, "more_body": True})
    await wire.send({"type": "http.response.body"})


TROUBLE: Mapping[Kind, Callable[[Wire, Fault, Answer, Response], Awaitable[None]]] = {
    Kind.TRUNCATED: _truncated,
    Kind.RESET: _reset,
    Kind.SLOW_DRIP: _slow_drip,
    Kind.OVERSIZED: _uncompressed,
}
"""The faults that happen while the response is sent."""
