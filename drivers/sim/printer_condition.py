"""The condition of a virtual printer, and the status bytes that tell of it."""

from __future__ import annotations

from enum import StrEnum


class Mishap(StrEnum):
    """What can go wrong inside the mechanism."""

    JAM = "jam"
    CUTTER = "cutter"
    UNRECOVERABLE = "unrecoverable"
    HOT_HEAD = "hot_head"


_ERROR_BITS = {Mishap.JAM: 0x04, Mishap.CUTTER: 0x08, Mishap.UNRECOVERABLE: 0x20, Mishap.HOT_HEAD: 0x40}
"""The same bits in the answer to DLE EOT 3 and in the second byte of an ASB block."""


class PrinterCondition:
    """Paper, cover, mechanism, and the ticket that waits in the presenter."""

    def __init__(self) -> None:
        self.paper_level = "ok"
        self.cover_open = False
        self.mishaps: set[Mishap] = set()
        self.inside: int | None = None
        """The number of the piece of paper that was cut off and is not held out yet."""
        self.waiting: int | None = None
        """The number of the piece of paper that waits to be taken."""

    @property
    def offline(self) -> bool:
        """Whether the mechanism stands still."""
        return self.cover_open or self.paper_level == "out" or bool(self.mishaps)

    def real_time_status(self, question: int) -> bytes:
        """Return the answer to DLE EOT 1 to 4."""
        out = self.paper_level == "out"
        bits = {
            1: 0x08 * self.offline,
            2: 0x04 * self.cover_open | 0x20 * out | 0x40 * bool(self.mishaps),
            3: self._errors,
            4: {"ok": 0, "low": 0x0C, "out": 0x6C}[self.paper_level],
        }
        return bytes((0x12 | bits[question],))

    def automatic_status(self) -> bytes:
        """Return the four bytes that are sent unasked."""
        first = 0x10 | 0x08 * self.offline | 0x20 * self.cover_open
        return bytes((first, self._errors, self.sensors, 0))

    def full_status(self) -> bytes:
        """Return the answer to Custom's DLE EOT 20."""
        paper = {"ok": 0, "low": 0x04, "out": 0x05}[self.paper_level] | 0x20 * (self.waiting is not None)
        recoverable = 0x01 * (Mishap.HOT_HEAD in self.mishaps) | 0x40 * (Mishap.JAM in self.mishaps)
        unrecoverable = 0x01 * (Mishap.CUTTER in self.mishaps) | 0x04 * (Mishap.UNRECOVERABLE in self.mishaps)
        return bytes((0x10, 0x0F, paper, 0x02 * self.cover_open, recoverable, unrecoverable))

    @property
    def sensors(self) -> int:
        """The answer to GS r 1."""
        return {"ok": 0, "low": 0x03, "out": 0x0F}[self.paper_level]

    @property
    def _errors(self) -> int:
        return sum(_ERROR_BITS[mishap] for mishap in self.mishaps)
