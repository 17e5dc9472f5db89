"""What the stand-in says to a request, before it is fitted to what the client accepts."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from http import HTTPStatus

from sandbox.source import Meta

NOT_RECORDED_HEADER = "X-Observatory-Not-Recorded"
"""Marks a 404 that says nothing about the API: the recording lacks what the API has."""

JSON_TYPE = "application/json; charset=utf-8"
_TEXT_TYPE = "text/plain; charset=utf-8"
_DAY = 24 * 60 * 60
_GZIP_LEVEL = 6
_BROTLI_QUALITY = 4

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-PokeAPI-Hash, X-PokeAPI-Deploy-Date",
}


@dataclass(frozen=True)
class Answer:
    """A status, its headers and the whole body; `etag` only where a client may ask whether it changed.

    The headers that depend on the form of the body (length, encoding) come later. The compressed forms are
    made once and kept.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    etag: str | None = None

    @cached_property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers as they go over the wire."""
        tagged = {**self.headers, "ETag": self.etag} if self.etag else self.headers
        return tuple((name.lower().encode(), value.encode("latin-1")) for name, value in tagged.items())

    @cached_property
    def gzip(self) -> bytes:
        """The body, gzipped."""
        return gzip.compress(self.body, _GZIP_LEVEL, mtime=0)

    @cached_property
    def br(self) -> bytes:
        """The body, in Brotli's form."""
        import brotli

        compressed: bytes = brotli.compress(self.body, quality=_BROTLI_QUALITY)
        return compressed


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of the public API, which carry the revision of what is served."""

    meta: Meta
    _revision: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the headers that every resource carries."""
        revision = {"X-PokeAPI-Hash": self.meta.hash, "X-PokeAPI-Deploy-Date": self.meta.deploy_date}
        object.__setattr__(self, "_revision", revision)

    def document(self, body: bytes) -> Answer:
        """A resource or a list: JSON that may be kept for a day."""
        headers = {
            "Content-Type": JSON_TYPE,
            "Cache-Control": f"public, max-age={_DAY}, s-maxage={_DAY}",
            "Vary": "Accept-Encoding",
            **self._revision,
            **_CORS,
        }
        return Answer(200, headers, body, etag=_weak_tag(body))


def plain(status: int, sentence: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """A short text; the status's own phrase unless there is more to say."""
    text = sentence or HTTPStatus(status).phrase
    return Answer(status, {"Content-Type": _TEXT_TYPE, **_CORS, **(headers or {})}, text.encode())


def not_found(not_recorded: str = "") -> Answer:
    """There is no such resource, which may be remembered for five days.

    `not_recorded` names the resource if it is only the recording that has none.
    """
    headers = {"Cache-Control": f"public, max-age={5 * _DAY}, s-maxage={5 * _DAY}"}
    if not_recorded:
        headers[NOT_RECORDED_HEADER] = not_recorded
    return plain(404, headers=headers)


def bad_request() -> Answer:
    """The path cannot be one of the API's."""
    return plain(400)


def preflight() -> Answer:
    """What a browser may do from another site."""
    return Answer(204, {**_CORS, "Access-Control-Allow-Methods": "GET,HEAD"})


def cannot(method: str, path: str) -> Answer:
    """No rule covers this method and path: a small page that says so."""
    sentence = f"Cannot {escape(method)} {escape(path)}"
    page = f"<!DOCTYPE html>\n<html lang=en><title>Error</title><pre>{sentence}</pre></html>\n"
    return Answer(404, {"Content-Type": "text/html; charset=utf-8", **_CORS}, page.encode())


def redirect(location: str) -> Answer:
    """Look elsewhere."""
    return Answer(302, {"Location": location, **_CORS})


def _weak_tag(body: bytes) -> str:
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).rstrip(b"=").decode()
    return f'W/"{len(body):x}-{digest}"'
