"""What a test does at a resource that shows a change of the schema which nobody accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from observatory.errors import HistoryError, SettingsError
from observatory.exchange import Exchange
from observatory.history import is_good_answer
from observatory.session import Session
from observatory.words import count
from robot_drift import MOST_TOLD, told

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange

_POLICY = "SCHEMA_POLICY"
_DEFAULT = "default"


class Policy(StrEnum):
    """What a test does when a resource it asks for shows a change of the schema that nobody accepted."""

    WARN = "warn"
    FAIL = "fail"
    FAIL_ON_BREAKING = "fail on breaking"


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

    drift = session.memory.history.drift
    places = [place_of(exchange) for exchange in held]
    try:
        if not drift.is_ready or any(session.is_news(exchange) for exchange in held):
            drift.refresh()
        waiting = drift.waiting(session.target.name, places)
    except HistoryError as error:
        logger.info(f"Whether the schema changed cannot be told: {session.memory.masker.mask_text(str(error))}")
        return
    refused = [known for known in waiting if known.change.breaking or policies[known.change.endpoint] is Policy.FAIL]
    if refused:
        raise AssertionError(session.memory.masker.mask_text(refusal(refused)))


@cache
def policy_for(endpoint: str) -> Policy:
    """The policy of an endpoint, as `variables/drift.py` or `--variable SCHEMA_POLICY:fail` sets it for a suite.

    It is asked at every request, so it is kept; `policy_for.cache_clear()` at the start of a suite lets it go.

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
    sentences = "; ".join(told(known) for known in changes[:MOST_TOLD])
    more = f"; and {len(changes) - MOST_TOLD} more" if len(changes) > MOST_TOLD else ""
    ids = " ".join(str(known.id) for known in changes)
    return (
        f"{count(len(changes), 'schema change')} that nobody accepted: {sentences}{more}. "
        f"If it is meant to be so, accept it: observatory drift accept {ids} --reason '…'"
    )
