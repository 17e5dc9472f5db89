"""What the address of a push says: for which target it is, and its id."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from observatory.metrics.families import LONGEST_LABEL
from observatory.relay.reading import PushError
from observatory.words import one_line

PREFIX: Final = "/metrics/"

_ENCODED: Final = "@base64"
_KNOWN: Final = frozenset({"job", "target", "push_id", "instance"})
_PUSH_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,100}")


class Address(NamedTuple):
    """The target that a push's numbers are of, empty when it names none, and the id by which it is known again."""

    target: str
    push_id: str | None


def read_address(path: bytes) -> Address:
    """Read the grouping key of the Pushgateway's protocol, as it stands in a path: `job/NAME/target/NAME/push_id/ID`.

    A name may be written as `NAME@base64`, with its value in base64 for URLs. The instance of a client is of no use
    here, and is left out.

    Raises:
        PushError: the path has no job, a name that is not known here or stands twice, or a value that can't be read.
    """
    parts = path.removeprefix(PREFIX.encode()).split(b"/")
    found: dict[str, str] = {}
    for name_part, value_part in zip(parts[::2], parts[1::2], strict=False):
        name, value = _pair(name_part, value_part)
        if name not in _KNOWN or name in found:
            known = ", ".join(sorted(_KNOWN))
            raise PushError(
                f"The address of a push has each of {known} once, and nothing else: not '{one_line(name)}'."
            )
        found[name] = value
    if len(parts) % 2 or not found.get("job"):
        raise PushError("The address of a push is /metrics/job/observatory/target/NAME/push_id/ID.")
    push_id = found.get("push_id")
    if push_id is not None and not _PUSH_ID.fullmatch(push_id):
        raise PushError("The id of a push has 1 to 100 letters, digits, points, hyphens and underscores.")
    return Address(_shortened(found.get("target", "")), push_id)


def _pair(name_part: bytes, value_part: bytes) -> tuple[str, str]:
    try:
        name = unquote_to_bytes(name_part).decode("utf-8")
        value = unquote_to_bytes(value_part)
        if name.endswith(_ENCODED):
            name = name.removesuffix(_ENCODED)
            value = b"" if value == b"=" else base64.b64decode(_padded(value), altchars=b"-_", validate=True)
        text = value.decode("utf-8")
    except (UnicodeDecodeError, binascii.Error) as error:
        raise PushError(f"A part of the push's address can't be read: {error}.") from error
    if len(text) > LONGEST_LABEL or not text.isprintable():
        raise PushError(
            f"In a push's address, '{one_line(name)}' is text of up to {LONGEST_LABEL} printable characters."
        )
    return name, text


def _padded(value: bytes) -> bytes:
    """The Pushgateway takes base64 without its padding, too."""
    bare = value.rstrip(b"=")
    return bare + b"=" * (-len(bare) % 4)


def _shortened(target: str) -> str:
    """A recording is named by its folder, which is nobody's business and different on each machine."""
    return "replay" if target.startswith("replay:") else target
