"""The numbers of this process, in Prometheus's families and words; what they mean is in each family's help."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from itertools import islice
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from observatory.client import CircuitBreakers
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, FailureType
from observatory.metrics.families import (
    BUCKETS,
    CIRCUIT,
    DURATION,
    EXECUTED,
    FAILURES,
    FLAKED,
    FLAKINESS,
    MOST_ENDPOINTS,
    OTHER,
    RATE_LIMITED,
    REQUESTS,
    SCHEMA_CHANGES,
    Family,
    fitting,
    labels_of,
)
from observatory.metrics.reading import Reading


class Metrics:
    """Counts exchanges and test failures in a registry of its own, so that two sessions never share a number.

    `on_change` is called after each of them, from whichever thread counts.
    """

    def __init__(self, breakers: CircuitBreakers | None = None, mask: Callable[[str], str] = str) -> None:
        """Make the families, all empty; the state of the circuit breakers, if there are any, is shown as a gauge.

        `mask` takes the secrets out of the names of endpoints.
        """
        self._mask = mask
        self.registry = CollectorRegistry(auto_describe=True)
        self._requests = self._counter(REQUESTS)
        self._failures = self._counter(FAILURES)
        self._duration = Histogram(
            DURATION.name, DURATION.help, DURATION.labels, buckets=BUCKETS, registry=self.registry
        )
        self._rate_limited = self._counter(RATE_LIMITED)
        self._schema_changes = self._counter(SCHEMA_CHANGES)
        self._executed_at = self._gauge(EXECUTED)
        self._flaked = self._counter(FLAKED)
        self._flakiness = self._gauge(FLAKINESS)
        self._endpoints: set[str] = set()
        self.on_change: Callable[[], None] = lambda: None
        self.registry.register(_CircuitGauge(breakers or CircuitBreakers(), mask))

    def saw(self, exchange: Exchange) -> None:
        """Count an exchange: one request, its duration if an answer was waited for, its failure if it failed."""
        endpoint = self._endpoint(exchange.endpoint)
        if exchange.attempts:
            self._requests.labels(endpoint).inc()
            if _says_how_quick(exchange):
                self._duration.labels(endpoint).observe(max(0.0, exchange.elapsed))
        limited = sum(attempt.status == HTTPStatus.TOO_MANY_REQUESTS for attempt in exchange.attempts)
        if limited:
            self._rate_limited.labels(endpoint).inc(limited)
        # What a recording lacks says nothing about the API that was recorded.
        if exchange.failure is not None and exchange.failure.type is not FailureType.NOT_RECORDED:
            self.failed(exchange.endpoint, exchange.failure.type)
        self.on_change()

    def failed(self, endpoint: str, failure_type: FailureType) -> None:
        """Count a failure of a request, or of a test whose requests were all good."""
        self._failures.labels(self._endpoint(endpoint), failure_type.value).inc()
        self.on_change()

    def schema_changed(self, endpoint: str) -> None:
        """Count a change of an endpoint's schema; each is found by one process of a run."""
        self._schema_changes.labels(self._endpoint(endpoint)).inc()
        self.on_change()

    def suite_ended(self, suite: str, at: float) -> None:
        """Note when a suite ended, in seconds since 1970."""
        self._executed_at.labels(fitting(suite)).set(at)
        self.on_change()

    def flaked(self, suite: str) -> None:
        """Count a test of a suite that both failed and passed at one revision."""
        self._flaked.labels(fitting(suite)).inc()
        self.on_change()

    def flakiness(self, test_name: str, rate: float) -> None:
        """Note how often a test fails where it passes too, between 0 and 1."""
        self._flakiness.labels(fitting(test_name)).set(rate)
        self.on_change()

    def _endpoint(self, name: str) -> str:
        """The label of an endpoint: its name, or `other` where too many are known to tell one more apart."""
        label = fitting(self._mask(name))
        if label not in self._endpoints:
            if len(self._endpoints) >= MOST_ENDPOINTS:
                return OTHER
            self._endpoints.add(label)
        return label

    def _counter(self, family: Family) -> Counter:
        return Counter(family.name, family.help, family.labels, registry=self.registry)

    def _gauge(self, family: Family) -> Gauge:
        return Gauge(family.name, family.help, family.labels, registry=self.registry)

    def value(self, name: str, **labels: str) -> float:
        """The present value of one sample, such as `pokeapi_requests_total` with `endpoint="pokemon"`; 0 if unseen.

        Raises:
            ObservatoryError: there is no metric of this name, or it has no such label.
        """
        names = sorted(self.names())
        if name not in names:
            near = [each for each in names if each.startswith(f"{name}_")] or names
            raise ObservatoryError(f"There is no metric '{name}'. There are: {', '.join(near)}.")
        known = labels_of(name)
        if unknown := sorted(labels.keys() - set(known)):
            raise ObservatoryError(f"{name} has no label '{unknown[0]}'. It has: {', '.join(known)}.")
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def seen(self, name: str, label: str) -> Sequence[str]:
        """The values of a label under which something was counted, sorted."""
        samples = (sample for family in self.registry.collect() for sample in family.samples if sample.name == name)
        return sorted({sample.labels[label] for sample in samples})

    def names(self) -> Iterable[str]:
        """The names of all samples that `value` knows, seen or not."""
        for family in self.registry.collect():
            if family.type == "counter":
                yield f"{family.name}_total"
            elif family.type == "histogram":
                yield from (f"{family.name}_bucket", f"{family.name}_count", f"{family.name}_sum")
            else:
                yield family.name

    def read(self) -> Reading:
        """All numbers as they are now."""
        return Reading(self.registry.collect())

    def text(self) -> str:
        """All numbers in Prometheus's text format."""
        return self.read().text()

    def write(self, path: Path) -> None:
        """Write all numbers to a file in Prometheus's text format, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(self.text(), encoding="utf-8")
        new.replace(path)


def _says_how_quick(exchange: Exchange) -> bool:
    """Whether the time of a request says how quick the API is.

    A connection that was refused at once says nothing of it, a time that ran out does. A 404 takes PokéAPI a second,
    and says nothing of the work.
    """
    if exchange.status is None:
        return exchange.failure is not None and exchange.failure.type is FailureType.TIMEOUT
    return exchange.status != HTTPStatus.NOT_FOUND


class _CircuitGauge(Collector):
    def __init__(self, breakers: CircuitBreakers, mask: Callable[[str], str]) -> None:
        self._breakers = breakers
        self._mask = mask

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(CIRCUIT.name, CIRCUIT.help, labels=CIRCUIT.labels)
        states = {fitting(self._mask(endpoint)): float(state) for endpoint, state in self._breakers.states()}
        for endpoint, state in islice(states.items(), MOST_ENDPOINTS):
            family.add_metric([endpoint], state)
        yield family
