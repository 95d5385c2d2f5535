"""Turns a card's raw WLT picture into one that can be shown, by a decoder of the reader's vendor: none is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points

ENTRY_POINT_GROUP = "civic_kiosk.photo_decoders"
"""A package's entry point in this group is a ``PhotoDecoder``."""

PhotoDecoder = Callable[[bytes], bytes | None]
"""Takes the 1024 bytes from the chip; gives a PNG or JPEG, or None when it cannot decode them."""

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def installed() -> tuple[PhotoDecoder, ...]:
    """Return the decoders that are installed, in the order of their names."""
    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    return tuple(entry.load() for entry in found)


def decode(photo: bytes, decoders: Iterable[PhotoDecoder]) -> bytes | None:
    """Return the picture of the first decoder that gives a PNG or JPEG; None when none does. Personal data.

    What a decoder raises is let through.
    """
    for decoder in decoders:
        picture = decoder(photo)
        if picture is not None and picture.startswith(_SIGNATURES):
            return picture
    return None
