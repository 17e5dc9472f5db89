"""The families of numbers, each with its kind, its labels and what it says: one definition for all who count or add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

BUCKETS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the request duration's buckets, in seconds."""

BOUNDS: Final = (*map(str, BUCKETS), "+Inf")
"""The buckets as they are labelled, the last one being all there is."""

MOST_ENDPOINTS: Final = 100
"""So many endpoints are told apart; PokéAPI has 48."""

OTHER: Final = "other"
"""What stands for all that are too many to tell apart, so that their sum stays true."""

LONGEST_LABEL: Final = 200
"""Characters of a label's value; what is longer is cut where it is counted."""


class Kind(StrEnum):
    """How numbers of several processes become one: counters and histograms add up, of a gauge the last one counts."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """A family as Prometheus knows it; a counter's name ends with `_total`."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def samples(self) -> tuple[str, ...]:
        """The names of its samples."""
        if self.kind is Kind.HISTOGRAM:
            return (f"{self.name}_bucket", f"{self.name}_count", f"{self.name}_sum")
        return (self.name,)


REQUESTS: Final = Family("pokeapi_requests_total", Kind.COUNTER, ("endpoint",), "Requests executed.")
FAILURES: Final = Family(
    "pokeapi_failures_total",
    Kind.COUNTER,
    ("endpoint", "failure_type"),
    "Requests and tests that failed, by what failed.",
)
DURATION: Final = Family(
    "pokeapi_request_duration_seconds",
    Kind.HISTOGRAM,
    ("endpoint",),
    "Time on the wire of each request's last attempt that was answered, but not with 404, or ran out of time.",
)
RATE_LIMITED: Final = Family("pokeapi_rate_limited_total", Kind.COUNTER, ("endpoint",), "Answers with status 429.")
SCHEMA_CHANGES: Final = Family(
    "pokeapi_schema_changes_total",
    Kind.COUNTER,
    ("endpoint",),
    "Changes of an endpoint's schema that were found.",
)
EXECUTED: Final = Family(
    "pokeapi_test_execution_timestamp",
    Kind.GAUGE,
    ("suite",),
    "When a suite last ended, in seconds since 1970.",
)
FLAKED: Final = Family(
    "pokeapi_test_flakiness_total",
    Kind.COUNTER,
    ("suite",),
    "Tests of a suite that both failed and passed in one run.",
)
FLAKINESS: Final = Family(
    "pokeapi_test_flakiness_rate",
    Kind.GAUGE,
    ("test_name",),
    "Share of the recent attempts at a test that failed where others passed; only of tests flaky in this run.",
)
CIRCUIT: Final = Family(
    "pokeapi_circuit_breaker_state",
    Kind.GAUGE,
    ("endpoint",),
    "State of an endpoint's circuit breaker: 0 closed, 1 open, 2 half-open.",
)

FAMILIES: Final = (*(REQUESTS, FAILURES, DURATION, RATE_LIMITED, SCHEMA_CHANGES, EXECUTED, FLAKED, FLAKINESS, CIRCUIT),)

FAMILY_OF: Final[Mapping[str, Family]] = MappingProxyType(
    {sample: family for family in FAMILIES for sample in family.samples}
)
"""Which family a sample belongs to, by the sample's name."""


def labels_of(sample: str) -> tuple[str, ...]:
    """The labels of a sample, by its name."""
    labels = FAMILY_OF[sample].labels
    return (*labels, "le") if sample.endswith("_bucket") else labels


def fitting(value: str) -> str:
    """A label's value without line breaks and other control characters, cut where it is too long."""
    plain = "".join(each if each.isprintable() else " " for each in value)
    return plain if len(plain) <= LONGEST_LABEL else f"{plain[: LONGEST_LABEL - 1]}…"
