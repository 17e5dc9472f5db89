"""The value that flows: one request and everything that came of it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic_core import from_json

from observatory.json_fields import JsonFields


class FailureType(StrEnum):
    """Why a request failed; also the `failure_type` label of `pokeapi_failures_total`."""

    DNS = "dns"
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    OVERSIZED = "oversized"
    CONTENT_TYPE = "content_type"
    INVALID_JSON = "invalid_json"
    REDIRECT = "redirect"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    STATUS = "status"
    MODEL = "model"
    CIRCUIT_OPEN = "circuit_open"
    NOT_RECORDED = "not_recorded"
    ASSERTION = "assertion"


class Obstacle(StrEnum):
    """What kept a request from reaching anybody, where that can be told from the error.

    `refused`: nothing listens there. `network`: this machine's own network; its name server does not answer, it knows
    no route, or its proxy turned the request away.
    """

    REFUSED = "refused"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a body that its model rejects; `path` is written like `types[0].slot`."""

    path: str
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a request: its type, one clear sentence, and the rejected fields if a model judged.

    `obstacle` says more of a request that reached nobody.
    """

    type: FailureType
    message: str
    fields: tuple[FieldError, ...] = ()
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a request.

    `elapsed`, `limited` and `waited` are seconds: on the wire, waiting for the rate limit before it, and
    sleeping before it because the previous try failed. `problem` says in one clause why this try was not
    the last or not good, and `failure_type` what kind of trouble that is; they are None for a good one.

    `started_at`, aware and in UTC, is when it was put on the wire, and from there `connect` and `first_byte` count,
    in seconds too: until a new connection stood (None when one was used again, or none could be opened), and until
    the head of the answer had come (None when it never did). `is_cold` tells that the client opened a connection for
    it before the target had answered anything, `clock_jumped` that wall clock and monotonic clock disagree by more
    than a second on how long it took: this machine slept, or its clock was set.
    """

    number: int
    status: int | None
    elapsed: float
    problem: str | None = None
    limited: float = 0.0
    waited: float = 0.0
    started_at: datetime | None = None
    connect: float | None = None
    first_byte: float | None = None
    failure_type: FailureType | None = None
    is_cold: bool = False
    clock_jumped: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for: an endpoint (`pokemon`), a resource of it (`25`, `pikachu`; empty for its list) and how.

    `url`, when given, is asked for as it is instead of the address built from endpoint and resource: an
    address found in a body, which the client takes to the target that is being watched. `expected` are the
    statuses that are no failure.
    """

    endpoint: str
    resource: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    url: str | None = None
    expected: frozenset[int] = frozenset({200})


_PARSED = ("json", "_split")
_CACHED = (*_PARSED, "content_hash")


@dataclass(frozen=True, repr=False)
class Exchange:
    """One request and what came of it: the only value that metrics, log, history and keywords read.

    `started_at` is aware and in UTC; `elapsed` is the seconds of the last attempt on the wire, so that a
    retry's sleep is never taken for the API's latency. `status` is None when no answer came. `unknown_fields` are
    the normalised paths (`moves[].order2`) that the body has and its model does not know: noticed, no failure.
    `in_batch` tells that it was asked for with many others at once, which makes each of them slower.
    """

    endpoint: str
    resource: str
    url: str
    started_at: datetime
    elapsed: float
    attempts: tuple[Attempt, ...]
    method: str = "GET"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    request_headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: Failure | None = None
    unknown_fields: tuple[str, ...] = ()
    test_name: str = ""
    run_id: str = ""
    in_batch: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @cached_property
    def json(self) -> Any:
        """The body as Python values.

        Raises:
            ValueError: the body is not JSON; the client notices that first and sets `failure`.
        """
        return from_json(self.body)

    @property
    def fields(self) -> Mapping[str, Any] | None:
        """The fields of the body's object, parsed as they are asked for; None when the body is no object.

        Raises:
            ValueError: the body is not JSON.
        """
        if "json" not in self.__dict__ and self.body.startswith(b"{"):
            return self._split
        return self.json if isinstance(self.json, dict) else None

    @cached_property
    def _split(self) -> JsonFields:
        return JsonFields(self.body)

    @cached_property
    def content_hash(self) -> bytes:
        """SHA-256 of the body: two equal hashes are one body, stored once."""
        return hashlib.sha256(self.body).digest()

    def __repr__(self) -> str:
        """Short, because Robot logs every value that a keyword returns."""
        outcome = self.failure.type.value if self.failure else "good"
        return f"<{self.method} {self.subject}: status {self.status}, {self.elapsed:.3f} s, {outcome}>"

    def having(self, **changes: Any) -> Exchange:
        """This exchange with some values changed; what was parsed already is not parsed again."""
        changed = replace(self, **changes)
        changed.__dict__.update({name: self.__dict__[name] for name in _CACHED if name in self.__dict__})
        return changed

    def let_go(self) -> None:
        """Forget the parsed body; who asks for it again has it parsed again."""
        for name in _PARSED:
            self.__dict__.pop(name, None)

    @property
    def subject(self) -> str:
        """The endpoint and resource as a person says them: `pokemon/25`, or `pokemon` for the list."""
        return f"{self.endpoint}/{self.resource}" if self.resource else self.endpoint
