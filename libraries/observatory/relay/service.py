"""The relay as a web service: pushes come in, Prometheus looks in, and a health check asks whether all is well."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from observatory.metrics.sending import AGE, SIGNATURE
from observatory.relay.address import read_address
from observatory.relay.page import page
from observatory.relay.reading import MOST_BYTES, PushError, read_push
from observatory.relay.totals import Totals, TotalsError
from observatory.words import one_line

READING: Final = 5.0
"""Seconds that a push may take to arrive."""

_SIGNED: Final = {SIGNATURE: "1"}
_PLAIN: Final = frozenset({"", "text/plain"})


class _RefusedError(Exception):
    """A push is not taken: the status, and the sentence that says why."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def relay_app(
    totals: Totals, token: str | None, *, clock: Callable[[], float] = time.time, reading: float = READING
) -> Starlette:
    """The relay over its sums.

    Args:
        totals: what is added to, and shown.
        token: what pushers must send; without it, only this machine may push.
        clock: gives the time in seconds since 1970.
        reading: seconds that a push may take to arrive.
    """
    outcomes: Counter[str] = Counter()

    async def push(request: Request) -> Response:
        try:
            _hold_right(request, token)
            address = read_address(_path(request))
            samples = await run_in_threadpool(read_push, await _body(request, reading))
            is_new = await run_in_threadpool(partial(totals.add, *address, samples, clock(), age=_age(request)))
        except _RefusedError as error:
            outcomes["refused"] += 1
            asking = {"WWW-Authenticate": "Bearer"} if error.status is HTTPStatus.UNAUTHORIZED else {}
            return PlainTextResponse(error.sentence, error.status, {**_SIGNED, **asking})
        except PushError as error:
            outcomes["refused"] += 1
            return PlainTextResponse(str(error), HTTPStatus.BAD_REQUEST, _SIGNED)
        except TotalsError as error:
            return PlainTextResponse(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        outcomes["added" if is_new else "repeated"] += 1
        return PlainTextResponse("added" if is_new else "known already: nothing was added")

    async def metrics(_: Request) -> Response:
        try:
            shown = await run_in_threadpool(totals.shown, clock())
        except TotalsError as error:
            return PlainTextResponse(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(await run_in_threadpool(page, shown, outcomes), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    async def health(_: Request) -> Response:
        try:
            await run_in_threadpool(totals.check)
        except TotalsError as error:
            return JSONResponse({"status": "failing", "reason": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ok", "pushes": dict(outcomes)})

    return Starlette(
        routes=[
            Route("/metrics", metrics, methods=["GET"]),
            Route("/metrics/{key:path}", push, methods=["POST", "PUT"]),
            Route("/health", health, methods=["GET"]),
        ]
    )


def _hold_right(request: Request, token: str | None) -> None:
    """Refuse who may not push.

    A page in somebody's browser can send a request to their own machine; no pusher is a page, and none names an origin.
    """
    if "origin" in request.headers:
        raise _RefusedError(HTTPStatus.FORBIDDEN, "Numbers are not taken from a page in a browser.")
    if token is None:
        if not _is_local(request):
            sentence = "Without a token, only this machine may push; set OBSERVATORY_METRICS_TOKEN for both sides."
            raise _RefusedError(HTTPStatus.FORBIDDEN, sentence)
        return
    given = "\n".join(request.headers.getlist("authorization")).encode("latin-1")  # the bytes as they were sent
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise _RefusedError(HTTPStatus.UNAUTHORIZED, "The push bears no token, or a wrong one.")


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _age(request: Request) -> float:
    """For how many seconds the numbers have waited."""
    given = request.headers.get(AGE, "0")
    try:
        age = float(given)
    except ValueError:
        age = -1.0
    if not 0 <= age < math.inf:
        raise PushError(f"{AGE} is '{one_line(given)}', but it must be the seconds that the numbers have waited.")
    return age


def _path(request: Request) -> bytes:
    """The path as it was sent: a slash within a value is not one between two."""
    raw: bytes = request.scope["raw_path"]
    return raw


async def _body(request: Request, reading: float) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _PLAIN or request.headers.get("content-encoding", "identity") != "identity":
        sentence = "A push is Prometheus's text format as text/plain, and not compressed."
        raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, sentence)
    body = bytearray()
    try:
        async with asyncio.timeout(reading):
            async for part in request.stream():
                body += part
                if len(body) > MOST_BYTES:
                    sentence = f"The push is larger than {MOST_BYTES} bytes."
                    raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    except TimeoutError:
        raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT, f"The push took longer than {reading:g} s.") from None
    except ClientDisconnect:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "The push broke off.") from None
    return bytes(body)
