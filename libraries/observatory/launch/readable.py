"""HTML of a log as readable text: what stands in a line stays in it, the cells of a row are parted by a bar."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LINES = frozenset(
    {"div", "p", "tr", "table", "ul", "ol", "li", "details", "summary", "pre", "br", "hr", "h1", "h2", "h3"}
)
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style", "svg", "title"})
_BLANKS = re.compile(r"[ \t\u00a0\r\n]+")
_EMPTY_LINES = re.compile(r"\n\s*\n+")


def readable(html: str) -> str:
    """The text of a piece of HTML, a line for each block and each row of a table."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.strip(" |") for line in "".join(reader.parts).split("\n"))
    return _EMPTY_LINES.sub("\n", "\n".join(line.rstrip() for line in lines)).strip()


def images(html: str) -> list[str]:
    """The addresses of the pictures in a piece of HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.images


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.images: list[str] = []
        self._unseen = 0
        self._as_it_is = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line, a cell, or something that is not shown."""
        self._unseen += tag in _UNSEEN
        self._as_it_is += tag == "pre"
        if tag == "img":
            self.images += [value for name, value in attrs if name == "src" and value]
        if tag in _LINES:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" | ")

    def handle_endtag(self, tag: str) -> None:
        """The end of it."""
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        self._as_it_is -= tag == "pre" and self._as_it_is > 0
        if tag in _LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """A text."""
        if not self._unseen:
            self.parts.append(data if self._as_it_is else _BLANKS.sub(" ", data))
