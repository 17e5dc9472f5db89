"""Whether and when a request that went wrong is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from observatory.client.fault import Again, Fault
from observatory.client.retry_after import parse_retry_after

_LONGEST_WAIT: Final = 8.0  # pauses; the fifth wait after a 429 is as long as the fourth
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""Methods that may be sent twice for one result (RFC 9110, section 9.2.2)."""


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often a request is tried again (requirement A3), by cause, each counted apart.

    `retries` is for network errors, statuses 5xx and bodies that were cut off, `rate_limit_retries` for the
    status 429. `pause` is the first wait in seconds, in which the following ones and the jitter are measured;
    less than a second is for servers of our own, where nobody is spared by waiting.
    """

    retries: int = 3
    rate_limit_retries: int = 5
    pause: float = 1.0


class RetryPlan:
    """The retries of one request, as long as there are some left.

    The waits are 1, 2, 4 and 8 pauses, each with a jitter of up to one pause, so that clients which failed
    together do not come back together. After a 429 the header `Retry-After` goes before, to the second.
    """

    def __init__(self, rules: RetryRules, jitter: Callable[[], float], method: str) -> None:
        """Begin with all retries; `jitter` gives pauses between 0 and 1."""
        self._jitter = jitter
        self._pause = rules.pause
        # A POST that got lost may have been carried out; one that was answered 429 was not.
        self._left = {
            Again.NEVER: 0,
            Again.AFTER_A_WHILE: rules.retries if method in _REPEATABLE else 0,
            Again.WHEN_ALLOWED: rules.rate_limit_retries,
        }
        self._next_wait = dict.fromkeys(Again, 1.0)

    def wait_after(self, fault: Fault | None, retry_after: str | None, now: datetime) -> float | None:
        """The seconds to wait before the next attempt; None when there is none, because all is well or lost.

        Args:
            fault: what was wrong with the last attempt.
            retry_after: the header of the last answer, if it had one.
            now: the present, to which an HTTP date is compared.
        """
        if fault is None or self._left[fault.again] == 0:
            return None
        self._left[fault.again] -= 1
        usual = self._next_wait[fault.again]
        self._next_wait[fault.again] = min(2 * usual, _LONGEST_WAIT)
        asked = parse_retry_after(retry_after, now) if fault.again is Again.WHEN_ALLOWED else None
        return (usual + self._jitter()) * self._pause if asked is None else asked
