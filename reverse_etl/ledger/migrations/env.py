"""Run by Alembic, on the connection that `upgrade` hands over."""

from alembic import context

from reverse_etl.ledger.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
