"""After a restart, asks each document printer what became of the prints that a crash left open; none is printed again."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from drivers.base import Deadline, Health
from drivers.document_printer import DocumentPrinter
from kiosk.devices.availability import is_usable
from kiosk.devices.desk import DeviceDesk
from kiosk.devices.worker import JobFailed
from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError
from kiosk.logs import EventLog

SETTLE_SECONDS = 30.0


class Settling:
    """Waits until a document printer can be used, then settles on its worker; once for each printer. On the terminal's thread."""

    def __init__(self, directory: Path, devices: DeviceDesk, log: EventLog) -> None:
        self._path = directory / DATABASE
        self._devices = devices
        self._log = log
        self._waiting = (
            {entry.name for entry in devices.entries if entry.device_class == "document_printer"}
            if self._path.exists()
            else set[str]()
        )

    def device_changed(self, name: str, health: Health) -> None:
        """Take note of a device's condition."""
        if name in self._waiting and is_usable(health):
            self._waiting.discard(name)
            self._devices.ask(name, self._settle, SETTLE_SECONDS, lambda result: self._settled(name, result))

    def _settle(self, printer: DocumentPrinter, deadline: Deadline, cancel: Event) -> int | None:
        """Return how many prints were settled; None when the file cannot be read or written now."""
        from kiosk.documents.job import DocumentJobs
        from kiosk.documents.stock import Stock

        del cancel
        try:
            store = DocumentStore(self._path)
            try:
                return len(DocumentJobs(store, Stock(store)).settle(printer, deadline))
            finally:
                store.close()
        except DocumentStoreError:
            return None

    def _settled(self, name: str, result: int | JobFailed | None) -> None:
        match result:
            case int():
                self._log.event("documents.settled", device=name, count=result)
            case JobFailed():
                self._waiting.add(name)  # it went away again: asked when it is back
            case None:
                self._log.event("documents.unreadable", device=name)
