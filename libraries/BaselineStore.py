"""Keywords that look at the history: what was seen of a resource, since when, and how fast an endpoint usually is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import checked, exchange_behind, login, share_of
from observatory.exchange import Exchange
from observatory.history import State, stored_resource
from observatory.logs.exchange_html import states_table
from observatory.words import count
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, plainly

if TYPE_CHECKING:
    from observatory.data_drift import DataChange
    from observatory.latency import Baseline

_MOST_TOLD = 5  # places that a message names


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class BaselineStore:
    """Look at what the history remembers of a resource, what changed in its data, and how fast an endpoint usually is.

    Everything that is asked is remembered without a keyword in the test: each request, and each distinct body once.
    The history is kept for each target by itself, in PostgreSQL: an embedded server, or the one in `DATABASE_URL`.
    When the database is away, tests go on, and these keywords skip the test that uses them, with that reason.
    """

    @keyword
    def response_should_be_in_history(self, answer: Any) -> None:
        """Fail when the history does not hold this very answer, byte for byte.

        ```robotframework
        ${pokemon} =    Get Pokemon    1
        Response Should Be In History    ${pokemon}
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            if exchange.content_hash not in [state.body_hash for state in _states(exchange)]:
                raise AssertionError(
                    f"{exchange.subject} is not in the history: none of the states it was seen in is this answer "
                    f"(SHA-256 {exchange.content_hash.hex()[:12]}…), after {len(exchange.attempts)} attempts."
                )

    @keyword
    def get_number_of_states(self, answer: Any, operator: AssertionOperator | None = None, expected: Any = None) -> int:
        """Get in how many different states a resource was seen so far, and assert how many they are.

        1 means that it never changed since it was first seen.

        ```robotframework
        ${type} =    Get Type    normal
        Get Number Of States    ${type}    >=    1
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            return checked(len(_states(exchange)), operator, expected, exchange, "number of states in the history")

    @keyword
    def get_first_seen(self, answer: Any) -> datetime:
        """Get when the history first saw a resource, in any state, as a time in UTC.

        ```robotframework
        ${pokemon} =    Get Pokemon    1
        ${since} =    Get First Seen    ${pokemon}
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            states = _states(exchange)
            if not states:
                raise AssertionError(f"{exchange.subject} is not in the history: no good answer was ever seen.")
            return min(state.first_seen_at for state in states)

    @keyword
    def get_history(self, answer: Any) -> list[State]:
        """Get the states that a resource was seen in, the latest first, and show them in log.html.

        Each has `first_seen_at`, `last_seen_at`, `size` in bytes and `body_hash`.

        ```robotframework
        ${states} =    Get History    ${pokemon}
        Log    Unchanged since ${states[0].first_seen_at}
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            states = _states(exchange)
            logger.info(states_table(exchange.subject, states), html=True)
            return states

    @keyword
    def data_should_match_history(self, answer: Any, ignoring: str = "") -> None:
        """Fail when the data of a resource is not what it was when the resource was last seen before this run.

        The message names each field that changed, with its old and its new value. Another order of a list is no
        change, and neither is another host in an address. A resource that was never seen before matches.

        `ignoring` names what may change, with commas: a place such as `sprites.other` stands for all below it too,
        `[]` for each item of a list, `*` for any key, `**` for any number of them.

        ```robotframework
        ${pokemon} =    Get Pokemon    pikachu
        Data Should Match History    ${pokemon}    ignoring=moves, game_indices[].version, **.url
        ```
        """
        from observatory.data_drift import grouped, sentence

        with plainly():
            exchange = exchange_behind(answer)
            changes = _data_changes(exchange, ignoring)
            if not changes:
                return
            groups = grouped(exchange.endpoint, {stored_resource(exchange): changes})
            told = "; ".join(sentence(group, 1) for group in groups[:_MOST_TOLD])
            more = f"; and {count(len(groups) - _MOST_TOLD, 'more place')}" if len(groups) > _MOST_TOLD else ""
            raise AssertionError(f"The data of {exchange.subject} is not what it was before: {told}{more}.")

    @keyword
    def get_data_changes(
        self, answer: Any, operator: AssertionOperator | None = None, expected: Any = None, ignoring: str = ""
    ) -> list[Any]:
        """Get what changed in the data of a resource since before this run, show it, and assert how many changes.

        Each has `path`, `kind` (`changed`, `added` or `removed`), `before` and `after`, and in `about` what the item of
        a list is called, such as `speed`. `ignoring` is as in `Data Should Match History`.

        ```robotframework
        ${pokemon} =    Get Pokemon    pikachu
        ${changes} =    Get Data Changes    ${pokemon}    ignoring=moves
        Get Data Changes    ${pokemon}    ==    0
        ```
        """
        with plainly():
            exchange = exchange_behind(answer)
            changes = _data_changes(exchange, ignoring)
            checked(len(changes), operator, expected, exchange, "number of changes in the data")
            return changes

    @keyword
    def latency_should_not_have_regressed(
        self,
        endpoint: str,
        mode: Literal["statistical", "threshold"] = "statistical",
        tolerance: str = "20 %",
        policy: Literal["fail", "warn"] = "fail",
    ) -> None:
        """Fail when an endpoint is slower in this run than it usually is, and show the runs before it in a chart.

        What is usual is learnt from the runs before, of the same target, machine, shard and kind; until ten of them
        are known, the message says how many there are, and nothing fails. What counts are answers with status 200, each
        held against what is usual for its resource.

        In the mode `statistical` a run fails when it, with those before it, proves by more than noise would that the
        endpoint is at least 5 % slower, or that more of its requests are slow. It fails until the latency is as usual
        again, or is accepted with `Accept New Latency Baseline`. In the mode `threshold` it fails when the 95th
        percentile is above the baseline's by more than the `tolerance`: easy to explain, and wrong in many runs. With
        `policy=warn` what would fail is a warning, and the test goes on.

        ```robotframework
        Get Many Pokemon    1-30
        Latency Should Not Have Regressed    pokemon
        Latency Should Not Have Regressed    pokemon    mode=threshold    tolerance=30 %
        ```
        """
        from observatory.latency.sentences import sentence
        from observatory.latency.threshold import judge_by_threshold
        from robot_latency import latency_now, show

        with plainly():
            share = share_of(tolerance)
            now = latency_now(endpoint)
            said = now.said
            if mode == "threshold":
                said = said._replace(judgement=judge_by_threshold(now.times, said.baseline, share))
            told = sentence(endpoint, said, now.times.percentiles)
            show(endpoint, now, told)
            if said.judgement.verdict.value == "regressed":
                if policy == "fail":
                    raise AssertionError(f"The latency has regressed: {told}")
                logger.warn(f"The latency has regressed: {told}")

    @keyword
    def latency_should_be_below(
        self, endpoint: str, percentile: Literal["p50", "p95", "p99"], limit: timedelta
    ) -> None:
        """Fail when a percentile of this run's requests to an endpoint is not below a limit.

        What counts are answers with status 200 of all tests of the run so far; the first request of a process does
        not, and neither does any time of waiting.

        ```robotframework
        Get Many Pokemon    1-30
        Latency Should Be Below    pokemon    p95    500 ms
        ```
        """
        from observatory.latency.sentences import milliseconds
        from robot_latency import times_now

        with plainly():
            times = times_now(endpoint)
            seen = getattr(times.percentiles, percentile)
            told = (
                f"{percentile.upper()} of {count(len(times.requests), 'request')} to {endpoint} is {milliseconds(seen)}"
            )
            if seen >= limit.total_seconds():
                raise AssertionError(f"{told}, and should be below {milliseconds(limit.total_seconds())}.")
            logger.info(f"{told}.")

    @keyword
    def get_latency_baseline(self, endpoint: str) -> Baseline | None:
        """Get how fast an endpoint usually is, as it is known before this run; None while too few runs are known.

        The run must have asked for the endpoint before, for its sentence in log.html says how fast that was.

        It has `percentiles` (`p50`, `p95`, `p99` in seconds), the `samples` and `runs` they are of, `valid_from`, and
        the `number` of its version.

        ```robotframework
        ${baseline} =    Get Latency Baseline    pokemon
        IF    $baseline    Log    Half of all requests take less than ${baseline.percentiles.p50} s
        ```
        """
        from observatory.latency.sentences import sentence
        from robot_latency import latency_now

        with plainly():
            now = latency_now(endpoint)
            logger.info(sentence(endpoint, now.said, now.times.percentiles))
            return now.said.baseline

    @keyword
    def accept_new_latency_baseline(
        self, endpoint: str, reason: str, by: str = "", anyway: bool = False
    ) -> Baseline | None:
        """Take how fast an endpoint is now for usual, from the run on in which it changed; the history keeps why.

        It keeps too who said so: `by`, or the name that you are logged in with. Where no change is proved it does
        nothing, so that it may stay in a suite; with `anyway=True` it begins anew from this run.

        ```robotframework
        Get Many Pokemon    1-30
        Accept New Latency Baseline    pokemon    reason=moves are sent too since release 42
        ```
        """
        from observatory.history.latency_series import Acceptance

        with plainly():
            if not reason.strip():
                raise AssertionError("Say why the latency is accepted: reason=… is empty.")
            session = ROBOT_SESSION.main
            acceptance = Acceptance(by or login(), ROBOT_SESSION.masked(reason), anyway)
            baseline = session.memory.history.latency.accept(session.run.id, endpoint, acceptance)
            if baseline is None:
                logger.info(f"No change of the latency of {endpoint} is proved, so there is nothing to accept.")
            else:
                logger.info(f"Version {baseline.number} of the baseline of {endpoint} holds from now on.")
            return baseline


def _data_changes(exchange: Exchange, ignoring: str) -> list[DataChange]:
    """What changed since before this run, shown in log.html."""
    from observatory.comparison import compare
    from observatory.data_drift import Ignoring
    from observatory.logs.drift_html import data_changes_table

    run, history = ROBOT_SESSION.run_of(exchange), ROBOT_SESSION.main.memory.history
    comparison = compare(history, run, exchange, Ignoring.of(ignoring), whole=True)
    if comparison is None:
        return []
    changes = list(comparison.data)
    table = data_changes_table(
        comparison.subject, changes, comparison.before, back_at=comparison.state_of, mask=ROBOT_SESSION.masked
    )
    logger.info(table, html=True)
    return changes


def _states(exchange: Exchange) -> list[State]:
    history = ROBOT_SESSION.main.memory.history
    return history.states(ROBOT_SESSION.target_of(exchange), exchange.endpoint, stored_resource(exchange))
