"""What changed, told to the people of a run: in log.html where it shows, on the console once, by policy a failure.

Stands below `robot_session`, and asks the engine's session for everything.
"""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.errors import HistoryError, SettingsError
from observatory.exchange import Exchange
from observatory.history import is_good_answer
from observatory.session import Session
from observatory.words import count, listed

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.history.known_changes import KnownChange

_POLICY = "SCHEMA_POLICY"
_DEFAULT = "default"
_MOST_TOLD = 5  # changes that get a line of their own on the console
_MOST_SUMMED = 10  # changes of each kind that the summary of a run names


class Policy(StrEnum):
    """What a test does when a resource it asks for shows a change of the schema that nobody accepted."""

    WARN = "warn"
    FAIL = "fail"
    FAIL_ON_BREAKING = "fail on breaking"


class DriftReports:
    """Changes of schemas on their way from the history's thread to Robot's, the only one that can write to its log."""

    def __init__(self) -> None:
        """Nothing was found yet."""
        self._found: queue.SimpleQueue[Sequence[KnownChange]] = queue.SimpleQueue()

    def put(self, changes: Sequence[KnownChange]) -> None:
        """Take changes from any thread."""
        self._found.put(changes)

    def pass_on(self, session: Session) -> None:
        """Warn of what was found, a line for each change, and put a table of it into log.html."""
        found: list[KnownChange] = []
        while not self._found.empty():
            found += self._found.get()
        if not found:
            return
        from observatory.logs.drift_html import schema_changes_table

        found = _as_they_are_now(session, found)
        if not found:  # what was found was part of something else, and is told with that
            return
        mask = session.memory.masker.mask_text
        for known in found[:_MOST_TOLD]:
            logger.warn(mask(f"Schema change {known.id}: {_told(known)}."))
        if any(known.is_unannounced for known in found):
            logger.warn("The API changed, and says that it is at the same revision as before.")
        if len(found) > _MOST_TOLD:
            logger.warn(f"… and {count(len(found) - _MOST_TOLD, 'more schema change')}: observatory drift list")
        logger.info(schema_changes_table(found, mask), html=True)


def tell_change(session: Session, exchange: Exchange) -> None:
    """Show in log.html what an answer changed, if it is not what its resource was before."""
    comparison = _compared(session, exchange)
    if comparison is None:
        return
    from observatory.logs.drift_html import data_changes_table, schema_changes_table

    mask = session.memory.masker.mask_text
    if comparison.schema:
        logger.info(schema_changes_table(comparison.schema, mask), html=True)
    table = data_changes_table(
        comparison.subject, comparison.data, comparison.before, back_at=comparison.state_of, mask=mask
    )
    logger.info(table, html=True)


def tell_changes(session: Session, exchanges: Sequence[Exchange]) -> None:
    """Show in log.html what many answers changed, a sentence for each place."""
    found = [comparison for exchange in exchanges if (comparison := _compared(session, exchange)) is not None]
    if not found:
        return
    from observatory.data_drift import grouped, merged
    from observatory.logs.drift_html import data_groups_list

    groups: list[Any] = []
    asked: dict[str, int] = {}
    back: dict[str, dict[str, Any]] = {}
    for exchange in exchanges:
        asked[exchange.endpoint] = asked.get(exchange.endpoint, 0) + 1
    for each in found:
        groups = merged(groups, grouped(each.endpoint, {each.resource: each.data}))
        if each.state_of is not None:
            back.setdefault(each.endpoint, {})[each.resource] = each.state_of
    logger.info(data_groups_list(groups, asked, back, session.memory.masker.mask_text), html=True)


def summary(session: Session) -> str:
    """What changed in this run so far, a line each in Robot's own formatting; empty when nothing did."""
    from observatory.data_drift import sentence

    drift = session.memory.history.drift
    changes = drift.changes(session.target.name, run_id=session.run.id)
    data = drift.data(session.run.id)
    lines = [f"*{count(len(changes), 'schema change')}*"] if changes else []
    lines += [f"- {_told(known)}" for known in changes[:_MOST_SUMMED]]
    lines += [f"*Data changed in {count(len(data.groups), 'place')}*"] if data.groups else []
    lines += [f"- {sentence(group, data.seen.get(group.endpoint, 0))}" for group in data.groups[:_MOST_SUMMED]]
    for endpoint, back in data.rolled_back.items():
        first = min(back.values())
        lines.append(f"- {listed([f'{endpoint}/{name}' for name in back], 5)} back at a state of {first:%Y-%m-%d}")
    return session.memory.masker.mask_text("\n".join(lines))


def hold_to_policy(session: Session, exchanges: Sequence[Exchange]) -> None:
    """Fail when the resource of an answer shows an open change that its endpoint's policy does not let pass.

    A history that is away knows of no change, and tests go on.

    Raises:
        AssertionError: it does; the message names the changes and says how to accept them.
        SettingsError: the policy is none of the three.
    """
    policies = {endpoint: policy_for(endpoint) for endpoint in {exchange.endpoint for exchange in exchanges}}
    held = [
        exchange
        for exchange in exchanges
        if policies[exchange.endpoint] is not Policy.WARN and is_good_answer(exchange)
    ]
    if not held:
        return
    from observatory.comparison import place_of

    places = [place_of(exchange) for exchange in held]
    try:
        waiting = session.memory.history.drift.waiting(session.target.name, places)
    except HistoryError as error:
        logger.info(f"Whether the schema changed cannot be told: {session.memory.masker.mask_text(str(error))}")
        return
    refused = [known for known in waiting if known.change.breaking or policies[known.change.endpoint] is Policy.FAIL]
    if refused:
        raise AssertionError(session.memory.masker.mask_text(refusal(refused)))


def policy_for(endpoint: str) -> Policy:
    """The policy of an endpoint, as `variables/drift.py` or `--variable SCHEMA_POLICY:fail` sets it.

    Raises:
        SettingsError: it is none of the three.
    """
    given = BuiltIn().get_variable_value(f"${{{_POLICY}}}", Policy.WARN.value)
    value = given.get(endpoint, given.get(_DEFAULT, Policy.WARN.value)) if isinstance(given, Mapping) else given
    try:
        return Policy(" ".join(str(value).lower().split()))
    except ValueError as error:
        raise SettingsError(
            f"{_POLICY} of {endpoint} is '{value}'. It can be {', '.join(Policy)}; see variables/drift.py."
        ) from error


def refusal(changes: Sequence[KnownChange]) -> str:
    """Why changes are not let pass, and what to do about it."""
    told = "; ".join(_told(known) for known in changes[:_MOST_TOLD])
    more = f"; and {len(changes) - _MOST_TOLD} more" if len(changes) > _MOST_TOLD else ""
    ids = " ".join(str(known.id) for known in changes)
    return (
        f"{count(len(changes), 'schema change')} that nobody accepted: {told}{more}. "
        f"If it is meant to be so, accept it: observatory drift accept {ids} --reason '…'"
    )


def _compared(session: Session, exchange: Exchange) -> Comparison | None:
    try:
        return session.compared(exchange)
    except HistoryError as error:
        logger.info(f"What changed cannot be told: {session.memory.masker.mask_text(str(error))}")
        return None


def _as_they_are_now(session: Session, found: Sequence[KnownChange]) -> list[KnownChange]:
    """The changes with all resources that show them by now, the first ones first."""
    try:
        now = session.memory.history.drift.with_ids([known.id for known in found])
    except HistoryError:
        now = list(found)
    return sorted(now, key=lambda known: known.id)


def _told(known: KnownChange) -> str:
    from observatory.drift_words import in_ranges

    change = known.change
    breaking = "breaking, " if change.breaking else ""
    return f"{change.sentence()} ({breaking}in {listed(in_ranges(change.resources), _MOST_TOLD)})"
