"""The numbers of a process at one moment, and what was counted between two moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from observatory.metrics.families import FAMILY_OF, Kind

Labels = tuple[tuple[str, str], ...]
"""The labels of a sample with their values, sorted by their names."""


class Reading:
    """All families as they were when they were read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        """Read them, once; when each counter was made is left out, for nobody asks."""
        self._families = [_without_births(family) for family in families]

    @cached_property
    def values(self) -> Mapping[tuple[str, Labels], float]:
        """The value of each sample, by its name and labels."""
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self._families
            for sample in family.samples
        }

    def text(self, since: Reading | None = None) -> str:
        """The numbers in Prometheus's text format; of what adds up, only what came `since` an earlier reading."""
        registry = CollectorRegistry()
        registry.register(_Read(self._families if since is None else [_less(each, since) for each in self._families]))
        return generate_latest(registry).decode("utf-8")


class _Read(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _without_births(family: Metric) -> Metric:
    kept = Metric(family.name, family.documentation, family.type)
    kept.samples = [sample for sample in family.samples if sample.name in FAMILY_OF]
    return kept


def _less(family: Metric, since: Reading) -> Metric:
    less = Metric(family.name, family.documentation, family.type)
    for sample in family.samples:
        adds_up = FAMILY_OF[sample.name].kind is not Kind.GAUGE
        before = since.values.get((sample.name, tuple(sorted(sample.labels.items()))), 0.0) if adds_up else 0.0
        less.add_sample(sample.name, sample.labels, sample.value - before)
    return less
