"""Brings the database to the present schema at start, also when two processes start at once on an empty one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from central.store.database import Database
from central.store.migrations import HEAD

MIGRATIONS = Path(__file__).with_name("migrations")
_WAIT_SECONDS = 30.0
_ADVISORY_LOCK = 0x6B696F736B  # any number that only our migrations use


def migrate(database: Database) -> None:
    """Upgrade to ``HEAD`` in one transaction. Raises ``TimeoutError`` when another process holds the lock for 30 s."""
    file = database.file
    if file is None:
        _upgrade(database)
        return
    with _file_lock(file.with_name(file.name + ".lock")):
        connection = database.engine.raw_connection()  # the mode cannot change inside a transaction
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        _upgrade(database)


def _upgrade(database: Database) -> None:
    with database.migrating() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(_WAIT_SECONDS)}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        if _version(connection) == HEAD:
            return
        from alembic import command  # slow to import, and rarely needed
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


@contextmanager
def _file_lock(path: Path) -> Generator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"another process holds {path}") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)
