"""Which sum a number belongs to, and those that are known before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from observatory.exchange import FailureType
from observatory.metrics.families import BOUNDS, DURATION, FAILURES, FAMILIES, Family, Kind

_TARGETS: Final = ("embedded", "live")
_ENDPOINTS: Final = ("ability", "pokemon", "type")

Labels = tuple[tuple[str, str], ...]
"""The labels of a sample with their values, sorted by their names."""


class Key(NamedTuple):
    """Which sum it is."""

    target: str
    name: str
    labels: Labels


def known_keys() -> Iterator[Key]:
    """What is bound to be counted one day: the endpoints that have models, of the stand-in and of the public API."""
    for target in _TARGETS:
        for endpoint in _ENDPOINTS:
            for family in FAMILIES:
                if family.labels[0] != "endpoint" or family.kind is Kind.GAUGE:
                    continue
                yield from _keys(target, family, endpoint)


def _keys(target: str, family: Family, endpoint: str) -> Iterator[Key]:
    own = ("endpoint", endpoint)
    if family is FAILURES:
        for failure_type in FailureType:
            yield Key(target, family.name, (own, ("failure_type", failure_type.value)))
    elif family is DURATION:
        for bound in BOUNDS:
            yield Key(target, f"{family.name}_bucket", (own, ("le", bound)))
        yield Key(target, f"{family.name}_count", (own,))
        yield Key(target, f"{family.name}_sum", (own,))
    else:
        yield Key(target, family.name, (own,))
