"""The schema: upgrades from nothing, also by two at once; the migrations make exactly the tables of the code."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from central.platform import open_platform
from central.store.database import Database, DatabaseError
from central.store.migrate import MIGRATIONS, migrate
from central.store.migrations import HEAD
from central.store.sealing import KeyFileError
from central.store.tables import Table


def test_the_migrations_make_the_tables_of_the_code(empty_url: str) -> None:
    database = Database(empty_url)
    migrate(database)
    with database.migrating() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    migrate(database)
    database.close()


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_several_upgrades_at_once_make_one_schema(empty_url: str) -> None:
    together = threading.Barrier(4)

    def upgrade(_: int) -> None:
        database = Database(empty_url)
        together.wait(20)
        migrate(database)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4), timeout=60))
    database = Database(empty_url)
    with database.reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [HEAD]
    database.close()


def test_sqlite_is_set_up_to_lose_nothing(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    migrate(database)
    with database.reading() as session:
        asked = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
        asked["foreign_keys"] = session.execute(text("PRAGMA foreign_keys")).scalar()
    database.close()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_key_of_another_database_is_refused(database_url: str, folders: dict[str, Path]) -> None:
    open_platform(Database(database_url), **folders).database.close()
    other = folders["key_file"].with_name("other.key")
    other.write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=")
    with pytest.raises(KeyFileError, match="does not belong"):
        open_platform(Database(database_url), **(folders | {"key_file": other}))


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:////no/such/folder/central.sqlite"])
def test_a_database_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError):
        Database(url)
