"""The options that the load adds to Locust's own, on its command line and on its web page."""

from __future__ import annotations

import math
import os
import re
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from load.profiles import PROFILES
from observatory.errors import ObservatoryError
from observatory.load.choices import CHOICES
from observatory.targets import without_credentials
from observatory.words import one_line

_SECONDS: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|min|h)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_SHARE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(%)?")
_RATE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?: ?(?:/ ?s|a second|per second))?")


class LoadOptionError(ObservatoryError):
    """An option was given a value that it does not take."""


def add_options(parser: Any) -> None:
    """Add the load's options to the parser of Locust's command line, and choices to its own `--profile`."""
    # A page that starts load on other machines is for this machine alone, unless somebody says otherwise.
    # And the users of a worker that died go to those that are left.
    parser.set_defaults(web_host="127.0.0.1", enable_rebalancing=True)
    # Where all processes are on this machine, so is whoever has to reach their master; `--master` is for others, too.
    if "LOCUST_PROCESSES" in os.environ or any(each.partition("=")[0] == "--processes" for each in sys.argv):
        parser.set_defaults(master_bind_host="127.0.0.1")
    for action in parser._actions:  # noqa: SLF001 - Locust has --profile already, as a free text to group runs by
        if action.dest == "profile":
            action.help = f"What to run: {', '.join(PROFILES)}. Without one, --users and --run-time say it."
    for choice in CHOICES:
        takes: dict[str, Any] = {"default": choice.default, "help": choice.help, "include_in_web_ui": choice.on_page}
        if choice.default is False:
            takes["action"] = "store_true"
        elif isinstance(choice.default, int):
            takes["type"] = int
        if choice.among:
            takes["choices"] = [*dict.fromkeys((choice.default, *choice.among))]
        parser.add_argument(choice.name, **takes)
    parser.add_argument(
        "--progress",
        action="store_true",
        default=False,
        help="One line a second instead of Locust's tables.",
        include_in_web_ui=False,
    )


def target(text: str) -> str | None:
    """What `--target` names, as the settings take it; None when it is empty.

    Raises:
        LoadOptionError: it is no target.
    """
    if not text.strip():
        return None
    if text.strip().lower() in ("embedded", "replay", "live"):
        return text.strip().lower()
    return address(text, "--target", "embedded, replay, live, or ")


def folder(text: str) -> Path | None:
    """A folder, absolute, from where the load was started; None when it is empty."""
    return Path(text).expanduser().absolute() if text.strip() else None


def address(text: str, name: str, others: str = "") -> str:
    """An address of a server, without its last slash.

    Raises:
        LoadOptionError: it is none.
    """
    parts = urlsplit(text.strip())
    is_plain = text.strip().isprintable() and " " not in text.strip()
    try:
        is_one = is_plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        is_one = False
    if not is_one or parts.query or parts.fragment:
        shown = without_credentials(text) if "@" in text else text
        must = f"{others}an address such as http://127.0.0.1:8001/api/v2"
        raise LoadOptionError(f"{name} is '{one_line(shown)}', but it must be {must}.")
    return text.strip().rstrip("/")


def seconds(text: str, name: str) -> float | None:
    """A time such as `500 ms`, `10 s` or `2 min` in seconds; None when it is empty.

    Raises:
        LoadOptionError: it is no time.
    """
    if not text.strip():
        return None
    match = _SECONDS.fullmatch(text.strip())
    value = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < value < math.inf:
        must = "a time with its unit, such as 500 ms, 10 s or 2 min"
        raise LoadOptionError(f"{name} is '{one_line(text)}', but it must be {must}.")
    return value


def share(text: str, name: str) -> float | None:
    """A share such as `1 %` or `0.01`, from 0 to 1; None when it is empty.

    Raises:
        LoadOptionError: it is no share.
    """
    if not text.strip():
        return None
    match = _SHARE.fullmatch(text.strip())
    value = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= value <= 1:
        raise LoadOptionError(f"{name} is '{one_line(text)}', but it must be a share such as 1 % or 0.01.")
    return value


def rate(text: str, name: str) -> float | None:
    """A number of requests a second, such as `500`, `50 per second` or `0.5/s`; None when it is empty.

    Raises:
        LoadOptionError: it is no rate above zero.
    """
    if not text.strip():
        return None
    match = _RATE.fullmatch(text.strip())
    value = float(match[1]) if match else 0.0
    if not 0 < value < math.inf:
        raise LoadOptionError(f"{name} is '{one_line(text)}', but it must be requests a second, such as 500.")
    return value
