"""How a flaky test is told in words, the same on the command line, in log.html and in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatory.words import count

if TYPE_CHECKING:
    from observatory.history.flaky_queries import FlakyTest


def percent(share: float) -> str:
    """A share in percent, with a digit after the point where the number is small."""
    value = 100 * share
    return f"{value:.1f} %" if 0 < value < 1 else f"{value:.0f} %"


def how_often(test: FlakyTest) -> str:
    """`flaked 3 of 41 attempts (7 %, between 2 % and 18 %)`."""
    rate = test.rate
    bounds = f"between {percent(rate.low)} and {percent(rate.high)}"
    return f"flaked {test.failures} of {count(test.attempts, 'attempt')} ({percent(rate.value)}, {bounds})"
