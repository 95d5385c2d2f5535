"""Commands to a card and its answers (ISO 7816-4), so that every card application speaks the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import Deadline
from drivers.card_reader import AccessKey, CardRefused

Transmit = Callable[[bytes], bytes]
"""Send one command APDU, return data and status word together; raises when the card or the reader is gone."""

_DONE = 0x9000
_MORE_DATA, _WRONG_LENGTH = 0x61, 0x6C
_MOST_PARTS = 8  # of one answer; a card that promises more data for ever is not believed


@dataclass(frozen=True)
class Card:
    """A card on a reader while it is read: its answer to reset, the way to it, and what the caller knows and allows.

    ``transmit`` raises when the card is gone or ``deadline`` has passed; an application lets it through.
    """

    atr: bytes
    transmit: Transmit
    deadline: Deadline
    key: AccessKey | None = None


def selects(transmit: Transmit, command: bytes) -> bool:
    """Send a SELECT and return whether the card has what was asked for (``9000``, or ``61xx`` with more to fetch)."""
    answer = transmit(command)
    return len(answer) >= 2 and (answer[-2:] == b"\x90\x00" or answer[-2] == _MORE_DATA)


def exchange(transmit: Transmit, command: bytes) -> bytes | CardRefused:
    """Send one command that expects data (its last byte is Le) and return the data alone.

    ``6Cxx`` is sent again with that length, ``61xx`` fetched by GET RESPONSE (ISO 7816-4). Any other status word than
    ``9000`` is ``card.unreadable`` with the status word as evidence.
    """
    data = b""
    for _ in range(_MOST_PARTS):
        answer = transmit(command)
        if len(answer) < 2:
            return CardRefused("card.unreadable", "no status word")
        data += answer[:-2]
        kind, length = answer[-2], answer[-1]
        if kind == _WRONG_LENGTH:
            command = command[:-1] + bytes([length])
        elif kind == _MORE_DATA:
            command = bytes([0x00, 0xC0, 0x00, 0x00, length])
        elif kind << 8 | length == _DONE:
            return data
        else:
            return CardRefused("card.unreadable", f"SW {kind:02X}{length:02X}")
    return CardRefused("card.unreadable", "no end of data")
