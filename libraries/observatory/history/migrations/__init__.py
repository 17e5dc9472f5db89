"""The tables of the history and the way to them from any older state; Alembic is loaded only when a step is due.

One `SELECT` tells whether one is, because importing SQLAlchemy costs more than a whole `robot --version`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from observatory.errors import HistoryError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case

HEAD = "0005"
"""The newest revision in `versions/`; a test holds it against the files."""

_FOLDER = Path(__file__).parent


def bring_up_to_date(connect: Callable[[], Connection]) -> None:
    """Migrate the database that `connect` reaches to `HEAD`; safe when several processes do it at once.

    Raises:
        HistoryError: the database was made by a newer version of the observatory, or its tables cannot be made.
    """
    connection = connect()
    try:
        revision = current_revision(connection)
    finally:
        connection.close()
    if revision == HEAD:
        return
    if revision is not None and not list((_FOLDER / "versions").glob(f"{revision}_*.py")):
        raise HistoryError(
            f"The history is at revision {revision}, made by a newer version of the observatory; this one knows "
            f"revisions up to {HEAD}. Update the observatory, or name another database in DATABASE_URL."
        )
    _migrate(connect)


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None for one that has no history yet."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('alembic_version')")
        if cursor.fetchone() == (None,):
            return None
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
        return None if row is None else str(row[0])


def _migrate(connect: Callable[[], Connection]) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import StaticPool

    engine = create_engine("postgresql+psycopg2://", creator=connect, poolclass=StaticPool)
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, HEAD)
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise HistoryError(f"The tables of the history cannot be made: {reason}.") from error
    finally:
        engine.dispose()
