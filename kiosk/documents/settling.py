"""Asks a document printer that is well (again) what became of the prints that were broken off; none is printed again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from drivers.base import Deadline, Health
from drivers.document_printer import DocumentPrinter
from kiosk.devices.availability import is_usable
from kiosk.devices.desk import DeviceDesk
from kiosk.devices.worker import JobFailed
from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError
from kiosk.logs import EventLog

if TYPE_CHECKING:
    from kiosk.documents.job import DocumentJob, DocumentJobs

SETTLE_SECONDS = 30.0


class Settling:
    """Settles on a printer's own worker, each time it can be used again: at the start, and after a connection that broke.

    A printer is asked about the jobs that were sent to it; none of them is under way then, because its worker does one
    thing at a time. A job that names no printer of this terminal (from before this was written down, or of a printer that
    is gone) is asked about at every printer, and unknown once all have answered that they do not know it.
    """

    def __init__(self, directory: Path, devices: DeviceDesk, log: EventLog) -> None:
        self._path = directory / DATABASE
        self._devices = devices
        self._log = log
        self._printers = {entry.name for entry in devices.entries if entry.device_class == "document_printer"}
        self._to_ask = set(self._printers)
        self._unheard = set(self._printers)
        """Printers that have not answered about jobs without a printer; the workers' threads share it under ``_lock``."""
        self._lock = Lock()

    def device_changed(self, name: str, health: Health) -> None:
        """Take note of a device's condition, on the terminal's thread."""
        if name not in self._printers:
            return
        if not is_usable(health):
            self._to_ask.add(name)
        elif name in self._to_ask:
            self._to_ask.discard(name)
            settled: list[str] = []
            work = partial(self._settle, name, settled)
            self._devices.ask(name, work, SETTLE_SECONDS, lambda result: self._settled(name, len(settled), result))

    def _settle(
        self, name: str, settled: list[str], printer: DocumentPrinter, deadline: Deadline, cancel: Event
    ) -> DocumentStoreError | None:
        """Fill ``settled`` with the names of jobs, also where it is broken off; return why the file cannot be used now."""
        del cancel
        if not self._path.exists():
            return None
        from kiosk.documents.job import DocumentJobs
        from kiosk.documents.stock import Stock

        try:
            store = DocumentStore(self._path)
            try:
                self._ask_about_all(name, settled, DocumentJobs(store, Stock(store)), printer, deadline)
            finally:
                store.close()
        except DocumentStoreError as error:
            return error
        return None

    def _ask_about_all(
        self, name: str, settled: list[str], jobs: DocumentJobs, printer: DocumentPrinter, deadline: Deadline
    ) -> None:
        for job in jobs.doubtful(name):
            # The citizen was told to look for it; now that they are gone it must not come out in front of the next one.
            printer.withdraw(job.name, deadline)
        nobodys: list[DocumentJob] = []
        for job in jobs.open():
            if job.printer != name and job.printer in self._printers:
                continue
            if jobs.settle(job, printer, deadline):
                settled.append(job.name)
            elif job.printer == name:
                jobs.give_up(job)
                settled.append(job.name)
            else:
                nobodys.append(job)
        with self._lock:
            self._unheard.discard(name)
            all_heard = not self._unheard
        if all_heard:
            for job in nobodys:
                jobs.give_up(job)
                settled.append(job.name)

    def _settled(self, name: str, count: int, result: DocumentStoreError | JobFailed | None) -> None:
        if count:
            self._log.event("documents.settled", device=name, count=count)
        if isinstance(result, JobFailed):
            self._to_ask.add(name)  # it went away again: asked about the others when it is back
        elif result is not None:
            self._log.event("documents.unreadable", device=name)
