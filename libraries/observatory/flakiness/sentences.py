"""How a flaky test is told in words, the same on the command line, in log.html and in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatory.words import count, percent

if TYPE_CHECKING:
    from observatory.history.flaky_queries import FlakyTest


def how_often(test: FlakyTest) -> str:
    """`flaked 3 of 41 attempts (7 %, between 2 % and 18 %)`."""
    rate = test.rate
    bounds = f"between {percent(rate.low)} and {percent(rate.high)}"
    return f"flaked {test.failures} of {count(test.attempts, 'attempt')} ({percent(rate.value)}, {bounds})"
