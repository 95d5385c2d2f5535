"""Prints each document at most once: its phase is on the disk before the printer hears of it, and settled after a crash."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import astuple, dataclass
from enum import StrEnum

from drivers.base import Deadline
from drivers.document_printer import DocumentPrinter, DocumentPrintResult, JobStanding, PrintOptions
from drivers.print_outcome import PrintOutcome
from kiosk.documents.stock import Stock
from kiosk.documents.store import DocumentStore, DocumentStoreError
from kiosk.keys import new_key


class JobPhase(StrEnum):
    """How far a document came. The last three are final."""

    PREPARED = "prepared"
    SENT = "sent"
    """On its way, or there: from here on it may come out."""
    TAKEN = "taken"
    """The printer has confirmed that it has the whole document."""
    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    UNKNOWN = "unknown"


DOUBTFUL_SECONDS = 12 * 3600.0
"""A printer that was off keeps its queue at most so long; each print asks about few jobs then."""
_SENT = (JobPhase.SENT, JobPhase.TAKEN)
_OPEN = (JobPhase.PREPARED, *_SENT)
_COLUMNS = "name, phase, paper, sheets, created_at, digest, printer"


@dataclass(frozen=True)
class DocumentJob:
    """One document's print. ``name`` is unique for ever; ``paper`` a kind of counted paper, or empty; ``sheets`` it needs.

    ``digest`` is the SHA-256 of the PDF: proof of what was printed, without keeping anybody's data. ``printer`` is the
    device's name in the configuration; empty in files of a time when it was not written down.
    """

    name: str
    phase: JobPhase
    paper: str
    sheets: int
    created_at: float
    digest: str
    printer: str = ""


class DocumentJobs:
    """The journal of documents. Nothing here ever prints twice: a second print is a new job that a person asked for."""

    def __init__(self, store: DocumentStore, stock: Stock) -> None:
        self._store = store
        self._stock = stock

    def prepare(self, pdf: bytes, paper: str = "", sheets: int = 1, *, printer: str = "") -> DocumentJob:
        """Write down that a print is about to happen, and on which printer."""
        digest = hashlib.sha256(pdf).hexdigest()
        job = DocumentJob(f"doc-{new_key()}", JobPhase.PREPARED, paper, sheets, self._store.clock(), digest, printer)
        with self._store.transaction() as connection:
            connection.execute(f"INSERT INTO job ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(job))  # noqa: S608 - constant
        return job

    def print(
        self,
        job: DocumentJob,
        pdf: bytes,
        printer: DocumentPrinter,
        deadline: Deadline,
        options: PrintOptions | None = None,
    ) -> DocumentPrintResult:
        """Print a prepared job, once. Raises ``ValueError`` for one that was sent before, or for another document.

        Raises ``DocumentStoreError`` while nothing is sent. A disk that fails later changes nothing for the paper: the job
        stays open in the file, and is settled as after a crash. So it is after a ``DriverError``: it may come out yet.
        """
        if hashlib.sha256(pdf).hexdigest() != job.digest:
            raise ValueError("this is not the document that was prepared")
        self._move(job.name, (JobPhase.PREPARED,), JobPhase.SENT)

        def taken() -> None:
            with contextlib.suppress(DocumentStoreError):
                self._move(job.name, (JobPhase.SENT,), JobPhase.TAKEN)

        result = printer.print(pdf, job.name, deadline, options, taken)
        with contextlib.suppress(DocumentStoreError):
            self._settle(job.name, result.outcome)
        return result

    def open(self) -> tuple[DocumentJob, ...]:
        """Return the jobs whose end is not known, oldest first: those under way, and those that were broken off."""
        return tuple(job for job in self.jobs() if job.phase in _OPEN)

    def doubtful(self, printer: str) -> tuple[DocumentJob, ...]:
        """Return a printer's jobs of the last hours that ended unknown: the printer may have them still, and print them yet."""
        since = self._store.clock() - DOUBTFUL_SECONDS
        return tuple(
            job
            for job in self.jobs()
            if job.phase is JobPhase.UNKNOWN and job.printer == printer and job.created_at >= since
        )

    def settle(self, job: DocumentJob, printer: DocumentPrinter, deadline: Deadline) -> bool:
        """Ask the printer about a job that was broken off, and take back what is still to come out.

        False when this printer does not know it, which proves nothing: the job stays open. What was only prepared never
        reached a printer. Raises ``DriverError`` when the printer does not answer; the job stays open then too.
        """
        if job.phase is JobPhase.PREPARED:
            self._moved(job.name, (JobPhase.PREPARED,), JobPhase.NOT_PRINTED)
            return True
        standing = printer.withdraw(job.name, deadline)
        if standing is JobStanding.NOT_LISTED:
            return False
        outcome = standing.outcome(whole=job.phase is JobPhase.TAKEN)
        self._moved(job.name, _SENT, JobPhase(outcome.value))
        return True

    def give_up(self, job: DocumentJob) -> None:
        """Call a job unknown, that no printer knows of which might have it."""
        self._moved(job.name, _SENT, JobPhase.UNKNOWN)

    def jobs(self) -> tuple[DocumentJob, ...]:
        """Return all jobs, oldest first."""
        with self._store.transaction() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM job ORDER BY rowid").fetchall()  # noqa: S608 - constant
        return tuple(DocumentJob(name, JobPhase(at), *rest) for name, at, *rest in rows)

    def _settle(self, name: str, outcome: PrintOutcome) -> None:
        self._move(name, _SENT, JobPhase(outcome.value))

    def _move(self, name: str, before: tuple[JobPhase, ...], after: JobPhase) -> None:
        if not self._moved(name, before, after):
            raise ValueError(f"the document {name} cannot become {after}")

    def _moved(self, name: str, before: tuple[JobPhase, ...], after: JobPhase) -> bool:
        """Move a job on, and take its paper in the same write; False when it was not at one of the phases ``before``."""
        with self._store.transaction() as connection:
            marks = ", ".join("?" * len(before))
            row = connection.execute(
                f"UPDATE job SET phase = ? WHERE name = ? AND phase IN ({marks}) RETURNING paper, sheets",  # noqa: S608
                (after, name, *before),
            ).fetchone()
            if row is not None and row[0] and after in (JobPhase.PRINTED, JobPhase.UNKNOWN):
                self._stock.use(connection, row[0], row[1], name, doubtful=after is JobPhase.UNKNOWN)
        return row is not None


__all__ = ["DocumentJob", "DocumentJobs", "DocumentStoreError", "JobPhase"]
