"""Secrets that tests plant, an API that gives back whatever it was told, and a search for what is left of them."""

from __future__ import annotations

import base64
import json
import re
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import quote, quote_plus

import psycopg2

SECRETS: Final[Mapping[str, str]] = {
    "token": "Tk-CANARY/tok+7Qz9&<x",
    "database": "DbCanary/77xyz%Q",
    "relay": "MetricsCanary~~88pp",
    "address": "UrlCanary!x:9",
    "reportportal": "team_RpCanary-Hk3mZ0qv5T",
    "answer": "RespCanary-55aa77bb",
    "cookie": "CookieCanary99zz",
    "query": "QueryCanary-31415",
}
"""What is planted, by where: in settings, in what an API answers, and in addresses that a suite asks for."""

_COMPRESSED: Final = re.compile(r'"([A-Za-z0-9+/]{24,}={0,2})"')
_SHORTEST: Final = 10  # characters that are enough of a secret to be a leak


def forms(secret: str) -> Mapping[str, str]:
    """The secret in the ways in which files may hold it, beginning and end alone among them."""
    raw = secret.encode()
    shifted = {f"base64, shifted by {shift}": _core(raw, shift) for shift in range(3)}
    return {
        "as it is": secret,
        "its beginning": secret[:_SHORTEST],
        "its end": secret[-_SHORTEST:],
        "HTML": escape(secret),
        "HTML in HTML": escape(escape(secret)),
        "JSON": json.dumps(secret)[1:-1],
        "repr": repr(secret)[1:-1],
        "percent-encoded": quote(secret, safe=""),
        "percent-encoded, slashes left": quote(secret),
        "as a form": quote_plus(secret),
        "hexadecimal": raw.hex(),
        "UTF-16": secret.encode("utf-16-le").decode("latin-1"),
        **shifted,
    }


def _core(raw: bytes, shift: int) -> str:
    """What a secret is in base64 behind so many other bytes, without the letters that its neighbours change."""
    return base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[(0, 2, 3)[shift] : -2]


def found_in(text: str) -> list[str]:
    """Which secrets a text holds, in which way, and where."""
    found = []
    for name, secret in SECRETS.items():
        for way, form in forms(secret).items():
            at = text.find(form)
            if at >= 0:
                found.append(f"{name}, {way}: {text[max(0, at - 60) : at + len(form) + 20]!r}")
                break
    return found


def left_in(paths: Iterable[Path]) -> list[str]:
    """What files hold of the secrets; texts that log.html keeps compressed are unpacked."""
    found = []
    for path in paths:
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path}: {each}" for each in found_in("\n".join([text, *_unpacked(text)]))]
    return found


def _unpacked(text: str) -> Iterator[str]:
    for packed in _COMPRESSED.findall(text):
        try:
            yield zlib.decompress(base64.b64decode(packed)).decode("utf-8", "replace")
        except (zlib.error, ValueError):
            continue


def rows(database_url: str) -> Mapping[str, Sequence[str]]:
    """All rows of all tables, as JSON; what is stored as bytes in hexadecimal."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT row_to_json(x)::text FROM "{table}" x')  # noqa: S608 - a name from the catalogue
            found[table] = [row for (row,) in cursor.fetchall()]
    connection.close()
    return found


class Answer(NamedTuple):
    """What the API answers."""

    status: int
    text: str
    headers: Mapping[str, str] = {}
    reason: str | None = None


class EchoingApi:
    """An API on loopback that gives back, in all parts of its answers, what it was told."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.pushes = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api.answer(self)

            def do_PUT(self) -> None:
                api.pushes += 1
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                authorization = self.headers.get("Authorization", "")
                api.told.add(authorization)
                api.send(self, Answer(500, f"who is {authorization}?", reason=f"Nobody {authorization}"))

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        """Answer as the name of the endpoint says."""
        authorization = asked.headers.get("Authorization", "")
        self.told.add(authorization)
        token = authorization.removeprefix("Bearer ") or SECRETS["answer"]
        endpoint, _, resource = asked.path.partition("?")[0].removeprefix("/api/v2").strip("/").partition("/")
        said = {
            "id": 1,
            "name": "echo",
            "said": f"you said {token}",
            "headers": dict(asked.headers),
            "words": [token, token[::-1]],
            "nested": {"deep": [{"name": token}]},
            "packed": base64.b64encode(authorization.encode()).decode(),
            "access_token": SECRETS["answer"],
            "credentials": {"user": "ash", "words": [SECRETS["answer"]]},
            token: "as a key",
            "address": asked.path,
            "turn": asked.headers.get("X-Turn", "0"),
            f"field{asked.headers.get('X-Turn', '0')}": token,
        }
        more = {"Set-Cookie": f"session={SECRETS['cookie']}; HttpOnly", "X-Echo": token, "X-PokeAPI-Hash": token}
        wrong = {"id": f"id {token}", "name": 5, token: 1, "height": {"a": token}, "results": token, "count": 1}
        whole, judged = json.dumps(said), json.dumps(wrong)
        pad = "p" * (110 - len("http://other.example/?q="))  # so that what is shown of the address ends in the token
        answers: Mapping[str, Answer] = {
            "echo": Answer(200, whole, more),
            "refused": Answer(401, whole, {"WWW-Authenticate": f'Bearer realm="{token}"'}),
            "broken": Answer(500, f"boom {authorization}", {"Content-Type": "text/plain"}, f"Broken {token}"),
            "moved": Answer(302, "", {"Location": f"/api/v2/echo/1?access_token={SECRETS['answer']}&q={token}"}),
            "away": Answer(302, "", {"Location": f"http://a:{SECRETS['answer']}@other.example/?q={token}"}),
            "cut": Answer(302, "", {"Location": f"http://other.example/{pad}?q={token}"}),
            "circle": Answer(302, "", {"Location": f"/api/v2/circle/{quote(token)}"}),
            "typed": Answer(200, "{}", {"Content-Type": f"text/x-{token}"}),
            "packed": Answer(200, "{}", {"Content-Encoding": token}),
            "torn": Answer(200, f'{{"said": {token} Authorization: {authorization}'),
            **dict.fromkeys(("pokemon", "type", "ability"), Answer(200, judged)),
        }
        nothing = Answer(404, f"Not Found: {asked.path} {resource}", {"Content-Type": "text/plain"})
        self.send(asked, answers.get(endpoint, nothing))

    @staticmethod
    def send(asked: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Send an answer."""
        body = answer.text.encode()
        asked.send_response(answer.status, answer.reason)
        given = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(body))}
        for name, value in given.items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.wfile.write(body)
