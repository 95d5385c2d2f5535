"""Issues one document to a citizen: drawn from its template, sealed, and printed once; each way to fail is a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import Deadline, Fault
from drivers.document_printer import DocumentPrinter, DocumentPrintResult
from drivers.print_outcome import PrintOutcome
from kiosk.documents.store import DATABASE, DocumentStore, DocumentStoreError

if TYPE_CHECKING:
    from kiosk.documents.seal import Sealer
    from kiosk.documents.template import DocumentTemplate

CANNOT_DRAW, CANNOT_SEAL, CANNOT_NOTE = "document.cannot_draw", "document.cannot_seal", "document.cannot_note"


@dataclass(frozen=True)
class Issuing:
    """What documents are made with: templates by name, the seal (None: unsealed, and the paper says so), the file of prints."""

    templates: Mapping[str, DocumentTemplate]
    sealer: Sealer | None
    directory: Path
    fonts: Path
    now: Callable[[], datetime]

    def issue(
        self,
        template: str,
        values: Mapping[str, str],
        paper: str,
        name: str,
        printer: DocumentPrinter,
        deadline: Deadline,
    ) -> DocumentPrintResult:
        """Print one document; on the printer's own thread.

        ``paper`` is a kind of counted paper, or empty; ``name`` the printer's in the configuration. Raises ``DriverError``
        when the connection broke: what became of the sheet is unknown then, and settled once the printer is back.
        """
        made = self._made(template, values)
        if isinstance(made, Fault):
            return _not_printed(made)
        return self._printed(*made, paper, name, printer, deadline)

    def _made(self, template: str, values: Mapping[str, str]) -> tuple[bytes, int] | Fault:
        """Return the PDF and how many sheets it takes; what the template does not show is left out."""
        from kiosk.documents.build import build
        from kiosk.documents.seal import SealError
        from kiosk.documents.template import DocumentTemplateError

        moment, asked = self.now(), self.templates[template]
        known = {**values, "sealed" if self.sealer is not None else "unsealed": "yes"}
        shown = {key: value for key, value in known.items() if key in asked.required | asked.optional}
        try:
            document = build(asked, shown, self.fonts, moment)
            pdf = document.pdf if self.sealer is None else self.sealer.seal(document, moment)
        except DocumentTemplateError as error:
            return Fault(CANNOT_DRAW, evidence=str(error))
        except SealError as error:
            return Fault(CANNOT_SEAL, evidence=str(error))
        return pdf, document.sheets

    def _printed(
        self, pdf: bytes, sheets: int, paper: str, name: str, printer: DocumentPrinter, deadline: Deadline
    ) -> DocumentPrintResult:
        from kiosk.documents.job import DocumentJobs
        from kiosk.documents.stock import Stock

        try:
            store = DocumentStore(self.directory / DATABASE)
        except DocumentStoreError as error:
            return _not_printed(Fault(CANNOT_NOTE, evidence=str(error)))
        try:
            jobs = DocumentJobs(store, Stock(store))
            job = jobs.prepare(pdf, paper, sheets, printer=name)
            return jobs.print(job, pdf, printer, deadline)
        except DocumentStoreError as error:
            return _not_printed(Fault(CANNOT_NOTE, evidence=str(error)))
        finally:
            store.close()


def _not_printed(fault: Fault) -> DocumentPrintResult:
    return DocumentPrintResult(PrintOutcome.NOT_PRINTED, (fault,))
