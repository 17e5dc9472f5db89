"""A small server of one thread that can be made to stand still, as a server does whose garbage is collected."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

from sandbox.catalogue import Catalogue

_END_OF_HEAD = b"\r\n\r\n"
_HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"


def _answers() -> dict[bytes, bytes]:
    """One resource of each endpoint, and the lists that name it, ready to be sent."""
    catalogue, answers = Catalogue(), {}
    for endpoint in ("pokemon", "type", "ability"):
        body = catalogue.document(endpoint, "1")
        assert isinstance(body, bytes)
        page = f'{{"count":1,"results":[{{"url":"/api/v2/{endpoint}/1/"}}]}}'.encode()
        answers[f"/api/v2/{endpoint}/1/".encode()] = _answer("200 OK", body)
        answers[f"/api/v2/{endpoint}/".encode()] = _answer("200 OK", page)
    return answers


def _answer(status: str, body: bytes) -> bytes:
    return _HEAD.format(status=status, length=len(body)).encode() + body


class _Connection(asyncio.Protocol):
    """Answers at once, one request after the other."""

    def __init__(self, door: Door, answers: dict[bytes, bytes]) -> None:
        self._door = door
        self._answers = answers
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            path = self._received.split(b" ", 2)[1].partition(b"?")[0]
            self._received = self._received[end + len(_END_OF_HEAD) :]
            self._door.answered += 1
            self._transport.write(self._answers.get(path, _answer("404 Not Found", b"{}")))


@dataclass
class Door:
    """One of the addresses of the server, and how many requests were answered there."""

    address: str = ""
    answered: int = 0


class FreezingServer:
    """A server of one thread with two addresses, which can be made to do nothing at all for a while."""

    def __init__(self) -> None:
        self.doors = (Door(), Door())
        self.frozen = 0.0
        """How many seconds the freeze lasted in fact."""
        self._loop = asyncio.new_event_loop()

    def freeze(self, seconds: float) -> None:
        """Answer nothing for so many seconds, from now on."""
        self._loop.call_soon_threadsafe(self._stand_still, seconds)

    def _stand_still(self, seconds: float) -> None:
        began = time.monotonic()
        time.sleep(seconds)
        self.frozen = time.monotonic() - began

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Let it serve in a thread of its own."""
        listening = [self._loop.run_until_complete(self._listen(door, _answers())) for door in self.doors]
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            for each in listening:
                self._loop.call_soon_threadsafe(each.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _listen(self, door: Door, answers: dict[bytes, bytes]) -> asyncio.Server:
        connected = partial(_Connection, door, answers)
        server = await self._loop.create_server(connected, "127.0.0.1", 0, backlog=512)
        door.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v2"
        return server
