"""A server for loads that does to some of its answers what no server should, and counts what it did."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from observatory.client.reading import NOT_RECORDED_HEADER
from sandbox.catalogue import Catalogue
from sandbox.source import Listing


class Answer:
    """One answer that is about to be given: `number` counts the requests of an endpoint from 1, lists left aside."""

    def __init__(self, handler: BaseHTTPRequestHandler, server: LoadServer, endpoint: str, resource: str) -> None:
        self.endpoint = endpoint
        self.resource = resource
        self.number = server.asked[endpoint]
        self._handler = handler
        self._server = server

    def give(self, body: bytes | None = None) -> None:
        """Give the answer that is right, or another body."""
        body = self._server.body(self.endpoint, self.resource) if body is None else body
        self._head(len(body))
        self._handler.wfile.write(body)

    def give_another(self) -> None:
        """Give the answer to another question about the endpoint."""
        other = next(each for each in self._server.ids(self.endpoint) if each != self.resource)
        self.give(self._server.body(self.endpoint, other))

    def lack(self) -> None:
        """Say what only a replay of a recording should say: that it is not recorded."""
        self._handler.send_response(404)
        self._handler.send_header(NOT_RECORDED_HEADER, f"{self.endpoint}/{self.resource}")
        self._handler.send_header("Content-Length", "0")
        self._handler.end_headers()

    def hang_up(self) -> None:
        """Close the connection without a byte."""
        self._handler.close_connection = True

    def drip(self, pause: float) -> None:
        """Give the answer byte by byte, with so many seconds between two of them, as long as somebody listens."""
        body = self._server.body(self.endpoint, self.resource)
        self._head(len(body))
        for byte in body:
            if self._server.over.wait(pause):
                return
            self._handler.wfile.write(bytes([byte]))
            self._handler.wfile.flush()

    def _head(self, length: int) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Content-Length", str(length))
        self._handler.end_headers()


Flaw = Callable[[Answer], None]


class LoadServer:
    """Serves what the stand-in's catalogue has, each answer as a flaw has it."""

    def __init__(self, flaw: Flaw) -> None:
        self.asked = Counter[str]()
        """How many requests came for each endpoint, but for its lists."""
        self.over = threading.Event()
        self.flaw = flaw
        self.lock = threading.Lock()
        self.address = ""
        self._catalogue = Catalogue()

    def ids(self, endpoint: str) -> list[str]:
        """The resources of an endpoint."""
        listing = self._catalogue.listing(endpoint)
        assert isinstance(listing, Listing)
        return sorted({str(number) for number in listing.ids.values()})

    def body(self, endpoint: str, resource: str) -> bytes:
        """What is right for a resource."""
        body = self._catalogue.document(endpoint, resource)
        assert isinstance(body, bytes)
        return body

    @contextmanager
    def running(self) -> Iterator[LoadServer]:
        """Let it serve in threads of its own."""
        handler: Any = type("Answering", (_Handler,), {"answering": self})
        server = _Server(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.address = f"http://127.0.0.1:{server.server_address[1]}/api/v2"
        try:
            yield self
        finally:
            self.over.set()
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever was answered wrongly may go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece, where it is given in one
    disable_nagle_algorithm = True
    answering: LoadServer

    def do_GET(self) -> None:
        """Answer, or do what the flaw wants."""
        path = self.path.partition("?")[0].strip("/").split("/")[2:]
        endpoint, resource = path[0], path[1] if len(path) > 1 else ""
        if not resource:
            ids = self.answering.ids(endpoint)
            page = {"count": len(ids), "results": [{"url": f"/api/v2/{endpoint}/{each}/"} for each in ids]}
            self._answer(endpoint, "").give(json.dumps(page).encode())
            return
        with self.answering.lock:
            self.answering.asked[endpoint] += 1
            answer = self._answer(endpoint, resource)
        self.answering.flaw(answer)

    def _answer(self, endpoint: str, resource: str) -> Answer:
        return Answer(self, self.answering, endpoint, resource)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Say nothing."""
