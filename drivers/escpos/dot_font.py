"""Characters as 24-dot bitmaps, for what a printer's own font lacks, and for the paper of the virtual printer."""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

GLYPH_DOTS = 24
"""Height of a character, and width of a Chinese one, in dots (font A of 80 mm receipt printers)."""
COLUMN_DOTS = 12
"""Width of one column in dots."""

_BASELINE = 21
"""Dots from the top of the cell to the baseline: the faces' ideographs reach 21 above and 3 below it at this size."""
_COLUMN_BASELINE = 19
"""The same for characters of one column: their descenders reach 5 below."""
_INK = {"NotoSansSC": 120, "HanaMinA": 70, "HanaMinB": 70}
"""Anti-aliased values from here on become a black dot: less for the faces with hair-thin strokes."""
_FILES = {"NotoSansSC": "NotoSansSC-Regular.otf", "HanaMinA": "HanaMinA.ttf", "HanaMinB": "HanaMinB.ttf"}
"""Faces of ``coverage.json``, in order of preference, and their files."""


@lru_cache(maxsize=4)
def dot_font(directory: Path) -> DotFont:
    """Return the one font of a directory, so that a glyph is drawn once in a program."""
    return DotFont(directory)


class DotFont:
    """24-dot glyphs from the faces in ``directory``; coverage.json there says which face has which character."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        coverage = json.loads((directory / "coverage.json").read_text())
        self._starts = {face: [first for first, _ in coverage[face]] for face in _FILES}
        self._ends = {face: [last for _, last in coverage[face]] for face in _FILES}
        self._open_face = lru_cache(maxsize=len(_FILES))(self._load_face)
        self.glyph = lru_cache(maxsize=2048)(self._draw)

    def covers(self, character: str) -> bool:
        """Say whether one of the faces has this character."""
        return self._face_of(character) is not None

    def _face_of(self, character: str) -> str | None:
        point = ord(character)
        for face, starts in self._starts.items():
            place = bisect_right(starts, point) - 1
            if place >= 0 and point <= self._ends[face][place]:
                return face
        return None

    def _load_face(self, face: str) -> FreeTypeFont:
        from PIL import ImageFont

        return ImageFont.truetype(str(self._directory / _FILES[face]), GLYPH_DOTS)

    def _draw(self, character: str, columns: int) -> Image:
        """Return the bitmap (mode "1", ink is 255) of a character, ``columns`` x 12 dots wide and 24 high.

        A character that no face has becomes a hollow box, as printers draw it.
        """
        from PIL import Image, ImageDraw

        width = columns * COLUMN_DOTS
        cell = Image.new("L", (width, GLYPH_DOTS), 0)
        pen = ImageDraw.Draw(cell)
        face = self._face_of(character)
        if face is None:
            pen.rectangle((2, 2, width - 3, GLYPH_DOTS - 4), outline=255)
        else:
            features, baseline = (["hwid"], _COLUMN_BASELINE) if columns == 1 else (["fwid"], _BASELINE)
            place = (width / 2, baseline)
            pen.text(place, character, fill=255, font=self._open_face(face), anchor="ms", features=features)
        threshold = _INK[face] if face else 255
        return cell.point([255 if value >= threshold else 0 for value in range(256)]).convert("1")
