"""The items that central publishes, kept on disk as last seen, so that a terminal without network still knows them."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from kiosk.contract.items import Value
from kiosk.contract.reports import Catalogue
from kiosk.logs import EventLog
from kiosk.uplink.client import CentralClient, Failure, Items, NotModified

REFRESH_SECONDS = 300.0


class _Stored(Value):
    etag: str
    catalogue: Catalogue


class ItemCatalogue:
    """The items, last known good. ``on_change`` is called in the refreshing thread, after the new ones are stored."""

    def __init__(
        self,
        path: Path,
        client: CentralClient,
        log: EventLog,
        on_change: Callable[[Catalogue], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        refresh_seconds: float = REFRESH_SECONDS,
    ) -> None:
        self._path = path
        self._client = client
        self._log = log
        self._on_change = on_change
        self._clock = clock
        self._refresh_seconds = refresh_seconds
        self._lock = threading.Lock()
        self._stored = self._load()
        self._due = clock()

    def current(self) -> Catalogue | None:
        """Return the items as last seen, None when this terminal has never seen any. Any thread, no waiting."""
        with self._lock:
            return self._stored.catalogue if self._stored else None

    def refresh_when_due(self) -> Failure | None:
        """Ask central if it is time to; return what went wrong, if anything. One thread only."""
        if self._clock() < self._due:
            return None
        stored = self._stored
        outcome = self._client.items(stored.etag if stored else "")
        if not isinstance(outcome, Items | NotModified):
            return outcome
        if isinstance(outcome, Items):
            fresh = _Stored(etag=outcome.etag, catalogue=outcome.catalogue)
            try:
                self._save(fresh)
            except OSError:
                # Still good for this run; only the next start without network would miss it.
                self._log.event("catalogue.unreadable", code="catalogue.not_stored")
            self._adopt(fresh, stored)
        self._due = self._clock() + self._refresh_seconds
        return None

    def _adopt(self, fresh: _Stored, before: _Stored | None) -> None:
        with self._lock:
            self._stored = fresh
        if before is None or before.catalogue != fresh.catalogue:
            self._log.event("catalogue.changed", items=len(fresh.catalogue.items))
            if self._on_change is not None:
                self._on_change(fresh.catalogue)

    def _load(self) -> _Stored | None:
        try:
            return _Stored.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            code = "catalogue.damaged" if isinstance(error, ValidationError) else "catalogue.unreadable"
            self._log.event("catalogue.unreadable", code=code)
            return None

    def _save(self, stored: _Stored) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(stored.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        finally:
            unfinished.unlink(missing_ok=True)
