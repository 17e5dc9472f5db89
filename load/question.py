"""What is asked for, and who can be told to ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from load.resources import Resources


class Question(NamedTuple):
    """A resource of an endpoint by its id or name; without one, a page of the endpoint's list from `offset` on."""

    endpoint: str
    resource: str = ""
    offset: int = 0

    @property
    def path(self) -> str:
        """Where it is, below the API's root."""
        if self.resource:
            return f"/{self.endpoint}/{self.resource}/"
        return f"/{self.endpoint}/?limit=20&offset={self.offset}"

    @property
    def name(self) -> str:
        """What it is counted as: lists apart from resources, which take other times."""
        return self.endpoint if self.resource else f"{self.endpoint} list"


class Asking(Protocol):
    """A user, as its tasks see it."""

    @property
    def resources(self) -> Resources:
        """What there is to ask for."""

    def ask(self, question: Question, due: float | None = None) -> bytes:
        """Ask, check the answer, count it, and give its body; `due` is when it should have been asked."""

    def pause(self) -> None:
        """Wait as long as this user does between two questions."""
