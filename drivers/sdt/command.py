"""The SDT commands this product sends (GA/T 467), and which answers can belong to which of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

_TEXT_AND_PHOTO = 256 + 1024


class Command(Enum):
    """Command bytes (CMD PARA), the status byte SW3 of a success, the numbers of data bytes it may have, what it asks for."""

    RESET = (b"\x10\xff", 0x90, (0,), "reset the security module")
    STATUS = (b"\x11\xff", 0x90, (0,), "security module's self-test")
    SAM_ID = (b"\x12\xff", 0x90, (16,), "security module's id")
    FIND = (b"\x20\x01", 0x9F, (4,), "find card")
    SELECT = (b"\x20\x02", 0x90, (8,), "select card")
    READ = (b"\x30\x01", 0x90, (4 + _TEXT_AND_PHOTO,), "read text and photo")
    READ_WITH_FINGERPRINTS = (
        b"\x30\x10",
        0x90,
        (6 + _TEXT_AND_PHOTO, 6 + _TEXT_AND_PHOTO + 512, 6 + _TEXT_AND_PHOTO + 1024),
        "read text, photo and fingerprints",
    )
    ADDED_ADDRESS = (b"\x30\x03", 0x90, (70, 140, 210, 280), "read added address")
    CARD_NUMBER = (b"\x30\x05", 0x90, (28,), "read card management number")

    @property
    def code(self) -> bytes:
        """The two bytes that ask for it."""
        return self.value[0]

    @property
    def meaning(self) -> str:
        """What it asks for, for technicians."""
        return self.value[3]


FIND_FAILED = 0x80
SELECT_FAILED = 0x81
ITEM_EMPTY = 0x91
_READS = frozenset({Command.READ, Command.READ_WITH_FINGERPRINTS, Command.ADDED_ADDRESS, Command.CARD_NUMBER})
_FAILURES = {
    FIND_FAILED: frozenset({Command.FIND}),
    SELECT_FAILED: frozenset({Command.SELECT}),
    ITEM_EMPTY: _READS,
}
_STATUSES = {
    0x90: "done",
    0x91: "no such item",
    0x9F: "card found",
    0x10: "checksum wrong",
    0x11: "length wrong",
    0x21: "unknown command",
    0x23: "no privilege",
    0x24: "unknown error",
    0x31: "card refused security module",
    0x32: "security module refused card",
    0x33: "information check failed",
    0x40: "unknown type of card",
    0x41: "reading failed",
    0x47: "no random number",
    0x60: "security module failed its self-test",
    0x66: "security module not authorised",
    0x80: "no card found",
    0x81: "no card selected",
}


@dataclass(frozen=True)
class Answer:
    """One whole answer: the status byte SW3 and its data. ``repr`` leaves the data out."""

    status: int
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, body: bytes) -> Answer | None:
        """Take a frame's body (SW1 SW2 SW3, data) apart; None when it is too short to be an answer."""
        return cls(body[2], body[3:]) if len(body) >= 3 else None

    @property
    def meaning(self) -> str:
        """What the status says, for technicians."""
        return _STATUSES.get(self.status, f"status {self.status:02X}")

    def succeeds(self, command: Command) -> bool:
        """Whether this is the success that ``command`` asks for."""
        _, status, lengths, _ = command.value
        return self.status == status and len(self.data) in lengths

    def may_answer(self, command: Command) -> bool:
        """Whether this can be meant for ``command``: answers name no command, and a late one may still arrive.

        What looks exactly like another command's success or failure is that command's; everything else is taken.
        """
        if self.succeeds(command):
            return True
        if any(self.succeeds(other) for other in Command):
            return False
        return command in _FAILURES.get(self.status, frozenset({command}))
