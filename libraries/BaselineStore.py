"""Keywords that look at the history: what was seen of a resource, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import checked, exchange_behind
from observatory.exchange import Exchange
from observatory.history import State, stored_resource
from observatory.logs.exchange_html import states_table
from robot_session import LISTENER, ROBOT_SESSION, plainly


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class BaselineStore:
    """Look at what the history remembers of a resource.

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


def _states(exchange: Exchange) -> list[State]:
    history = ROBOT_SESSION.main.memory.history
    return history.states(ROBOT_SESSION.target_of(exchange), exchange.endpoint, stored_resource(exchange))
