"""Questions and answers with a printer, kept in step although replies can be late, lost or unasked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import Deadline, DriverError
from drivers.escpos.status import (
    BUFFER_CLEARED,
    PROCESS_ID,
    FlowControl,
    InformationBlock,
    PrinterStatus,
    QueuedStatus,
    RealTimeStatus,
    Reply,
    ReplyParser,
    ResponseBlock,
    decode_real_time,
)
from drivers.escpos.transport import Transport

_CHUNK_BYTES = 1024
_ANSWER_SECONDS = 1.0
"""A printer answers real-time questions within milliseconds; a serial line at 9600 baud adds a few more."""
_QUIET_SECONDS = 0.1
"""Silence after which no late answer is expected any more."""
_STALL_SECONDS = 0.25
_CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: clear the receive and print buffers, in real time; answered with 37 25 00."""


@dataclass(frozen=True)
class Sent:
    """How much of the data the connection took, and what broke it (if it broke)."""

    accepted: int
    lost: DriverError | None = None


class Conversation:
    """What can be said to an ESC/POS printer. Every method raises ``DriverError`` when the connection is gone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._parser = ReplyParser()
        self._statuses: deque[int] = deque(maxlen=64)
        self._replies: deque[Reply] = deque(maxlen=64)
        self._paused = False
        self._out_of_step = False

    def open(self, deadline: Deadline) -> None:
        """Connect anew; nothing of an earlier connection is remembered."""
        self._transport.open(deadline)
        self._paused = self._out_of_step = False
        self._forget()

    def close(self) -> None:
        """Disconnect. Never raises."""
        self._transport.close()

    def drain(self, deadline: Deadline) -> None:
        """Throw away what comes until the line is quiet."""
        while self._receive(deadline.within(_QUIET_SECONDS)):
            if deadline.expired:
                break
        self._forget()

    def status(self, deadline: Deadline) -> PrinterStatus | None:
        """Ask for the printer's condition; None when it does not answer, or when answers cannot be told apart."""
        guarded = self._out_of_step
        if guarded:
            self.drain(deadline)
        values: list[int] = []
        for question in (1, 2, 3, 4):
            value = self._ask(question, deadline.within(_ANSWER_SECONDS))
            if value is None:
                self._out_of_step = True
                return None
            values.append(value)
        if guarded:
            # An answer too many means that a late one was taken for the answer to another question.
            self._receive(deadline.within(_QUIET_SECONDS))
            if self._statuses:
                return None
            self._out_of_step = False
        return decode_real_time(values[0], values[1], values[2], values[3])

    def send(self, data: bytes, deadline: Deadline) -> Sent:
        """Send in small writes, heeding XOFF, until all is taken, the deadline has passed or the connection breaks."""
        # The printer answers questions that it finds in the middle of an image, too.
        self._out_of_step = self._out_of_step or b"\x10\x04" in data
        accepted = 0
        try:
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
        return self._await(
            lambda reply: isinstance(reply, ResponseBlock) and reply == ResponseBlock(PROCESS_ID, job_id), deadline
        )

    def await_queued_status(self, deadline: Deadline) -> bool:
        """Wait for the answer to GS r; whether it came."""
        return self._await(lambda reply: isinstance(reply, QueuedStatus), deadline)

    def clear_buffers(self, deadline: Deadline) -> bool:
        """Have the printer forget what it has not printed; whether it confirmed."""
        self._say(_CLEAR_BUFFERS, deadline)
        return self._await(
            lambda reply: isinstance(reply, ResponseBlock) and reply.answers == BUFFER_CLEARED,
            deadline.within(_ANSWER_SECONDS),
        )

    def information(self, number: int, deadline: Deadline) -> str | None:
        """Ask GS I ``number`` (65 firmware, 66 maker, 67 model, 68 serial number); None when it is not answered."""
        self._replies.clear()
        self._say(bytes((0x1D, 0x49, number)), deadline)
        until = deadline.within(_ANSWER_SECONDS)
        while not until.expired:
            self._receive(until)
            for reply in self._replies:
                if isinstance(reply, InformationBlock):
                    return reply.text
        return None

    def _ask(self, question: int, deadline: Deadline) -> int | None:
        self._receive(deadline.within(0.0))
        self._statuses.clear()
        self._say(bytes((0x10, 0x04, question)), deadline)
        while not self._statuses and not deadline.expired:
            self._receive(deadline)
        return self._statuses.popleft() if self._statuses else None

    def _say(self, command: bytes, deadline: Deadline) -> None:
        """Send a short command whatever flow control says: printers keep room for real-time commands."""
        said = 0
        while said < len(command) and not deadline.expired:
            said += self._transport.write_some(command[said:], deadline)

    def _await(self, wanted: Callable[[Reply], bool], deadline: Deadline) -> bool:
        while True:
            while self._replies:
                if wanted(self._replies.popleft()):
                    return True
            if deadline.expired:
                return False
            self._receive(deadline)

    def _receive(self, deadline: Deadline) -> bool:
        """Take in what has come by the deadline; whether anything came."""
        data = self._transport.read_some(deadline)
        for reply in self._parser.feed(data):
            if isinstance(reply, RealTimeStatus):
                self._statuses.append(reply.value)
            elif isinstance(reply, FlowControl):
                self._paused = reply.stop
            else:
                self._replies.append(reply)
        return bool(data)

    def _forget(self) -> None:
        self._parser.reset()
        self._statuses.clear()
        self._replies.clear()
