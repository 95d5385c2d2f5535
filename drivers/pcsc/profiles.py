"""How each model of PC/SC reader shows a resident card: one row a model, because none of it is standardised.

Every byte value was read in public sources and tried on virtual readers only, never on real hardware.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from drivers.card_reader import CardRefused, IdentityDocument
from drivers.cards import resident_id
from drivers.pcsc.apdu import Transmit, exchange

_PAGES = 6
_PREFIX = struct.pack(">HH", resident_id.TEXT_LENGTH, resident_id.PHOTO_LENGTH)
_STREAM = len(_PREFIX) + resident_id.TEXT_LENGTH + resident_id.PHOTO_LENGTH


@dataclass(frozen=True)
class Profile:
    """One model: ``recognises`` looks at the answer to reset, ``read`` talks to the card."""

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Transmit], IdentityDocument | CardRefused]


def _read_sam_backed(transmit: Transmit) -> IdentityDocument | CardRefused:
    """Read six pages by ``FF B0 page 00 00``: lengths 0100 and 0400 (big-endian), 256 bytes of text, 1024 of photo."""
    stream = b""
    for page in range(_PAGES):
        part = exchange(transmit, bytes([0xFF, 0xB0, page, 0x00, 0x00]))
        if isinstance(part, CardRefused):
            return part
        stream += part
    if not stream.startswith(_PREFIX) or len(stream) != _STREAM:
        # What stands where the lengths should may be the beginning of a name.
        begins = "with" if stream.startswith(_PREFIX) else "without"
        return CardRefused("card.unreadable", f"{len(stream)} bytes, {begins} the lengths {_PREFIX.hex()} before them")
    text_end = len(_PREFIX) + resident_id.TEXT_LENGTH
    return resident_id.parse(stream[len(_PREFIX) : text_end], stream[text_end:])


# The one public example says "bytes 13 and 14" without saying whether it counts from 0 or from 1: both are taken.
_SAM_BACKED = Profile("sam-backed", lambda atr: b"\x90\x00" in (atr[13:15], atr[12:14]), _read_sam_backed)

PROFILES = (_SAM_BACKED,)


def find(atr: bytes) -> Profile | None:
    """Return the model that shows a resident card in this way."""
    return next((profile for profile in PROFILES if profile.recognises(atr)), None)
