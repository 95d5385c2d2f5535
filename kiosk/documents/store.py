"""The file that prints of documents and the ledger of counted paper share, so that a print and its sheet are one write."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

DATABASE = "documents.db"
"""The file's name in the storage directory."""
_VERSION = 1
_BUSY_SECONDS = 5.0
_SCHEMA = """
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


class DocumentStoreError(Exception):
    """The file cannot be read or written, or is another version's; nothing was done."""


class DocumentStore:
    """One SQLite file in WAL mode with synchronous=FULL. The terminal and a person's command may have it open at once."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, or make it. Raises ``DocumentStoreError``."""
        self.clock = clock
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            path.chmod(0o600)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        except (sqlite3.Error, OSError) as error:
            raise DocumentStoreError(str(error)) from error
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";\nCREATE"):
                    text = statement.strip()
                    connection.execute(text if text.startswith("CREATE") else f"CREATE {text}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise DocumentStoreError(f"written by another version of this program ({version})")

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
