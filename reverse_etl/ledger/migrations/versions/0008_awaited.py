"""Questions whose answers other rows of the same person wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "awaited",
        sa.Column("destination", sa.String(), primary_key=True),
        sa.Column("entity_key", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("awaited_by_person", "awaited", ["person_id"])
