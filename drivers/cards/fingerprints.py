"""Fingerprints as a resident card holds them: raw blocks with the finger's name, never taken apart further."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 512
MOST = 2

_NAMES = ("thumb", "forefinger", "middle_finger", "ring_finger", "little_finger")
_FINGERS = {
    first + index: f"{hand}_{name}"
    for hand, first in (("right", 11), ("left", 16))
    for index, name in enumerate(_NAMES)
}
_FINGER_AT = 5  # counted from 0


@dataclass(frozen=True, repr=False)
class Fingerprint:
    """One block of 512 bytes. ``finger`` is such as ``right_thumb`` (codes 11 to 15 and 16 to 20), empty for another code.

    Personal data: in memory only, and not part of an identity.
    """

    finger: str
    raw: bytes

    def __repr__(self) -> str:
        return "Fingerprint(...)"


def parse(data: bytes) -> tuple[Fingerprint, ...] | None:
    """Take whole blocks apart, none to two; None for any other length."""
    if len(data) % BLOCK or len(data) > MOST * BLOCK:
        return None
    blocks = (data[start : start + BLOCK] for start in range(0, len(data), BLOCK))
    return tuple(Fingerprint(_FINGERS.get(block[_FINGER_AT], ""), block) for block in blocks)
