"""Frames of the SDT serial protocol (GA/T 467): from bodies to bytes and back, through garbage and damage."""

from __future__ import annotations

from dataclasses import dataclass

PREAMBLE = bytes.fromhex("AAAAAA9669")
MAXIMUM_BODY = 4096
"""Bodies longer than this are taken for damage; the longest answer known has 2314 bytes (text, photo, fingerprints)."""

_HEADER = len(PREAMBLE) + 2
_SHORTEST_BODY = 2


@dataclass(frozen=True)
class DamagedFrame:
    """A frame that cannot be trusted; ``reason`` is ``length``, ``checksum`` or ``cut short``."""

    reason: str


def encode(body: bytes) -> bytes:
    """Return preamble, length (2 bytes big-endian, body and checksum), body, XOR over length and body."""
    if not _SHORTEST_BODY <= len(body) <= MAXIMUM_BODY:
        raise ValueError(f"a body of {len(body)} bytes")
    checked = (len(body) + 1).to_bytes(2, "big") + body
    return PREAMBLE + checked + bytes([_checksum(checked)])


def _checksum(data: bytes | bytearray) -> int:
    total = 0
    for byte in data:
        total ^= byte
    return total


class FrameDecoder:
    """Finds frames in a stream that may begin anywhere; feed it, then call ``next`` until it gives None."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """How many bytes are held that may be the beginning of a frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take bytes off the line."""
        self._buffer += data

    def next(self) -> bytes | DamagedFrame | None:
        """Return the next body or damaged frame; None when more bytes are needed."""
        self._drop_garbage()
        if len(self._buffer) < _HEADER:
            return None
        length = int.from_bytes(self._buffer[len(PREAMBLE) : _HEADER], "big")
        if not _SHORTEST_BODY < length <= MAXIMUM_BODY + 1:
            return self._damaged("length")
        end = _HEADER + length
        if len(self._buffer) < end:
            return None
        if _checksum(self._buffer[len(PREAMBLE) : end]):
            return self._damaged("checksum")
        body = bytes(self._buffer[_HEADER : end - 1])
        del self._buffer[:end]
        return body

    def _damaged(self, reason: str) -> DamagedFrame:
        # Only the first byte goes: when the length was wrong, a whole frame may lie inside the damaged one.
        del self._buffer[:1]
        return DamagedFrame(reason)

    def _drop_garbage(self) -> None:
        start = self._buffer.find(PREAMBLE)
        if start < 0:
            kept = next(size for size in range(len(PREAMBLE) - 1, -1, -1) if self._buffer.endswith(PREAMBLE[:size]))
            start = len(self._buffer) - kept
        del self._buffer[:start]
