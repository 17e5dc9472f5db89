"""Fits an answer to what the client accepts and already has: encoding, and `304 Not Modified`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sandbox.answer import Answer

_WORTH_COMPRESSING = 1024
"""Bytes; shorter bodies are sent as they are."""
_OFFERED = (b"br", b"gzip")
_NO_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Response:
    """What goes over the wire. Without a `content-length` header the body is sent in chunks."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def fit(answer: Answer, method: str, asked: Iterable[tuple[bytes, bytes]]) -> Response:
    """Fit an answer to a request's headers, whose names are in lower case."""
    wishes = dict(asked)
    if answer.etag and _has_it_already(answer.etag.encode(), wishes):
        headers = tuple(header for header in answer.raw_headers if header[0] != b"content-type")
        return Response(304, headers, b"")
    is_whole = method == "HEAD" or len(answer.body) < _WORTH_COMPRESSING
    encoding = None if is_whole else preferred_encoding(wishes.get(b"accept-encoding", b""))
    if encoding is None:
        return plain_response(answer)
    body = answer.br if encoding == b"br" else answer.gzip
    return Response(answer.status, (*answer.raw_headers, (b"content-encoding", encoding)), body)


def plain_response(answer: Answer) -> Response:
    """The answer as it is: not compressed, its length told."""
    if answer.status in _NO_BODY:
        return Response(answer.status, answer.raw_headers, b"")
    length = (b"content-length", b"%d" % len(answer.body))
    return Response(answer.status, (*answer.raw_headers, length), answer.body)


@lru_cache(maxsize=256)
def preferred_encoding(accepted: bytes) -> bytes | None:
    """Choose from an `Accept-Encoding` header: Brotli before gzip where the client has no preference.

    None means that the body goes as it is.
    """
    weights = {}
    for part in accepted.lower().split(b","):
        name, *parameters = part.replace(b" ", b"").split(b";")
        weights[name] = _weight(parameters)
    weight, _, encoding = max(
        (weights.get(encoding, weights.get(b"*", 0.0)), -rank, encoding) for rank, encoding in enumerate(_OFFERED)
    )
    return encoding if weight > 0 else None


def _weight(parameters: list[bytes]) -> float:
    for parameter in parameters:
        if parameter.startswith(b"q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def _has_it_already(etag: bytes, wishes: Mapping[bytes, bytes]) -> bool:
    """Whether the client named this very version.

    Weak and strong tags are compared alike (RFC 9110, 13.1.2), and `no-cache` asks for the body anyway.
    """
    named = wishes.get(b"if-none-match")
    if named is None or b"no-cache" in wishes.get(b"cache-control", b""):
        return False
    opaque = etag.removeprefix(b"W/")
    return named.strip() == b"*" or any(tag.strip().removeprefix(b"W/") == opaque for tag in named.split(b","))
