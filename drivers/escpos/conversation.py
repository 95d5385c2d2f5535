"""Questions and answers with a printer, kept in step although replies can be late, lost or unasked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import Deadline, DriverError
from drivers.escpos.profile import Confirmation, Profile, StatusKind, load
from drivers.escpos.replies import (
    BUFFER_CLEARED,
    PROCESS_ID,
    AutomaticStatus,
    FlowControl,
    FullStatus,
    InformationBlock,
    JobBlock,
    QueuedStatus,
    RealTimeStatus,
    Reply,
    ReplyParser,
    ResponseBlock,
)
from drivers.escpos.status import PrinterStatus, decode_automatic, decode_full, decode_real_time
from drivers.escpos.tracing import amount, describe
from drivers.escpos.transport import Transport
from drivers.wire import Direction, shown

Saw = Callable[[Direction, int, str, str], None]
"""Takes direction, length, what may be shown, and what it means."""

QUEUED_ANSWERS = 4
QUEUED_STATUS = b"\x1d\x72\x01" * QUEUED_ANSWERS
"""GS r 1, four times: one low byte on a noisy line proves nothing, four equal ones in a row nearly do."""
_SENSORS = (0x00, 0x03, 0x0C, 0x0F)
"""What GS r 1 can be answered with: 03 near end, 0C end, each of two sensors or none (Epson's command reference)."""
MOST_ANSWERS = 64
"""So many answers in a row are kept and can be waited for."""

_CHUNK_BYTES = 1024
_ANSWER_SECONDS = 1.0
"""A printer answers real-time questions within milliseconds; a serial line at 9600 baud adds a few more."""
_QUIET_SECONDS = 0.1
"""Silence after which no late answer is expected any more."""
_STALL_SECONDS = 0.25
_CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: clear the receive and print buffers, in real time; answered with 37 25 00."""
_FULL_STATUS = b"\x10\x04\x14"
"""Custom's DLE EOT 20."""


@dataclass(frozen=True)
class Sent:
    """How much of the data the connection took, and what broke it (if it broke)."""

    accepted: int
    lost: DriverError | None = None


class Conversation:
    """What can be said to an ESC/POS printer. Every method raises ``DriverError`` when the connection is gone."""

    def __init__(self, transport: Transport, profile: Profile | None = None, saw: Saw | None = None) -> None:
        self._transport = transport
        self._profile = profile or load("epson")
        self._saw = saw or _nobody_looks
        self._parser = ReplyParser(self._profile.confirmation is Confirmation.JOB_BLOCK)
        self._statuses: deque[int] = deque(maxlen=64)
        self._full: deque[FullStatus] = deque(maxlen=64)
        self._replies: deque[Reply] = deque(maxlen=64)
        self._automatic: deque[PrinterStatus] = deque(maxlen=64)
        self._row: list[int] = []
        self._paused = False
        self._out_of_step = False

    def open(self, deadline: Deadline) -> None:
        """Connect anew; nothing of an earlier connection is remembered."""
        self._transport.open(deadline)
        self._paused = self._out_of_step = False
        self._row.clear()
        self._forget()

    def close(self) -> None:
        """Disconnect. Never raises."""
        self._transport.close()

    def drain(self, deadline: Deadline) -> bool:
        """Throw away what comes until the line is quiet; whether it became so. Answers to GS r still count as such."""
        quiet = False
        while not quiet and deadline.remaining() > _QUIET_SECONDS:
            quiet = not self._receive(deadline.within(_QUIET_SECONDS))
        self._forget()
        return quiet

    def status(self, deadline: Deadline) -> PrinterStatus | None:
        """Ask for the printer's condition; None when it does not answer, or when answers cannot be told apart."""
        guarded = self._out_of_step
        if guarded:
            self.drain(deadline)
        status = self._ask_full(guarded, deadline) if self._asks_full else self._ask_each(guarded, deadline)
        self._out_of_step = status is None
        return status

    def watch(self, deadline: Deadline) -> bool:
        """Have the printer tell changes of its condition unasked, where it can; whether it began to."""
        if not self._profile.automatic_status:
            return False
        self._automatic.clear()
        self._say(self.watching, "tell changes unasked", deadline)
        return self._await(lambda: bool(self._automatic), deadline.within(_ANSWER_SECONDS))

    @property
    def watching(self) -> bytes:
        """GS a n, which a reset of all settings ends; nothing where the printer tells nothing unasked."""
        number = self._profile.automatic_status
        return bytes((0x1D, 0x61, number)) if number else b""

    def told(self, deadline: Deadline) -> tuple[PrinterStatus, ...]:
        """Return the conditions that the printer told unasked since the last call, oldest first, without waiting."""
        while self._receive(deadline.within(0.0)) and not deadline.expired:
            pass
        found = tuple(self._automatic)
        self._automatic.clear()
        return found

    def send(self, data: bytes, deadline: Deadline, meaning: str = "data") -> Sent:
        """Send in small writes, heeding XOFF, until all is taken, the deadline has passed or the connection breaks.

        What was answered before it is forgotten, so that what is awaited then belongs to it. Shown is its length alone.
        """
        self._saw(Direction.OUT, len(data), shown(data, personal=slice(None)), f"{meaning}, {amount(len(data))}")
        # The printer answers questions that it finds in the middle of an image, too.
        self._out_of_step = self._out_of_step or b"\x10\x04" in data
        accepted = 0
        try:
            self._receive(deadline.within(0.0))
            self._replies.clear()
            self._row.clear()
            # Data begins only where the printer is ready: an XOFF from before then was noise, or is over.
            self._paused = False
            while accepted < len(data) and not deadline.expired:
                self._receive(deadline.within(_STALL_SECONDS if self._paused else 0.0))
                if not self._paused:
                    chunk = data[accepted : accepted + _CHUNK_BYTES]
                    accepted += self._transport.write_some(chunk, deadline.within(_STALL_SECONDS))
        except DriverError as error:
            return Sent(accepted, error)
        return Sent(accepted)

    def await_process_id(self, job_id: bytes, deadline: Deadline) -> bool:
        """Wait for 37 22 id 00; whether it came."""
        return self._await(lambda: ResponseBlock(PROCESS_ID, job_id) in self._replies, deadline)

    def await_job_block(self, job_id: bytes, deadline: Deadline) -> bool:
        """Wait for FF 13 id; whether it came."""
        came = self._await(lambda: JobBlock(job_id) in self._replies, deadline)
        # Status bytes follow, as many as the model likes; they must not be taken for answers.
        self._out_of_step = self._out_of_step or came
        return came

    def await_queued_status(self, deadline: Deadline) -> bool:
        """Wait for the answers to ``QUEUED_STATUS``; whether they came, and no more than were asked for.

        Noise that looks exactly like them, such as a line that breaks four times and is read as four NULs, stays possible.
        """
        return (
            self.await_answers(QUEUED_ANSWERS, deadline) and self.drain(deadline) and len(self._row) == QUEUED_ANSWERS
        )

    def await_answers(self, count: int, deadline: Deadline) -> bool:
        """Wait for so many equal answers to GS r in a row; whether they came."""
        return self._await(lambda: len(self._row) >= count, deadline)

    def clear_buffers(self, deadline: Deadline) -> bool:
        """Have the printer forget what it has not printed; whether it confirmed."""
        self._say(_CLEAR_BUFFERS, "clear buffers", deadline)
        return self._await(
            lambda: any(
                isinstance(reply, ResponseBlock) and reply.answers == BUFFER_CLEARED for reply in self._replies
            ),
            deadline.within(_ANSWER_SECONDS),
        )

    def information(self, number: int, deadline: Deadline) -> str | None:
        """Ask GS I ``number`` (65 firmware, 66 maker, 67 model, 68 serial number); None when it is not answered."""
        self._replies.clear()
        self._say(bytes((0x1D, 0x49, number)), f"identity {number}", deadline)
        self._await(
            lambda: any(isinstance(reply, InformationBlock) for reply in self._replies),
            deadline.within(_ANSWER_SECONDS),
        )
        return next((reply.text for reply in self._replies if isinstance(reply, InformationBlock)), None)

    @property
    def _asks_full(self) -> bool:
        return self._profile.status is StatusKind.FULL

    def _ask_each(self, guarded: bool, deadline: Deadline) -> PrinterStatus | None:
        values: list[int] = []
        for question in (1, 2, 3, 4):
            self._receive(deadline.within(0.0))
            self._statuses.clear()
            self._say(bytes((0x10, 0x04, question)), f"status {question}", deadline)
            if not self._await(lambda: bool(self._statuses), deadline.within(_ANSWER_SECONDS)):
                return None
            values.append(self._statuses.popleft())
        if guarded:
            # An answer too many means that a late one was taken for the answer to another question.
            self._receive(deadline.within(_QUIET_SECONDS))
            if self._statuses:
                return None
        return decode_real_time(values[0], values[1], values[2], values[3])

    def _ask_full(self, guarded: bool, deadline: Deadline) -> PrinterStatus | None:
        self._receive(deadline.within(0.0))
        self._full.clear()
        self._parser.expects_full_status = True
        try:
            self._say(_FULL_STATUS, "full status", deadline)
            if not self._await(lambda: bool(self._full), deadline.within(_ANSWER_SECONDS)):
                return None
            status = decode_full(*self._full.popleft().values)
            if guarded:
                self._receive(deadline.within(_QUIET_SECONDS))
            return None if self._full else status
        finally:
            self._parser.expects_full_status = False

    def _say(self, command: bytes, meaning: str, deadline: Deadline) -> None:
        """Send a short command whatever flow control says: printers keep room for real-time commands."""
        self._saw(Direction.OUT, len(command), shown(command), meaning)
        said = 0
        while said < len(command) and not deadline.expired:
            said += self._transport.write_some(command[said:], deadline)

    def _await(self, came: Callable[[], bool], deadline: Deadline) -> bool:
        while not came():
            if deadline.expired:
                return False
            self._receive(deadline)
        return True

    def _receive(self, deadline: Deadline) -> bool:
        """Take in what has come by the deadline; whether anything came."""
        data = self._transport.read_some(deadline)
        if not data:
            return False
        replies = self._parser.feed(data)
        self._saw(Direction.IN, len(data), shown(data), describe(replies))
        for reply in replies:
            self._take(reply)
        return True

    def _take(self, reply: Reply) -> None:
        match reply:
            case RealTimeStatus(value):
                self._statuses.append(value)
            case FullStatus():
                self._full.append(reply)
            case FlowControl(stop):
                self._paused = stop
            case QueuedStatus(value) if value in _SENSORS:
                if self._row and self._row[-1] != value:
                    self._row.clear()
                self._row.append(value)
                del self._row[:-MOST_ANSWERS]
            case AutomaticStatus(values) if self._profile.automatic_status:
                self._automatic.append(decode_automatic(*values))
            case _:
                self._row.clear()
                self._replies.append(reply)

    def _forget(self) -> None:
        self._parser.reset()
        self._statuses.clear()
        self._full.clear()
        self._replies.clear()


def _nobody_looks(direction: Direction, length: int, shown: str, meaning: str) -> None:
    pass
