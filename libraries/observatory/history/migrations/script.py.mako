"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Take the history one step forward."""


def downgrade() -> None:
    """Take the step back."""
