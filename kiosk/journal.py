"""What must not be lost: everything a citizen handed in and every print, on disk before anything is said or sent."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from kiosk.journal_cipher import JournalCipher, TamperedError, load_key
from kiosk.journal_values import Entry, EntryState, EntryTampered, JournalUnavailable, Kind, PrintJob, PrintPhase

__all__ = [
    "Entry",
    "EntryState",
    "EntryTampered",
    "Journal",
    "JournalUnavailable",
    "PrintJob",
    "PrintPhase",
    "load_key",
]

_VERSION = 2
_PRINT_JOB = """
CREATE TABLE print_job (
    job_id TEXT PRIMARY KEY,
    entry_key TEXT NOT NULL,
    process_id TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('prepared', 'sent', 'printed', 'not_printed', 'unknown', 'taken', 'retracted')),
    created_at REAL NOT NULL
) STRICT;
"""
_SCHEMA = (
    """
CREATE TABLE entry (
    position INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('submission', 'rating')),
    local_no TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    created_at REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'refused')),
    settled_at REAL,
    attempts INTEGER NOT NULL,
    answer BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE key_check (sealed BLOB NOT NULL) STRICT;
"""
    + _PRINT_JOB
)
_FROM_VERSION_1 = (
    "ALTER TABLE print_job RENAME TO print_job_1",
    _PRINT_JOB,
    "INSERT INTO print_job SELECT job_id, entry_key, process_id, phase, created_at FROM print_job_1 ORDER BY rowid",
    "DROP TABLE print_job_1",
)
"""Version 1 did not know what became of a ticket; a table's CHECK cannot be changed in place."""
_COLUMNS = "key, kind, local_no, created_at, body, state, answer, attempts, depends_on"
_COUNT = (
    "INSERT INTO counter (name, last) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"
)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOCAL_NO_LENGTH = 40  # kiosk.contract.cases.Submission.local_no
_BUSY_SECONDS = 2.0
_ROOM_BYTES = 64_000_000  # a few submissions with all their photographs, twice: in the log and in the file
_BEFORE = {
    PrintPhase.SENT: (PrintPhase.PREPARED,),
    PrintPhase.PRINTED: (PrintPhase.SENT,),
    PrintPhase.NOT_PRINTED: (PrintPhase.PREPARED, PrintPhase.SENT),
    PrintPhase.UNKNOWN: (PrintPhase.SENT,),
    # From sent, too: the disk may have failed just when the print ended.
    PrintPhase.TAKEN: (PrintPhase.SENT, PrintPhase.PRINTED, PrintPhase.UNKNOWN, PrintPhase.TAKEN),
    PrintPhase.RETRACTED: (PrintPhase.SENT, PrintPhase.PRINTED, PrintPhase.UNKNOWN, PrintPhase.RETRACTED),
}


class Journal:
    """One SQLite file in WAL mode with synchronous=FULL, for one process at a time and any number of its threads.

    What a method has written is on the disk when it returns. Every method raises ``JournalUnavailable`` when the file
    cannot be read or written; a write that raised has not happened, and the journal works again once the cause is gone.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, cipher: JournalCipher, clock: Callable[[], float]
    ) -> None:
        self._path = path
        self._connection = connection
        self._cipher = cipher
        self._clock = clock
        self._lock = threading.Lock()
        # key -> depends_on, oldest first. The file is ours alone, so this stays true, and an index on disk would make
        # every add a page dearer.
        self._pending: dict[str, str] = {}

    @classmethod
    def open(cls, path: Path, key: bytes, clock: Callable[[], float] = time.time) -> Journal:
        """Open the journal at ``path``, or make it there. A damaged file is left as it is, for people to look at."""
        cipher = JournalCipher(key)
        is_new = not path.exists()
        with _translated():
            connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            if is_new:
                path.chmod(0o600)
            with _translated():
                # Two terminals on one journal would both print. The lock ends with the process, even by SIGKILL.
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA secure_delete = ON")
            journal = cls(path, connection, cipher, clock)
            journal._prepare()
            if is_new:
                _sync_folder(path.parent)
        except OSError as error:
            connection.close()
            raise JournalUnavailable("journal.io", error.strerror or "") from error
        except JournalUnavailable:
            connection.close()
            raise
        return journal

    def add(self, key: str, kind: Kind, local_no: str, body: bytes, depends_on: str = "") -> None:
        """Write down what is to be handed in. Raises ``ValueError`` when ``key`` was used before."""
        sealed = self._cipher.seal(body, "body", key, kind, local_no, depends_on)
        try:
            # One statement outside BEGIN and COMMIT is a transaction of its own, and the cheapest.
            with self._lock, _translated():
                self._connection.execute(
                    "INSERT INTO entry (key, kind, local_no, depends_on, created_at, state, attempts, answer, body)"
                    " VALUES (?, ?, ?, ?, ?, 'pending', 0, x'', ?)",
                    (key, kind, local_no, depends_on, self._clock(), sealed),
                )
                self._pending[key] = depends_on
        except sqlite3.IntegrityError as error:
            raise ValueError(f"the key {key} was used before") from error

    def settle(self, key: str, state: EntryState, answer: bytes) -> None:
        """Write down central's final answer; the first one stands. Raises ``KeyError`` for an unknown key."""
        if state is EntryState.PENDING:
            raise ValueError("pending settles nothing")
        sealed = self._cipher.seal(answer, "answer", key, state)
        with self._lock, _translated():
            changed = self._connection.execute(
                "UPDATE entry SET state = ?, answer = ?, settled_at = ? WHERE key = ? AND state = 'pending'",
                (state, sealed, self._clock(), key),
            ).rowcount
            if not changed and not self._connection.execute("SELECT 1 FROM entry WHERE key = ?", (key,)).fetchall():
                raise KeyError(key)
            self._pending.pop(key, None)

    def attempted(self, key: str) -> None:
        """Count one attempt to send."""
        self._write("UPDATE entry SET attempts = attempts + 1 WHERE key = ?", (key,))

    def pending(self) -> list[Entry]:
        """Return what central has not settled, oldest first. Raises ``EntryTampered``."""
        rows = self._read(f"SELECT {_COLUMNS} FROM entry WHERE state = 'pending' ORDER BY position")  # noqa: S608 - constant
        return [self._entry(row) for row in rows]

    def pending_keys(self) -> list[tuple[str, str]]:
        """Return (key, depends_on) of what is pending, oldest first, without touching the disk."""
        with self._lock:
            return list(self._pending.items())

    def entry(self, key: str) -> Entry | None:
        """Return one entry. Raises ``EntryTampered``."""
        rows = self._read(f"SELECT {_COLUMNS} FROM entry WHERE key = ?", (key,))  # noqa: S608 - constant
        return self._entry(rows[0]) if rows else None

    def next_local_no(self, terminal_id: str) -> str:
        """Return a number such as T001-20261122-0007 (local date, number of the day), never the same twice."""
        name = f"{terminal_id.upper()}-{time.strftime('%Y%m%d', time.localtime(self._clock()))}"
        if len(name) > _LOCAL_NO_LENGTH - 6:
            raise ValueError("a terminal id of more than 25 characters leaves no room for a local number")
        return f"{name}-{self._count(name):04d}"

    def prepare_print(self, entry_key: str) -> PrintJob:
        """Write down that a print is about to happen, and number it."""
        with self._transaction():
            number = self._connection.execute(_COUNT, ("print",)).fetchall()[0][0]
            job = PrintJob(str(uuid.uuid4()), entry_key, _process_id(number), PrintPhase.PREPARED, self._clock())
            self._connection.execute(
                "INSERT INTO print_job (job_id, entry_key, process_id, phase, created_at) VALUES (?, ?, ?, ?, ?)",
                (job.job_id, job.entry_key, job.process_id, job.phase, job.created_at),
            )
        return job

    def set_print_phase(self, job_id: str, phase: PrintPhase) -> None:
        """Move a print on. Raises ``ValueError`` when it is not where it could do so: a final phase stays."""
        before = _BEFORE.get(phase, ())
        marks = ", ".join("?" * len(before))
        if not self._write(
            f"UPDATE print_job SET phase = ? WHERE job_id = ? AND phase IN ({marks})",  # noqa: S608 - question marks
            (phase, job_id, *before),
        ):
            raise ValueError(f"the print {job_id} cannot become {phase}")

    def unfinished_prints(self) -> list[PrintJob]:
        """Return prints that a crash left prepared (surely not printed) or sent (unknown), oldest first."""
        rows = self._read(
            "SELECT job_id, entry_key, process_id, phase, created_at FROM print_job"
            " WHERE phase IN ('prepared', 'sent') ORDER BY rowid"
        )
        return [PrintJob(job, entry, process, PrintPhase(phase), at) for job, entry, process, phase, at in rows]

    def remove_settled_before(self, moment: float) -> int:
        """Forget entries settled (and prints ended) before ``moment``, in seconds since the epoch; return how many."""
        with self._transaction():
            removed = self._connection.execute(
                "DELETE FROM entry WHERE state <> 'pending' AND settled_at < ?"
                " AND key NOT IN (SELECT depends_on FROM entry WHERE state = 'pending')",
                (moment,),
            ).rowcount
            self._connection.execute(
                "DELETE FROM print_job WHERE phase NOT IN ('prepared', 'sent') AND created_at < ?", (moment,)
            )
        self._read("PRAGMA wal_checkpoint(TRUNCATE)")  # or the old pages would live on in the log
        return removed

    def probe(self) -> None:
        """Write a little and look whether there is room for a visit's papers; raise ``JournalUnavailable`` if not.

        To be asked between visits, so that nobody fills in a form that cannot be kept.
        """
        self._count("probe")
        try:
            free = shutil.disk_usage(self._path.parent).free
        except OSError as error:
            raise JournalUnavailable("journal.io", error.strerror or "") from error
        if free < _ROOM_BYTES:
            raise JournalUnavailable("journal.full", f"only {free} bytes are free")

    def close(self) -> None:
        """Let go of the file. May be called twice."""
        with self._lock, _translated():
            self._connection.close()

    def _prepare(self) -> None:
        with self._transaction():
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute("INSERT INTO key_check VALUES (?)", (self._cipher.seal(b"", "key_check"),))
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version == 1:
                for statement in _FROM_VERSION_1:
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                raise JournalUnavailable("journal.version", f"written by another version of this program ({version})")
            rows = self._connection.execute("SELECT sealed FROM key_check").fetchall()
            self._pending = dict(
                self._connection.execute(
                    "SELECT key, depends_on FROM entry WHERE state = 'pending' ORDER BY position"
                ).fetchall()
            )
        try:
            for (sealed,) in rows:
                self._cipher.unseal(sealed, "key_check")
        except TamperedError as error:
            raise JournalUnavailable("journal.key", "this key does not open this journal") from error
        if len(rows) != 1:
            raise JournalUnavailable("journal.corrupt", "the journal does not say which key opens it")

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        key, kind, local_no, created_at, body, state, answer, attempts, depends_on = row
        try:
            return Entry(
                key=key,
                kind=cast(Kind, kind),
                local_no=local_no,
                created_at=created_at,
                body=self._cipher.unseal(body, "body", key, kind, local_no, depends_on),
                state=EntryState(state),
                answer=b"" if state == EntryState.PENDING else self._cipher.unseal(answer, "answer", key, state),
                attempts=attempts,
                depends_on=depends_on,
            )
        except TamperedError as error:
            raise EntryTampered(key) from error

    def _count(self, name: str) -> int:
        return int(self._read(_COUNT, (name,))[0][0])

    def _read(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, _translated():
            return self._connection.execute(statement, values).fetchall()

    def _write(self, statement: str, values: tuple[Any, ...]) -> int:
        with self._lock, _translated():
            return self._connection.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._lock, _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


_CODES = {
    sqlite3.SQLITE_FULL: "journal.full",
    sqlite3.SQLITE_IOERR: "journal.io",
    sqlite3.SQLITE_CANTOPEN: "journal.io",
    sqlite3.SQLITE_READONLY: "journal.read_only",
    sqlite3.SQLITE_BUSY: "journal.in_use",
    sqlite3.SQLITE_CORRUPT: "journal.corrupt",
    sqlite3.SQLITE_NOTADB: "journal.corrupt",
}


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the upper bits are SQLite's extended code
        raise JournalUnavailable(_CODES.get(primary, "journal.failed"), str(error)) from error


def _process_id(number: int) -> str:
    text = ""
    for _ in range(4):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
