"""Makes documents, with their seal, and prints each through the journal: what a step asks for and does not wait for itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import Deadline, DriverError
from drivers.document_printer import DocumentOutcome, DocumentPrinter, DocumentPrintResult
from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError
from kiosk.logs import EventLog

if TYPE_CHECKING:
    from kiosk.config import DocumentsSection
    from kiosk.documents.job import DocumentJobs
    from kiosk.documents.seal import Sealer


@dataclass(frozen=True)
class Places:
    """Where things are: ``storage`` of the terminal's files, ``templates`` and ``fonts`` of documents."""

    storage: Path
    templates: Path
    fonts: Path


@dataclass(frozen=True, repr=False)
class MadeDocument:
    """A document ready to print; ``paper`` is its kind of counted paper, or empty; ``sheets`` how many it needs."""

    pdf: bytes
    paper: str
    sheets: int


class DocumentPrinting:
    """Opens its file and loads its libraries at the first document, so that no start waits for them.

    ``make`` is called in the background, ``print`` on a document printer's worker.
    """

    def __init__(
        self, places: Places, settings: DocumentsSection, issuer: str, seal_caption: str, log: EventLog
    ) -> None:
        """``issuer`` and ``seal_caption`` stand in the seal."""
        self._places = places
        self._settings = settings
        self._issuer = issuer
        self._seal_caption = seal_caption
        self._log = log
        self._lock = threading.Lock()
        self._store: DocumentStore | None = None
        self._jobs: DocumentJobs | None = None
        self.begun: set[str] = set()
        """The names of this run's prints: they are not left over from another one."""

    def make(self, name: str, values: Mapping[str, str], moment: datetime) -> MadeDocument | None:
        """Draw and seal a document; values that its template does not know are left out. None where it cannot be made."""
        from kiosk.documents.build import build
        from kiosk.documents.seal import SealError
        from kiosk.documents.template import DocumentTemplateError, load

        sealer = self._sealer()
        try:
            template = load(self._places.templates / f"{name}.toml")
            known = template.required | template.optional
            given = {**values, "sealed": "yes" if sealer is not None else ""}
            given = {key: value for key, value in given.items() if key in known}
            built = build(template, given, self._places.fonts, moment)
            pdf = sealer.seal(built, moment) if sealer is not None else built.pdf
        except (DocumentTemplateError, SealError) as error:
            self._log.event("documents.not_made", template=name, reason=type(error).__name__)
            return None
        return MadeDocument(pdf, template.paper, built.pages)

    def print(self, document: MadeDocument, printer: DocumentPrinter, deadline: Deadline) -> DocumentPrintResult:
        """Print once; its paper is counted as soon as it is known to be used. Raises ``DriverError``: then it is unknown."""
        from kiosk.documents.job import new_name

        name = new_name()
        self.begun.add(name)
        device = printer.identity().device_class
        try:
            jobs = self._opened()
            job = jobs.prepare(document.pdf, document.paper, document.sheets, name)
            result = jobs.print(job, document.pdf, printer, deadline)
        except DocumentStoreError:
            self._log.event("documents.unreadable", device=device)
            return DocumentPrintResult(DocumentOutcome.NOT_PRINTED)
        except DriverError:
            self._ended(name, DocumentOutcome.UNKNOWN)
            raise
        self._ended(name, result.outcome)
        return result

    def close(self) -> None:
        """Let go of the file. Never raises, may be called twice."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            self._store = self._jobs = None

    def _ended(self, name: str, outcome: DocumentOutcome) -> None:
        self._log.event("documents.printed", key=name.removeprefix("doc-"), outcome=outcome.value)

    def _opened(self) -> DocumentJobs:
        from kiosk.documents.job import DocumentJobs
        from kiosk.documents.stock import Stock

        with self._lock:
            if self._jobs is None:
                self._store = DocumentStore(self._places.storage / DATABASE)
                self._jobs = DocumentJobs(self._store, Stock(self._store))
            return self._jobs

    def _sealer(self) -> Sealer | None:
        from kiosk.documents.seal import Sealer

        key, certificate = self._settings.key_file, self._settings.certificate_file
        if key is None or certificate is None:
            return None
        return Sealer(
            key, certificate, self._settings.chain_files, self._issuer, self._seal_caption, self._places.fonts
        )


def seal_problems(settings: DocumentsSection) -> list[str]:
    """Return what is wrong with the configured seal: half of it missing, or files that are not there."""
    if (settings.key_file is None) != (settings.certificate_file is None):
        return ["documents: key_file and certificate_file go together"]
    files = (settings.key_file, settings.certificate_file, *settings.chain_files)
    return [f"documents: {file} is not there" for file in files if file is not None and not file.is_file()]
