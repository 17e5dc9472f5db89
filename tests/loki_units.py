"""Durations and sizes as Loki and Alloy write them."""

from __future__ import annotations

import re
from typing import Final

_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")
_SIZE: Final = re.compile(r"(\d+)(B|KB|MB|GB)")
_BYTES: Final = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def seconds(text: str) -> float:
    """The seconds of a duration such as `168h` or `1m30s`.

    Raises:
        ValueError: it is none; days are not known to Go.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 168h or 500ms")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def size(text: str) -> int:
    """The bytes of a size such as `256KB`, which are powers of two here.

    Raises:
        ValueError: it is none.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size such as 256KB")
    return int(match[1]) * _BYTES[match[2]]
