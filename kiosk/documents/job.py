"""Prints each document at most once: its phase is on the disk before the printer hears of it, and settled after a crash."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from enum import StrEnum

from drivers.base import Deadline, DriverError
from drivers.document_printer import DocumentOutcome, DocumentPrinter, DocumentPrintResult, PrintOptions
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


@dataclass(frozen=True)
class DocumentJob:
    """One document's print. ``name`` is unique for ever; ``paper`` a kind of counted paper, or empty; ``sheets`` it needs.

    ``digest`` is the SHA-256 of the PDF: proof of what was printed, without keeping anybody's data.
    """

    name: str
    phase: JobPhase
    paper: str
    sheets: int
    created_at: float
    digest: str


class DocumentJobs:
    """The journal of documents. Nothing here ever prints twice: a second print is a new job that a person asked for."""

    def __init__(self, store: DocumentStore, stock: Stock) -> None:
        self._store = store
        self._stock = stock

    def prepare(self, pdf: bytes, paper: str = "", sheets: int = 1) -> DocumentJob:
        """Write down that a print is about to happen."""
        job = DocumentJob(
            f"doc-{new_key()}", JobPhase.PREPARED, paper, sheets, self._store.clock(), hashlib.sha256(pdf).hexdigest()
        )
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO job (name, phase, paper, sheets, created_at, digest) VALUES (?, ?, ?, ?, ?, ?)",
                (job.name, job.phase, job.paper, job.sheets, job.created_at, job.digest),
            )
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
        stays open in the file, and is settled as after a crash.
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

    def settle(self, printer: DocumentPrinter, deadline: Deadline) -> tuple[DocumentJob, ...]:
        """After a crash: ask the printer about every job that was sent, take back what is still to come out.

        Returns the jobs settled, as they are now. One whose printer does not answer stays for the next time; one that
        the printer does not know becomes unknown. What was only prepared never reached the printer.
        """
        settled: list[str] = []
        for job in self.jobs(JobPhase.PREPARED):
            self._move(job.name, (JobPhase.PREPARED,), JobPhase.NOT_PRINTED)
            settled.append(job.name)
        for job in (*self.jobs(JobPhase.TAKEN), *self.jobs(JobPhase.SENT)):
            try:
                standing = printer.withdraw(job.name, deadline)
            except DriverError:
                break
            self._settle(job.name, standing.outcome(whole=job.phase is JobPhase.TAKEN))
            settled.append(job.name)
        return tuple(job for job in self.jobs() if job.name in settled)

    def jobs(self, phase: JobPhase | None = None) -> tuple[DocumentJob, ...]:
        """Return jobs, oldest first; those in one phase, or all."""
        with self._store.transaction() as connection:
            rows = connection.execute(
                "SELECT name, phase, paper, sheets, created_at, digest FROM job WHERE ? IN ('', phase) ORDER BY rowid",
                (phase or "",),
            ).fetchall()
        return tuple(
            DocumentJob(name, JobPhase(at), paper, sheets, moment, digest)
            for name, at, paper, sheets, moment, digest in rows
        )

    def _settle(self, name: str, outcome: DocumentOutcome) -> None:
        self._move(name, (JobPhase.SENT, JobPhase.TAKEN), JobPhase(outcome.value))

    def _move(self, name: str, before: tuple[JobPhase, ...], after: JobPhase) -> None:
        """Move a job on, and take its paper in the same write."""
        with self._store.transaction() as connection:
            marks = ", ".join("?" * len(before))
            row = connection.execute(
                f"UPDATE job SET phase = ? WHERE name = ? AND phase IN ({marks}) RETURNING paper, sheets",  # noqa: S608
                (after, name, *before),
            ).fetchone()
            if row is None:
                raise ValueError(f"the document {name} cannot become {after}")
            if row[0] and after in (JobPhase.PRINTED, JobPhase.UNKNOWN):
                self._stock.use(connection, row[0], row[1], name, doubtful=after is JobPhase.UNKNOWN)


__all__ = ["DocumentJob", "DocumentJobs", "DocumentStoreError", "JobPhase"]
