"""How each model of PC/SC reader shows a resident card: one row a model, because none of it is standardised.

Every byte value was read in public sources and tried on virtual readers only, never on real hardware.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from drivers.card_reader import CardRefused, IdentityDocument
from drivers.cards import resident_id

Transmit = Callable[[bytes], bytes]
"""Send one command APDU, return data and status word together; raises when the card or the reader is gone."""

_DONE = 0x9000
_MORE_DATA, _WRONG_LENGTH = 0x61, 0x6C
_MOST_PARTS = 8  # of one answer; a card that promises more data for ever is not believed

_PAGES = 6
_PREFIX = struct.pack(">HH", resident_id.TEXT_LENGTH, resident_id.PHOTO_LENGTH)
_STREAM = len(_PREFIX) + resident_id.TEXT_LENGTH + resident_id.PHOTO_LENGTH


@dataclass(frozen=True)
class Profile:
    """One model: ``recognises`` looks at the answer to reset, ``read`` talks to the card."""

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Transmit], IdentityDocument | CardRefused]


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


def _read_sam_backed(transmit: Transmit) -> IdentityDocument | CardRefused:
    """Read six pages by ``FF B0 page 00 00``: lengths 0100 and 0400 (big-endian), 256 bytes of text, 1024 of photo."""
    stream = b""
    for page in range(_PAGES):
        part = exchange(transmit, bytes([0xFF, 0xB0, page, 0x00, 0x00]))
        if isinstance(part, CardRefused):
            return part
        stream += part
    if not stream.startswith(_PREFIX) or len(stream) != _STREAM:
        return CardRefused("card.unreadable", f"{len(stream)} bytes, lengths {stream[: len(_PREFIX)].hex()}")
    text_end = len(_PREFIX) + resident_id.TEXT_LENGTH
    return resident_id.parse(stream[len(_PREFIX) : text_end], stream[text_end:])


def _refuse_plain_type_b(transmit: Transmit) -> IdentityDocument | CardRefused:
    """Text and photo come only after mutual authentication by a SAM, which this reader does not have."""
    return CardRefused("card.plain_type_b")


# The one public example says "bytes 13 and 14" without saying whether it counts from 0 or from 1: both are taken.
_SAM_BACKED = Profile("sam-backed", lambda atr: b"\x90\x00" in (atr[13:15], atr[12:14]), _read_sam_backed)
_PLAIN_TYPE_B = Profile("plain type B", lambda atr: atr[4:7] == b"\xd1\x03\x86", _refuse_plain_type_b)

PROFILES = (_SAM_BACKED, _PLAIN_TYPE_B)


def read(atr: bytes, transmit: Transmit) -> IdentityDocument | CardRefused:
    """Read a card by the first profile that recognises it; ``card.unknown`` when none does."""
    for profile in PROFILES:
        if profile.recognises(atr):
            return profile.read(transmit)
    return CardRefused("card.unknown", f"ATR {atr.hex()}")
