"""The records of terminals' self-tests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of self-tests."""
    op.create_table(
        "self_tests",
        sa.Column("terminal_id", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=4), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["terminals.terminal_id"], name=op.f("fk_self_tests_terminal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("terminal_id", "record_id", name=op.f("pk_self_tests")),
    )
