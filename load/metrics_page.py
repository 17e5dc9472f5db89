"""The numbers of a running load for Prometheus, in its text format, on a port of their own."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

import gevent
from gevent.pywsgi import WSGIServer
from gevent.socket import SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, getaddrinfo, socket
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from load.question import Question
from observatory.exchange import FailureType
from observatory.load import BUCKETS, Measurements
from observatory.words import one_line

ENDPOINTS: Final = ("ability", "pokemon", Question("pokemon").name, "type")
"""What the tasks ask for, by the names that it is counted under."""

FAILURE_TYPES: Final = tuple(sorted(set(FailureType) - {FailureType.CIRCUIT_OPEN, FailureType.NOT_RECORDED}))
"""Why a request of a load can fail: nothing breaks a circuit here, and what a recording lacks is no failure."""

MOST_ENDPOINTS: Final = 50
"""So many endpoints are told apart: each has a few dozen series in Prometheus, which keeps every one for days."""

OTHER: Final = "other"
"""The endpoint of all requests to endpoints that are too many to tell apart."""

_LONGEST: Final = 80  # characters of an endpoint's name
_INTERVAL: Final = 1.0  # seconds

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    """What was counted of the requests to one endpoint; `seconds` is the sum of their latencies."""

    requests: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    failures: Counter[str] = field(default_factory=Counter)


class _Count:
    """What was counted by endpoint, of the open model, and of all loads that were added."""

    def __init__(self) -> None:
        self.tallies: dict[str, _Tally] = {}
        self.scheduled = 0
        self.sent = 0

    def tally(self, endpoint: str) -> _Tally:
        return self.tallies.setdefault(endpoint, _Tally())

    def add(self, measured: Measurements, label: Callable[[str], str]) -> None:
        """Add a load, its endpoints under the names that `label` gives them."""
        for endpoint, cell in measured.endpoints.items():
            tally = self.tally(label(endpoint))
            tally.requests += cell.requests
            tally.seconds += cell.seconds
            tally.buckets = [mine + theirs for mine, theirs in zip(tally.buckets, cell.buckets, strict=True)]
        for (endpoint, failure_type, _), number in measured.troubles.items():
            self.tally(label(endpoint)).failures[failure_type] += number
        self.scheduled += measured.scheduled
        self.sent += measured.sent


class LoadNumbers(Collector):
    """The families of all loads of this process. `measured`, `users` and `workers` say what there is at the moment.

    A load that is started from Locust's page begins to count at 0, and its counters here do not: what was counted
    before stays in them. Prometheus would notice that a counter was set back only if it were lower than it last was.

    All known endpoints and failures are shown at 0 from the beginning: a counter that is born at 7 has not increased.
    """

    def __init__(
        self, measured: Callable[[], Measurements], users: Callable[[], int], workers: Callable[[], int]
    ) -> None:
        self._measured = measured
        self._users = users
        self._workers = workers
        self._labels = set(ENDPOINTS)
        self._before = _Count()
        self._current = measured()

    def look(self) -> None:
        """Notice when another load has begun; to be called so often that none begins and ends in between."""
        measured = self._measured()
        if measured is not self._current:
            self._before.add(self._current, self._label)
            self._current = measured

    def collect(self) -> Iterator[Metric]:
        """All families, as they are now."""
        self.look()
        now = deepcopy(self._before)
        now.add(self._current, self._label)
        for endpoint in ENDPOINTS:
            now.tally(endpoint)
        yield GaugeMetricFamily("pokeapi_load_users", "Users, or streams of arrivals, at the moment.", self._users())
        yield GaugeMetricFamily("pokeapi_load_workers", "Processes that make the load.", self._workers())
        yield from _by_endpoint(sorted(now.tallies.items()))
        yield CounterMetricFamily("pokeapi_load_scheduled", "Arrivals that were due.", now.scheduled)
        yield CounterMetricFamily("pokeapi_load_sent", "Arrivals that were sent.", now.sent)

    def _label(self, endpoint: str) -> str:
        """The name that an endpoint is shown under, which stays the same."""
        label = one_line(endpoint, _LONGEST)
        if label not in self._labels:
            if len(self._labels) >= MOST_ENDPOINTS:
                return OTHER
            self._labels.add(label)
        return label


def _by_endpoint(tallies: list[tuple[str, _Tally]]) -> Iterator[Metric]:
    requests = CounterMetricFamily("pokeapi_load_requests", "Requests that ended.", labels=["endpoint"])
    failures = CounterMetricFamily(
        "pokeapi_load_failures", "Requests that failed, by why.", labels=["endpoint", "failure_type"]
    )
    duration = HistogramMetricFamily(
        "pokeapi_load_request_duration_seconds",
        "Latency of requests that were answered or waited for; of the open model, from when they were due.",
        labels=["endpoint"],
    )
    bounds = [*map(str, BUCKETS), "+Inf"]
    for endpoint, tally in tallies:
        requests.add_metric([endpoint], tally.requests)
        for failure_type in sorted({*FAILURE_TYPES, *tally.failures}):
            failures.add_metric([endpoint, failure_type], tally.failures[failure_type])
        up_to = zip(bounds, accumulate(tally.buckets), strict=True)
        duration.add_metric([endpoint], list(up_to), tally.seconds)
    yield from (requests, failures, duration)


def serve_numbers(numbers: LoadNumbers, host: str, port: int) -> WSGIServer | None:
    """Show the numbers at `http://host:port/metrics`; None when the port cannot be had, which a warning says.

    A load without its live numbers is better than none.
    """
    try:
        listener = _listening(host, port)
    except (OSError, OverflowError) as error:  # a number that is too large for a port overflows
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _log.warning(
            f"Port {port} on {host} cannot be had ({why}), so this load shows no live numbers to Prometheus; choose "
            "another with --metrics-port, or --metrics-host."
        )
        return None
    registry = CollectorRegistry()
    registry.register(numbers)
    server = WSGIServer(listener, make_wsgi_app(registry), log=None)
    server.start()
    gevent.spawn(_keep_looking, numbers)
    return server


def _listening(host: str, port: int) -> socket:
    """A socket that listens there; left to itself, gevent's server loses the one that cannot."""
    # The port is not looked up: one that is too large would come out as another.
    family, kind, protocol, _, address = getaddrinfo(host, None, type=SOCK_STREAM)[0]
    listener = socket(family, kind, protocol)
    try:
        listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        listener.bind((address[0], port, *address[2:]))
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def _keep_looking(numbers: LoadNumbers) -> None:
    while True:
        gevent.sleep(_INTERVAL)
        numbers.look()
