"""The database that a command asks, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from observatory.errors import ObservatoryError

if TYPE_CHECKING:
    from observatory.history.database import Database

_Command = TypeVar("_Command", bound=Callable[..., Any])


def with_database(command: _Command) -> _Command:
    """Give a command the option `--database`."""
    return click.option(
        "--database",
        "database_url",
        help="Address of a PostgreSQL server; else DATABASE_URL, else the embedded one.",
    )(command)


@contextmanager
def database(url: str | None) -> Iterator[Database]:
    """The history's database; what goes wrong with it ends the command with one sentence."""
    from observatory.history.database import Database
    from observatory.settings import load_settings

    try:
        settings = load_settings(database_url=url)
        found = Database.at(settings.database_url, settings.home)
        try:
            yield found
        finally:
            found.close()
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
