"""The file that prints of documents and the ledger of counted paper share, so that a print and its sheet are one write."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from kiosk.ownership import give_to_owner

DATABASE = "documents.db"
"""The file's name in the storage directory."""
_BUSY_SECONDS = 5.0
_FIRST = """
CREATE TABLE job (
    name TEXT PRIMARY KEY,
    phase TEXT NOT NULL CHECK (phase IN ('prepared', 'sent', 'taken', 'printed', 'not_printed', 'unknown')),
    paper TEXT NOT NULL,
    sheets INTEGER NOT NULL,
    created_at REAL NOT NULL,
    digest TEXT NOT NULL
) STRICT;
CREATE TABLE ledger (
    number INTEGER PRIMARY KEY,
    moment REAL NOT NULL,
    kind TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('load', 'take', 'spoil', 'doubt', 'correct', 'count')),
    quantity INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    chain TEXT NOT NULL
) STRICT;
CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END
"""
_WHICH_PRINTER = "ALTER TABLE job ADD COLUMN printer TEXT NOT NULL DEFAULT ''"
_DOUBTS_END = (
    "ALTER TABLE ledger RENAME TO ledger_2",
    """
CREATE TABLE ledger (
    number INTEGER PRIMARY KEY,
    moment REAL NOT NULL,
    kind TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('load', 'take', 'spoil', 'doubt', 'used', 'back', 'correct', 'count')),
    quantity INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    chain TEXT NOT NULL
) STRICT
""",
    "INSERT INTO ledger SELECT * FROM ledger_2 ORDER BY number",
    "DROP TABLE ledger_2",
    "CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END",
    "CREATE TRIGGER ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END",
)
"""Two movements more; a table's CHECK cannot be changed in place."""
_VERSIONS = (tuple(f"CREATE{statement}" for statement in _FIRST.split("CREATE")[1:]), (_WHICH_PRINTER,), _DOUBTS_END)
"""What leads to each version of the file from the one before. A version that stands in halls is never changed."""


class DocumentStoreError(Exception):
    """The file cannot be read or written, or is another version's; nothing was done."""


class DocumentStore:
    """One SQLite file in WAL mode with synchronous=FULL. The terminal and a person's command may have it open at once."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, or make it; one of an earlier version is brought to this one. Raises ``DocumentStoreError``."""
        self.clock = clock
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            path.chmod(0o600)
            give_to_owner(path.parent, path)  # its companions (-wal, -shm) get its owner from SQLite
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        except (sqlite3.Error, OSError) as error:
            raise DocumentStoreError(str(error)) from error
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > len(_VERSIONS):
                raise DocumentStoreError(f"written by a later version of this program ({version})")
            for number, statements in enumerate(_VERSIONS[version:], start=version + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Run what is inside as one write; on the disk when it returns, undone when it raises."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise DocumentStoreError(str(error)) from error
