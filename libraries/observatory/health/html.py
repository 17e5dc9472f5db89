"""The pieces of HTML that all sections of the health page are made from; all text passes through here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from observatory.words import one_line

_LONGEST = 200  # characters of a name or a message
_LONGEST_MASKED = 10_000  # characters that are searched for secrets before they are cut


_LONGEST_SENTENCE = 400
_BREAKS = re.compile(r"\s*[\r\n]+\s*")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC\b")


@dataclass(frozen=True, slots=True)
class Desk:
    """What everything on a page is written with.

    `mask` takes the secrets out of text, before it is cut or escaped; `folder` is where the page will be, for links;
    `now` is when it is made.
    """

    mask: Callable[[str], str]
    folder: Path
    now: datetime

    def text(self, text: str, longest: int = _LONGEST) -> str:
        """A text of the history as HTML: without secrets, in one line, cut when it is long."""
        return escape(one_line(_BREAKS.sub(" ", self.mask(text[:_LONGEST_MASKED]).strip()), longest))

    def sentence(self, text: str) -> str:
        """A sentence as HTML, in which times are marked as such and stand on one line."""
        return _TIME.sub(lambda found: _marked(found[1], found[2]), self.text(text, _LONGEST_SENTENCE))

    def link_to(self, file: Path) -> str:
        """The address of a file as seen from the page: relative where both are on one drive."""
        try:
            relative = os.path.relpath(file, self.folder)
        except ValueError:  # on another drive of Windows
            return escape(file.as_uri())
        return escape(quote(Path(relative).as_posix()))


def attributes(**given: str | None) -> str:
    """Attributes of an element, with `class_` for `class`; those of None are left out."""
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in given.items() if value is not None
    )


def heading(level: int, content: str, **given: str | None) -> str:
    """A heading; `content` is HTML."""
    return f"<h{level}{attributes(**given)}>{content}</h{level}>"


def clock(time: datetime, class_: str | None = None) -> str:
    """A time to the minute in UTC."""
    utc = time.astimezone(UTC)
    return f"<time{attributes(class_=class_, datetime=f'{utc:%Y-%m-%dT%H:%MZ}')}>{utc:%Y-%m-%d %H:%M}</time>"


def _marked(date: str, minute: str) -> str:
    return f'<time datetime="{date}T{minute}Z">{date} {minute} UTC</time>'


def day(time: datetime) -> str:
    """The day of a time, such as `18 Nov 2026`."""
    utc = time.astimezone(UTC)
    return f'<time datetime="{utc:%Y-%m-%d}">{utc.day} {utc:%b %Y}</time>'


def days(first: datetime, last: datetime) -> str:
    """From one day to another, or the one that both are."""
    if first.astimezone(UTC).date() == last.astimezone(UTC).date():
        return f"of {day(first)}"
    return f"from {day(first)} to {day(last)}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], class_: str | None = None) -> str:
    """A table that scrolls within itself where it is too wide; each row begins with its heading; cells are HTML."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    lines = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return (
        f"<div{attributes(class_='scroll', tabindex='0', role='region', aria_label=caption)}>"
        f"<table{attributes(class_=class_)}><caption>{escape(caption)}</caption>"
        f"<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def folded(summary: str, content: str, *, is_open: bool = False, class_: str | None = None) -> str:
    """Something that unfolds; `summary` and `content` are HTML."""
    opened = " open" if is_open else ""
    return f"<details{attributes(class_=class_)}{opened}><summary>{summary}</summary>{content}</details>"


def listed_items(items: Iterable[str], tag: str = "ul", class_: str | None = None) -> str:
    """A list; the items are HTML."""
    return f"<{tag}{attributes(class_=class_)}>{''.join(f'<li>{item}</li>' for item in items)}</{tag}>"
