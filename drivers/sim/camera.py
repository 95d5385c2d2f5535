"""Virtual cameras: a picture file that a ``PictureSource`` watches, and a capture below the OpenCV source that misbehaves."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import qrcode
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, UnidentifiedImageError
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

from drivers.base import DriverError

LARGEST_CODE = 2953
"""Most bytes a QR code holds (ISO/IEC 18004, version 40-L)."""

_MAT_DARK, _MAT_LIGHT = (38, 44, 42), (58, 64, 62)
_PAPER, _INK, _STAMP = (247, 246, 240), (32, 32, 36), (196, 48, 44)


class PictureStage:
    """The view of a virtual camera, ``width`` by ``height`` pixels, kept as ``stage.png`` in a folder.

    Every change replaces the file as a whole, so that no reader ever sees half a picture.
    """

    def __init__(self, directory: Path, width: int = 1280, height: int = 720) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "stage.png"
        self._size = (width, height)
        if not self.path.exists():
            self.clear()

    def clear(self) -> None:
        """Take everything away: an empty dark mat."""
        self._put(self._mat())

    def show(self, picture: bytes) -> None:
        """Hold a PNG or JPEG to the camera, made smaller where it does not fit; ValueError when it is not whole."""
        try:
            with Image.open(io.BytesIO(picture), formats=("PNG", "JPEG")) as opened:
                upright = ImageOps.exif_transpose(opened).convert("RGB")
        except (UnidentifiedImageError, OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
            raise ValueError("not a whole PNG or JPEG picture") from error
        upright.thumbnail(self._size, Image.Resampling.LANCZOS)
        self._put(self._centred(upright))

    def show_code(self, content: str | bytes) -> None:
        """Hold a phone with a QR code to the camera, a text as UTF-8; ValueError above ``LARGEST_CODE`` bytes."""
        data = content.encode() if isinstance(content, str) else content
        code = _code(data, self._size[1] * 5 // 6)
        edge = code.width // 16
        phone = Image.new("RGB", (code.width + 2 * edge, min(code.height * 2, self._size[1])), (18, 18, 20))
        screen = (edge // 2, edge, phone.width - edge // 2 - 1, phone.height - edge - 1)
        ImageDraw.Draw(phone).rectangle(screen, fill=(252, 252, 252))
        phone.paste(code, (edge, (phone.height - code.height) // 2))
        self._put(self._centred(phone))

    def show_paper(self, lines: Sequence[str], font: Path, blur: float = 0.0) -> None:
        """Lay a stamped A4 paper under the camera: the first line as its title, the others wrapped below.

        ``font`` is an OpenType file with the characters needed, ``blur`` the sigma in pixels of a camera out of focus.
        """
        height = self._size[1] * 47 // 50
        paper = _paper(lines, font, height * 210 // 297, height).convert("RGBA")
        picture = self._centred(paper.rotate(1.2, Image.Resampling.BICUBIC, expand=True))
        self._put(picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture)

    def _mat(self) -> Image.Image:
        shade = Image.linear_gradient("L").resize(self._size)
        return ImageOps.colorize(shade, _MAT_DARK, _MAT_LIGHT)

    def _centred(self, thing: Image.Image) -> Image.Image:
        picture = self._mat()
        place = ((self._size[0] - thing.width) // 2, (self._size[1] - thing.height) // 2)
        picture.paste(thing, place, thing if thing.mode == "RGBA" else None)
        return picture

    def _put(self, picture: Image.Image) -> None:
        handle, name = tempfile.mkstemp(prefix=".stage-", suffix=".png", dir=self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                picture.save(file, "PNG", compress_level=1)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class VirtualCamera:
    """A USB camera: ``open`` is the opener of an ``OpenCvSource``. Each frame is the present picture with one pixel of noise.

    What goes wrong does so at once (``trouble``), until ``calm``: ``unplugged``; ``mute``, opening it or a grab does not come
    back; ``frozen``, the same frame again and again while every read succeeds; ``late``, opening it and frames take ``delay``
    seconds each; ``broken``, frames are of no use: none, of another shape, or rubbish.
    """

    def __init__(self, picture: NDArray[np.uint8], interval: float = 0.005) -> None:
        self._lock = threading.Lock()
        self._picture = picture
        self._interval = interval
        self._calm = threading.Event()
        self._frames = 0
        self._suffers: set[str] = set()
        self._last: NDArray[np.uint8] | None = None
        self.delay = 0.2
        self.heard: Callable[[], None] = lambda: None
        """Called when it is opened, and with each frame that is looked at."""
        self._calm.set()

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Put another BGR picture before the camera."""
        with self._lock:
            self._picture, self._last = picture, None

    def trouble(self, what: str) -> None:
        """Begin trouble."""
        with self._lock:
            self._calm.clear()
            self._suffers.add(what)

    def calm(self) -> None:
        """Be well again."""
        with self._lock:
            self._suffers.clear()
            self._calm.set()

    def open(self) -> _VirtualCapture:
        """Open the camera, as OpenCV would. Raises ``DriverError`` while it is unplugged."""
        self.heard()
        self._wait()
        if self.suffers("unplugged"):
            raise DriverError("camera.not_found", "cannot be opened")
        return _VirtualCapture(self)

    def suffers(self, what: str) -> bool:
        """Whether that trouble has begun."""
        with self._lock:
            return what in self._suffers

    def grab(self) -> bool:
        """Wait for the next frame; False when the camera is gone."""
        self._wait()
        with self._lock:
            self._frames += 1
        return not self.suffers("unplugged")

    def _wait(self) -> None:
        if self.suffers("mute"):
            self._calm.wait()
        if self.suffers("late"):
            self._calm.wait(self.delay)

    def frame(self) -> NDArray[Any] | None:
        """Return the frame grabbed last; None when there is none."""
        self.heard()
        self._wait()
        if self.suffers("unplugged"):
            return None
        frozen, broken = self.suffers("frozen"), self.suffers("broken")
        with self._lock:
            if frozen and self._last is not None:
                return self._last.copy()
            number = self._frames
            image = self._picture.copy()
            image[0, number % image.shape[1]] = (number * 7 % 251, number % 241, 128)
            self._last = image.copy()
            if not broken:
                return image
            rubbish = np.random.default_rng(number).integers(0, 256, image.shape, np.uint8)
            return (None, image[:0], image[:, :, 0], rubbish, image[: image.shape[0] // 2])[number % 5]

    @property
    def interval(self) -> float:
        """Seconds between two frames."""
        return self._interval


class _VirtualCapture:
    """One opening of a ``VirtualCamera``, with the calls of ``drivers.camera.opencv.Capture``."""

    def __init__(self, camera: VirtualCamera) -> None:
        self._camera = camera

    def grab(self) -> bool:
        return self._camera.grab()

    def retrieve(self) -> tuple[bool, Any]:
        image = self._camera.frame()
        return image is not None, image

    def restart(self) -> bool:
        return False

    def release(self) -> None:
        pass

    @property
    def interval(self) -> float:
        return self._camera.interval


def code_frame(data: bytes, width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """Return a BGR frame with the QR code of ``data`` held to it."""
    frame = np.full((height, width, 3), 70, np.uint8)
    code = np.asarray(_code(data, height * 5 // 6).convert("RGB"), np.uint8)
    top, left = (height - code.shape[0]) // 2, (width - code.shape[1]) // 2
    frame[top : top + code.shape[0], left : left + code.shape[1]] = code
    return frame


def paper_frame(number: int = 0, width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """Return a BGR frame with a sheet under it, upright A4, with marks for writing and its number (0 to 255) in a row of bars."""
    frame = np.full((height, width, 3), (58, 64, 62), np.uint8)
    tall = height * 9 // 10
    across = tall * 210 // 297
    top, left = (height - tall) // 2, (width - across) // 2
    sheet = np.full((tall, across, 3), 240, np.uint8)
    marks = np.random.default_rng(1).random((tall // 12, across // 3)) < 0.5
    for row in range(2, marks.shape[0] - 8):
        for column in range(8, marks.shape[1] - 8):
            if marks[row, column]:
                sheet[row * 12 : row * 12 + 7, column * 3 : column * 3 + 2] = 40
    for bit, (rows, columns) in enumerate(_bars(sheet)):
        if number >> bit & 1:
            sheet[rows, columns] = 40
    frame[top : top + tall, left : left + across] = sheet
    return frame


def number_on(sheet: NDArray[np.uint8]) -> int:
    """Return the number of a sheet, from a picture of it alone."""
    return sum((float(sheet[rows, columns].mean()) < 140) << bit for bit, (rows, columns) in enumerate(_bars(sheet)))


def sheet_of(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the sheet in a frame of ``paper_frame``."""
    tall = frame.shape[0] * 9 // 10
    across = tall * 210 // 297
    top, left = (frame.shape[0] - tall) // 2, (frame.shape[1] - across) // 2
    return frame[top : top + tall, left : left + across]


def _bars(sheet: NDArray[np.uint8]) -> list[tuple[slice, slice]]:
    """Return where the eight bars of a sheet's number are."""
    tall, across = sheet.shape[:2]
    rows = slice(tall * 84 // 100, tall * 90 // 100)
    return [(rows, slice(across * (14 + 9 * bit) // 100, across * (20 + 9 * bit) // 100)) for bit in range(8)]


def _code(data: bytes, side: int) -> Image.Image:
    """Return the QR code of ``data`` with its quiet zone, at most ``side`` pixels wide and whole pixels a module."""
    for level in (ERROR_CORRECT_M, ERROR_CORRECT_L):
        code = qrcode.QRCode(error_correction=level, box_size=1, border=4)
        code.add_data(data, optimize=0)
        try:
            code.make(fit=True)
        except (DataOverflowError, ValueError):  # what the library raises for too much data depends on its release
            continue
        matrix = code.get_matrix()
        picture = Image.new("L", (len(matrix), len(matrix)), 255)
        picture.putdata([0 if dark else 255 for row in matrix for dark in row])
        module = max(1, min(8, side // picture.width))
        return picture.resize((picture.width * module, picture.height * module), Image.Resampling.NEAREST)
    raise ValueError(f"a QR code holds at most {LARGEST_CODE} bytes, these are {len(data)}")


def _paper(lines: Sequence[str], font: Path, width: int, height: int) -> Image.Image:
    """Return a paper of the given size, drawn at twice that and reduced, as print has no pixels."""
    width, height = width * 2, height * 2
    paper = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(paper)
    title = ImageFont.truetype(str(font), width // 16)
    body = ImageFont.truetype(str(font), width // 26)
    margin, top = width // 9, height // 14
    if lines:
        draw.text((width // 2, top), lines[0], _INK, title, anchor="ma")
    top += title.size * 5 // 2
    for line in lines[1:]:
        for part in _wrapped(line, body, width - 2 * margin):
            draw.text((margin, top), part, _INK, body)
            top += int(body.size * 1.7)
    radius = width // 9
    x, y = width - margin - radius, height - margin - radius * 3 // 2
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=_STAMP, width=radius // 12)
    draw.regular_polygon((x, y, radius // 3), 5, fill=_STAMP)
    return paper.reduce(2)


def _wrapped(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    parts = [""]
    for character in line:
        if font.getlength(parts[-1] + character) > width:
            parts.append("")
        parts[-1] += character
    return parts
