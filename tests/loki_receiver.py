"""Speaks the HTTP of Loki: takes pushes, answers queries, as far as the shipping of logs needs it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tests.logql import LogQLError
from tests.loki_store import Line, LokiStore

_NO_CONTENT: Final = 204


class LokiReceiver:
    """A Loki at an address. `outages` are the statuses that it answers the next pushes with."""

    def __init__(self, store: LokiStore) -> None:
        self.store = store
        self.outages: list[int] = []
        self.pushes = 0
        self.problems: list[str] = []
        receiver = self

        class Handler(_Handler):
            loki = receiver

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, body: bytes, kind: str, encoding: str) -> tuple[int, str]:
        """The answer to a push."""
        self.pushes += 1
        if self.outages:
            return self.outages.pop(0), "not now"
        if kind.partition(";")[0] != "application/json":
            return 415, "protocol buffers are not known here; push JSON"
        try:
            problems = self.store.push(json.loads(gzip.decompress(body) if encoding == "gzip" else body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problems = [f"couldn't parse push request: {error}"]
        self.problems += problems
        return (400, "\n".join(problems)) if problems else (_NO_CONTENT, "")

    def answer(self, address: str) -> tuple[int, str]:
        """The answer to a question."""
        parts = urlsplit(address)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        match parts.path:
            case "/ready":
                return 200, "ready\n"
            case "/loki/api/v1/labels":
                names = sorted({name for labels in self.store.streams for name, _ in labels})
                return 200, json.dumps({"status": "success", "data": names})
            case "/loki/api/v1/query_range":
                return self._query(asked)
            case _:
                return 404, "404 page not found"

    def _query(self, asked: dict[str, str]) -> tuple[int, str]:
        try:
            found = self.store.ask(asked["query"], int(asked.get("start", "0")), int(asked.get("end", str(1 << 63))))
        except (LogQLError, ValueError, KeyError) as error:
            return 400, str(error)
        if asked.get("direction", "backward") == "backward":
            found.reverse()
        data = {"resultType": "streams", "result": _streams(found[: int(asked.get("limit", "100"))])}
        return 200, json.dumps({"status": "success", "data": data})


def _streams(found: list[tuple[dict[str, str], Line]]) -> list[dict[str, Any]]:
    """Lines as Loki gives them: by their labels, metadata among them."""
    by_labels: dict[frozenset[tuple[str, str]], list[list[str]]] = {}
    for labels, line in found:
        by_labels.setdefault(frozenset(labels.items()), []).append([str(line.at), line.text])
    return [{"stream": dict(labels), "values": values} for labels, values in by_labels.items()]


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    loki: LokiReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path != "/loki/api/v1/push":
            self._say(404, "404 page not found")
            return
        self._say(*self.loki.take(body, self.headers.get("Content-Type", ""), self.headers.get("Content-Encoding", "")))

    def do_GET(self) -> None:
        self._say(*self.loki.answer(self.path))

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""

    def _say(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        if status != _NO_CONTENT:
            self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != _NO_CONTENT:
            self.wfile.write(body)


@contextmanager
def loki(store: LokiStore | None = None) -> Iterator[LokiReceiver]:
    """A Loki with the committed limits, until the end of the block."""
    receiver = LokiReceiver(LokiStore.committed() if store is None else store)
    try:
        yield receiver
    finally:
        receiver.close()
