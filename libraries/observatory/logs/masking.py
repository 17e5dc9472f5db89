"""Secrets kept out of logs: replaced by `***` by name, by value and by shape, on a copy of the data."""

from __future__ import annotations

import base64
import json
import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from html import escape
from pathlib import PurePath
from types import TracebackType
from typing import Any, TypeAlias
from uuid import UUID

from observatory.logs.secret_shapes import MASK, has_hint, is_secret_key, mask_shapes

PlainData: TypeAlias = Any
"""None, booleans, numbers, texts and bytes, in dictionaries, lists, tuples and sets."""

SHORTEST_SECRET = 4
"""Characters. A shorter value is not searched for: `1` or `abc` would tear holes into every line."""

DEEPEST = 64
"""Levels of nesting that are kept; what lies deeper, or contains itself, becomes `...`."""

_ELLIPSIS = "..."
_MOST_ROUNDS = 10
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/=_-]*")
_SHORTEST_BASE64 = 8  # letters; fewer than these are met in texts by chance
_Seen: TypeAlias = dict[int, tuple[object, PlainData]]


class Masker:
    """Replaces secrets by `***`, wherever and however they are written, on a copy of what it is given.

    A value is masked as a whole when the name it stands under is a secret's name (see `is_secret_key`),
    unless it is empty, None, True or False. Inside texts, masked is what looks like a secret (see
    `mask_shapes`), and every registered secret, also when it is percent-encoded, base64-encoded, or escaped
    as JSON, Python and HTML do.

    Registered values shorter than four characters are not searched for, and `None`, `True` and `False` are
    never masked. Masking twice gives what masking once gives.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Register the secrets that are known from the start."""
        self._secrets: frozenset[str] = frozenset()
        self._register(values)

    def add(self, secret: str) -> None:
        """Register a secret that became known later; from now on it is masked too."""
        self._register((secret,))

    def _register(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in (value, value.strip())}
        secrets = self._secrets | {form for form in forms if len(form.strip()) >= SHORTEST_SECRET}
        self._secrets = secrets
        self._literals = tuple(sorted({form for secret in secrets for form in _escaped_forms(secret)}))
        self._cores = tuple(sorted({core for secret in secrets for core in _base64_cores(secret)}))
        self._encoded = _percent_pattern(secrets)
        self._has_space = any(" " in secret for secret in secrets)
        self._has_numeric = any(not set(secret) - set("0123456789.+-e") for secret in secrets)

    def mask_text(self, text: str) -> str:
        """Return the text with every secret in it replaced by `***`."""
        if not self._is_suspicious(text):
            return text
        for _ in range(_MOST_ROUNDS):
            masked = mask_shapes(self._mask_registered(text))
            if masked == text:
                return text
            # The mask and what stands beside it may spell another secret.
            text = masked
        return MASK

    def mask(self, value: object) -> PlainData:
        """Return a masked copy of the value, as plain data; the value itself is never changed.

        Dictionaries, lists, tuples, sets, bytes, numbers, booleans and None keep their kind. All else becomes
        text: an exception with its traceback, dates in ISO 8601, other objects as their `repr`. When masking
        makes two keys of a dictionary equal, the later one stays.
        """
        if type(value) is dict and self._is_harmless(value):
            return value.copy()
        return self._copy(value, {}, 0)

    def _is_suspicious(self, text: str) -> bool:
        """Tell, quickly and erring on the side of yes, whether the text needs a closer look."""
        for literal in self._literals:
            if literal in text:
                return True
        for core in self._cores:
            if core in text:
                return True
        return self._may_be_encoded(text) or has_hint(text)

    def _may_be_encoded(self, text: str) -> bool:
        return bool(self._secrets) and ("%" in text or (self._has_space and "+" in text))

    def _is_harmless(self, fields: dict[Any, object]) -> bool:
        """Tell whether a dictionary is flat and free of secrets: nearly every line of a log is."""
        texts: list[str] = []
        for key, item in fields.items():
            if type(key) is not str or is_secret_key(key):
                return False
            if type(item) is str:
                texts.append(item)
            elif type(item) is int or type(item) is float:
                if self._has_numeric:
                    texts.append(_digits(item))
            elif item is not None and type(item) is not bool:
                return False
        return not self._is_suspicious("\n".join((*fields, *texts)))

    def _mask_registered(self, text: str) -> str:
        pieces: list[str] = []
        end = -1
        for start, stop in sorted(self._spans(text)):
            if start > end:
                pieces += (text[max(end, 0) : start], MASK)
            end = max(end, stop)
        return "".join((*pieces, text[max(end, 0) :]))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where registered secrets stand; spans may overlap, so that entwined secrets leave no remainder."""
        for literal in self._literals:
            for start in _occurrences(literal, text):
                yield start, start + len(literal)
        for core in self._cores:
            for start in _occurrences(core, text):
                # The letters around the core hold a few bits of the secret: the whole run goes.
                before = _run_length(text[:start][::-1], 0)
                yield start - before, start + _run_length(text, start)
        if self._may_be_encoded(text):
            for match in self._encoded.finditer(text):
                yield match.span()

    def _copy(self, value: object, seen: _Seen, depth: int) -> PlainData:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.mask_text(str.__str__(value))
        if isinstance(value, (int, float)):
            return self._copy_number(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            text = bytes(value).decode("utf-8", "surrogateescape")
            return self.mask_text(text).encode("utf-8", "surrogateescape")
        if isinstance(value, Enum):
            return self._copy(value.value, seen, depth)
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._copy_once(value, seen, depth)
        return self.mask_text(_text_of(value))

    def _copy_number(self, value: float) -> PlainData:
        if self._has_numeric:
            digits = _digits(value)
            if any(literal in digits for literal in self._literals):
                return MASK
        return value

    def _copy_once(self, value: Collection[object], seen: _Seen, depth: int) -> PlainData:
        """Copy a container; met again, it gives the same copy, and inside itself an ellipsis."""
        if id(value) in seen:
            return seen[id(value)][1]
        if depth >= DEEPEST:
            return _ELLIPSIS
        # The original is kept beside its copy so that its id is not given to another object meanwhile.
        seen[id(value)] = (value, _ELLIPSIS)
        copied = self._copy_container(value, seen, depth + 1)
        seen[id(value)] = (value, copied)
        return copied

    def _copy_container(self, value: Collection[object], seen: _Seen, depth: int) -> PlainData:
        if isinstance(value, Mapping):
            return dict(self._copy_pair(pair, seen, depth) for pair in value.items())
        if isinstance(value, tuple):
            # Headers and query parameters are often kept as pairs.
            if len(value) == 2 and isinstance(value[0], (str, bytes)):
                return self._copy_pair(value, seen, depth)
            return tuple(self._copy(item, seen, depth) for item in value)
        if isinstance(value, list):
            return [self._copy(item, seen, depth) for item in value]
        items = [self._copy_hashable(item, seen, depth) for item in value]
        return frozenset(items) if isinstance(value, frozenset) else set(items)

    def _copy_pair(self, pair: tuple[object, object], seen: _Seen, depth: int) -> tuple[PlainData, PlainData]:
        name = self._copy_hashable(pair[0], seen, depth)
        # What is left of a name when a secret in it is masked may be a secret's name too.
        if (_names_secret(pair[0]) or _names_secret(name)) and not _is_blank(pair[1]):
            return name, MASK
        return name, self._copy(pair[1], seen, depth)

    def _copy_hashable(self, value: object, seen: _Seen, depth: int) -> PlainData:
        copied = self._copy(value, seen, depth)
        return self.mask_text(repr(copied)) if isinstance(copied, (dict, list, set)) else copied


def _escaped_forms(secret: str) -> set[str]:
    """The secret as it is, as JSON, Python and HTML write it, and as JSON writes that again."""
    escaped = (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret))
    once = {secret, escape(secret), *(form[1:-1] for form in escaped), repr(_bytes_of(secret))[2:-1]}
    return once | {json.dumps(form, ensure_ascii=False)[1:-1] for form in once}


def _base64_cores(secret: str) -> set[str]:
    """What is certain to appear when a text that contains the secret is base64-encoded.

    Three bytes become four letters, so a secret is written in three ways, by where it begins; its first and
    last letters depend on its neighbours too and are left out. The secret encoded alone is among them whole.
    """
    raw = _bytes_of(secret)
    cores = {base64.b64encode(raw).decode().rstrip("=")}
    for shift, head in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        tail = 1 if (shift + len(raw)) % 3 else 0
        core = encoded[head : len(encoded) - tail]
        if len(core) >= _SHORTEST_BASE64:
            cores.add(core)
    return cores | {core.translate(str.maketrans("+/", "-_")) for core in cores}


def _percent_pattern(secrets: Iterable[str]) -> re.Pattern[str]:
    """Match each secret with any of its characters percent-encoded: encoders differ in which they leave."""

    def letter(character: str) -> str:
        encoded = "".join(f"%{byte:02x}" for byte in _bytes_of(character))
        plus = r"|\+" if character == " " else ""
        return f"(?:{re.escape(character)}|(?i:{encoded}){plus})"

    patterns = ["".join(map(letter, secret)) for secret in sorted(secrets, key=len, reverse=True)]
    return re.compile("|".join(patterns))


def _bytes_of(text: str) -> bytes:
    # An environment variable that is not UTF-8 reaches Python with lone surrogates in it.
    return text.encode("utf-8", "surrogatepass")


def _occurrences(needle: str, text: str) -> Iterator[int]:
    start = text.find(needle)
    while start >= 0:
        yield start
        start = text.find(needle, start + 1)


def _run_length(text: str, start: int) -> int:
    run = _BASE64_RUN.match(text, start)
    return run.end() - start if run is not None else 0


def _digits(number: float) -> str:
    """The number as JSON writes it; Python refuses to write over 4300 decimal digits, so those are hex."""
    if isinstance(number, float):
        return float.__repr__(number)
    return int.__repr__(number) if number.bit_length() < 10_000 else hex(number)


def _names_secret(key: object) -> bool:
    if isinstance(key, bytes):
        key = key.decode("utf-8", "replace")
    return isinstance(key, str) and is_secret_key(str.__str__(key))


def _is_blank(value: object) -> bool:
    """Tell whether a value says only that there is no secret, or whether there is one."""
    if value is None or isinstance(value, bool):
        return True
    return isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)) and not value


def _text_of(value: object) -> str:
    if isinstance(value, BaseException):
        return "".join(traceback.format_exception(value)).rstrip()
    if isinstance(value, TracebackType):
        return "".join(traceback.format_tb(value)).rstrip()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, PurePath, Decimal, timedelta)):
        return str(value)
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a foreign repr may fail in any way, and a log line must not
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
