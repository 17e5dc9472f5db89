"""Keywords that look at the numbers of this run, and send them to where Prometheus reads them."""

from __future__ import annotations

from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import compared
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, plainly


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class MetricsPusher:
    """Look at what was counted: requests, failures, durations, circuit breakers.

    Each process counts for itself, without a keyword in the test. At the end of the run its numbers are written to
    `metrics.prom` beside log.html, in Prometheus's text format, and sent to the relay in
    `OBSERVATORY_METRICS_RELAY`, which adds them up for Prometheus. When it is away they are sent with the next run.

    | Name | Labels | What it says |
    |---|---|---|
    | `pokeapi_requests_total` | endpoint | requests executed |
    | `pokeapi_failures_total` | endpoint, failure_type | requests and tests that failed |
    | `pokeapi_request_duration_seconds_count`, `…_sum`, `…_bucket` | endpoint | how long requests took |
    | `pokeapi_rate_limited_total` | endpoint | answers with status 429 |
    | `pokeapi_schema_changes_total` | endpoint | changes of an endpoint's schema |
    | `pokeapi_test_flakiness_total` | suite | tests that failed and passed in one run |
    | `pokeapi_test_flakiness_rate` | test_name | how often a flaky test fails, at the end of a run |
    | `pokeapi_circuit_breaker_state` | endpoint | 0 closed, 1 open, 2 half-open |
    | `pokeapi_test_execution_timestamp` | suite | when a suite last ended |
    """

    @keyword
    def get_metric(
        self,
        name: str,
        operator: AssertionOperator | None = None,
        expected: Any = None,
        *,
        endpoint: str | None = None,
        failure_type: str | None = None,
        suite: str | None = None,
        test_name: str | None = None,
        le: str | None = None,
    ) -> float:
        """Get the present value of a metric, summed over the labels that are not given, and assert what it is.

        It is 0 where nothing was counted, and the log says what was. A name or a label that there is not fails.

        ```robotframework
        Get Metric    pokeapi_requests_total    >=    1    endpoint=pokemon
        ```
        """
        given = {"endpoint": endpoint, "failure_type": failure_type, "suite": suite, "test_name": test_name, "le": le}
        labels = {label: value for label, value in given.items() if value is not None}
        with plainly():
            metrics = ROBOT_SESSION.current.metrics
            value = metrics.value(name, **labels)
            for label, wanted in labels.items():
                if wanted not in (seen := metrics.seen(name, label)):
                    logger.info(
                        f"Nothing was counted with the {label} '{wanted}', only with: {', '.join(seen) or 'none'}."
                    )
            return float(compared(value, operator, expected, f"{name} of {labels}" if labels else name))

    @keyword
    def push_metrics(self) -> None:
        """Send what was counted so far to the relay, which Prometheus reads; the rest follows at the end of the run.

        Each process does this at its end, without a keyword: this one is for runs that take hours. The relay is the
        one in `OBSERVATORY_METRICS_RELAY`. When it is away or none is set, a warning says so or nothing happens, the
        test goes on, and the numbers are sent with the next push.

        ```robotframework
        Push Metrics
        ```
        """
        with plainly():
            ROBOT_SESSION.send_numbers()

    @keyword
    def log_metrics(self) -> None:
        """Write all numbers of this process, as they are now, into log.html.

        ```robotframework
        Log Metrics
        ```
        """
        logger.info(ROBOT_SESSION.current.metrics.text())
