"""Canaries, and what objects were before one wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "canaries",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("rolled_back_at", sa.BigInteger()),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity_key", sa.String(), nullable=False),
        sa.Column("fields", sa.Text()),
    )
    op.create_index(
        "snapshots_by_entity", "snapshots", ["destination", "action", "entity_key"], unique=True
    )
