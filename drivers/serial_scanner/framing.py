"""How serial scanners mark where a code ends, and how a stream of bytes becomes codes again."""

from __future__ import annotations

from typing import Literal, get_args

Framing = Literal["cr", "lf", "crlf", "stx_etx"]
FRAMINGS: tuple[Framing, ...] = get_args(Framing)

MAXIMUM_PENDING = 65536
"""Bytes kept of a code whose end has not come; the rest is dropped. Far above what is accepted, so it is refused."""

_START = {"stx_etx": b"\x02"}
_END = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "stx_etx": b"\x03"}


def enclose(data: bytes, framing: Framing) -> bytes:
    """Return a code as a scanner sends it."""
    return _START.get(framing, b"") + data + _END[framing]


class CodeSplitter:
    """Splits what a scanner sends into codes. Bytes outside STX and ETX belong to no code; empty codes are dropped."""

    def __init__(self, framing: Framing) -> None:
        self._start = _START.get(framing, b"")
        self._end = _END[framing]
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._buffer)

    def clear(self) -> None:
        """Forget the code that has begun."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes off the line and return the codes that they complete."""
        self._buffer += data
        *ended, rest = bytes(self._buffer).split(self._end)
        self._buffer[:] = self._begun(rest)[:MAXIMUM_PENDING]
        codes = [self._begun(piece)[len(self._start) :] for piece in ended]
        return [code for code in codes if code]

    def _begun(self, piece: bytes) -> bytes:
        """Return the piece from its last start mark on; all of it when the framing has no start mark."""
        if not self._start:
            return piece
        at = piece.rfind(self._start)
        return piece[at:] if at >= 0 else b""
