"""The report of a load: what was planned, what came of it, and how it is judged; report.json is this, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from observatory.errors import ObservatoryError

REPORT_FILE: Final = "report.json"


class LoadModel(StrEnum):
    """How the load is made: by users who wait for their answers, or by arrivals that wait for nobody."""

    CLOSED = "closed"
    OPEN = "open"


class Ending(StrEnum):
    """How a load came to its end."""

    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    UNREACHED = "unreached"
    WORKERS_LOST = "workers lost"


class Outcome(StrEnum):
    """What the verdict is: `unsure` when the load itself was not as it should be, so that the numbers prove nothing."""

    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a load is held to: the share of failures, P95 in seconds, and the throughput; None is not looked at."""

    failure_rate: float | None = 0.01
    p95: float | None = 0.5
    throughput: float | None = None


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What was planned.

    `users` is the most users at once, `rate` the most arrivals a second of the open model, `seconds` the time, None
    when it was to go on until somebody stops it.
    `visitor` is what a user does; `validated` the share of the answers that is held against its model. `target` is
    the name in the history, `address` where it was asked.
    """

    profile: str
    shape: str
    model: LoadModel
    visitor: str
    target: str
    address: str
    users: int
    seconds: float | None
    rate: float | None = None
    validated: float = 1.0
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What came of the requests to one endpoint, or to all; latencies in seconds, None when nobody was there.

    `throughput` is the requests a second that were answered as they should be, over the whole time. Latencies are those
    of all requests that were answered or waited for, good or not.
    """

    endpoint: str
    requests: int
    failures: int
    throughput: float
    size: int
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None
    longest: float | None = None
    mean: float | None = None

    @property
    def failure_rate(self) -> float:
        """The share of the requests that failed; 0 when there were none."""
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How often requests to an endpoint failed in the same way; `type` is a `FailureType`, `message` one clause."""

    endpoint: str
    type: str
    message: str
    count: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Of the open model: requests that should have been sent and that were, and how late, in seconds."""

    scheduled: int
    sent: int
    late_p50: float | None
    late_p99: float | None
    late_longest: float | None


@dataclass(frozen=True, slots=True)
class Second:
    """What came of one second, the `number`-th since the beginning: what ended in it, and who was there.

    `scheduled` and `sent` are of the open model. Latencies in seconds.
    """

    number: int
    users: int
    workers: int
    requests: int
    failures: int
    scheduled: int = 0
    sent: int = 0
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None


@dataclass(frozen=True, slots=True)
class Generator:
    """How the processes fared that made the load: how many there were, how many were lost, and the busiest.

    `busiest` is the share of one CPU that the busiest process used, 1 being all of it.
    """

    processes: int
    lost: int = 0
    busiest: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and the sentences that say why, the weightiest first."""

    outcome: Outcome
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastLoad:
    """A load of the same profile, shape and target that is in the history; latencies in seconds."""

    started_at: datetime
    outcome: str
    requests: int
    failures: int
    throughput: float
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Everything there is to say of a load. `notes` are sentences about what happened on the way.

    `verdict` and `past`, the loads of its kind before it, the latest first, come after the load.
    """

    id: UUID
    plan: LoadPlan
    started_at: datetime
    ended_at: datetime
    seconds: float
    ending: Ending
    generator: Generator
    total: Numbers
    endpoints: tuple[Numbers, ...]
    failures: tuple[FailureCount, ...]
    timeline: tuple[Second, ...]
    arrivals: Arrivals | None = None
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None
    past: tuple[PastLoad, ...] = ()

    def failures_by_type(self) -> Mapping[str, int]:
        """How many requests failed, by the type of their failure, the most frequent first."""
        by_type: dict[str, int] = {}
        for each in self.failures:
            by_type[each.type] = by_type.get(each.type, 0) + each.count
        return dict(sorted(by_type.items(), key=lambda item: (-item[1], item[0])))


def read_report(folder: Path) -> LoadReport:
    """The report in a folder.

    Raises:
        ObservatoryError: there is none, or it cannot be read.
    """
    file = folder / REPORT_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=LoadReport)
    except FileNotFoundError:
        raise ObservatoryError(f"There is no {file}: no load has ended there. Run one with `inv load`.") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise ObservatoryError(f"{file} cannot be read as the report of a load: {error}.") from error


def write_report(report: LoadReport, folder: Path) -> Path:
    """Write report.json into a folder, whole or not at all, and give its path.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / REPORT_FILE
    passing = file.with_suffix(".json.new")
    passing.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    passing.replace(file)
    return file
