"""What a person may write for a setting, and the value that it stands for."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_DURATION = re.compile(r"([\d.]+) ?(ms|s|sec|seconds?|min|minutes?)")
_TARGETS = frozenset({"embedded", "live", "replay", "faults"})


def _seconds(value: object) -> object:
    """`10 s`, `500 ms` and `1 min` as seconds; anything else as it is."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    unit = 0.001 if match[2] == "ms" else 60.0 if match[2].startswith("m") else 1.0
    return float(match[1]) * unit


def _target(value: str) -> str:
    return value.lower() if value.lower() in _TARGETS else http_address(value)


def http_address(value: str) -> str:
    """An http(s) address without its last slash.

    Raises:
        ValueError: it is none, or has more than a host, a port and a path.
    """
    address = urlsplit(value)
    is_plain = not (address.query or address.fragment or any(map(str.isspace, value)))
    # Reading the port raises a ValueError, too, when it is no port.
    if address.scheme not in {"http", "https"} or not address.hostname or address.port == 0 or not is_plain:
        raise ValueError("not an address")
    return value.rstrip("/")


def _database_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    # A bracket that does not close raises a ValueError, too.
    if urlsplit(text).scheme not in {"postgresql", "postgres"} or "://" not in text:
        raise ValueError("not an address of a PostgreSQL server")
    return value


def _folder(value: Path) -> Path:
    try:
        folder = value.expanduser().resolve()
    except RuntimeError as error:  # the home folder of a user who does not exist
        raise ValueError(str(error)) from error
    if folder.exists() and not folder.is_dir():
        raise ValueError("not a folder")
    return folder


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _uuid_text(value: str) -> str:
    return str(uuid.UUID(value))


TargetName = Annotated[str, AfterValidator(_target)]
"""`embedded`, `live`, `replay`, `faults`, or an http(s) address, kept without its last slash."""

HttpAddress = Annotated[str, AfterValidator(http_address)]
"""An http(s) address, kept without its last slash."""

DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
"""The address of a PostgreSQL server."""

Folder = Annotated[Path, AfterValidator(_folder)]
"""An absolute path, at which there is a folder or nothing."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(_seconds)]
"""A time above zero."""

LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]
"""The levels of a structured log, in any case."""

RunId = Annotated[str, AfterValidator(_uuid_text)]
"""A UUID in its usual spelling with hyphens."""
