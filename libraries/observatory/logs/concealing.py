"""Exchanges and changes without the secrets in them: what metrics and the history are told, beside the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from observatory.data_drift import DataChange
from observatory.exchange import Exchange
from observatory.logs.masking import Masker
from observatory.logs.secret_names import PIECES, is_secret_key
from observatory.logs.secret_shapes import MASK
from observatory.record.field_path import parse

_PIECES = tuple(piece.encode() for piece in PIECES)
# Secrets that stand under any name: JSON Web Tokens, what follows `Bearer`, private keys.
_MARKS = (b"eyJ", b"Bearer ", b"PRIVATE KEY")
_TEXTS = ("endpoint", "resource", "url")


def concealed(change: DataChange) -> DataChange:
    """The change, with a mask in place of each value that stands under the key of a secret."""
    if not any(isinstance(segment, str) and is_secret_key(segment) for segment in parse(change.path)):
        return change
    return replace(change, before=_masked(change.before), after=_masked(change.after))


def without_secrets(exchange: Exchange, masker: Masker, is_kept: Callable[[bytes], bool] = lambda _: False) -> Exchange:
    """The exchange as it may be kept: itself when there is no secret in it, else a copy that has masks in their place.

    Masked are names, address, headers and JSON; a body that is not JSON is never kept. The copy's content is known by
    its own hash, so that a token that an API gives back, new in each run, is no change of what it says. A body whose
    hash `is_kept` says to be there already was looked through before: that takes as long as all else of a request.
    """
    texts = {name: getattr(exchange, name) for name in _TEXTS}
    changes: dict[str, Any] = {
        name: masked for name, text in texts.items() if (masked := masker.mask_text(text)) != text
    }
    headers = masker.mask(exchange.headers)
    if headers != exchange.headers:
        changes["headers"] = headers
    body = exchange.body if is_kept(exchange.content_hash) else _body_without_secrets(exchange, masker)
    if body is not exchange.body:
        changes["body"] = body
    return _as_changed(exchange, changes) if changes else exchange


def as_kept(exchange: Exchange) -> Exchange:
    """The exchange as the history was told of it."""
    kept: Exchange = exchange.__dict__.get("kept", exchange)
    return kept


def keep(exchange: Exchange, kept: Exchange) -> None:
    """Note how the history was told of an exchange, which knows its content by the hash of that."""
    if kept is not exchange:
        exchange.__dict__.update(kept=kept, content_hash=kept.content_hash)
        kept.let_go()


def _as_changed(exchange: Exchange, changes: Mapping[str, Any]) -> Exchange:
    # Not `having`, which would keep what was parsed of the body, and its hash.
    changed = replace(exchange, **changes)
    if "body" not in changes:
        changed.__dict__["content_hash"] = exchange.content_hash
    return changed


def _body_without_secrets(exchange: Exchange, masker: Masker) -> bytes:
    body = exchange.body
    if not body or not (_has_secret_key(body) or _has_mark(body) or masker.knows_any(body.decode("utf-8", "replace"))):
        return body
    try:
        seen = exchange.json
    except ValueError:
        return body
    masked = masker.mask(seen)
    return body if masked == seen else json.dumps(masked, separators=(",", ":"), default=str).encode()


def _has_mark(body: bytes) -> bool:
    return any(mark in body for mark in _MARKS)


def _has_secret_key(body: bytes) -> bool:
    """Tell whether an object in this JSON has the key of a secret; all keys of a large body are too many to look at."""
    lowered = body.lower()
    for piece in _PIECES:
        start = lowered.find(piece)
        while start >= 0:
            end = lowered.find(b'"', start)
            if end < 0:
                break
            if lowered[end + 1 : end + 9].lstrip().startswith(b":"):
                name = body[body.rfind(b'"', 0, start) + 1 : end]
                if is_secret_key(name.decode("utf-8", "replace")):
                    return True
            start = lowered.find(piece, end)
    return False


def _masked(value: object) -> object:
    return value if value is None else MASK
