"""How Alembic runs our migrations: one transaction, behind a lock, on the connection it is given."""

from alembic import context
from sqlalchemy import Engine, text

_LOCK = 7_304_151  # any number that nothing else in the database locks

engine: Engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        # The second process waits here, and then finds that there is nothing left to do.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        context.run_migrations()
