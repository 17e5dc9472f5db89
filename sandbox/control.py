"""Faults over HTTP, for a stand-in in another process: `GET`, `POST` and `DELETE /_faults`."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.errors import FaultError
from sandbox.faults import Fault, Faults, Injection


def control(path: str, faults: Faults) -> Starlette:
    """Build the application that shows and changes the board.

    `GET` lists the active faults, `POST` injects one (the fields of `Fault` as JSON), `DELETE` clears all.
    """

    async def board(request: Request) -> Response:
        if request.method == "POST":
            return await _inject(request, faults)
        if request.method == "DELETE":
            faults.clear()
            return Response(status_code=204)
        return JSONResponse({"faults": [_told(injection) for injection in faults.active()]})

    return Starlette(routes=[Route(path, board, methods=["GET", "POST", "DELETE"])])


async def _inject(request: Request, faults: Faults) -> Response:
    try:
        told = json.loads(await request.body())
    except ValueError as error:
        return _refused(f"The fault is not JSON: {error}.")
    if not isinstance(told, dict):
        return _refused('A fault is a JSON object such as {"kind": "status", "status": 503, "times": 3}.')
    try:
        injection = faults.inject(Fault.parse(told))
    except FaultError as error:
        return _refused(str(error))
    return JSONResponse(_told(injection), status_code=201)


def _refused(sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=400)


def _told(injection: Injection) -> dict[str, Any]:
    return {**injection.fault.told(), "seen": injection.seen, "fired": injection.fired}
