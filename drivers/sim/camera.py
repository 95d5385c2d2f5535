"""What stands before a virtual camera: one picture file that a ``PictureSource`` watches and anyone may exchange."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import qrcode
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps, UnidentifiedImageError
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.exceptions import DataOverflowError

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
