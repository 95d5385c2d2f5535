"""Turns a card's raw WLT picture into one that can be shown, by a decoder of the reader's vendor: none is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import cast

from drivers.base import Check, CheckOutcome, Fault

ENTRY_POINT_GROUP = "civic_kiosk.photo_decoders"
"""A package's entry point in this group is a ``PhotoDecoder``."""

PhotoDecoder = Callable[[bytes], bytes | None]
"""Takes the 1024 bytes from the chip; gives a PNG or JPEG, or None when it cannot decode them."""

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def installed() -> tuple[PhotoDecoder, ...]:
    """Return the decoders that are installed, in the order of their names; one that is broken is left out (``check`` says why)."""
    return tuple(_found()[0].values())


def check() -> Check:
    """Return the self-test's line: which decoders there are, that pictures are handed on raw, or whose package is broken."""
    decoders, broken = _found()
    if broken:
        return Check("photo", CheckOutcome.WARN, Fault("card_reader.photo_decoder_broken", evidence="; ".join(broken)))
    if not decoders:
        return Check("photo", CheckOutcome.SKIP, Fault("card_reader.no_photo_decoder"))
    return Check("photo", CheckOutcome.PASS, evidence=", ".join(decoders))


def _found() -> tuple[dict[str, PhotoDecoder], list[str]]:
    """Return the decoders by name, and a line for each that is none."""
    decoders: dict[str, PhotoDecoder] = {}
    broken: list[str] = []
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        try:
            found: object = entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a vendor's package may fail in any way, and cards are read without it
            broken.append(f"{entry.name}: {type(error).__name__}: {error}")
            continue
        if callable(found):
            decoders[entry.name] = cast("PhotoDecoder", found)
        else:
            broken.append(f"{entry.name}: {entry.value} cannot be called")
    return decoders, broken


def decode(photo: bytes, decoders: Iterable[PhotoDecoder]) -> bytes | None:
    """Return the picture of the first decoder that gives a PNG or JPEG; None when none does. Personal data.

    What a decoder raises is let through.
    """
    for decoder in decoders:
        picture = decoder(photo)
        if picture is not None and picture.startswith(_SIGNATURES):
            return picture
    return None
