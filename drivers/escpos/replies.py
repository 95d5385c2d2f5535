"""Telling a printer's replies apart in a stream of bytes, however it is cut."""

from __future__ import annotations

from dataclasses import dataclass

XON, XOFF = 0x11, 0x13
PROCESS_ID = 0x22
"""Second byte of the block that answers GS ( H: this job is on paper."""
BUFFER_CLEARED = 0x25
"""Second byte of the block that answers DLE DC4 8: all buffers are empty."""

_RESPONSE_BLOCK, _INFORMATION_BLOCK, _JOB_BLOCK = 0x37, 0x5F, 0xFF
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
class FullStatus:
    """Custom's answer to DLE EOT 20: paper, user, recoverable errors, unrecoverable errors."""

    values: tuple[int, int, int, int]


@dataclass(frozen=True)
class JobBlock:
    """FF 13 and a job's id: Nippon's answer to GS G 0. The status bytes behind it differ between models."""

    job_id: bytes


@dataclass(frozen=True)
class FlowControl:
    """XOFF (stop sending) or XON (go on)."""

    stop: bool


@dataclass(frozen=True)
class Unrecognised:
    """A byte that belongs to no known reply."""

    value: int


Reply = (
    RealTimeStatus
    | AutomaticStatus
    | QueuedStatus
    | ResponseBlock
    | InformationBlock
    | FullStatus
    | JobBlock
    | FlowControl
    | Unrecognised
)


class ReplyParser:
    """Cuts the stream into replies, however it is chunked. Masks: Epson's rule for telling transmitted data apart.

    Two answers break that rule, and are known only where they can come: ``job_blocks`` for a printer that gives them, and
    ``expects_full_status`` while one was asked for and nothing else is under way.
    """

    def __init__(self, job_blocks: bool = False) -> None:
        self.expects_full_status = False
        self._job_blocks = job_blocks
        self._pending = bytearray()

    def reset(self) -> None:
        """Forget a reply that has only half come."""
        self._pending.clear()

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are now complete, in order."""
        replies: list[Reply] = []
        for value in data:
            # Flow control may come in the middle of anything; no other reply but the job block contains these two values.
            if value in (XON, XOFF) and not (self._job_blocks and value == XOFF and bytes(self._pending) == b"\xff"):
                replies.append(FlowControl(value == XOFF))
            else:
                self._pending.append(value)
                self._take(replies)
        return replies

    def _take(self, replies: list[Reply]) -> None:
        """Move what is complete from the pending bytes to ``replies``."""
        while self._pending:
            head = self._pending[0]
            if self._job_blocks and head == _JOB_BLOCK:
                if not self._took_job_block(replies):
                    return
            elif self.expects_full_status and head == 0x10 and bytes(self._pending[1:2]) in (b"", b"\x0f"):
                if not self._took_full_status(replies):
                    return
            elif head & 0x93 == 0x12:
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

    def _took_job_block(self, replies: list[Reply]) -> bool:
        """Take FF 13 id; whether there was enough to decide."""
        job_id = bytes(self._pending[2:6])
        if bytes(self._pending[1:2]) not in (b"", bytes((XOFF,))) or not all(0x20 <= value <= 0x7E for value in job_id):
            self._reject(replies)
        elif len(job_id) < 4:
            return False
        else:
            replies.append(JobBlock(job_id))
            del self._pending[:6]
        return True

    def _took_full_status(self, replies: list[Reply]) -> bool:
        """Take 10 0F and four bytes, of each of which bit 4 is reserved; whether there was enough to decide."""
        values = bytes(self._pending[2:6])
        if any(value & 0x10 for value in values):
            self._reject(replies)
        elif len(values) < 4:
            return False
        else:
            replies.append(FullStatus((values[0], values[1], values[2], values[3])))
            del self._pending[:6]
        return True

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
