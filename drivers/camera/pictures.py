"""Frames out of picture files, so that training, tests and a technician's desk need no camera."""

from __future__ import annotations

import io
import os
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from drivers.base import Deadline, DriverError
from drivers.camera.source import Frame, FrameSource

FRAMES_A_SECOND = 20.0


def decode_picture(data: bytes) -> NDArray[np.uint8] | None:
    """Return a picture file's pixels as BGR, upright; None when the file is no picture or is not whole."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    # Pillow reports a broken file by any of these, according to the format and the place of the damage.
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    pixels = np.ascontiguousarray(np.asarray(upright, np.uint8)[:, :, ::-1])
    pixels.flags.writeable = False
    return pixels


class _PacedSource(FrameSource):
    """Gives frames at a camera's pace, from whatever ``_picture`` finds at that moment."""

    live = False

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._interval = 1.0 / rate
        self._clock = clock
        self._closed = threading.Event()
        self._closed.set()
        self._sequence = 0
        self._due = 0.0

    @abstractmethod
    def _picture(self) -> NDArray[np.uint8] | None:
        """Return the present picture; None while none is whole. Raises ``DriverError`` when it is gone."""

    def open(self, deadline: Deadline) -> None:
        """Look whether the file or folder is there."""
        self._picture()
        self._closed.clear()
        self._due = self._clock()

    def read(self, deadline: Deadline) -> Frame | None:
        """Return the picture as it is now, once its time has come."""
        while True:
            wait = self._due - self._clock()
            if wait > 0:
                self._closed.wait(min(wait, deadline.remaining()))
            if self._closed.is_set():
                raise DriverError("camera.not_found", "the source is closed")
            if self._clock() < self._due:
                return None
            # After a pause the pace starts anew instead of catching up.
            self._due = max(self._due + self._interval, self._clock())
            image = self._picture()
            if image is not None:
                self._sequence += 1
                return Frame(image, self._sequence)
            if deadline.expired:
                return None

    def skip(self) -> None:
        """Nothing is kept: each ``read`` looks at the file as it then is."""

    def close(self) -> None:
        """End a wait under way."""
        self._closed.set()


class PictureSource(_PacedSource):
    """Gives one picture file again and again, without any noise; the file may be replaced at any time.

    While the file is not a whole picture there are no frames; when it is gone, so is the camera.
    """

    def __init__(self, path: Path, rate: float = FRAMES_A_SECOND, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(rate, clock)
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._image: NDArray[np.uint8] | None = None

    def describe(self) -> str:
        """Name the file."""
        return str(self._path)

    def _picture(self) -> NDArray[np.uint8] | None:
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())  # of what is read, even if it is replaced meanwhile
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if stamp != self._stamp:
                    self._image = decode_picture(file.read())
                    self._stamp = stamp
        except OSError as error:
            raise DriverError("camera.not_found", "the picture is gone", type(error).__name__) from error
        return self._image
