"""A relay as a process of its own, started as people start it, and an API that counts what it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self

import httpx

from tests.load_process import free_port, until

FIRST_SHOWN: Final = 3
"""Seconds for which this relay shows a new counter at 0: a Prometheus that scrapes every second sees it."""


class RelayProcess:
    """`observatory relay` on a port that stays the same when it is started again."""

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._options = options
        self._environment = environment or {}
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Its host and port, as Prometheus wants them."""
        return f"127.0.0.1:{self._port}"

    @property
    def address(self) -> str:
        """Its address, as those who push want it."""
        return f"http://{self.host}"

    @property
    def printed(self) -> str:
        """What it wrote."""
        return (self._folder / "relay.log").read_text("utf-8")

    @property
    def page(self) -> str:
        """What it shows to Prometheus."""
        return httpx.get(f"{self.address}/metrics", trust_env=False).text

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OBSERVATORY_")}
        home = {"OBSERVATORY_HOME": str(self._folder)}
        with (self._folder / "relay.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "observatory.commands", "relay", "--port", str(self._port)),
                    *("--first-shown", str(FIRST_SHOWN), *self._options),
                ],
                env={**inherited, **home, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self._process is None or self._process.poll() is not None or self._answers(), "the relay answers")
        assert self._process.poll() is None, self.printed

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give its exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(20)

    def close(self) -> None:
        """See that it is gone."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False


@contextmanager
def relay(folder: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[RelayProcess]:
    """A relay that runs, until the block is left."""
    process = RelayProcess(folder, *options, environment=environment)
    try:
        process.start()
        yield process
    finally:
        process.close()


class CountedApi:
    """An API on loopback that serves anything, and counts how often it was asked."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self.asked = 0
        api = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with api._counting:
                    api.asked += 1
                body = json.dumps({"id": 1, "name": "cheri"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/api/v2"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
