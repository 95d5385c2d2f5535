"""The SDT commands this product sends (GA/T 467), and which answers can belong to which of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Command(Enum):
    """Command bytes (CMD PARA), then the status byte SW3 and the number of data bytes of a success."""

    RESET = (b"\x10\xff", 0x90, 0)
    STATUS = (b"\x11\xff", 0x90, 0)
    SAM_ID = (b"\x12\xff", 0x90, 16)
    FIND = (b"\x20\x01", 0x9F, 4)
    SELECT = (b"\x20\x02", 0x90, 8)
    READ = (b"\x30\x01", 0x90, 4 + 256 + 1024)

    @property
    def code(self) -> bytes:
        """The two bytes that ask for it."""
        return self.value[0]

    @property
    def success(self) -> tuple[int, int]:
        """SW3 and length of the data that mean success."""
        return self.value[1:]


FIND_FAILED = 0x80
SELECT_FAILED = 0x81
_FAILURES = {FIND_FAILED: Command.FIND, SELECT_FAILED: Command.SELECT}


@dataclass(frozen=True)
class Answer:
    """One whole answer: the status byte SW3 and its data."""

    status: int
    data: bytes

    @classmethod
    def of(cls, body: bytes) -> Answer | None:
        """Take a frame's body (SW1 SW2 SW3, data) apart; None when it is too short to be an answer."""
        return cls(body[2], body[3:]) if len(body) >= 3 else None

    def succeeds(self, command: Command) -> bool:
        """Whether this is the success that ``command`` asks for."""
        return (self.status, len(self.data)) == command.success

    def may_answer(self, command: Command) -> bool:
        """Whether this can be meant for ``command``: answers name no command, and a late one may still arrive.

        What looks exactly like another command's success or failure is that command's; everything else is taken.
        """
        if self.succeeds(command):
            return True
        if any(self.succeeds(other) for other in Command):
            return False
        return _FAILURES.get(self.status, command) is command
