"""An API as a history with a real database is told of it, run by run, and what is known of it then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from observatory.data_drift import DataChangeGroup
from observatory.history import RunEntry
from observatory.history.database import Database
from observatory.history.drift_queries import RunDataChanges, data_changes, known_changes
from observatory.history.entries import Entry, ResponseEntry
from observatory.history.known_changes import KnownChange
from observatory.history.store import Stored, store
from tests.examples import as_bytes
from tests.history_values import NOW, a_response, a_run, rows

Bodies = Mapping[str, Any]
"""Bodies by the resource they belong to; bytes stand for themselves."""


class RememberedApi:
    """One target of a history; each run is a day later than the one before."""

    def __init__(self, database: Database, target: str = "api") -> None:
        """Nothing was asked yet."""
        self.database = database
        self.target = target
        self.today = NOW

    def begin(self, **values: Any) -> RunEntry:
        """Begin a run on the next day."""
        self.today += timedelta(days=1)
        run = a_run(self.target, **{"started_at": self.today, **values})
        self.tell([run])
        return run

    def run(self, bodies: Bodies, endpoint: str = "pokemon", **values: Any) -> RunEntry:
        """Ask for some resources of an endpoint in a run of its own, a batch for all."""
        run = self.begin(**values)
        self.tell(seen(run, bodies, endpoint))
        return run

    def tell(self, entries: Sequence[Entry]) -> Stored:
        """Store a batch."""
        with self.database.transaction() as connection:
            return store(connection, entries)

    def changes(self, **conditions: Any) -> list[KnownChange]:
        """The changes of schemas that are known, in the order of endpoint, part, path and kind."""
        with self.database.transaction() as connection:
            found = known_changes(connection, target=self.target, **conditions)
        return sorted(found, key=lambda known: (known.change.subject, known.change.path, known.change.kind))

    def told(self, **conditions: Any) -> list[str]:
        """The changes, a sentence for each."""
        return [known.change.sentence() for known in self.changes(**conditions)]

    def versions(self, endpoint: str = "pokemon", part: str = "") -> list[tuple[Any, ...]]:
        """Number, run and model of each version of a schema."""
        return rows(
            self.database,
            "SELECT number, run_id, model::text FROM schema_versions JOIN targets ON targets.id = target_id "
            "WHERE name = %s AND endpoint = %s AND part = %s ORDER BY number",
            self.target,
            endpoint,
            part,
        )

    def rows(self, columns: str, table: str) -> list[tuple[Any, ...]]:
        """Some columns of all rows about the target, in any order."""
        columns_of = f"SELECT {columns} FROM {table}"  # noqa: S608 -- the names are those that tests write
        statement = f"{columns_of} JOIN targets ON targets.id = target_id WHERE name = %s"
        return rows(self.database, statement, self.target)

    def data(self, run: RunEntry) -> RunDataChanges:
        """What changed in the data of a run."""
        with self.database.transaction() as connection:
            return data_changes(connection, run.id)

    def groups(self, run: RunEntry) -> dict[str, DataChangeGroup]:
        """The data changes of a run by path."""
        return {group.path: group for group in self.data(run).groups}


def seen(run: RunEntry, bodies: Bodies, endpoint: str = "pokemon", at: datetime | None = None) -> list[ResponseEntry]:
    """What a run tells of answers that it had, in their order, a second after each other."""
    start = at or run.started_at
    return [
        a_response(
            run,
            body if isinstance(body, bytes) else as_bytes(body),
            endpoint=endpoint,
            resource=resource,
            seen_at=start + timedelta(seconds=number),
        )
        for number, (resource, body) in enumerate(bodies.items())
    ]


def pokemon(number: int, **values: Any) -> dict[str, Any]:
    """A small body, of a shape that all have in common."""
    base = {"id": number, "name": f"p-{number}", "height": number, "cry": f"cry {number}", "types": [{"slot": 1}]}
    return {**base, **values}


def all_pokemon(count: int = 12, **values: Any) -> dict[str, Any]:
    """Bodies of the first so many resources."""
    return {str(number): pokemon(number, **values) for number in range(1, count + 1)}


def without(body: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """A body that lacks some keys."""
    return {key: value for key, value in body.items() if key not in keys}
