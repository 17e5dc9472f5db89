"""What the history says of drift while a run goes on: what a body changed, and which changes wait to be accepted."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg2

from observatory.errors import HistoryError
from observatory.history.lessons import UNTAUGHT
from observatory.history.queries import has_open_changes, latest_bodies

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

    from observatory.history.database import Database
    from observatory.history.drift_queries import Place, RunDataChanges
    from observatory.history.known_changes import ChangeState, KnownChange


class Drift:
    """Asks the history about changes; one for a process.

    `settle` waits until everything that was told is stored and judged, and raises `HistoryError` when it cannot be.
    What has to be known at every request is kept in memory: the bodies that resources had before, and the open
    changes. Thread-safe.
    """

    def __init__(self, database: Database, settle: Callable[[], None]) -> None:
        """Know nothing yet."""
        self._database = database
        self._settle = settle
        self._latest: dict[tuple[str, str, str], bytes] = {}
        self._targets: set[str] | None = None  # those that were seen before; None until the database was reached
        self._open: list[KnownChange] | None = None
        self._lock = threading.Lock()

    def connected(self, database: Database, targets: Collection[str]) -> None:
        """Learn what has to be known at every request, when the database is reached."""
        with database.transaction() as connection:
            latest = latest_bodies(connection, targets)
        with self._lock:
            self._latest = {**latest, **self._latest}
            self._targets = (self._targets or set()) | {target for target, _, _ in latest}

    @property
    def is_ready(self) -> bool:
        """Whether the database was reached, so that what is news can be told from what is not."""
        return self._targets is not None

    def is_news(self, target: str, endpoint: str, resource: str, body_hash: bytes) -> bool:
        """Whether a body may show a change: the target was seen before this run, but not with this body there.

        Until the database was reached, any body may.
        """
        is_seen = self._targets is None or target in self._targets
        is_known = self._latest.get((target, endpoint, resource)) == body_hash
        return is_seen and target not in UNTAUGHT and not is_known

    def is_changed(self, target: str, endpoint: str, resource: str, body_hash: bytes) -> bool:
        """Whether a resource was seen with another body when it was last seen."""
        return self._latest.get((target, endpoint, resource), body_hash) != body_hash and target not in UNTAUGHT

    def noticed(self, target: str, endpoint: str, resource: str, body_hash: bytes) -> None:
        """Count a body as known from now on: what it shows was told."""
        with self._lock:
            self._latest[target, endpoint, resource] = body_hash
            self._open = None

    def refresh(self) -> None:
        """Ask anew which changes are open, after everything that was told is judged.

        Raises:
            HistoryError: the database cannot be reached.
        """
        with self._asking("The changes of schemas could not be read") as connection:
            waiting = _open_changes(connection)
        with self._lock:
            self._open = waiting

    def has_open(self) -> bool:
        """Whether any change waits for a person.

        Raises:
            HistoryError: the database cannot be reached.
        """
        if self._open is None:
            self.refresh()
        return bool(self._open)

    def endpoints(self, target: str) -> list[str]:
        """The endpoints of a target whose schema is known.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import known_endpoints

        with self._asking("The known schemas could not be read") as connection:
            return known_endpoints(connection, target)

    def waiting(self, target: str, places: Collection[Place]) -> list[KnownChange]:
        """The open changes that any of these resources shows, as far as they are known.

        What a resource showed before this run is known. Whoever sees news refreshes first.

        Raises:
            HistoryError: the database cannot be reached.
        """
        if self._open is None:
            self.refresh()
        asked = set(places)
        return [
            known
            for known in self._open or ()
            if known.target == target
            and any((known.change.endpoint, known.change.part, name) in asked for name in known.change.resources)
        ]

    def settle(self) -> None:
        """Wait until everything that was told is stored and judged.

        Raises:
            HistoryError: the database cannot be reached, or is slow.
        """
        self._settle()

    def changes(
        self,
        target: str,
        endpoint: str | None = None,
        *,
        since: datetime | None = None,
        states: Collection[ChangeState] = (),
        run_id: uuid.UUID | None = None,
    ) -> list[KnownChange]:
        """The known changes of schemas of a target, the newest first.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import known_changes

        with self._asking("The changes of schemas could not be read") as connection:
            return known_changes(
                connection, target=target, endpoint=endpoint, since=since, states=states, run_id=run_id
            )

    def with_ids(self, ids: Collection[int]) -> list[KnownChange]:
        """Some changes as they are now.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import known_changes

        with self._asking("The changes of schemas could not be read") as connection:
            return known_changes(connection, ids=ids)

    def accept(self, ids: Collection[int], by: str, reason: str, at: datetime) -> list[KnownChange]:
        """Accept open changes in the name of a person; gives those that were open.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import accept_changes

        with self._asking("The changes of schemas could not be accepted") as connection:
            accepted = accept_changes(connection, ids, by, reason, at)
        with self._lock:
            self._open = None
        return accepted

    def body_before(self, run_id: uuid.UUID, place: Place, body_hash: bytes) -> bytes | None:
        """The body that a resource had before this run; None when it had this one, or was not seen.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import body_before

        with self._asking(f"The history of {place.endpoint}/{place.resource} could not be read") as connection:
            return body_before(connection, run_id, place, body_hash)

    def data(self, run_id: uuid.UUID) -> RunDataChanges:
        """What changed in the data that a run saw.

        Raises:
            HistoryError: the database cannot be reached.
        """
        from observatory.history.drift_queries import data_changes

        with self._asking("The changes of data could not be read") as connection:
            return data_changes(connection, run_id)

    @contextmanager
    def _asking(self, failing: str) -> Iterator[Connection]:
        self._settle()
        try:
            with self._database.transaction() as connection:
                yield connection
        except psycopg2.Error as error:
            raise HistoryError(f"{failing}: {error}".strip()) from error


def _open_changes(connection: Connection) -> list[KnownChange]:
    if not has_open_changes(connection):
        return []
    from observatory.history.drift_queries import known_changes
    from observatory.history.known_changes import ChangeState

    return known_changes(connection, states=[ChangeState.OPEN])
