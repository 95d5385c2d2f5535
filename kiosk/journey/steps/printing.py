"""The receipt: printed once, and shown on the screen as well for those whose paper does not come."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event

from drivers.base import Deadline, DriverError
from drivers.receipt_printer import PrintOutcome, PrintResult, ReceiptDocument, ReceiptPrinter, Ticket
from kiosk.devices.desk import Request
from kiosk.devices.worker import JobFailed
from kiosk.identity import masked
from kiosk.journal import Journal, JournalUnavailable, PrintJob, PrintPhase
from kiosk.journey.steps.base import Step
from kiosk.journey.steps.submitting import local_code
from kiosk.receipts.build import build
from kiosk.ticket import WaitingTicket, note
from kiosk.view import Body, Buttons, Choice, Intent, Next, Phase, Pick, ReceiptView, Row

PRINT_SECONDS = 25.0
OVERDUE_SECONDS = 10.0
"""So long after that a printer that does not come back is waited for no more."""
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


class ReceiptStep(Step):
    """Journals the print before a byte leaves. Only a print that surely did not happen is offered again."""

    _overdue: int | None = None
    _taking: Request | None = None

    def enter(self) -> None:
        """Print."""
        self._phase = Phase.WORKING
        self._message = "receipt.printing"
        self._again = False
        self._print()

    def handle(self, intent: Intent) -> None:
        """Go on, or print again what surely was not printed."""
        if isinstance(intent, Next) and self._phase is not Phase.WORKING:
            self.report.completed({})
        elif isinstance(intent, Pick) and intent.choice == "retry" and self._again:
            self.enter()
            self.report.changed()

    def body(self) -> Body:
        """Return how far the paper is, and what stands on it."""
        choices = (Choice("retry", self.say("button.print_again")),) if self._again else ()
        return ReceiptView(self._phase, self.say(self._message), self._rows(), self._code(), choices)

    @property
    def awaits_hand_at(self) -> str:
        """The printer, once the paper is out."""
        return "receipt_printer" if self._phase is Phase.DONE else ""

    def buttons(self) -> Buttons:
        """Next once the print ended, however it ended."""
        return Buttons(next="" if self._phase is Phase.WORKING else self.say("button.next"))

    def _print(self) -> None:
        handed_in = self.visit.handed_in
        assert handed_in is not None  # noqa: S101 - the service check puts submit before receipt
        printers = self.tools.devices.availability.usable_devices("receipt_printer")
        if not printers:
            self._ended(PrintResult(PrintOutcome.NOT_PRINTED, (self.tools.devices.fault_of("receipt_printer"),)))
            return
        self.busy = True
        document = self._document()
        journal = self.tools.journal
        begun = Event()

        def work(
            printer: ReceiptPrinter, deadline: Deadline, cancel: Event
        ) -> _Print | PrintResult | JournalUnavailable:
            begun.set()
            if cancel.is_set():  # nobody waits any more; from here on it is ended whatever happens
                return PrintResult(PrintOutcome.NOT_PRINTED)
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

        request = self.tools.devices.ask(
            printers[0], work, PRINT_SECONDS, lambda result: self._printed(result, begun.is_set())
        )
        self._overdue = self.tools.timers.after(PRINT_SECONDS + OVERDUE_SECONDS, lambda: self._give_up(request, begun))

    def leave(self) -> None:
        """A print that was begun is ended, and nobody waits for it; a receipt that waits is collected after the visit."""
        super().leave()
        if self._taking is not None:
            self._taking.cancel()
        if self._overdue is not None:
            self.tools.timers.cancel(self._overdue)

    def _give_up(self, request: Request, begun: Event) -> None:
        """The printer hangs: what was begun may come out yet, what was not begun must not come out later."""
        request.cancel()
        self._ended(PrintResult(PrintOutcome.UNKNOWN if begun.is_set() else PrintOutcome.NOT_PRINTED))

    def _printed(self, result: _Print | PrintResult | JournalUnavailable | JobFailed, begun: bool) -> None:
        match result:
            case _Print(result, ticket):
                waits = result.ticket is Ticket.WAITING
                self.visit.ticket = ticket if waits else None
                self._ended(result, waits)
                if waits and result.outcome is PrintOutcome.PRINTED:
                    self._wait_taken(ticket, REMINDERS)
                elif result.ticket is Ticket.TAKEN:
                    note(self.tools.journal, ticket.job_id, Ticket.TAKEN)
            case PrintResult():
                self._ended(result)
            case JournalUnavailable():
                self._ended(PrintResult(PrintOutcome.NOT_PRINTED))
            case JobFailed():
                outcome = PrintOutcome.UNKNOWN if begun else PrintOutcome.NOT_PRINTED
                self._ended(PrintResult(outcome, (result.fault,)))

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

    def _ended(self, result: PrintResult, waits: bool = False) -> None:
        self.busy = False
        if self._overdue is not None:
            self.tools.timers.cancel(self._overdue)
        self.report.printed(result.outcome.value, result.accepted_bytes)
        if result.outcome is PrintOutcome.PRINTED:
            self._phase, self._message = Phase.DONE, "receipt.printed"
            self.visit.receipt_came = True
            if not waits:
                self.after(8.0, lambda: self.report.completed({}))
        elif result.outcome is PrintOutcome.NOT_PRINTED:
            self._phase, self._message, self._again = Phase.REFUSED, "receipt.not_printed", True
        else:
            self._phase, self._message = Phase.REFUSED, "receipt.unknown"
            self.visit.receipt_came = True
        self.report.changed()

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
        item = self.visit.service.item
        identity = self.visit.identity
        values = {
            "site": self.tools.site[language],
            "service": item.task_name if language == "zh" else item.task_name_en,
            "applicant": identity.name or identity.name_en if identity else "",
            "id_number": masked(identity.number) if identity else "",
            "code": self._code(),
            "next_steps": self.text.message,
        }
        if self.tools.training:
            values["training"] = "yes"
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
