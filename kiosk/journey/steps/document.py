"""A document on A4, such as the notice of acceptance: drawn, sealed and printed once, for a case that has its number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from drivers.base import Deadline
from drivers.document_printer import DocumentPrinter, DocumentPrintResult
from drivers.print_outcome import PrintOutcome
from kiosk.contract.cases import Accepted
from kiosk.devices.worker import JobFailed
from kiosk.identity import in_words
from kiosk.journey.steps.printing import PrintStep, paper_values
from kiosk.view import Body, ReceiptView, Row

LANGUAGE = "zh"
"""Documents are written in the language of the authority; their templates have English beside it."""


class DocumentStep(PrintStep):
    """Goes on at once where there is nothing to print: a case whose number follows later has no notice yet."""

    messages: ClassVar[Mapping[str, str]] = {
        "printing": "document.printing",
        "printed": "document.printed",
        "not_printed": "document.not_printed",
        "unknown": "document.unknown",
    }
    print_seconds = 60.0
    """A printer that slept needs half a minute to its first sheet."""
    shown_seconds = 12.0

    def enter(self) -> None:
        """Print, where there is a number and a printer; else what the service says of a fault."""
        accepted = self._accepted
        reason = self.tools.devices.availability.reason("document_printer")
        if accepted is None:
            self.report.completed({})
        elif reason:
            self.report.device_failed(reason)
        else:
            super().enter()

    def body(self) -> Body:
        """Return how far the paper is, and what stands on it."""
        return ReceiptView(self._phase, self.say(self._message), self._rows(), choices=self.choices())

    def print(self) -> None:
        """Print on the first printer that is well."""
        printers = self.tools.devices.availability.usable_devices("document_printer")
        accepted = self._accepted
        if not printers or accepted is None:
            self.ended(PrintOutcome.NOT_PRINTED)
            return
        values, definition, issuing = self._values(accepted), self.definition, self.tools.issuing

        def work(printer: DocumentPrinter, deadline: Deadline) -> DocumentPrintResult:
            return issuing.issue(definition.template, values, definition.paper, printers[0], printer, deadline)

        self.ask_printer(printers[0], work, DocumentPrintResult(PrintOutcome.NOT_PRINTED), self._printed)

    def _printed(self, result: DocumentPrintResult | JobFailed, begun: bool) -> None:
        if isinstance(result, DocumentPrintResult):
            self.ended(result.outcome, faults=result.faults)
        else:
            self.ended(PrintOutcome.UNKNOWN if begun else PrintOutcome.NOT_PRINTED, faults=(result.fault,))

    @property
    def _accepted(self) -> Accepted | None:
        handed_in = self.visit.handed_in
        assert handed_in is not None  # noqa: S101 - the service check puts submit before document
        return handed_in.accepted

    def _rows(self) -> tuple[Row, ...]:
        accepted = self._accepted
        return () if accepted is None else (Row(self.say("case.number"), accepted.project_no),)

    def _values(self, accepted: Accepted) -> dict[str, str]:
        item, texts = self.visit.service.item, self.tools.texts
        photographed = texts.get(LANGUAGE, "document.photographed")
        names = {material.code: material.name for material in item.materials}
        rows = [f"{number}\t{names[code]}\t1\t{photographed}" for number, code in enumerate(self.visit.materials, 1)]
        return paper_values(self.visit, self.tools, LANGUAGE) | {
            "handled_by": item.dept_name,
            "accepted_at": in_words(accepted.accept_date, LANGUAGE, texts),
            "project_no": accepted.project_no,
            "promised_date": in_words(accepted.promise_date, LANGUAGE, texts),
            "code": accepted.query_code,
            "materials": "\n".join(rows),
        }
