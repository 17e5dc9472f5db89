"""Secrets kept out of logs: replaced by `***` by name, by value and by shape, on a copy of the data."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, TypeAlias
from uuid import UUID

from observatory.logs.secret_forms import WrittenSecrets
from observatory.logs.secret_names import is_secret_header, is_secret_key
from observatory.logs.secret_shapes import MASK, has_hint, mask_shapes

PlainData: TypeAlias = Any
"""None, booleans, numbers, texts and bytes, in dictionaries, lists, tuples and sets."""

SHORTEST_SECRET = 4
"""Characters. A shorter value is not searched for: `1` or `abc` would tear holes into every line."""

DEEPEST = 64
"""Levels of nesting that are kept; what lies deeper, or contains itself, becomes `...`."""

_ELLIPSIS = "..."
_MOST_ROUNDS = 10
_Seen: TypeAlias = dict[int, tuple[object, PlainData]]


class Masker:
    """Replaces secrets by `***`, wherever and however they are written, on a copy of what it is given.

    A value is masked as a whole when the name it stands under is a secret's name (see `is_secret_key`),
    unless it is empty, None, True or False. Inside texts, masked is what looks like a secret (see
    `mask_shapes`), and every registered secret, however it is written: percent-encoded, in base64, hexadecimal or
    UTF-16, escaped as JSON, Python and HTML do, twice over too, or cut off before an ellipsis.

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
        self._written = WrittenSecrets(secrets)
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

    def knows_any(self, text: str) -> bool:
        """Tell, quickly and erring on the side of yes, whether there is a registered secret in the text."""
        return self._written.may_be_in(text)

    def _is_suspicious(self, text: str) -> bool:
        """Tell, quickly and erring on the side of yes, whether the text needs a closer look."""
        return self._written.may_be_in(text) or has_hint(text)

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
        if "value" in fields and _names_header(fields.get("name")):
            return False
        return not self._is_suspicious("\n".join((*fields, *texts)))

    def _mask_registered(self, text: str) -> str:
        pieces: list[str] = []
        end = -1
        for start, stop in sorted(self._written.spans(text)):
            if start > end:
                pieces += (text[max(end, 0) : start], MASK)
            end = max(end, stop)
        return "".join((*pieces, text[max(end, 0) :]))

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
        return MASK if self._has_numeric and self._written.is_number_of(_digits(value)) else value

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
            copied = dict(self._copy_pair(pair, seen, depth) for pair in value.items())
            if "value" in copied and _names_header(value.get("name")) and not _is_blank(value.get("value")):
                copied["value"] = MASK  # archives of HTTP keep name and value of a header in two fields
            return copied
        if isinstance(value, tuple):
            return self._copy_tuple(value, seen, depth)
        if isinstance(value, list):
            if len(value) == 2 and _names_header(value[0]) and not _is_blank(value[1]):
                return [self._copy(value[0], seen, depth), MASK]
            return [self._copy(item, seen, depth) for item in value]
        items = [self._copy_hashable(item, seen, depth) for item in value]
        return frozenset(items) if isinstance(value, frozenset) else set(items)

    def _copy_tuple(self, value: tuple[object, ...], seen: _Seen, depth: int) -> PlainData:
        names = getattr(value, "_fields", None)
        if isinstance(names, tuple) and len(names) == len(value):
            return tuple(self._copy_pair(pair, seen, depth)[1] for pair in zip(names, value, strict=True))
        # Headers and query parameters are often kept as pairs.
        if len(value) == 2 and isinstance(value[0], (str, bytes)):
            return self._copy_pair((value[0], value[1]), seen, depth)
        return tuple(self._copy(item, seen, depth) for item in value)

    def _copy_pair(self, pair: tuple[object, object], seen: _Seen, depth: int) -> tuple[PlainData, PlainData]:
        name = self._copy_hashable(pair[0], seen, depth)
        # What is left of a name when a secret in it is masked may be a secret's name too.
        if (_names_secret(pair[0]) or _names_secret(name)) and not _is_blank(pair[1]):
            return name, MASK
        return name, self._copy(pair[1], seen, depth)

    def _copy_hashable(self, value: object, seen: _Seen, depth: int) -> PlainData:
        copied = self._copy(value, seen, depth)
        return self.mask_text(repr(copied)) if isinstance(copied, (dict, list, set)) else copied


def _digits(number: float) -> str:
    """The number as JSON writes it; Python refuses to write over 4300 decimal digits, so those are hex."""
    if isinstance(number, float):
        return float.__repr__(number)
    return int.__repr__(number) if number.bit_length() < 10_000 else hex(number)


def _names_secret(key: object) -> bool:
    name = _name(key)
    return name is not None and is_secret_key(name)


def _names_header(key: object) -> bool:
    name = _name(key)
    return name is not None and is_secret_header(name)


def _name(key: object) -> str | None:
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    return str.__str__(key) if isinstance(key, str) else None


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
