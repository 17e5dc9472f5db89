"""Latency in log.html: the sentence, and the chart of a run beside those before it."""

from __future__ import annotations

from robot.api import logger

from observatory.errors import ObservatoryError
from observatory.history.latency import LatencyNow
from observatory.latency import Times
from robot_session import ROBOT_SESSION


def latency_now(endpoint: str) -> LatencyNow:
    """What this run measured of an endpoint so far, and what is said of it.

    Raises:
        ObservatoryError: it measured nothing that could be held against anything.
        HistoryError: the history is away.
    """
    session = ROBOT_SESSION.main
    now = session.memory.history.latency.now(session.run.id, endpoint)
    if now is None:
        raise ObservatoryError(_nothing(endpoint))
    return now


def times_now(endpoint: str) -> Times:
    """What this run measured of an endpoint so far.

    Raises:
        ObservatoryError: it measured nothing that counts.
        HistoryError: the history is away.
    """
    session = ROBOT_SESSION.main
    times = session.memory.history.latency.times(session.run.id, endpoint)
    if times is None:
        raise ObservatoryError(_nothing(endpoint))
    return times


def show(endpoint: str, now: LatencyNow, sentence: str) -> None:
    """Put the sentence and the chart into log.html."""
    from html import escape

    from observatory.charts import BaselineBand, RunLatency, latency_chart

    percentiles, verdict = now.times.percentiles, now.said.judgement.verdict.value
    this = RunLatency(now.times.at, percentiles.p50, percentiles.p95, verdict)
    chart = latency_chart(
        [*(RunLatency(run.at, run.p50, run.p95, run.verdict) for run in now.earlier), this],
        [BaselineBand(one.valid_from, one.valid_until, one.p50, one.p95) for one in now.versions],
        title=f"Latency of {endpoint}, run by run",
        this_run=this.at,
    )
    logger.info(ROBOT_SESSION.masked(f"<p>{escape(sentence)}</p>{chart}"), html=True)


def _nothing(endpoint: str) -> str:
    return (
        f"No latency of '{endpoint}' was measured in this run: none of its requests was answered with status 200, but "
        "for the first one of the process, which never counts. Ask for it before, more than once."
    )
