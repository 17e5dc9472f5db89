"""Those who want to know, beside log.html, what the keywords of this process asked and what it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from observatory.comparison import Comparison
    from observatory.exchange import Exchange
    from observatory.history.known_changes import KnownChange
    from observatory.session import Session


class Watcher(Protocol):
    """Is told in Robot's own thread, between two steps of a test, and does not take long."""

    def saw(self, session: Session, exchanges: Sequence[Exchange]) -> None:
        """The session of the run, and what has just been asked of any target."""

    def compared(self, session: Session, comparison: Comparison) -> None:
        """An answer was not what its resource was before."""

    def schema_changed(self, session: Session, changes: Sequence[KnownChange]) -> None:
        """Changes of schemas that nobody knew of before."""


WATCHERS: list[Watcher] = []
"""Who is told; nobody, unless the run is published."""
