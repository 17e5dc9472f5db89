"""What the history is told: small frozen values, each with a key of its own, so that telling twice changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from observatory.exchange import Exchange, FailureType
from observatory.logs.secret_shapes import mask_shapes

FAILED: Final = "failed"
"""Why a sample is left out that is of no good answer."""

LOAD: Final = "load"
"""The kind of a run that is a load, and why samples are left out that were measured meanwhile."""

_HTTP_OK = 200


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run: all processes of one `robot` or `pabot` command, one backfill, or one load.

    Every process of the run tells it anew; `finished_at` and `api_revision` (the API's own revision, from its
    headers) are told when they are known. `log` is where its log.html is written. Times are aware.
    """

    id: uuid.UUID
    target: str
    kind: str
    started_at: datetime
    finished_at: datetime | None = None
    git_revision: str | None = None
    api_revision: str | None = None
    api_deployed_at: datetime | None = None
    host: str = ""
    shard: str = ""
    log: str | None = None

    def __post_init__(self) -> None:
        """Keep only text that can be stored."""
        _make_storable(self, "target", "git_revision", "api_revision", "host", "shard", "log")


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON text of a response, known by the SHA-256 of its bytes; `accepted_by` names the models it satisfied."""

    hash: bytes
    content: bytes
    accepted_by: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseEntry:
    """A resource of a target was seen with this body at this time.

    `body` is None when its content is stored or on its way already: an unchanged response is told by its hash.
    """

    run_id: uuid.UUID
    target: str
    endpoint: str
    resource: str
    body_hash: bytes
    seen_at: datetime
    body: Body | None = None

    def __post_init__(self) -> None:
        """Keep only text that can be stored."""
        _make_storable(self, "endpoint", "resource")


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """One attempt at a request as it was measured: `elapsed` is its seconds; a `status` of None is no answer.

    `attempt` is its number of the `attempts` that the request took. `connect` is the seconds until a new connection
    stood, None when one was used again, `first_byte` those until the head of the answer. `left_out` says why it is
    not held against a baseline; it is empty when it is. One that failed is left out by itself: a version before this,
    whose journal may still be waiting, did not say so.
    """

    id: uuid.UUID
    run_id: uuid.UUID
    endpoint: str
    resource: str
    started_at: datetime
    elapsed: float
    attempts: int
    status: int | None = None
    failure_type: str | None = None
    test_name: str = ""
    attempt: int = 1
    connect: float | None = None
    first_byte: float | None = None
    in_batch: bool = False
    left_out: str = ""

    def __post_init__(self) -> None:
        """Keep only text that can be stored, and leave out what failed."""
        _make_storable(self, "endpoint", "resource", "test_name")
        if not self.left_out and is_failed(self.status, self.failure_type):
            object.__setattr__(self, "left_out", FAILED)


@dataclass(frozen=True, slots=True)
class TestAttemptEntry:
    """One attempt at one test: `name` is the long name, `status` PASS, FAIL or SKIP, `elapsed` seconds.

    `attempt` counts the attempts at the test within its process: 2 is a retry. `cause` says what of ours made it fail,
    and is empty when it was the API or the test itself; `fingerprint` is equal for equal errors. `quarantined` tells
    that it could not fail the run. A test that passed may be told again, with the same `id`, as failed: its suite's
    tear-down comes after it.
    """

    run_id: uuid.UUID
    name: str
    status: str
    started_at: datetime
    elapsed: float
    message: str = ""
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    attempt: int = 1
    cause: str = ""
    fingerprint: str = ""
    quarantined: bool = False

    def __post_init__(self) -> None:
        """Keep only text that can be stored."""
        _make_storable(self, "name", "message")


@dataclass(frozen=True, slots=True)
class LoadNumbers:
    """What came of the requests of a load to one endpoint, or to all: `throughput` a second, latencies in seconds.

    Latencies are None when nobody answered.
    """

    endpoint: str
    requests: int
    failures: int
    throughput: float
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    longest: float | None = None

    def __post_init__(self) -> None:
        """Keep only text that can be stored."""
        _make_storable(self, "endpoint")


@dataclass(frozen=True, slots=True)
class LoadEntry:
    """What was planned for a load and what came of it; its run, of the kind `load`, is told as others are.

    `rate` is arrivals a second; it, `scheduled` and `sent` are None in the closed model. `planned_seconds` is None when
    it was to go on until somebody stops it. What was told first stays.
    """

    run_id: uuid.UUID
    profile: str
    shape: str
    model: str
    visitor: str
    users: int
    rate: float | None
    planned_seconds: float | None
    seconds: float
    ending: str
    outcome: str
    total: LoadNumbers
    endpoints: tuple[LoadNumbers, ...]
    scheduled: int | None
    sent: int | None
    processes: int

    def __post_init__(self) -> None:
        """Keep only text that can be stored."""
        _make_storable(self, "profile", "shape", "visitor")


Entry = RunEntry | ResponseEntry | SampleEntry | TestAttemptEntry | LoadEntry


def is_failed(status: int | None, failure_type: str | None) -> bool:
    """Whether an attempt brought no good answer. What a model rejects was answered all the same."""
    return status != _HTTP_OK or failure_type not in (None, FailureType.MODEL)


def storable(text: str) -> str:
    """A text with NUL, and halves of surrogate pairs, as escapes: JSON may hold them, PostgreSQL's text does not."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _make_storable(entry: Entry | LoadNumbers, *names: str) -> None:
    for name in names:
        text = getattr(entry, name)
        if text is not None and (not text.isascii() or "\0" in text):
            object.__setattr__(entry, name, storable(text))


def _fields(exchange: Exchange) -> Mapping[str, Any]:
    try:
        return exchange.fields or {}
    except ValueError:  # not JSON: then it has no id either
        return {}


def is_good_answer(exchange: Exchange) -> bool:
    """Whether an exchange brought a body that is kept: JSON that was asked for, whether its model accepts it or not."""
    is_readable = exchange.failure is None or exchange.failure.type is FailureType.MODEL
    is_asked_for = exchange.method == "GET" and exchange.status == _HTTP_OK and bool(exchange.body)
    return is_asked_for and is_readable


def asked_resource(exchange: Exchange) -> str:
    """The resource that was asked for, as it was; a list page by its query (`?limit=20&offset=0`), without secrets."""
    query = mask_shapes(exchange.url.partition("?")[2])
    return exchange.resource or (f"?{'&'.join(sorted(query.split('&')))}" if query else "")


def stored_resource(exchange: Exchange) -> str:
    """The resource under which a response is kept.

    `pokemon/bulbasaur` and `pokemon/1` are one resource, so the body's own integer `id` wins; a list page is
    known by its query (`?limit=20&offset=0`), a whole list by the empty name.
    """
    identity = _fields(exchange).get("id") if exchange.resource else None
    is_number = isinstance(identity, int) and not isinstance(identity, bool)
    return str(identity) if is_number else asked_resource(exchange)
