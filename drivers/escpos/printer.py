"""A receipt printer that speaks ESC/POS: prints once, and says honestly whether it did."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DriverError, Fault, Health, SupplyLevel
from drivers.escpos import commands
from drivers.escpos.conversation import Conversation
from drivers.escpos.encode import ReceiptEncoder
from drivers.escpos.status import (
    COVER_OPEN,
    NO_ANSWER,
    PAPER_LOW,
    PAPER_OUT,
    SILENT,
    UNRECOVERABLE,
    PrinterStatus,
)
from drivers.escpos.transport import Transport, transport_for
from drivers.receipt_printer import PrintOutcome, PrintResult, ReceiptDocument, ReceiptPrinter

PROFILES = ("epson", "basic")
"""``epson`` confirms a job on paper by its id (GS ( H); ``basic`` only that it carried out every command (GS r)."""

_ASK_AGAIN_SECONDS = 1.0
_LAST_WAIT_SECONDS = 0.05
_SILENT_POLLS = 3
"""Polls without an answer after which the connection itself is not trusted any more."""
_FLUSH = b"\x00" * 8192
"""Ends whatever command was cut short: none that we send is longer, and zeros print as white or not at all."""
_QUEUED_STATUS = b"\x1d\x72\x01"
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
        transport: Transport | None = None,
    ) -> None:
        if profile not in PROFILES:
            raise ValueError(f"printer profile {profile!r}; there are {', '.join(PROFILES)}")
        self.name = name
        self._confirms_by_id = profile == "epson"
        self._clock = clock
        self._encoder = ReceiptEncoder(font_directory)
        self._conversation = Conversation(transport or transport_for(address))
        self._identity = DeviceIdentity("receipt_printer", "escpos")
        self._silent_polls = 0
        self._interrupted = False

    def identity(self) -> DeviceIdentity:
        """Say what this is; the model as the printer itself names it."""
        return self._identity

    def open(self, deadline: Deadline) -> None:
        """Connect, and read the model's name from a printer that is ready."""
        self._conversation.open(deadline)
        self._silent_polls = 0
        status = self._conversation.status(deadline)
        if status and status.ready and self._confirms_by_id and not self._interrupted:
            self._identity = self._read_identity(deadline)

    def close(self) -> None:
        """Disconnect."""
        self._conversation.close()

    def poll(self, deadline: Deadline) -> Health:
        """Ask for the present condition; a printer that stays silent is asked to be opened again."""
        status = self._conversation.status(deadline)
        if status is None:
            self._silent_polls += 1
            if self._silent_polls >= _SILENT_POLLS:
                self.close()
                raise DriverError(NO_ANSWER, f"silent {self._silent_polls} times")
            return SILENT.health(self._clock())
        self._silent_polls = 0
        if self._interrupted:
            self._recover(status, deadline)
        return status.health(self._clock())

    def reset(self, deadline: Deadline) -> None:
        """Throw away whatever an interrupted job left in the printer, and cut off what it left on the paper.

        A printer that cannot print now forgets its buffers and does the rest at the first poll that finds it ready.
        """
        self._interrupted = True
        status = self._conversation.status(deadline)
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
        job = self._encoder.encode(document) + self._confirmation(job_id)
        try:
            status = self._make_ready(deadline)
        except DriverError as error:
            return PrintResult(PrintOutcome.NOT_PRINTED, (error.fault,))
        if not status.ready:
            return PrintResult(PrintOutcome.NOT_PRINTED, status.faults)
        sent = self._conversation.send(job, deadline)
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
            after = self._conversation.status(deadline) or SILENT if confirmed else seen
        except DriverError as error:
            outcome = PrintOutcome.UNKNOWN if self._interrupted else PrintOutcome.PRINTED
            return PrintResult(outcome, (error.fault,), sent.accepted)
        if confirmed:
            return PrintResult(PrintOutcome.PRINTED, after.faults, sent.accepted)
        unconfirmed = (Fault(NO_ANSWER, "the job was not confirmed"),) if after.ready else ()
        return PrintResult(PrintOutcome.UNKNOWN, (*after.faults, *unconfirmed), sent.accepted)

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check answers, paper, cover, mechanism and the confirmation of jobs, without using paper."""
        status = self._conversation.status(deadline)
        if status is None:
            left = ("paper", "cover", "mechanism", "confirmation")
            silent = Check("answers", CheckOutcome.FAIL, Fault(NO_ANSWER))
            return (silent, *(Check(name, CheckOutcome.SKIP) for name in left))
        mechanical = [fault for fault in status.faults if fault.code not in (PAPER_LOW, PAPER_OUT, COVER_OPEN)]
        return (
            Check("answers", CheckOutcome.PASS, evidence=self._identity.model),
            _check("paper", status, PAPER_OUT, PAPER_LOW),
            _check("cover", status, COVER_OPEN),
            _check("mechanism", status, *(fault.code for fault in mechanical)),
            self._check_confirmation(status, deadline),
        )

    def _check_confirmation(self, status: PrinterStatus, deadline: Deadline) -> Check:
        if not status.ready or self._interrupted:
            return Check("confirmation", CheckOutcome.SKIP)
        probe = "TEST"
        self._conversation.send(self._confirmation(probe), deadline)
        if self._await_confirmation(probe, deadline)[0]:
            return Check("confirmation", CheckOutcome.PASS)
        return Check("confirmation", CheckOutcome.FAIL, Fault(NO_ANSWER, "a job would not be confirmed"))

    def _make_ready(self, deadline: Deadline) -> PrinterStatus:
        """Return the condition just before a job, what an earlier job left behind cleared away."""
        status = self._conversation.status(deadline)
        if status and status.ready and self._interrupted:
            self._recover(status, deadline)
            if self._interrupted:
                raise DriverError(NO_ANSWER, "what an earlier job left behind could not be cleared")
            status = self._conversation.status(deadline)
        return status or SILENT

    def _recover(self, status: PrinterStatus, deadline: Deadline) -> None:
        """Clear away an interrupted job, so that a later citizen never gets the rest of it."""
        if self._confirms_by_id:
            self._conversation.clear_buffers(deadline)
        if not status.ready:
            return
        self._conversation.drain(deadline)
        clearing = _FLUSH + commands.initialise() + commands.cut() + _QUEUED_STATUS
        sent = self._conversation.send(clearing, deadline)
        if sent.lost:
            raise sent.lost
        self._interrupted = not (sent.accepted == len(clearing) and self._conversation.await_queued_status(deadline))

    def _confirmation(self, job_id: str) -> bytes:
        if self._confirms_by_id:
            return b"\x1d\x28\x48\x06\x00\x30\x30" + job_id.encode("ascii")
        return _QUEUED_STATUS

    def _await_confirmation(self, job_id: str, deadline: Deadline) -> tuple[bool, PrinterStatus]:
        """Wait until the job is confirmed; returns whether it was, and the last condition seen meanwhile.

        A printer that ran out of paper may still go on when it gets some, so only a dead one ends the waiting early.
        """
        seen = SILENT
        while not deadline.expired:
            left = deadline.remaining()
            until = deadline.within(min(_ASK_AGAIN_SECONDS, left / 2) if left > _LAST_WAIT_SECONDS else left)
            if self._confirms_by_id:
                confirmed = self._conversation.await_process_id(job_id.encode("ascii"), until)
            else:
                confirmed = self._conversation.await_queued_status(until)
            if confirmed:
                return True, seen
            status = self._conversation.status(deadline)
            if status is not None or not deadline.expired:
                seen = status or SILENT
            if any(fault.code == UNRECOVERABLE for fault in seen.faults):
                break
        return False, seen

    def _read_identity(self, deadline: Deadline) -> DeviceIdentity:
        texts: list[str] = []
        for number in (66, 67, 68, 65):
            text = self._conversation.information(number, deadline)
            if text is None:
                break
            texts.append(text)
        maker, model, serial_number, firmware = (*texts, "", "", "", "")[:4]
        return DeviceIdentity("receipt_printer", "escpos", f"{maker} {model}".strip(), serial_number, firmware)


def _check(name: str, status: PrinterStatus, *codes: str) -> Check:
    fault = next((fault for fault in status.faults if fault.code in codes), None)
    if fault is None:
        return Check(name, CheckOutcome.PASS, evidence=status.paper.value if name == "paper" else "")
    low = name == "paper" and status.paper is SupplyLevel.LOW
    return Check(name, CheckOutcome.WARN if low else CheckOutcome.FAIL, fault, fault.evidence)
