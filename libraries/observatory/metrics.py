"""The numbers of this process, in Prometheus's families and words; what they mean is in each family's help."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, write_to_textfile
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from observatory.client import CircuitBreakers
from observatory.errors import ObservatoryError
from observatory.exchange import Exchange, FailureType

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the request duration's buckets, in seconds."""

_TOO_MANY_REQUESTS = 429


class Metrics:
    """Counts exchanges and test failures in a registry of its own, so that two sessions never share a number."""

    def __init__(self, breakers: CircuitBreakers | None = None) -> None:
        """Make the families, all empty; the state of the circuit breakers, if there are any, is shown as a gauge."""
        self.registry = CollectorRegistry(auto_describe=True)
        self._requests = Counter("pokeapi_requests_total", "Requests executed.", ["endpoint"], registry=self.registry)
        self._failures = Counter(
            "pokeapi_failures_total",
            "Requests and tests that failed, by what failed.",
            ["endpoint", "failure_type"],
            registry=self.registry,
        )
        self._duration = Histogram(
            "pokeapi_request_duration_seconds",
            "Time on the wire of each request's last attempt.",
            ["endpoint"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._rate_limited = Counter(
            "pokeapi_rate_limited_total", "Answers with status 429.", ["endpoint"], registry=self.registry
        )
        self._schema_changes = Counter(
            "pokeapi_schema_changes_total",
            "Changes of an endpoint's schema that were found.",
            ["endpoint"],
            registry=self.registry,
        )
        self._executed_at = Gauge(
            "pokeapi_test_execution_timestamp",
            "When a suite last ended, in seconds since 1970.",
            ["suite"],
            registry=self.registry,
        )
        self._flaked = Counter(
            "pokeapi_test_flakiness_total",
            "Tests of a suite that both failed and passed in one run.",
            ["suite"],
            registry=self.registry,
        )
        self._flakiness = Gauge(
            "pokeapi_test_flakiness_rate",
            "Share of the recent attempts at a test that failed where others passed; only of tests flaky in this run.",
            ["test_name"],
            registry=self.registry,
        )
        self.registry.register(_CircuitGauge(breakers or CircuitBreakers()))

    def saw(self, exchange: Exchange) -> None:
        """Count an exchange: one request, its duration if an answer was waited for, its failure if it failed."""
        if exchange.attempts:
            self._requests.labels(exchange.endpoint).inc()
            self._duration.labels(exchange.endpoint).observe(max(0.0, exchange.elapsed))
        limited = sum(attempt.status == _TOO_MANY_REQUESTS for attempt in exchange.attempts)
        if limited:
            self._rate_limited.labels(exchange.endpoint).inc(limited)
        # What a recording lacks says nothing about the API that was recorded.
        if exchange.failure is not None and exchange.failure.type is not FailureType.NOT_RECORDED:
            self.failed(exchange.endpoint, exchange.failure.type)

    def failed(self, endpoint: str, failure_type: FailureType) -> None:
        """Count a failure of a request, or of a test whose requests were all good."""
        self._failures.labels(endpoint, failure_type.value).inc()

    def schema_changed(self, endpoint: str) -> None:
        """Count a change of an endpoint's schema; each is found by one process of a run."""
        self._schema_changes.labels(endpoint).inc()

    def suite_ended(self, suite: str, at: float) -> None:
        """Note when a suite ended, in seconds since 1970."""
        self._executed_at.labels(suite).set(at)

    def flaked(self, suite: str) -> None:
        """Count a test of a suite that both failed and passed at one revision."""
        self._flaked.labels(suite).inc()

    def flakiness(self, test_name: str, rate: float) -> None:
        """Note how often a test fails where it passes too, between 0 and 1."""
        self._flakiness.labels(test_name).set(rate)

    def value(self, name: str, **labels: str) -> float:
        """The present value of one sample, such as `pokeapi_requests_total` with `endpoint="pokemon"`; 0 if unseen.

        Raises:
            ObservatoryError: there is no metric of this name.
        """
        names = sorted(self.names())
        if name not in names:
            raise ObservatoryError(f"There is no metric '{name}'. There are: {', '.join(names)}.")
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def names(self) -> Iterable[str]:
        """The names of all samples that `value` knows, seen or not."""
        for family in self.registry.collect():
            if family.type == "counter":
                yield f"{family.name}_total"
            elif family.type == "histogram":
                yield from (f"{family.name}_bucket", f"{family.name}_count", f"{family.name}_sum")
            else:
                yield family.name

    def text(self) -> str:
        """All numbers in Prometheus's text format."""
        return generate_latest(self.registry).decode("utf-8")

    def write(self, path: Path) -> None:
        """Write all numbers to a file in Prometheus's text format, whole or not at all.

        Raises:
            OSError: the file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), self.registry)


class _CircuitGauge(Collector):
    def __init__(self, breakers: CircuitBreakers) -> None:
        self._breakers = breakers

    def collect(self) -> Iterable[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "pokeapi_circuit_breaker_state",
            "State of an endpoint's circuit breaker: 0 closed, 1 open, 2 half-open.",
            labels=["endpoint"],
        )
        for endpoint, state in self._breakers.states():
            family.add_metric([endpoint], float(state))
        yield family
