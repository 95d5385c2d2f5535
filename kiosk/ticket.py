"""A receipt that the printer holds out: drawn back in when its citizen is gone, because it names them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from drivers.base import Deadline
from drivers.receipt_printer import ReceiptPrinter, Ticket
from kiosk.devices.desk import DeviceDesk
from kiosk.devices.worker import JobFailed
from kiosk.journal import Journal, JournalUnavailable, PrintPhase

if TYPE_CHECKING:
    from kiosk.logs import EventLog

GRACE_SECONDS = 10.0
"""Who has just ended the visit may still be reaching for it."""
COLLECT_SECONDS = 30.0
_PHASES = {Ticket.TAKEN: PrintPhase.TAKEN, Ticket.RETRACTED: PrintPhase.RETRACTED}


@dataclass(frozen=True)
class WaitingTicket:
    """Where a ticket waits: the printer's name, and the journal's number of the print."""

    printer: str
    job_id: str


def note(journal: Journal, job_id: str, ticket: Ticket) -> None:
    """Write down what became of a ticket, if that is known. Where the disk fails, it stays as it was."""
    if ticket in _PHASES:
        with contextlib.suppress(JournalUnavailable):
            journal.set_print_phase(job_id, _PHASES[ticket])


def collect(devices: DeviceDesk, journal: Journal, log: EventLog, session: int, ticket: WaitingTicket) -> None:
    """Once a visit has ended: wait a moment for the ticket to be taken, then draw it back; the log says which."""

    def work(printer: ReceiptPrinter, deadline: Deadline, cancel: Event) -> Ticket:
        found = printer.wait_taken(deadline.within(GRACE_SECONDS), cancel)
        if found not in _PHASES:
            found = printer.retract(deadline)
        note(journal, ticket.job_id, found)
        return found

    def done(result: Ticket | JobFailed) -> None:
        found = Ticket.UNKNOWN if isinstance(result, JobFailed) else result
        log.event("ticket.settled", session=session, ticket=found.value)

    devices.ask(ticket.printer, work, COLLECT_SECONDS, done)
