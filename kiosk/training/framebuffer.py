"""Reads the picture of a virtual X server out of its memory, many times a second and without asking the server."""

from __future__ import annotations

import mmap
import struct
import threading
from pathlib import Path

import numpy
from numpy.typing import NDArray
from PIL import Image


class Framebuffer:
    """Xvfb's screen as a memory-mapped file in XWD format (X11/XWDFile.h), 32 bits a pixel.

    The header's numbers are big-endian: its size in bytes is the first, width and height the 5th and 6th, the bits of
    a pixel the 12th, the bytes of a line the 13th, the entries of the colour map (12 bytes each, between header and
    pixels) the 20th. Raises ``ValueError`` for another depth.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        header = struct.unpack_from(">25I", memory)
        self.width, self.height, bits, self._line = header[4], header[5], header[11], header[12]
        if bits != 32:
            raise ValueError(f"the virtual screen has {bits} bits a pixel, not 32")
        self._pixels: NDArray[numpy.uint64] = numpy.frombuffer(
            memory, dtype=numpy.uint64, count=self._line * self.height // 8, offset=header[0] + 12 * header[19]
        )
        self._seen = self._pixels.copy()
        self._number = 1
        self._lock = threading.Lock()

    def frame_number(self) -> int:
        """Compare with the picture seen last (about a millisecond) and count the changes."""
        with self._lock:
            if not numpy.array_equal(self._pixels, self._seen):
                numpy.copyto(self._seen, self._pixels)
                self._number += 1
            return self._number

    def picture(self) -> Image.Image:
        """Copy the pixels out."""
        return Image.frombytes("RGB", (self.width, self.height), self._pixels.tobytes(), "raw", "BGRX", self._line)
