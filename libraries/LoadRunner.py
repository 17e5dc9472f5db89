"""Keywords that let many users ask at once, and judge how the API held: failures, latency, throughput."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from robot.api import SkipExecution
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from keyword_values import per_second_of, share_of
from observatory.errors import ObservatoryError
from observatory.settings import PROJECT_ROOT
from robot_asked import SuiteOfNow, is_asked_for
from robot_listener import LISTENER
from robot_run import kind_of_run
from robot_session import plainly

if TYPE_CHECKING:
    from robot_load import EndedLoad

Percentile = Literal["p50", "p90", "p95", "p99", "max"]
Profile = Literal["quick", "light", "medium", "heavy"]
Shape = Literal["steady", "ramp", "spike", "sawtooth"]
Visitor = Literal["lookup", "journey"]

SUITE = SuiteOfNow()
_LOAD = "load"  # the tag of load tests, and the folder of their suites


@library(scope="GLOBAL", auto_keywords=False, listener=[LISTENER, SUITE], doc_format="MARKDOWN")
class LoadRunner:
    """Let many users ask the API at once, and judge how it held.

    `Run Load Profile` makes a load and waits for its end; the other keywords judge the last load of this process.
    log.html has the verdict of each load, its numbers and its charts, and leads to its report.

    | Profile | Users | Time | A user waits | Shape |
    |---|---|---|---|---|
    | `quick` | 10 | 10 s | 0.1 s | steady |
    | `light` | 10 | 2 min | 1 to 3 s | steady |
    | `medium` | 50 | 5 min | 1 to 3 s | ramp |
    | `heavy` | 100 | 10 min | 1 to 3 s | ramp |

    A load asks the target of the run. For `embedded` it starts a stand-in of its own, in several processes. The
    public API is shared by everyone, so there the tests are skipped.

    While a load runs, everything else on the machine is slower. So load tests run only when they are asked for:
    `robot --include load suites/`. See `Skip Unless Load Is Asked For`.
    """

    def __init__(self) -> None:
        """There was no load yet."""
        self._last: EndedLoad | None = None

    @keyword
    def skip_unless_load_is_asked_for(self) -> None:
        """Skip the tests of this suite when they came with all others, and nobody asked for load tests.

        They are asked for by their tag, as in `robot --include load suites/`; by their place, as in
        `robot suites/load`; and when no other test was chosen, as with the arrow beside a test in an editor. The same
        holds for `pabot`, but for the last.

        ```robotframework
        *** Settings ***
        Suite Setup    Skip Unless Load Is Asked For
        Test Tags      load
        ```
        """
        options = BuiltIn().get_variable_value("${OPTIONS}")
        is_part = kind_of_run(Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))) == "pabot"
        folder = PROJECT_ROOT / "suites" / _LOAD
        suite = SUITE.suite
        if suite and not is_asked_for(suite, _LOAD, included=options.include, folder=folder, is_part=is_part):
            raise SkipExecution("Load tests run when they are asked for: robot --include load suites/")

    @keyword
    def run_load_profile(
        self,
        profile: Profile,
        *,
        shape: Shape | None = None,
        rate: str | None = None,
        users: int | None = None,
        duration: timedelta | None = None,
        visitor: Visitor = "lookup",
        processes: int | None = None,
        validate: str = "100 %",
        max_failures: str = "1 %",
        max_p95: timedelta = timedelta(milliseconds=500),
        min_throughput: str | None = None,
        give_up_after: timedelta = timedelta(seconds=10),
    ) -> Any:
        """Let users ask the target of the run for as long as a profile says, and give the report of what came of it.

        Everything in a profile can be had otherwise: `users` is the most users at once, `duration` the time in whole
        seconds. `shape` is how the load changes: `steady`, `ramp` (more and more), `spike` (five times as many in the
        middle), `sawtooth` (a ramp five times). A `lookup` asks for one pokemon, type or ability at a time; with
        `visitor=journey` a user opens the list, chooses a pokemon, and follows it to its type and its ability.

        Users who wait for their answers ask less when the API is slow, and so hardly see how slow it was. With
        `rate=40 per second` requests arrive at that rate whatever comes of those before; a latency is then measured
        from the time at which the request was due.

        `processes` share the work; give more than one for a heavy load. `validate` is the share of the answers that
        is held against its model: a wrong body is a failure too. `max_failures`, `max_p95` and `min_throughput` are
        what the verdict in the report is made from; see `Load Should Have Passed`. When nothing is reached for as
        long as `give_up_after` says, the load is stopped.

        The keyword does not judge. It fails when the load was not started, or nothing could be reached, and warns when
        the numbers may be wrong, see `Load Should Be Sound`. The report has `total` and, for each endpoint,
        `endpoints`, with `requests`, `failures`, `failure_rate`, `throughput` and, in seconds, `p50`, `p90`, `p95`,
        `p99` and `longest`. Its page is in the folder `load` beside log.html.

        ```robotframework
        ${load} =    Run Load Profile    quick    shape=spike    users=40    duration=20 s
        Latency Under Load Should Be Below    p95    500 ms
        Log    ${load.total.requests} requests
        ```
        """
        from robot_load import run_and_show, should_have_reached

        self._last = None
        with plainly():
            given = {
                "profile": profile,
                "shape": shape,
                "rate": None if rate is None else per_second_of(rate),
                "users": users,
                "run-time": None if duration is None else _whole_seconds(duration),
                "visitor": visitor,
                "processes": processes,
                "validate": f"{share_of(validate):f}",
                "max-failures": f"{_share_of_failures(max_failures):f}",
                "max-p95": _time(max_p95),
                "min-throughput": None if min_throughput is None else per_second_of(min_throughput),
                "give-up-after": _time(give_up_after),
            }
            options = [f"--{name}={value}" for name, value in given.items() if value is not None]
            self._last = run_and_show(options, profile)
            should_have_reached(self._last)
            return self._last.report

    @keyword
    def failure_rate_should_be_below(self, limit: str, endpoint: str = "") -> None:
        """Fail when too large a share of the last load's requests failed, all of them or those to one endpoint.

        What failed is a request without an answer, with a status that is an error, or with a body that its model
        does not accept.

        ```robotframework
        Run Load Profile    quick
        Failure Rate Should Be Below    1 %
        Failure Rate Should Be Below    0.5 %    endpoint=pokemon
        ```
        """
        from load_limits import failure_rate

        with plainly():
            allowed = _share_of_failures(limit)
            if not allowed:
                raise ObservatoryError(f"No failure rate is below '{limit}'; write a small one, such as 0.01 %.")
            failure_rate(self._load(), endpoint).should_be_below(allowed)

    @keyword
    def latency_under_load_should_be_below(self, percentile: Percentile, limit: timedelta, endpoint: str = "") -> None:
        """Fail when a percentile of the last load's latencies is not below a limit.

        `p95` is the time that 95 of 100 requests did not exceed, and `max` the longest that one took. In load.resource
        this keyword is called `Latency Should Be Below`, which in other suites is about requests without a load.

        ```robotframework
        Run Load Profile    quick
        Latency Under Load Should Be Below    p95    500 ms
        Latency Under Load Should Be Below    max    2 s    endpoint=type
        ```
        """
        from load_limits import latency

        with plainly():
            latency(self._load(), percentile, endpoint).should_be_below(limit.total_seconds())

    @keyword
    def throughput_should_be_at_least(self, limit: str, endpoint: str = "") -> None:
        """Fail when fewer requests of the last load came to an end in a second, over its whole time.

        Users who think before they ask again make so many requests and no more, so ask for what they can make.

        ```robotframework
        Run Load Profile    quick    rate=60 per second
        Throughput Should Be At Least    50 per second
        Throughput Should Be At Least    25/s    endpoint=pokemon
        ```
        """
        from load_limits import throughput

        with plainly():
            throughput(self._load(), endpoint).should_be_at_least(per_second_of(limit))

    @keyword
    def load_should_be_sound(self) -> None:
        """Fail when the last load was not the one that was planned, so that its numbers may be wrong.

        That is so when it was stopped before its end, when a worker died, when very few requests came to an end, and
        when the machine that made it was too busy to send and time its requests well.

        ```robotframework
        Run Load Profile    quick
        Load Should Be Sound
        ```
        """
        from observatory.load.verdict import doubts

        with plainly():
            load = self._load()
            if found := list(doubts(load.report)):
                raise AssertionError(f"What {load.name} measured may be wrong: {' '.join(found)} See {load.page}.")

    @keyword
    def load_should_have_passed(self) -> None:
        """Fail when the verdict on the last load, which stands at the top of its report, is not that it passed.

        It is made from the limits that `Run Load Profile` was given, and is *unsure* when the load was not sound.

        ```robotframework
        Run Load Profile    quick    max_failures=0.1 %    max_p95=300 ms    min_throughput=50 per second
        Load Should Have Passed
        ```
        """
        from observatory.load.report import Outcome
        from observatory.load.words import outcome_of, reasons

        with plainly():
            load = self._load()
            outcome = outcome_of(load.report)
            if outcome is not Outcome.PASSED:
                verdict = outcome.value if outcome else "not judged"
                raise AssertionError(
                    f"The verdict on {load.name} is '{verdict}': {' '.join(reasons(load.report))} See {load.page}."
                )

    def _load(self) -> EndedLoad:
        """The last load of this process.

        Raises:
            ObservatoryError: there was none.
        """
        if self._last is None:
            raise ObservatoryError("There is no load to judge yet; run one with `Run Load Profile` before.")
        return self._last


def _whole_seconds(duration: timedelta) -> int:
    seconds = duration.total_seconds()
    if seconds < 1 or seconds != int(seconds):
        raise ObservatoryError(f"'duration' is {seconds:g} s, but a load lasts whole seconds, at least one.")
    return int(seconds)


def _time(given: timedelta) -> str:
    return f"{given.total_seconds():f} s"


def _share_of_failures(given: str) -> float:
    """The share that is meant; all of them would be no limit, and are what somebody wrote who means 1 %."""
    limit = share_of(given)
    if limit >= 1:
        raise ObservatoryError(f"'{given}' is no limit for a failure rate; write it like 1 % or 0.01.")
    return limit
