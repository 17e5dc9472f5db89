"""Faults on request: what should go wrong, for which requests and how often."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum, StrEnum
from typing import Any

from sandbox.errors import FaultError


class Kind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    STATUS = "status"
    RATE_LIMITED = "rate_limited"
    BAD_JSON = "bad_json"
    CONTENT_TYPE = "content_type"
    TRUNCATED = "truncated"
    RESET = "reset"
    SLOW_DRIP = "slow_drip"
    REDIRECT_LOOP = "redirect_loop"
    OVERSIZED = "oversized"
    MALFORMED = "malformed"


class Nothing(Enum):
    """No value at all, where None is one."""

    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and with which requests.

    Scope, for every kind:
        times: for the next so many requests; without it until cleared.
        share: for this share of the requests, evenly spread: 0.5 is every second one, 0.2 every fifth.
        only: for one endpoint (`pokemon`) or resource, as it is asked for (`pokemon/25`); empty for all.

    Details, by kind:
        seconds: `latency` before the answer; `slow_drip`: pause before each piece.
        status: `status`: the status to answer with.
        retry_after, as_date: `rate_limited`: the seconds to wait, told as they are or as an HTTP date;
            without `retry_after` nothing is told.
        content_type: `content_type`: what the body is said to be.
        pieces: `slow_drip`: into how many pieces the body is cut.
        size: `oversized`: the body is one byte longer than this.
        field, value: `malformed`: a field such as `name` or `types.0.slot` that gets this value; without a
            value it is missing.

    Raises:
        FaultError: a detail makes no sense.
    """

    kind: Kind
    times: int | None = None
    share: float = 1.0
    only: str = ""
    seconds: float = 1.0
    status: int = 503
    retry_after: int | None = None
    as_date: bool = False
    content_type: str = "text/html; charset=utf-8"
    pieces: int = 10
    size: int = 10 * 1024 * 1024
    field: str = "name"
    value: Any = Nothing.NOTHING

    def __post_init__(self) -> None:
        """Check the details."""
        _check("kind", self.kind, isinstance(self.kind, Kind), f"one of {', '.join(Kind)}")
        _check("times", self.times, self.times is None or _is_whole(self.times, 1), "a whole number above 0")
        _check("share", self.share, _is_number(self.share) and 0 < self.share <= 1, "a number above 0, at most 1")
        _check("only", self.only, isinstance(self.only, str), "an endpoint or a resource like pokemon/25")
        _check("seconds", self.seconds, _is_number(self.seconds) and self.seconds >= 0, "a number of seconds")
        _check(
            "status",
            self.status,
            _is_whole(self.status, 200) and self.status < 600,
            "a status from 200 to 599",
        )
        is_delay = self.retry_after is None or _is_whole(self.retry_after, 0)
        _check("retry_after", self.retry_after, is_delay, "a whole number of seconds")
        _check("as_date", self.as_date, isinstance(self.as_date, bool), "true or false")
        is_header = (
            isinstance(self.content_type, str) and self.content_type.isascii() and self.content_type.isprintable()
        )
        _check("content_type", self.content_type, is_header, "a media type like text/html")
        _check("pieces", self.pieces, _is_whole(self.pieces, 1), "a whole number above 0")
        _check("size", self.size, _is_whole(self.size, 16), "a number of bytes, at least 16")
        _check("field", self.field, isinstance(self.field, str) and bool(self.field), "the name of a field")

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Fault:
        """Make a fault from plain values, such as `{"kind": "latency", "seconds": 0.2, "times": 3}`.

        Raises:
            FaultError: a field is unknown or makes no sense, or `kind` is missing.
        """
        known = [item.name for item in fields(cls)]
        unknown = sorted(set(told) - set(known))
        if unknown:
            raise FaultError(f"A fault has no field {unknown[0]!r}; it has {', '.join(known)}.")
        if "kind" not in told:
            raise FaultError(f"A fault needs a kind: one of {', '.join(Kind)}.")
        kind = told["kind"]
        _check("kind", kind, kind in list(Kind), f"one of {', '.join(Kind)}")
        return cls(**{**told, "kind": Kind(kind)})

    def told(self) -> dict[str, Any]:
        """The fault as plain values, those that differ from their defaults; `parse` reads them back."""
        defaults = {item.name: item.default for item in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def concerns(self, subject: str) -> bool:
        """Whether a request for this subject (`pokemon/25`, `pokemon` for the list) is in scope."""
        return not self.only or subject == self.only or subject.startswith(f"{self.only}/")


@dataclass(slots=True)
class Injection:
    """A fault on the board, and how often it was due so far."""

    fault: Fault
    seen: int = 0
    fired: int = 0
    is_active: bool = field(default=True)

    def draw(self) -> bool:
        """Count one more request in scope and tell whether the fault is due; used up, it ends."""
        self.seen += 1
        share = self.fault.share
        # A share is kept exactly by firing whenever the whole part of "requests so far x share" grows; the
        # tiny addition undoes the rounding of products like 10 x 0.1.
        is_due = math.floor(self.seen * share + 1e-9) > math.floor((self.seen - 1) * share + 1e-9)
        self.fired += is_due
        if self.fired == self.fault.times:
            self.is_active = False
        return is_due


class Faults:
    """The board on which faults are pinned; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._injections: tuple[Injection, ...] = ()

    def inject(self, fault: Fault) -> Injection:
        """Pin a fault to the board; what is returned tells how often it fired, also after it has ended."""
        injection = Injection(fault)
        with self._lock:
            self._injections += (injection,)
        return injection

    def clear(self) -> None:
        """Take all faults off the board."""
        with self._lock:
            for injection in self._injections:
                injection.is_active = False
            self._injections = ()

    def active(self) -> tuple[Injection, ...]:
        """The faults that can still fire, in the order in which they were injected."""
        return self._injections

    def draw(self, subject: str) -> tuple[Fault, ...]:
        """Tell what goes wrong with this request.

        Latency comes on top of anything else; of the other kinds at most one strikes, the first that is due.
        """
        if not self._injections:
            return ()
        due = []
        with self._lock:
            for injection in self._injections:
                if injection.fault.concerns(subject) and injection.draw():
                    due.append(injection.fault)
                    if injection.fault.kind is not Kind.LATENCY:
                        break
            self._injections = tuple(injection for injection in self._injections if injection.is_active)
        return tuple(due)


def _check(name: str, seen: object, is_good: bool, accepted: str) -> None:  # noqa: FBT001  # reads as a table
    if not is_good:
        raise FaultError(f"A fault's {name} cannot be {seen!r}; give {accepted}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
