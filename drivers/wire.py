"""What goes over a device's wire, told to whoever looks, with personal data masked before it leaves the driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Which way bytes went, seen from the terminal."""

    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class WireEvent:
    """One frame, command or reply. ``shown`` is hexadecimal with personal bytes as ``··``; ``meaning`` says what it is."""

    direction: Direction
    length: int
    shown: str
    meaning: str


Watcher = Callable[[WireEvent], None]
"""Takes events, on the device's own thread, and returns at once."""

MASK = "··"
LONGEST_SHOWN = 64
"""Bytes of a frame that are shown; the rest is counted."""


def shown(data: bytes, personal: slice | None = None) -> str:
    """Return bytes as hexadecimal; those in ``personal`` are masked, and a long frame is cut short."""
    hidden = range(*personal.indices(len(data))) if personal is not None else range(0)
    pairs = [MASK if index in hidden else f"{value:02x}" for index, value in enumerate(data[:LONGEST_SHOWN])]
    more = len(data) - len(pairs)
    return " ".join(pairs) + (f" … {more} more" if more else "")
