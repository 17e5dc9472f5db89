"""The fingerprint of an error: the same for the same error, whatever names, numbers and times are in its message."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import Final

_LONGEST: Final = 1000  # characters that are looked at; what differs later is not another error
_DIGITS: Final = 12  # hexadecimal ones: among a million errors two collide with a chance of 0.2 %

_FOLDS: Final = (
    (r"\b[a-z][a-z0-9+.-]{0,20}://[^\s'\"<>)\]]*[^\s'\"<>)\].,;:]", "<address>"),
    # Quoted: a quote at the beginning of a word up to one at the end of a word, in one line. "It's" has none.
    (
        r"(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`|\u2018[^\u2019\n]*\u2019|\u201c[^\u201d\n]*\u201d)(?!\w)",
        "<value>",
    ),
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
    (r"\b0[xX][0-9a-fA-F]+\b", "<id>"),
    (r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b", "<id>"),
    (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)?", "<time>"),
    (r"\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?\b(?: UTC\b)?", "<time>"),
    (r"(?<![\w.:])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.])", "<address>"),
    (r"(?<![\w/\\])(?:[A-Za-z]:)?[\w.~+@%-]*(?:[/\\][\w.~+@%-]+)+[/\\]?", "<path>"),
    (r"(?<![\w.])\d[\d.,]* ?(?:ns|µs|us|ms|s|sec|seconds?|min|minutes?|h|hours?|d|days?)\b", "<duration>"),
    (r"(?:<duration>[ ,]*(?:and )?)+<duration>", "<duration>"),
    (r"(?<!\w)[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?", "<n>"),
    (r"\d+", "<n>"),
    (r"<n>(?: ?<n>)+", "<n>"),
    (r"<n> ([A-Za-z]{2,})s\b", r"<n> \1"),  # 1 attempt, 2 attempts
    (r"(<\w+>)(?:, \1)+", r"\1"),  # lists that are longer or shorter
    (r"\s+", " "),
)


@cache
def _folds() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns, compiled when the first test fails: it takes some milliseconds, and most runs need none."""
    return tuple((re.compile(pattern), fold) for pattern, fold in _FOLDS)


def normalised(message: str) -> str:
    """An error's message without what differs from test to test and from run to run.

    Addresses, paths, quoted values, ids, dates and times, durations and numbers stand as `<address>`, `<path>`,
    `<value>`, `<id>`, `<time>`, `<duration>` and `<n>`; what is normalised already stays as it is.
    """
    text = message[:_LONGEST]
    # A fold may bring together what another one folds; a few rounds, and nothing changes any more.
    for _ in range(_LONGEST):
        before = text
        for pattern, fold in _folds():
            text = pattern.sub(fold, text)
        text = text.strip()
        if text == before:
            break
    return text


def fingerprint(message: str) -> str:
    """A short hash of the normalised message."""
    return hashlib.sha256(normalised(message).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
