"""The header `Retry-After`: for how long a server that answered 429 asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_WAIT: Final = 60.0
"""Seconds. A test that waits longer for one answer looks hung, so one that asks for more is asked then."""

_LONGEST_VALUE: Final = 64  # characters; the longest form of an HTTP date has 33


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds to wait, between 0 and `LONGEST_WAIT`; None when the header is missing or makes no sense.

    Both forms of RFC 9110, section 10.2.3, are read: whole seconds, and an HTTP date (in each of the three
    spellings of section 5.6.7). A date that has passed is 0. A negative or broken number is no sense, so that
    the caller falls back to its own wait.

    Args:
        value: the header's value as it came.
        now: the present, aware.
    """
    if value is None or len(value) > _LONGEST_VALUE:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    if not text[:1].isalpha():
        # All HTTP dates begin with a weekday; the parser below would take far stranger things for a date.
        return None
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT)
