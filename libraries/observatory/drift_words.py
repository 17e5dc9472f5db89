"""How drift is put into a few words: the same in log.html and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from observatory.schema_drift import ChangeKind, SchemaChange
from observatory.words import count, listed, one_line

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange

WHAT: Final = {
    ChangeKind.FIELD_ADDED: "added",
    ChangeKind.FIELD_REMOVED: "removed",
    ChangeKind.TYPE_CHANGED: "type changed",
    ChangeKind.BECAME_NULLABLE: "became nullable",
    ChangeKind.NO_LONGER_NULLABLE: "no longer nullable",
    ChangeKind.VALUES_WIDENED: "new values",
    ChangeKind.RENAMED: "renamed?",  # it is a guess, for a person to judge
}
"""What happened to a path, short enough for a table."""

_MOST_SUBJECTS = 3  # that are named in a heading
_SHORTEST_RUN = 3  # numbers that become a range; two are as short written out
_LONGEST_NUMBER = 18  # digits
_REVISION = 12  # characters of a revision, which is a hash


def whose(changes: Iterable[SchemaChange]) -> str:
    """Whose schemas changed: `pokemon, type`, or `7 endpoints`."""
    subjects = list(dict.fromkeys(change.subject for change in changes))
    return listed(subjects) if len(subjects) <= _MOST_SUBJECTS else count(len(subjects), "endpoint")


def in_ranges(names: Iterable[str]) -> list[str]:
    """Names in their order, with `1-151` in place of three and more numbers that follow each other."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(name, runs[-1][-1]):
            runs[-1].append(name)
        else:
            runs.append([name])
    return [text for run in runs for text in _written(run)]


def revision_line(known: KnownChange) -> str:
    """What the API says of its own revision at the change, in one sentence; empty when it said nothing."""
    if known.api_revision is None:
        return ""
    now = one_line(known.api_revision, _REVISION)
    if known.is_unannounced:
        return f"The API says it is still at revision {now}: it changed without a new revision."
    if known.revision_before is None:
        return f"The API is at revision {now}; what it was at before is not known."
    return f"The API is at a new revision: {now}, before it was {one_line(known.revision_before, _REVISION)}."


def closed_words(known: KnownChange) -> str:
    """What became of a change, such as `was accepted by ann on 2026-08-08 12:00 UTC`."""
    when = f" on {utc(known.closed_at)} UTC" if known.closed_at else ""
    if known.closed_by:
        return f"was accepted by {one_line(known.closed_by)}{when}"
    return {"open": "is open", "accepted": f"was accepted{when}"}.get(known.state, f"was taken back by the API{when}")


def utc(time: datetime) -> str:
    """An aware time to the minute, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def _written(run: Sequence[str]) -> Sequence[str]:
    return [f"{run[0]}-{run[-1]}"] if len(run) >= _SHORTEST_RUN else run


def _follows(name: str, other: str) -> bool:
    return _is_number(name) and _is_number(other) and int(name) == int(other) + 1


def _is_number(name: str) -> bool:
    """Whether a name is a number and is written as one; `007` is another name than `7`."""
    return len(name) <= _LONGEST_NUMBER and name.isascii() and name.isdecimal() and str(int(name)) == name
