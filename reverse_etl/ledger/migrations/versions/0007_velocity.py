"""When the first request for a delivery went out, and an index of what was delivered lately."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("requested_at", sa.BigInteger()))
    op.create_index("deliveries_by_delivery", "deliveries", ["delivered_at"])
