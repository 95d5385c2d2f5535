"""Cuts the bytes that a virtual printer receives into ESC/POS commands, whatever the encoder that sent them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

TEXT = b""
RASTER = b"\x1dv0"
RASTER_ROW = b"row"
CUT = b"\x1dV"
INITIALISE = b"\x1b@"
REAL_TIME = b"\x10"
CLEAR_BUFFERS = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"

_PARAMETERS = {
    b"\x1b": {b"@": 0, b"2": 0, b"c": 2, b"p": 3, b"$": 2, b"\\": 2},
    b"\x1c": {b"&": 0, b".": 0, b"S": 2, b"2": 2, b"P": 4},
    b"\x1d": {b"P": 2, b"L": 2, b"W": 2, b"\\": 2, b"$": 2},
}
"""Bytes of parameters after ESC, FS and GS commands of fixed length, where it is not the usual one."""
_USUAL_PARAMETERS = 1


@dataclass(frozen=True)
class Command:
    """One command: what it is (ESC, FS or GS and a letter; empty for a byte of text), its parameters, its bytes."""

    code: bytes
    parameters: bytes
    raw: bytes


class Lexer:
    """Takes bytes one by one and gives commands when they are complete; image data comes row by row."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget a command that has only half come."""
        self._complete: list[Command] = []
        self._raw = bytearray()
        self._machine = self._run()
        next(self._machine)

    def feed(self, value: int) -> list[Command]:
        """Return the commands that this byte completes (none or one)."""
        self._raw.append(value)
        self._machine.send(value)
        complete, self._complete = self._complete, []
        return complete

    def _emit(self, code: bytes, parameters: bytes = b"") -> None:
        self._complete.append(Command(code, parameters, bytes(self._raw)))
        self._raw.clear()

    def _take(self, count: int) -> Generator[None, int, bytes]:
        taken = bytearray()
        for _ in range(count):
            taken.append((yield))
        return bytes(taken)

    def _run(self) -> Generator[None, int, None]:
        while True:
            first = bytes((yield from self._take(1)))
            if first == REAL_TIME:
                yield from self._real_time()
            elif first in _PARAMETERS:
                yield from self._command(first)
            else:
                self._emit(TEXT, first)

    def _real_time(self) -> Generator[None, int, None]:
        kind = yield from self._take(1)
        if kind in (b"\x04", b"\x05"):
            yield from self._take(1)
        elif kind == b"\x14":
            function = yield from self._take(1)
            yield from self._take({1: 2, 2: 2, 7: 1, 8: 7}.get(function[0], 0))
        self._emit(REAL_TIME)

    def _command(self, first: bytes) -> Generator[None, int, None]:
        letter = yield from self._take(1)
        code = first + letter
        if letter == b"(":
            function = yield from self._take(1)
            low, high = yield from self._take(2)
            self._emit(code + function, (yield from self._take(low + 256 * high)))
        elif code == b"\x1dG":
            mode = yield from self._take(1)
            self._emit(code, mode + (yield from self._take(4 if mode == b"1" else 0)))
        elif code == b"\x1de":
            mode = yield from self._take(1)
            self._emit(code, mode + (yield from self._take(1 if mode == b"\x03" else 0)))
        elif code == b"\x1dv":
            yield from self._raster()
        elif code == CUT:
            mode = yield from self._take(1)
            self._emit(CUT, mode if mode in b"\x00\x0101" else mode + (yield from self._take(1)))
        elif code == b"\x1b*":
            mode, low, high = yield from self._take(3)
            height = 3 if mode in (32, 33) else 1
            self._emit(code, bytes((mode,)) + (yield from self._take(height * (low + 256 * high))))
        else:
            count = _PARAMETERS[first].get(letter, _USUAL_PARAMETERS)
            self._emit(code, (yield from self._take(count)))

    def _raster(self) -> Generator[None, int, None]:
        _, _, width_low, width_high, height_low, height_high = yield from self._take(6)
        self._emit(RASTER, bytes((width_low, width_high)))
        for _ in range(height_low + 256 * height_high):
            self._emit(RASTER_ROW, (yield from self._take(width_low + 256 * width_high)))
