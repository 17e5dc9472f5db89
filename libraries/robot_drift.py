"""What changed, told to the people of a run: in log.html where it shows, and on the console once.

Stands below `robot_session`, and asks the engine's session for everything.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from robot.api import logger

from observatory.errors import HistoryError
from observatory.exchange import Exchange
from observatory.session import Session
from observatory.words import count, listed, natural
from robot_watchers import WATCHERS

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.history.known_changes import KnownChange

MOST_TOLD = 5  # changes that get a line of their own on the console
_MOST_SUMMED = 10  # changes of each kind that the summary of a run names


class DriftTeller:
    """Tells within the tests what their answers changed, and at the end of a run what changed in all.

    Changes of schemas come from the history's thread; only Robot's own can write to its log.
    """

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._found: queue.SimpleQueue[Sequence[KnownChange]] = queue.SimpleQueue()
        self._news: list[tuple[Session, Exchange]] = []
        self._is_untold = False
        self._is_summed = False
        self._is_unannounced = False
        self._shown: set[int] = set()

    def put(self, changes: Sequence[KnownChange]) -> None:
        """Take changes of schemas, from any thread."""
        self._found.put(changes)

    def saw(self, session: Session, exchange: Exchange) -> None:
        """Show at a request what its answer changed, if it can be told already; else remember that it may."""
        if session.is_news(exchange):
            self._news.append((session, exchange))
            self._showed(tell_change(session, exchange))

    def saw_many(self, session: Session, exchanges: Sequence[Exchange]) -> None:
        """The same for answers that came together."""
        news = [exchange for exchange in exchanges if session.is_news(exchange)]
        if news:
            self._news += [(session, exchange) for exchange in news]
            self._is_untold = tell_changes(session, exchanges) or self._is_untold

    def tell(self, session: Session, *, wait: bool) -> None:
        """Say what the answers of a test changed that was not said at the request.

        The first tests are over before the history can be asked. They do not wait for it, unless they are told to:
        what they saw is said in the first test that ends after it. A history that is away has said so already.
        """
        drift = session.memory.history.drift
        if not self._news or not (drift.is_ready or wait):
            return
        with suppress(HistoryError):
            if not drift.is_ready:
                drift.settle()
            news = [(asked, exchange) for asked, exchange in self._news if asked.is_news(exchange)]
            if news:
                self._is_untold = True
                drift.settle()
            for asked, exchange in news:
                if exchange.test_name != asked.test_name:
                    logger.info(f"In {exchange.test_name or 'the set-up'}, before the history could be asked:")
                self._showed(tell_change(asked, exchange))
        self._news.clear()
        self.pass_on(session)

    def pass_on(self, session: Session) -> None:
        """Warn of changes of schemas, a line for each, and put a table of them into log.html."""
        found: list[KnownChange] = []
        while not self._found.empty():
            found += self._found.get()
        if not found:
            return
        from observatory.logs.drift_html import schema_changes_table

        self._is_untold = True
        found = _as_they_are_now(session, found)
        if not found:  # what was found was part of something else, and is told with that
            return
        mask = session.memory.masker.mask_text
        for known in found[:MOST_TOLD]:
            logger.warn(mask(f"Schema change {known.id}: {told(known)}."))
        if not self._is_unannounced and any(known.is_unannounced for known in found):
            self._is_unannounced = True
            logger.warn("The API changed, and says that it is at the same revision as before.")
        if len(found) > MOST_TOLD:
            logger.warn(f"… and {count(len(found) - MOST_TOLD, 'more schema change')}: observatory drift list")
        for watcher in WATCHERS:
            watcher.schema_changed(session, found)
        if not {known.id for known in found} <= self._shown:
            logger.info(schema_changes_table(found, mask), html=True)

    def _showed(self, comparison: Comparison | None) -> None:
        if comparison is not None:
            self._is_untold = True
            self._shown |= {known.id for known in comparison.schema}

    def what_changed(self, session: Session) -> str:
        """What changed in the run so far, when more was told since this was asked, or changes wait; else nothing."""
        drift = session.memory.history.drift
        with suppress(HistoryError):
            if self._is_untold or (not self._is_summed and drift.is_ready and drift.has_open()):
                self._is_untold, self._is_summed = False, True
                return summary(session)
        return ""


def tell_change(session: Session, exchange: Exchange) -> Comparison | None:
    """Show in log.html what an answer changed, and give it; None when it is what its resource was before."""
    comparison = _compared(session, exchange)
    if comparison is None:
        return None
    from observatory.logs.drift_html import data_changes_table, schema_changes_table

    mask = session.memory.masker.mask_text
    if comparison.schema:
        logger.info(schema_changes_table(comparison.schema, mask), html=True)
    if comparison.data or comparison.state_of:
        table = data_changes_table(
            comparison.subject, comparison.data, comparison.before, back_at=comparison.state_of, mask=mask
        )
        logger.info(table, html=True)
    return comparison


def tell_changes(session: Session, exchanges: Sequence[Exchange]) -> bool:
    """Show in log.html what many answers changed, a sentence for each place; gives whether any did."""
    found = [comparison for exchange in exchanges if (comparison := _compared(session, exchange)) is not None]
    if not found:
        return False
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
    return True


def summary(session: Session) -> str:
    """What changed in this run so far, a line each in Robot's own formatting; empty when nothing did."""
    from observatory.data_drift import sentence
    from observatory.drift_words import in_ranges
    from observatory.history.known_changes import ChangeState

    drift = session.memory.history.drift
    changes = drift.changes(session.target.name, run_id=session.run.id)
    data = drift.data(session.run.id)
    older = [known for known in drift.changes(session.target.name, states=[ChangeState.OPEN]) if known not in changes]
    lines = [f"*{count(len(changes), 'schema change')}*"] if changes else []
    lines += [f"- {known.id}: {told(known)}" for known in changes[:_MOST_SUMMED]]
    if older:
        waiting = count(len(older), "schema change")
        lines.append(f"*{waiting} of earlier runs still open, see observatory drift list*")
    lines += [f"*Data changed in {count(len(data.groups), 'place')}*"] if data.groups else []
    lines += [f"- {sentence(group, data.seen.get(group.endpoint, 0))}" for group in data.groups[:_MOST_SUMMED]]
    lines += ["*Back at an earlier state*"] if data.rolled_back else []
    for endpoint, back in data.rolled_back.items():
        names = listed(in_ranges(sorted(back, key=natural)), MOST_TOLD)
        lines.append(f"- {endpoint} {names}, first seen so on {min(back.values()):%Y-%m-%d %H:%M} UTC")
    # Robot would make links and pictures of addresses, and load them when the log is opened.
    return session.memory.masker.mask_text("\n".join(lines)).replace("://", ":")


def _compared(session: Session, exchange: Exchange) -> Comparison | None:
    try:
        comparison = session.compared(exchange)
    except HistoryError as error:
        logger.info(f"What changed cannot be told: {session.memory.masker.mask_text(str(error))}")
        return None
    if comparison is not None:
        for watcher in WATCHERS:
            watcher.compared(session, comparison)
    return comparison


def _as_they_are_now(session: Session, found: Sequence[KnownChange]) -> list[KnownChange]:
    """The changes with all resources that show them by now, the first ones first."""
    try:
        now = session.memory.history.drift.with_ids([known.id for known in found])
    except HistoryError:
        now = list(found)
    return sorted(now, key=lambda known: known.id)


def told(known: KnownChange) -> str:
    """A change in one line: what happened, whether it breaks, and in which resources."""
    from observatory.drift_words import in_ranges

    change = known.change
    breaking = "breaking, " if change.breaking else ""
    names = [name or "the whole list" for name in in_ranges(change.resources)]
    return f"{change.sentence()} ({breaking}in {change.endpoint} {listed(names, MOST_TOLD)})"
