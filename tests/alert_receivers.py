"""Those who are told of alerts, on loopback: a mail server and a web hook that keep what they were sent."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_SLOWEST: Final = 10.0  # seconds that a peer may be silent


@dataclass
class Mailbox:
    """The mails that came, each as it was sent, and who sent them: user and password of each that logged in."""

    address: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Hook:
    """What came to a web hook: the JSON of each request."""

    address: str = ""
    messages: list[Any] = field(default_factory=list)


class _Post(socketserver.ThreadingTCPServer):
    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.box = box
        box.address = f"127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.StreamRequestHandler):
    timeout = _SLOWEST
    server: _Post

    def handle(self) -> None:
        box = self.server.box
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word, _, rest = line.partition(" ")
            match word.upper():
                case "EHLO":
                    self._say("250-mailbox")
                    self._say("250 AUTH PLAIN")
                case "AUTH":
                    _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                    box.logins.append((user, password))
                    self._say("235 welcome")
                case "RCPT":
                    box.recipients.append(rest.partition("<")[2].partition(">")[0])
                    self._say("250 fine")
                case "DATA":
                    self._say("354 go on")
                    box.mails.append(message_from_bytes(self._text(), policy=policy.default))
                    self._say("250 kept")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 fine")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def _text(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that takes everything, and every login."""
    box = Mailbox()
    with _Post(box) as server, _served(server):
        yield box


@contextmanager
def hook() -> Iterator[Hook]:
    """A web server that takes every POST of JSON."""
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        timeout = _SLOWEST

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.messages.append(json.loads(body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is the base class's)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, _served(server):
        kept.address = f"http://127.0.0.1:{server.server_address[1]}/hook"
        yield kept


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
