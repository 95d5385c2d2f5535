"""What a printer says about itself: telling its replies apart in a stream of bytes, and reading them bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import DeviceState, Fault, Health, Supply, SupplyLevel

XON, XOFF = 0x11, 0x13
PROCESS_ID = 0x22
"""Second byte of the block that answers GS ( H: this job is on paper."""
BUFFER_CLEARED = 0x25
"""Second byte of the block that answers DLE DC4 8: all buffers are empty."""

_RESPONSE_BLOCK, _INFORMATION_BLOCK = 0x37, 0x5F
_LONGEST_BLOCK = 80
"""No block that we ask for is longer; a block that does not end by then was none."""


@dataclass(frozen=True)
class RealTimeStatus:
    """One byte that answers DLE EOT n; it does not say which n."""

    value: int


@dataclass(frozen=True)
class AutomaticStatus:
    """Four bytes sent unasked (ASB) when something changed."""

    values: tuple[int, int, int, int]


@dataclass(frozen=True)
class QueuedStatus:
    """One byte that answers GS r or GS I 1..3, sent when everything before the question was carried out."""

    value: int


@dataclass(frozen=True)
class ResponseBlock:
    """37, what it answers, a payload, 00."""

    answers: int
    payload: bytes


@dataclass(frozen=True)
class InformationBlock:
    """5F, a text, 00: the answer to GS I."""

    text: str


@dataclass(frozen=True)
class FlowControl:
    """XOFF (stop sending) or XON (go on)."""

    stop: bool


@dataclass(frozen=True)
class Unrecognised:
    """A byte that belongs to no known reply."""

    value: int


Reply = RealTimeStatus | AutomaticStatus | QueuedStatus | ResponseBlock | InformationBlock | FlowControl | Unrecognised


class ReplyParser:
    """Cuts the stream into replies, however it is chunked. Masks: Epson's rule for telling transmitted data apart."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def reset(self) -> None:
        """Forget a reply that has only half come."""
        self._pending.clear()

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are now complete, in order."""
        replies: list[Reply] = []
        for value in data:
            # Flow control may come in the middle of anything; no other reply contains these two values.
            if value in (XON, XOFF):
                replies.append(FlowControl(value == XOFF))
            else:
                self._pending.append(value)
                self._take(replies)
        return replies

    def _take(self, replies: list[Reply]) -> None:
        """Move what is complete from the pending bytes to ``replies``."""
        while self._pending:
            head = self._pending[0]
            if head & 0x93 == 0x12:
                replies.append(RealTimeStatus(head))
                del self._pending[0]
            elif head & 0x90 == 0:
                replies.append(QueuedStatus(head))
                del self._pending[0]
            elif head & 0x93 == 0x10:
                if not all(value & 0x90 == 0 for value in self._pending[1:]):
                    self._reject(replies)
                elif len(self._pending) < 4:
                    return
                else:
                    first, second, third, fourth = self._pending[:4]
                    replies.append(AutomaticStatus((first, second, third, fourth)))
                    del self._pending[:4]
            elif head in (_RESPONSE_BLOCK, _INFORMATION_BLOCK):
                last = self._pending[-1]
                if len(self._pending) > 1 and last == 0:
                    replies.append(self._block())
                    self._pending.clear()
                elif len(self._pending) > _LONGEST_BLOCK or not 0x20 <= last <= 0x7E:
                    self._reject(replies)
                else:
                    return
            else:
                self._reject(replies)

    def _reject(self, replies: list[Reply]) -> None:
        replies.append(Unrecognised(self._pending[0]))
        rest = bytes(self._pending[1:])
        self._pending.clear()
        for value in rest:
            self._pending.append(value)
            self._take(replies)

    def _block(self) -> Reply:
        body = bytes(self._pending[1:-1])
        if self._pending[0] == _INFORMATION_BLOCK:
            return InformationBlock(body.decode("ascii", errors="replace"))
        return ResponseBlock(body[0], body[1:]) if body else ResponseBlock(0, b"")


@dataclass(frozen=True)
class PrinterStatus:
    """A printer's condition: what is wrong, and how much paper there is. ``ready`` when it would print now."""

    faults: tuple[Fault, ...]
    paper: SupplyLevel

    @property
    def ready(self) -> bool:
        """Whether nothing stops it from printing."""
        return all(fault.code == PAPER_LOW for fault in self.faults)

    def health(self, observed_at: float) -> Health:
        """Return this as the health of a device."""
        if any(fault.code in (OFFLINE, NO_ANSWER) for fault in self.faults):
            state = DeviceState.OFFLINE
        elif not self.ready:
            state = DeviceState.FAULT
        else:
            state = DeviceState.DEGRADED if self.faults else DeviceState.ONLINE
        return Health(state, self.faults, (Supply("paper", self.paper),), observed_at)


PAPER_OUT = "printer.paper_out"
PAPER_LOW = "printer.paper_low"
COVER_OPEN = "printer.cover_open"
CUTTER = "printer.cutter"
UNRECOVERABLE = "printer.unrecoverable"
OVERHEATED = "printer.overheated"
JAM = "printer.jam"
OFFLINE = "printer.offline"
NO_ANSWER = "printer.no_answer"

SILENT = PrinterStatus((Fault(NO_ANSWER),), SupplyLevel.UNKNOWN)
"""A printer that does not answer: nothing is known of its paper."""


def decode_real_time(printer: int, cause: int, error: int, paper: int) -> PrinterStatus:
    """Read the answers to DLE EOT 1, 2, 3 and 4.

    Bits, from Epson's command reference: n=1 08 offline; n=2 04 cover open, 20 stopped at paper end, 40 error; n=3 04
    mechanism, 08 cutter, 20 unrecoverable, 40 recovers by itself (head too hot); n=4 0C near end, 60 paper end.
    """
    paper_out = bool(cause & 0x20 or paper & 0x60)
    known = {
        PAPER_OUT: paper_out,
        COVER_OPEN: bool(cause & 0x04),
        CUTTER: bool(error & 0x08),
        UNRECOVERABLE: bool(error & 0x20),
        OVERHEATED: bool(error & 0x40),
    }
    codes = [code for code, present in known.items() if present]
    # A mechanical error without a nearer cause is in practice paper that got stuck.
    if error & 0x04 or (cause & 0x40 and not error & 0x6C):
        codes.append(JAM)
    if printer & 0x08 and not codes:
        codes.append(OFFLINE)
    paper_low = bool(paper & 0x0C) and not paper_out
    if paper_low:
        codes.append(PAPER_LOW)
    level = SupplyLevel.OUT if paper_out else SupplyLevel.LOW if paper_low else SupplyLevel.OK
    evidence = f"DLE EOT {printer:02X} {cause:02X} {error:02X} {paper:02X}"
    return PrinterStatus(tuple(Fault(code, evidence=evidence) for code in codes), level)
