"""A server as fast as a few lines can make it, in a process of its own, so that no peer waits for it."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

_END_OF_HEAD = b"\r\n\r\n"
_ROUTE = b"/api/v2/pokemon/"
_HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {length}\r\n{more}\r\n"
_COMPRESSED = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nCache-Control: public, max-age=86400\r\n"


@contextmanager
def serving(folder: Path, *, delay: float = 0.0) -> Iterator[str]:
    """Serve the bodies in `folder`, each `delay` seconds after it was asked for; gives the API's address."""
    command = [sys.executable, "-m", "bench.server", str(folder), "--delay", str(delay)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[1]
    ) as server:
        try:
            assert server.stdout is not None, "a pipe was asked for"
            port = server.stdout.readline().strip()
            if not port.isdecimal():
                raise RuntimeError("The server of the benchmarks did not start; what it said stands above.")
            yield f"http://127.0.0.1:{port}/api/v2"
        finally:
            server.terminate()


class _Connection(asyncio.Protocol):
    """Answers one request after the other on a connection that is kept."""

    def __init__(self, answers: Mapping[bytes, bytes], missing: bytes, delay: float) -> None:
        self._answers = answers
        self._missing = missing
        self._delay = delay
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete; all of them are GET, and so have no body."""
        self._received += data
        while (end := self._received.find(_END_OF_HEAD)) >= 0:
            path = self._received.split(b" ", 2)[1]
            self._received = self._received[end + len(_END_OF_HEAD) :]
            answer = self._answers.get(path.removesuffix(b"/"), self._missing)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _answer(status: str, body: bytes, more: str = "") -> bytes:
    return _HEAD.format(status=status, length=len(body), more=more).encode("ascii") + body


def _answers(folder: Path) -> Mapping[bytes, bytes]:
    """What is answered, ready to be sent, by its path without a slash at the end."""
    return {
        _ROUTE + path.name.partition(".")[0].encode("ascii"): _answer("200 OK", path.read_bytes(), _COMPRESSED)
        for path in folder.glob("*.json.gz")
    }


async def _serve(answers: Mapping[bytes, bytes], delay: float) -> None:
    missing = _answer("404 Not Found", b'{"detail":"Not Found"}')
    server = await asyncio.get_running_loop().create_server(
        partial(_Connection, answers, missing, delay), "127.0.0.1", 0, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until told to stop; the port is the first line that is written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the compressed bodies lie")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    chosen = parser.parse_args()
    asyncio.run(_serve(_answers(chosen.folder), chosen.delay))


if __name__ == "__main__":
    main()
