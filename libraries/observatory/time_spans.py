"""Times as people say them: `7 days`, counted back from now, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from observatory.words import one_line

_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")


def time_since(text: str, now: datetime) -> datetime:
    """The time that a person means by `7 days`, `1 h 30 min`, `2026-08-08` or `2026-08-08T12:30`, in UTC.

    A span is taken back from `now`; a date or time without a zone is UTC.

    Raises:
        ValueError: the text is neither, or lies before the year 1; the message says how to write it.
    """
    try:
        span = _span(text)
        if span is not None:
            return (now - span).astimezone(UTC)
        time = datetime.fromisoformat(text.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"'{one_line(text)}' is no time span and no date; "
            "write it like '7 days', '12 h', 2026-08-08 or 2026-08-08T12:30."
        ) from error


def _span(text: str) -> timedelta | None:
    """How long `1 day 2 hours` is; None when the text is no time span."""
    rest, total = text.strip().lower(), timedelta()
    if not rest:
        return None
    while rest:
        part = _PART.match(rest)
        if part is None or part[2] not in _UNITS:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        rest = rest[part.end() :]
    return total
