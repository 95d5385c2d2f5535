"""A receipt printer that speaks ESC/POS: prints once, says honestly whether it did, and leaves no ticket behind."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from drivers.base import Check, Deadline, DeviceIdentity, DriverError, Fault, Health
from drivers.escpos import examination
from drivers.escpos.clearing import Clearing
from drivers.escpos.conversation import QUEUED_STATUS, Conversation
from drivers.escpos.dot_font import dot_font
from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.held_ticket import HeldTicket
from drivers.escpos.profile import Confirmation, load
from drivers.escpos.status import NO_ANSWER, SILENT, TICKET_NOT_TAKEN, UNRECOVERABLE, PrinterStatus
from drivers.escpos.transport import Transport, transport_for
from drivers.operator import Operator
from drivers.print_outcome import PrintOutcome
from drivers.receipt_printer import PrintResult, ReceiptDocument, ReceiptPrinter, Ticket

_ASK_AGAIN_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.2
_LAST_WAIT_SECONDS = 0.05
_SILENT_POLLS = 3
"""Polls without an answer after which the connection itself is not trusted any more."""
_JOB_ID = re.compile(r"[ -~]{4}")


class EscPosPrinter(ReceiptPrinter):
    """A printer at ``tcp://host:port``, ``serial:///dev/ttyUSB0?baud=115200`` or ``file:///dev/usb/lp0``.

    A new object cannot know that its predecessor died in the middle of a job: who knows (the journal) calls ``reset``.
    """

    def __init__(
        self,
        address: str,
        *,
        font_directory: Path,
        profile: str = "epson",
        name: str = "receipt_printer",
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        transport: Transport | None = None,
    ) -> None:
        self.name = name
        self.profile = load(profile)
        self._clock = clock
        self._fonts = font_directory
        self._encoder = ReceiptEncoder(font_directory, self.profile)
        self._conversation = Conversation(transport or transport_for(address), self.profile, self.saw)
        self._clearing = Clearing(self._conversation, self.profile, self._encoder.longest_command)
        self._held = HeldTicket(self.profile.presenter, monotonic)
        self._identity = DeviceIdentity("receipt_printer", "escpos")
        self._silent_polls = 0
        self._interrupted = False
        self._was_open = False

    def identity(self) -> DeviceIdentity:
        """Say what this is; the model as the printer itself names it."""
        return self._identity

    def open(self, deadline: Deadline) -> None:
        """Connect, have changes told unasked, and read the model's name from a printer that is ready."""
        self._conversation.open(deadline)
        self._clearing.begin_anew()
        self._silent_polls = 0
        status = self._status(deadline)
        if status is None:
            return
        if status.ticket and not self._was_open:
            self.retract(deadline)  # from before this program: it belongs to nobody who is here
        self._was_open = True
        if status.ready and not self._interrupted:
            self._conversation.watch(deadline)
            self._identity = self._read_identity(deadline)
            self._conversation.told(deadline)

    def close(self) -> None:
        """Disconnect."""
        self._conversation.close()

    def poll(self, deadline: Deadline) -> Health:
        """Say the present condition, and what was wrong since the last poll though it is over.

        A printer that told unasked that it is well is not asked. One that stays silent is to be opened again.
        """
        told = self._conversation.told(deadline)
        if told and told[-1].ready and not self._interrupted:
            status = told[-1]
        else:
            # What it told may be over already: its answer is newer.
            status = self._status(deadline)
            told += self._conversation.told(deadline)
        if status is None:
            self._silent_polls += 1
            if self._silent_polls >= _SILENT_POLLS:
                self.close()
                raise DriverError(NO_ANSWER, f"silent {self._silent_polls} times")
            return SILENT.health(self._clock())
        self._silent_polls = 0
        if self._interrupted:
            self._recover(status, deadline)
        return status.health(self._clock(), _over(told, status))

    def reset(self, deadline: Deadline) -> None:
        """Throw away whatever an interrupted job left in the printer, and cut off what it left on the paper.

        A printer that cannot print now forgets its buffers and does the rest at the first poll that finds it ready.
        """
        self._interrupted = True
        status = self._status(deadline)
        if status is None:
            raise DriverError(NO_ANSWER, "no answer to the reset")
        self._recover(status, deadline)
        if self._interrupted and status.ready:
            raise DriverError(NO_ANSWER, "the reset was not carried out in time")

    def print(self, document: ReceiptDocument, job_id: str, deadline: Deadline) -> PrintResult:
        """Print once. Raises ``ValueError`` for an id or a document that cannot be sent; nothing is sent then.

        Printed: the printer confirmed it. Not printed: not one byte was taken. Unknown: everything between.
        """
        if not _JOB_ID.fullmatch(job_id):
            raise ValueError("a job id is four characters of 0x20..0x7E")
        job = self._encoder.encode(document, self._opening(job_id)) + self._presenting + self._closing(job_id)
        try:
            status = self._make_ready(deadline)
        except DriverError as error:
            return PrintResult(PrintOutcome.NOT_PRINTED, (error.fault,))
        if not status.ready:
            return PrintResult(PrintOutcome.NOT_PRINTED, status.faults)
        self._held.sent()
        sent = self._conversation.send(job, deadline, "print")
        if sent.accepted == 0:
            fault = sent.lost.fault if sent.lost else Fault(NO_ANSWER, "took no byte")
            return PrintResult(PrintOutcome.NOT_PRINTED, (fault,))
        self._interrupted = True
        if sent.lost:
            return PrintResult(PrintOutcome.UNKNOWN, (sent.lost.fault,), sent.accepted)
        if sent.accepted < len(job):
            return PrintResult(PrintOutcome.UNKNOWN, (Fault(NO_ANSWER, "took only part of the job"),), sent.accepted)
        try:
            confirmed, seen = self._await_confirmation(job_id, deadline)
            self._interrupted = not confirmed
            if confirmed:
                self._held.held_out()
            after = self._status(deadline) or SILENT if confirmed else seen
            self._conversation.told(deadline)
        except DriverError as error:
            if self._interrupted:
                return PrintResult(PrintOutcome.UNKNOWN, (error.fault,), sent.accepted)
            return PrintResult(PrintOutcome.PRINTED, (error.fault,), sent.accepted, self._held.standing)
        faults = tuple(fault for fault in after.faults if fault.code != TICKET_NOT_TAKEN)
        if confirmed:
            return PrintResult(PrintOutcome.PRINTED, faults, sent.accepted, self._held.standing)
        unconfirmed = (Fault(NO_ANSWER, "the job was not confirmed"),) if after.ready else ()
        ticket = Ticket.WAITING if after.ticket else Ticket.UNKNOWN
        return PrintResult(PrintOutcome.UNKNOWN, (*faults, *unconfirmed), sent.accepted, ticket)

    def wait_taken(self, deadline: Deadline, cancel: Event) -> Ticket:
        """Wait until the ticket that is held out is taken, looking again and again."""
        if self.profile.presenter is None:
            return Ticket.UNKNOWN
        seen = Ticket.UNKNOWN
        while not deadline.expired:
            status = self._status(deadline)
            if status is not None:
                seen = self._held.standing
                if not status.ticket:
                    break
            if cancel.wait(deadline.within(_LOOK_AGAIN_SECONDS).remaining()):
                break
        return seen

    def retract(self, deadline: Deadline) -> Ticket:
        """Draw back the ticket that is held out, and look whether it is gone."""
        presenter = self.profile.presenter
        status = self._status(deadline) if presenter else None
        if presenter is None or status is None:
            return Ticket.UNKNOWN
        if not status.ticket:
            return self._held.standing
        sent = self._conversation.send(presenter.retract, deadline, "draw the ticket back")
        if sent.lost:
            raise sent.lost
        seen = self.wait_taken(deadline, Event())
        if self._held.standing is Ticket.WAITING:
            return seen
        self._held.drawn_back()
        return Ticket.RETRACTED

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check answers, paper, cover, mechanism, the confirmation of jobs and the presenter, without using paper."""
        status = self._status(deadline)
        confirms = None
        if status and status.ready and not self._interrupted:
            probe = "TEST"
            self._conversation.send(self._opening(probe) + self._closing(probe), deadline, "confirm nothing")
            confirms = self._await_confirmation(probe, deadline)[0]
            self._interrupted = not confirms  # a late answer would be taken for one to the next job
            self._conversation.told(deadline)
        return examination.checks(status, self._identity.model, confirms, self.profile.presenter is not None)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Print a test page and have a person look at it."""
        return examination.print_test_page(self, dot_font(self._fonts), operator, deadline)

    def _make_ready(self, deadline: Deadline) -> PrinterStatus:
        """Return the condition just before a job, what an earlier job left behind cleared away."""
        status = self._status(deadline)
        if status and status.ready and self._interrupted:
            self._recover(status, deadline)
            if self._interrupted:
                raise DriverError(NO_ANSWER, "what an earlier job left behind could not be cleared")
            status = self._status(deadline)
        if status and status.ticket:
            # The next ticket would push it out to whoever stands there.
            self.retract(deadline)
            status = self._status(deadline)
            if status and status.ticket:
                raise DriverError(TICKET_NOT_TAKEN, "an earlier ticket could not be drawn back")
        return status or SILENT

    def _status(self, deadline: Deadline) -> PrinterStatus | None:
        status = self._conversation.status(deadline)
        if status is not None:
            self._held.looked(status.ticket)
        return status

    def _recover(self, status: PrinterStatus, deadline: Deadline) -> None:
        """Clear away an interrupted job, so that a later citizen never gets the rest of it."""
        if status.ready and self._held.standing is Ticket.WAITING:
            self._held.drawn_back()  # the clearing does it; should it not, the next look says so
        self._interrupted = not self._clearing.go_on(status.ready, deadline)

    @property
    def _presenting(self) -> bytes:
        return self.profile.presenter.present if self.profile.presenter else b""

    def _opening(self, job_id: str) -> bytes:
        if self.profile.confirmation is Confirmation.JOB_BLOCK:
            return b"\x1d\x47\x31" + job_id.encode("ascii")
        return b""

    def _closing(self, job_id: str) -> bytes:
        """Return what makes the printer confirm a job, and tell changes again: the job began with a reset of all settings."""
        asking = {
            Confirmation.PROCESS_ID: b"\x1d\x28\x48\x06\x00\x30\x30" + job_id.encode("ascii"),
            Confirmation.JOB_BLOCK: b"\x1d\x47\x30",
            Confirmation.QUEUED_STATUS: QUEUED_STATUS,
        }
        return self._conversation.watching + asking[self.profile.confirmation]

    def _confirmed(self, job_id: str, deadline: Deadline) -> bool:
        match self.profile.confirmation:
            case Confirmation.PROCESS_ID:
                return self._conversation.await_process_id(job_id.encode("ascii"), deadline)
            case Confirmation.JOB_BLOCK:
                return self._conversation.await_job_block(job_id.encode("ascii"), deadline)
            case Confirmation.QUEUED_STATUS:
                return self._conversation.await_queued_status(deadline)

    def _await_confirmation(self, job_id: str, deadline: Deadline) -> tuple[bool, PrinterStatus]:
        """Wait until the job is confirmed; returns whether it was, and the last condition seen meanwhile.

        A printer that ran out of paper may still go on when it gets some, so only a dead one ends the waiting early.
        """
        seen = SILENT
        while not deadline.expired:
            left = deadline.remaining()
            until = deadline.within(min(_ASK_AGAIN_SECONDS, left / 2) if left > _LAST_WAIT_SECONDS else left)
            if self._confirmed(job_id, until):
                return True, seen
            status = self._status(deadline)
            if status is not None or not deadline.expired:
                seen = status or SILENT
            if any(fault.code == UNRECOVERABLE for fault in seen.faults):
                break
        return False, seen

    def _read_identity(self, deadline: Deadline) -> DeviceIdentity:
        texts: list[str] = []
        for number in self.profile.identity:
            text = self._conversation.information(number, deadline)
            if text is None:
                break
            texts.append(text)
        if not texts:
            return self._identity
        maker, model, serial_number, firmware = (*texts, "", "", "", "")[:4]
        return DeviceIdentity("receipt_printer", "escpos", f"{maker} {model}".strip(), serial_number, firmware)


def _over(told: tuple[PrinterStatus, ...], now: PrinterStatus) -> tuple[Fault, ...]:
    """Return what was wrong in one of the conditions that were told, and is not now; each fault once."""
    present = {fault.code for fault in now.faults}
    passed = {
        fault.code: Fault(fault.code, "since the last look, and over", fault.evidence)
        for status in told
        if not status.ready
        for fault in status.faults
        if fault.code not in present
    }
    return tuple(passed.values())
