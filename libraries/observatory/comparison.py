"""An answer against what its resource was before this run: what changed in its schema, and what in its data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from observatory.data_drift import DataChange, Ignoring, differences
from observatory.exchange import Exchange
from observatory.history import History, RunEntry, stored_resource
from observatory.history.drift_queries import Place
from observatory.history.known_changes import KnownChange
from observatory.json_values import parsed_pair
from observatory.logs.concealing import as_kept, concealed
from observatory.parts import part_of
from observatory.schema_drift import prune


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an answer changed.

    `schema` has the changes of this run that the resource shows, `data` the differences that these do not tell of.
    `before` is when the resource was last seen as it was before; `state_of` when it was first seen as it is now, if
    that was earlier: then the API went back to that state.
    """

    endpoint: str
    resource: str
    schema: tuple[KnownChange, ...]
    data: tuple[DataChange, ...]
    before: datetime | None
    state_of: datetime | None

    @property
    def subject(self) -> str:
        """The resource, as a person says it."""
        return f"{self.endpoint}/{self.resource}" if self.resource else self.endpoint


def place_of(exchange: Exchange) -> Place:
    """The resource that was asked for, as the history knows it."""
    resource = stored_resource(exchange)
    return Place(exchange.endpoint, part_of(exchange.endpoint, resource), resource)


def compare(
    history: History, run: RunEntry, exchange: Exchange, ignoring: Ignoring | None = None, *, whole: bool = False
) -> Comparison | None:
    """Hold an answer against what its resource was before this run; None when it is as it was, or was not seen before.

    With `whole`, the differences of data are all that there are, what the schema tells of included.

    Raises:
        HistoryError: the database cannot be reached.
    """
    exchange = as_kept(exchange)
    place = place_of(exchange)
    before = history.drift.body_before(run.id, place, exchange.content_hash)
    if before is None:
        return None
    schema = [
        known
        for known in history.drift.changes(run.target, exchange.endpoint, run_id=run.id)
        if known.change.part == place.part and place.resource in known.change.resources
    ]
    old, new = parsed_pair(before, exchange.body)
    told = [] if whole else [known.change for known in schema]
    prune(told, old, new)
    data = differences(old, new, ignoring=ignoring) if ignoring else differences(old, new)
    states = history.states(run.target, exchange.endpoint, place.resource)
    now = next((state for state in states if state.body_hash == exchange.content_hash), None)
    had = hashlib.sha256(before).digest()
    earlier = next((state for state in states if state.body_hash == had), None)
    is_back = now is not None and earlier is not None and now.first_seen_at < earlier.first_seen_at
    return Comparison(
        exchange.endpoint,
        place.resource,
        tuple(schema),
        tuple(concealed(each) for each in data if not any(change.tells(each.normalised) for change in told)),
        before=earlier.last_seen_at if earlier is not None else None,
        state_of=now.first_seen_at if now is not None and is_back else None,
    )
