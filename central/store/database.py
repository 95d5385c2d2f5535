"""Opens the database, SQLite or PostgreSQL by URL, and hands out transactions that mean the same on both."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

LOCK_SECONDS = 5.0
_STATEMENT_SECONDS = 30


class DatabaseError(Exception):
    """The database URL is not one that central can work with."""


class Database:
    """One database. On SQLite every write takes the write lock at its start, so that no transaction fails half-way.

    Who has to wait longer than ``lock_seconds`` for another's lock gets an ``OperationalError``.
    """

    def __init__(self, url: str, lock_seconds: float = LOCK_SECONDS) -> None:
        self.url = _parsed(url)
        made = _sqlite if self.url.get_backend_name() == "sqlite" else _postgresql
        self.engine = made(self.url, lock_seconds)
        self._writer = self.engine.execution_options(write=True)

    @property
    def file(self) -> Path | None:
        """The SQLite file, None on PostgreSQL."""
        return Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None

    @contextmanager
    def reading(self) -> Generator[Session]:
        """Open a transaction that only reads."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Generator[Session]:
        """Open a transaction that commits when the block ends, and rolls back when it raises."""
        with Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def migrating(self) -> Generator[Connection]:
        """Open a connection in a write transaction, for the migrations."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseError("not a database URL (sqlite:///FILE or postgresql+psycopg://...)") from error
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        raise DatabaseError(f"{parsed.drivername} is not supported (sqlite:///FILE or postgresql+psycopg://...)")
    if not parsed.database or parsed.database == ":memory:":
        raise DatabaseError("SQLite needs a file (sqlite:///FILE)")
    if not Path(parsed.database).absolute().parent.is_dir():
        raise DatabaseError(f"there is no folder {Path(parsed.database).absolute().parent}")
    return parsed


def _sqlite(url: URL, lock_seconds: float) -> Engine:
    engine = create_engine(url, connect_args={"timeout": lock_seconds}, hide_parameters=True)

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: ``begun`` below does
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    def begun(connection: Connection) -> None:
        write = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _postgresql(url: URL, lock_seconds: float) -> Engine:
    options = f"-c lock_timeout={round(lock_seconds * 1000)}ms -c statement_timeout={_STATEMENT_SECONDS}s"
    return create_engine(
        url,
        hide_parameters=True,  # what is stored has no place in error messages and logs
        connect_args={"connect_timeout": round(LOCK_SECONDS), "options": options},
        pool_size=10,
        max_overflow=30,
        pool_timeout=LOCK_SECONDS,
        pool_pre_ping=True,
    )
