"""Flaky tests as a person reads them in log.html: a sentence for each, and below it a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING

from observatory.drift_words import utc
from observatory.words import count, one_line, percent

if TYPE_CHECKING:
    from observatory.history.flaky_queries import FlakyTest

_MOST_ROWS = 30
_LONGEST_NAME = 200  # characters
_LONGEST_MESSAGE = 200


def flaky_table(tests: Sequence[FlakyTest], mask: Callable[[str], str] = str) -> str:
    """Flaky tests as one block of HTML, in the order given; `mask` takes secrets out of messages."""
    titles = ("test", "flaked", "rate", "between", "since (UTC)", "last (UTC)", "last message")
    head = "".join(f"<th align=left>{title}</th>" for title in titles)
    rows = "".join(_row(test, mask) for test in tests[:_MOST_ROWS])
    more = f"<div>… and {len(tests) - _MOST_ROWS} more: observatory flaky</div>" if len(tests) > _MOST_ROWS else ""
    return (
        f"<details open style=overflow-wrap:anywhere><summary><b>{count(len(tests), 'flaky test')}</b></summary>"
        f"<table cellpadding=4 style=border-spacing:0><tr style=opacity:.7>{head}</tr>{rows}</table>{more}</details>"
    )


def _row(test: FlakyTest, mask: Callable[[str], str]) -> str:
    rate = test.rate
    cells = (
        one_line(test.name, _LONGEST_NAME),
        f"{test.failures} of {test.attempts}",
        percent(rate.value),
        f"{percent(rate.low)} and {percent(rate.high)}",
        utc(test.first_flaked_at),
        utc(test.last_flaked_at),
        one_line(" ".join(mask(test.last_message).split()), _LONGEST_MESSAGE),
    )
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
