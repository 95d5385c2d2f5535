"""The receipt: printed once, and shown on the screen as well for those whose paper does not come."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event
from typing import ClassVar

from drivers.base import Deadline, DriverError, Fault
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import PrintResult, ReceiptDocument, ReceiptPrinter, Ticket
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.journal import Journal, JournalUnavailable, PrintJob, PrintPhase
from kiosk.journey.steps.printing import PrintStep, paper_values
from kiosk.journey.steps.submitting import local_code
from kiosk.receipts.build import build
from kiosk.ticket import WaitingTicket, note
from kiosk.view import Body, ReceiptView, Row

TAKE_SECONDS = 10.0
"""Between one reminder to take the receipt and the next."""
REMINDERS = 2
FOLLOWS_WITHIN = timedelta(days=1)
"""By when the number follows that could not be given because the network was down (ours)."""

PHASE_OF = {
    PrintOutcome.PRINTED: PrintPhase.PRINTED,
    PrintOutcome.NOT_PRINTED: PrintPhase.NOT_PRINTED,
    PrintOutcome.UNKNOWN: PrintPhase.UNKNOWN,
}


@dataclass(frozen=True)
class _Print:
    """A print that was begun: how it ended, and where its paper would wait."""

    result: PrintResult
    ticket: WaitingTicket


class ReceiptStep(PrintStep):
    """Journals the print before a byte leaves."""

    messages: ClassVar[Mapping[str, str]] = {
        "printing": "receipt.printing",
        "printed": "receipt.printed",
        "not_printed": "receipt.not_printed",
        "unknown": "receipt.unknown",
    }
    print_seconds = 25.0

    _taking: Request | None = None

    def body(self) -> Body:
        """Return how far the paper is, and what stands on it."""
        return ReceiptView(self._phase, self.say(self._message), self._rows(), self._code(), self.choices())

    def leave(self) -> None:
        """A receipt that waits is collected after the visit."""
        super().leave()
        if self._taking is not None:
            self._taking.cancel()

    def print(self) -> None:
        """Print on the first printer that is well."""
        handed_in = self.visit.handed_in
        assert handed_in is not None  # noqa: S101 - the service check puts submit before receipt
        printers = self.tools.devices.availability.usable_devices("receipt_printer")
        if not printers:
            self.ended(PrintOutcome.NOT_PRINTED, faults=(self.tools.devices.fault_of("receipt_printer"),))
            return
        document = self._document()
        journal = self.tools.journal

        def work(printer: ReceiptPrinter, deadline: Deadline) -> _Print | PrintResult | JournalUnavailable:
            try:
                job = journal.prepare_print(handed_in.key)
                journal.set_print_phase(job.job_id, PrintPhase.SENT)
            except JournalUnavailable as error:
                return error
            try:
                result = printer.print(document, job.process_id, deadline)
            except DriverError:
                _note(journal, job, PrintPhase.UNKNOWN)
                raise
            _note(journal, job, PHASE_OF[result.outcome])
            return _Print(result, WaitingTicket(printers[0], job.job_id))

        self.ask_printer(printers[0], work, PrintResult(PrintOutcome.NOT_PRINTED), self._printed)

    def ended(
        self, outcome: PrintOutcome, accepted_bytes: int = 0, waits: bool = False, faults: tuple[Fault, ...] = ()
    ) -> None:
        """Remember, for the last screen, that paper may have come out."""
        if outcome is not PrintOutcome.NOT_PRINTED:
            self.visit.receipt_came = True
        super().ended(outcome, accepted_bytes, waits, faults)

    def _printed(self, result: _Print | PrintResult | JournalUnavailable | JobFailed, begun: bool) -> None:
        match result:
            case _Print(result, ticket):
                waits = result.ticket is Ticket.WAITING
                self.visit.ticket = ticket if waits else None
                self.ended(result.outcome, result.accepted_bytes, waits, result.faults)
                if waits and result.outcome is PrintOutcome.PRINTED:
                    self._wait_taken(ticket, REMINDERS)
                elif result.ticket is Ticket.TAKEN:
                    note(self.tools.journal, ticket.job_id, Ticket.TAKEN)
            case PrintResult():
                self.ended(result.outcome, result.accepted_bytes, faults=result.faults)
            case JournalUnavailable():
                self.ended(PrintOutcome.NOT_PRINTED, faults=(Fault("journal.unavailable"),))
            case JobFailed():
                self.ended(PrintOutcome.UNKNOWN if begun else PrintOutcome.NOT_PRINTED, faults=(result.fault,))

    def _wait_taken(self, ticket: WaitingTicket, reminders: int) -> None:
        """Go on when the receipt is taken; remind of one that is not."""
        journal = self.tools.journal

        def work(printer: ReceiptPrinter, deadline: Deadline, cancel: Event) -> Ticket:
            found = printer.wait_taken(deadline, cancel)
            note(journal, ticket.job_id, found)
            return found

        def done(found: Ticket | JobFailed) -> None:
            if found is Ticket.TAKEN:
                self.visit.ticket = None
            if found is Ticket.WAITING and reminders:
                self._message = "receipt.take_it"
                self.report.changed()
                self._wait_taken(ticket, reminders - 1)
            else:
                self.report.completed({})

        self._taking = self.tools.devices.ask(ticket.printer, work, TAKE_SECONDS, done)

    def _rows(self) -> tuple[Row, ...]:
        handed_in = self.visit.handed_in
        if handed_in is None:
            return ()
        if handed_in.accepted is None:
            return (
                Row(self.say("receipt.local_no"), handed_in.local_no),
                Row(self.say("receipt.follows_by"), self.day(self._follows_by())),
            )
        return (
            Row(self.say("case.number"), handed_in.accepted.project_no),
            Row(self.say("receipt.promised"), self.day(handed_in.accepted.promise_date)),
        )

    def _code(self) -> str:
        handed_in = self.visit.handed_in
        if handed_in is None:
            return ""
        return handed_in.accepted.query_code if handed_in.accepted else local_code(handed_in.key)

    def _follows_by(self) -> date:
        return (self.tools.now() + FOLLOWS_WITHIN).date()

    def _document(self) -> ReceiptDocument:
        handed_in = self.visit.handed_in
        assert handed_in is not None  # noqa: S101 - as above
        language = self.visit.language
        values = paper_values(self.visit, self.tools, language) | {
            "code": self._code(),
            "next_steps": self.text.message,
        }
        if handed_in.accepted is None:
            name = self.definition.pending_template
            values["handed_in_at"] = handed_in.handed_in_on
            values["local_number"] = handed_in.local_no
            values["date"] = self.day(self._follows_by())
        else:
            name = self.definition.template
            values["accepted_at"] = handed_in.handed_in_on
            values["project_no"] = handed_in.accepted.project_no
            values["promised_date"] = self.day(handed_in.accepted.promise_date)
        return build(self.tools.receipts[name], language, values)


def _note(journal: Journal, job: PrintJob, phase: PrintPhase) -> None:
    """Write down how a print ended. Where the disk fails, the job stays ``sent``, and the next start reads that as unknown."""
    with contextlib.suppress(JournalUnavailable):
        journal.set_print_phase(job.job_id, phase)
