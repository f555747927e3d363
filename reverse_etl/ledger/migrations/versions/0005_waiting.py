"""An index of the rows that wait for what they refer to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_WAITING = sa.text("state = 'pending' and code = 'REFERENCE_NOT_SYNCED'")


def upgrade() -> None:
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["destination", "state", "code"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
