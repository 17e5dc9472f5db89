"""Keywords that ask whether the API's schema changed, and accept what is meant to be so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assertionengine import AssertionOperator
from robot.api import logger
from robot.api.deco import keyword, library

from keyword_values import compared, login
from observatory.errors import ObservatoryError
from observatory.words import count, listed
from robot_listener import LISTENER
from robot_session import ROBOT_SESSION, plainly
from schema_policy import refusal

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange


@library(scope="GLOBAL", auto_keywords=False, listener=LISTENER, doc_format="MARKDOWN")
class SchemaTracker:
    """Ask whether the API's schema changed: which fields came, went, or became something else.

    Every request teaches the tracker, without a keyword in the test: which fields an endpoint's answers have, of which
    types, and which may be null. What changes is told in log.html where it shows, once in a run as a warning, and in
    the history as an *open* change. It stays open until a person accepts it, with `Accept Schema Change` or on the
    command line with `observatory drift accept`, or until the API takes it back.

    | Change | Breaking |
    |---|---|
    | field added | no |
    | field removed, or missing where it always was | yes |
    | type changed | yes |
    | became nullable | yes |
    | no longer nullable | no |
    | values widened: a new word in an enumeration | no |
    | renamed: one field gone, one new, of the same shape | yes |

    What a test does at a resource that shows an open change is the endpoint's *policy*: `warn`, `fail` or
    `fail on breaking`. `variables/drift.py` sets it.

    A list that fills, an optional field that appears, another order: that is data, and no change of the schema.
    """

    @keyword
    def schema_should_not_have_changed(self, endpoint: str, since: str | None = None) -> None:
        """Fail when an endpoint's schema has changes that nobody accepted.

        `since` leaves older ones out: a time span such as `7 days`, or a date. What this run has seen so far counts.

        ```robotframework
        Get Pokemon    1
        Schema Should Not Have Changed    pokemon
        Schema Should Not Have Changed    pokemon    since=7 days
        ```
        """
        with plainly():
            _refuse(_changes(endpoint, since, "open"))

    @keyword
    def schema_changes_should_be_non_breaking(self, endpoint: str, since: str | None = None) -> None:
        """Fail when an endpoint's schema has breaking changes that nobody accepted.

        Breaking is what a program that uses the API may fail at: a removed or renamed field, another type, a null
        where there was none. `since` leaves older changes out, as in `Schema Should Not Have Changed`.

        ```robotframework
        Get Type    fire
        Schema Changes Should Be Non Breaking    type
        ```
        """
        with plainly():
            _refuse([known for known in _changes(endpoint, since, "open") if known.change.breaking])

    @keyword
    def get_schema_changes(
        self,
        endpoint: str,
        operator: AssertionOperator | None = None,
        expected: Any = None,
        since: str | None = None,
        state: str = "open",
    ) -> list[Any]:
        """Get the changes of an endpoint's schema, the newest first, show them in log.html, and assert how many.

        `state` is `open`, `accepted`, `reverted` or `all`; `since` leaves older changes out, as in
        `Schema Should Not Have Changed`. Each has `id`, `change` (with `kind`, `path`, `before`, `after`, `breaking`,
        `resources`, `count`), `found_at`, `state`, `reason` and `closed_by`.

        ```robotframework
        ${changes} =    Get Schema Changes    pokemon    since=7 days    state=all
        Get Schema Changes    pokemon    ==    0
        ```
        """
        from observatory.logs.drift_html import schema_changes_table

        with plainly():
            changes = _changes(endpoint, since, state)
            logger.info(schema_changes_table(changes, ROBOT_SESSION.masked), html=True)
            compared(len(changes), operator, expected, f"number of {state} schema changes of {endpoint}")
            return changes

    @keyword
    def accept_schema_change(self, endpoint: str, path: str, reason: str, by: str | None = None) -> None:
        """Accept the open changes at a path of an endpoint's schema: from now on it is meant to be so.

        `path` is written as in the report, such as `moves[].version_group_details[].order`; `*` accepts all open
        changes of the endpoint. `by` is your name; without it, that of your login. Where nothing is open, nothing is
        done; a path that no change has, while others are open, fails.

        ```robotframework
        Accept Schema Change    pokemon    past_stats    reason=Announced in the API's change log.
        ```
        """
        with plainly():
            if not reason.strip():
                raise ObservatoryError("A schema change is accepted for a reason; write one after 'reason='.")
            every = _changes(endpoint, None, "all", must_be_known=False)
            chosen = [known for known in every if path in ("*", known.change.path)]
            if not chosen and path != "*" and any(known.state == "open" for known in every):
                there = listed(sorted({known.change.path for known in every}))
                raise ObservatoryError(
                    f"No schema change of {endpoint} at '{path}' is known. Changes are known at: {there}."
                )
            waiting = [known.id for known in chosen if known.state == "open"]
            by = by or login()
            drift = ROBOT_SESSION.main.memory.history.drift
            accepted = drift.accept(waiting, by, reason.strip(), datetime.now(UTC))
            logger.info(f"Accepted {count(len(accepted), 'schema change')} of {endpoint}, by {by}: {reason}")


def _changes(endpoint: str, since: str | None, state: str, *, must_be_known: bool = True) -> list[KnownChange]:
    """The changes of the target that keywords use now.

    Raises:
        HistoryError: the database cannot be reached.
        ObservatoryError: `since` or `state` cannot be read.
    """
    from observatory.history.known_changes import ChangeState
    from observatory.time_spans import time_since

    words = [*ChangeState, "all"]
    if state not in words:
        raise ObservatoryError(f"There is no state '{state}' of a schema change; there are {', '.join(words)}.")
    try:
        start = time_since(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise ObservatoryError(str(error)) from error
    session = ROBOT_SESSION.current
    known = session.memory.history.drift.endpoints(session.target.name) if must_be_known else [endpoint]
    if endpoint not in known:
        raise ObservatoryError(
            f"Nothing is known of the schema of '{endpoint}': no answer of it was ever seen. "
            f"Known are: {listed(known) or 'none'}."
        )
    states = () if state == "all" else (ChangeState(state),)
    return session.memory.history.drift.changes(session.target.name, endpoint, since=start, states=states)


def _refuse(changes: Sequence[KnownChange]) -> None:
    if not changes:
        return
    from observatory.logs.drift_html import schema_changes_table

    logger.info(schema_changes_table(changes, ROBOT_SESSION.masked), html=True)
    raise AssertionError(ROBOT_SESSION.masked(refusal(changes)))
