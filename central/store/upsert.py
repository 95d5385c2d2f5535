"""The one statement that SQLAlchemy words per database: an INSERT that may say what to do on a conflict."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from central.store.tables import Table


def insert_into(session: Session, table: type[Table]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT in the words of the session's database."""
    return postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)
