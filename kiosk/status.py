"""``kiosk status``: whether the terminal runs, what waits for central, and how it stands with the disk; while it runs or not."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.app import default_configuration
from kiosk.config import ASSETS, Configuration, ConfigurationError, load
from kiosk.texts import Texts

TEXTS = ASSETS / "texts" / "status.toml"
CONNECT_SECONDS = 2.0
LEAST_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Status:
    """One look at a terminal. ``waiting`` is None when the running terminal holds the journal, or nobody can read it.

    ``journal_problem`` says why it cannot be read; empty when all is well.
    """

    terminal: str
    profile: str
    running: bool
    central_reachable: bool
    waiting: int | None
    journal_problem: str
    free_bytes: int
    well: bool


def is_running(configuration: Configuration) -> bool:
    """Return whether a terminal with this configuration runs: it holds the journal to itself."""
    return _journal(configuration.storage.directory / "journal.sqlite")[0]


def look(configuration: Configuration) -> Status:
    """Look from outside, without disturbing a terminal that runs."""
    journal = configuration.storage.directory / "journal.sqlite"
    running, waiting, problem = _journal(journal)
    reachable = _reachable(configuration.central.url)
    free = shutil.disk_usage(_existing(configuration.storage.directory)).free
    return Status(
        terminal=configuration.terminal.id,
        profile=configuration.profile,
        running=running,
        central_reachable=reachable,
        waiting=waiting,
        journal_problem=problem,
        free_bytes=free,
        well=running and reachable and free >= LEAST_FREE_BYTES,
    )


def show(config: Path | None, as_json: bool, language: str = "") -> int:
    """Print the status; return 0 when all is well, 1 when not, 2 when there is no usable configuration.

    Without a ``language`` it is the terminal's own.
    """
    try:
        configuration = load(config or default_configuration())
    except ConfigurationError as error:
        sys.stderr.write(f"kiosk status: {error}\n")
        return 2
    found = look(configuration)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
    else:
        sys.stdout.write(_in_words(found, language or configuration.terminal.language))
    return 0 if found.well else 1


def _in_words(found: Status, language: str) -> str:
    from rich.cells import cell_len

    texts = Texts(TEXTS)

    def say(key: str, **values: str | int) -> str:
        return texts.get(language, key, **values)

    if found.journal_problem:
        waiting = say("waiting.unreadable", problem=found.journal_problem)
    elif found.waiting is None:
        waiting = say("waiting.running")
    else:
        waiting = say("waiting.count", count=found.waiting)
    lines = {
        "terminal": f"{found.terminal} · {say(f'profile.{found.profile}')}",
        "program": say("program.runs" if found.running else "program.stopped"),
        "central": say("central.reachable" if found.central_reachable else "central.unreachable"),
        "waiting": waiting,
        "disk": say("disk.free", megabytes=found.free_bytes // (1024 * 1024)),
    }
    labels = {name: say(f"label.{name}") for name in lines}
    width = max(map(cell_len, labels.values()))  # a Chinese character is two cells wide
    return "".join(f"{labels[name]}{' ' * (width - cell_len(labels[name]))} {said}\n" for name, said in lines.items())


def _journal(path: Path) -> tuple[bool, int | None, str]:
    """Return whether a terminal holds the journal, and if not how many entries wait in it or why that is not known."""
    if not path.exists():
        return False, 0, ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0.2)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM entry WHERE state = 'pending'").fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return True, None, ""
        return False, None, str(error)
    return False, int(count), ""


def _reachable(url: str) -> bool:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
