"""Taking stock: what the history knows of each target, gathered in one value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

from observatory.errors import HistoryError
from observatory.health.values import (
    ACCEPTED,
    IMPROVED,
    LEARNING,
    REGRESSED,
    EndpointLatency,
    FailingTest,
    Health,
    TargetHealth,
)
from observatory.history.drift_queries import known_changes
from observatory.history.flaky_queries import flaky_tests
from observatory.history.health_queries import (
    LatestTest,
    RunVerdict,
    Series,
    WatchedTarget,
    baselines_since,
    data_changes_since,
    failing_since,
    latest_tests,
    requests_since,
    runs_since,
    verdicts_since,
    watched_targets,
)
from observatory.history.known_changes import ChangeState
from observatory.history.lessons import UNTAUGHT
from observatory.words import listed, natural

if TYPE_CHECKING:
    from observatory.history import Database

DAYS: Final = 90
"""How far back a page looks if nobody says otherwise."""

_CURRENT: Final = timedelta(days=7)  # before the newest run: a test that did not run since then was removed
_MOST_TARGETS: Final = 6  # on one page
_MOST_SERIES: Final = 12  # of latencies of one target
_MOST_PLACES: Final = 200  # of changed data
_ORDER: Final = {REGRESSED: 0, ACCEPTED: 1, IMPROVED: 2, LEARNING: 4}  # what differs is first, what is not known last
_AS_USUAL: Final = 3


def take_stock(database: Database, now: datetime, *, days: int = DAYS, target: str | None = None) -> Health:
    """What is known of all targets, or of one, in the last days.

    Raises:
        HistoryError: the database cannot be reached, is of a newer version, or knows no such target.
    """
    since = now - timedelta(days=days)
    with database.transaction() as connection:
        watched = watched_targets(connection)
        if target is not None:
            chosen = [each for each in watched if each.name == target]
            if not chosen:
                known = listed(each.name for each in watched) or "none"
                raise HistoryError(f"There is no target '{target}' in the history; there are: {known}.")
        else:
            # What is seen under injected faults says nothing of how an API is; whoever wants to see it, asks for it.
            watched = [each for each in watched if each.name not in UNTAUGHT]
            recent = [each for each in watched if each.newest >= since]
            chosen = (recent or watched[:1])[:_MOST_TARGETS]
        told = tuple(_target_health(connection, each, now, since) for each in chosen)
        others = tuple(each.name for each in watched if each not in chosen) if target is None else ()
        return Health(now, since, told, others)


def _target_health(connection: Connection, target: WatchedTarget, now: datetime, since: datetime) -> TargetHealth:
    newest = target.newest_robot or target.newest
    tests = latest_tests(connection, target.id, max(since, newest - _CURRENT))
    verdicts = verdicts_since(connection, target.id, since)
    shown, left_out = _latencies(connection, target.id, since, verdicts)
    requests, request_runs = (0, 0) if verdicts else requests_since(connection, target.id, since)
    changes = known_changes(connection, target=target.name, since=since)
    # What is open is told however old it is.
    old = known_changes(connection, target=target.name, states=(ChangeState.OPEN,))
    seen = {known.id for known in changes}
    return TargetHealth(
        name=target.name,
        runs=runs_since(connection, target.id, since),
        tests=tests,
        failing=_failing(connection, target.id, tests),
        flaky=flaky_tests(connection, now, target=target.name),
        latencies=shown,
        left_out=left_out,
        requests=requests,
        request_runs=request_runs,
        changes=[*changes, *(known for known in old if known.id not in seen)],
        data=data_changes_since(connection, target.id, since, _MOST_PLACES),
    )


def _failing(connection: Connection, target_id: int, tests: Sequence[LatestTest]) -> list[FailingTest]:
    """The tests that failed last, those first that have failed longest."""
    failed = [test for test in tests if test.fails]
    since = failing_since(connection, target_id, [test.name for test in failed])
    alike = Counter(test.fingerprint for test in failed)
    found = [FailingTest(test, *since.get(test.name, (test.at, 1)), alike[test.fingerprint] - 1) for test in failed]
    return sorted(found, key=lambda each: (each.since, natural(each.test.name)))


def _latencies(
    connection: Connection, target_id: int, since: datetime, verdicts: Sequence[RunVerdict]
) -> tuple[tuple[EndpointLatency, ...], int]:
    """The series worth showing, and how many are not: what is slower is kept first, then what was met most."""
    series: dict[Series, list[RunVerdict]] = defaultdict(list)
    for verdict in verdicts:
        series[verdict.series].append(verdict)
    baselines = defaultdict(list)
    for baseline in baselines_since(connection, target_id, since):
        baselines[baseline.series].append(baseline)
    known = [EndpointLatency(each, tuple(runs), tuple(baselines[each])) for each, runs in series.items()]
    # A machine that was not met for a week says nothing of now.
    newest = max((latency.last.at for latency in known), default=since)
    known = [latency for latency in known if latency.last.at >= newest - _CURRENT]
    known.sort(key=lambda latency: (latency.verdict == REGRESSED, len(latency.runs), latency.last.at), reverse=True)
    shown = known[:_MOST_SERIES]
    shown.sort(key=lambda latency: (_ORDER.get(latency.verdict, _AS_USUAL), natural(latency.series.endpoint)))
    return tuple(shown), len(known) - len(shown)
