"""Alembic runs this file: it applies the steps in the transaction that ``migrate`` hands over."""

from alembic import context
from sqlalchemy import Connection

from central.store.tables import Table

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)  # noqa: S101 - central starts migrations only through migrate()
context.configure(connection=connection, target_metadata=Table.metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
