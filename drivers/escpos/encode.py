"""Turns a receipt into the bytes of an ESC/POS printer: text, and dots where the printer lacks a character."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import assert_never

from drivers.escpos import commands
from drivers.escpos.dot_font import COLUMN_DOTS, GLYPH_DOTS, dot_font
from drivers.escpos.layout import clean, columns_of, rows, width_of, wrap
from drivers.escpos.profile import Profile, load
from drivers.receipt_printer import Align, Columns, Cut, Feed, QrCode, ReceiptDocument, Rule, Text

LINE_DOTS = 30
"""Dots from one line of normal size to the next (ESC 2, the default: 1/6 inch at 180 units)."""

LARGEST_SCALE = 2

_HEADER_BYTES = 8
"""Of an image (GS v 0) and of a QR code's data (GS ( k), before the data."""
_RULE = "─"
_PLAIN = (Align.LEFT, 1, False)


class ReceiptEncoder:
    """Encodes documents for a printer with a Chinese font.

    Chinese goes out as GB 18030 in Kanji mode. A line with a character that the printer does not know (many know the
    two-byte areas alone) goes out as an image of the whole line, so that its characters stay in order.
    """

    def __init__(self, font_directory: Path, profile: Profile | None = None) -> None:
        self._font = dot_font(font_directory)
        self._profile = profile or load("epson")
        self._columns = self._profile.columns
        self._knows = lru_cache(maxsize=8192)(self._profile.characters.knows)

    @property
    def longest_command(self) -> int:
        """Bytes of the longest command of any document: the image of a line of double size, or a QR code."""
        return (
            max((self._profile.dots + 7) // 8 * LARGEST_SCALE * GLYPH_DOTS, commands.LARGEST_QR_BYTES) + _HEADER_BYTES
        )

    def encode(self, document: ReceiptDocument, opening: bytes = b"") -> bytes:
        """Return the bytes of a whole job; ``opening`` goes behind the reset of all settings.

        Raises ``ValueError`` for a document that cannot stand on the paper.
        """
        return commands.initialise() + opening + b"".join(self._pieces(document))

    def _pieces(self, document: ReceiptDocument) -> Iterator[bytes]:
        settings = _PLAIN
        for element in document.elements:
            wanted = self._settings_of(element)
            if wanted != settings:
                yield commands.style(*wanted)
                settings = wanted
            match element:
                case Text():
                    for line in wrap(clean(element.text, self._font.covers), self._columns // element.scale):
                        yield from self._line(line, *wanted)
                case Columns():
                    for line in rows(element.cells, self._columns, self._font.covers):
                        yield from self._line(line, *wanted)
                case Rule():
                    yield from self._line(_RULE * (self._columns // 2), *wanted)
                case QrCode():
                    # The printer adds no quiet zone of its own: a line of white keeps the text away from the code.
                    yield commands.feed(1)
                    yield commands.qr(element.data, element.module, self._profile.dots)
                    yield commands.feed(1)
                case Feed():
                    yield commands.feed(element.lines)
                case Cut():
                    yield commands.cut(self._profile.cut)
                case _:
                    assert_never(element)

    def _settings_of(self, element: Text | Columns | Rule | QrCode | Feed | Cut) -> tuple[Align, int, bool]:
        match element:
            case Text():
                if not 1 <= element.scale <= LARGEST_SCALE:
                    raise ValueError(f"text of scale {element.scale}; there are 1 and 2")
                return element.align, element.scale, element.bold
            case QrCode():
                return Align.CENTRE, 1, False
            case _:
                return _PLAIN

    def _line(self, line: str, align: Align, scale: int, bold: bool) -> Iterator[bytes]:
        if not all(map(self._knows, line)):
            if align is not Align.LEFT:
                yield commands.style(*_PLAIN)
            yield self._drawn(line, align, scale, bold)
            if align is not Align.LEFT:
                yield commands.style(align, scale, bold)
        else:
            encoded = line.encode("gb18030")
            yield commands.KANJI_ON if len(encoded) > len(line) else commands.KANJI_OFF
            yield encoded + b"\n"

    def _drawn(self, line: str, align: Align, scale: int, bold: bool) -> bytes:
        """Return the image of a line; its place on the paper is drawn in, since not every printer aligns images."""
        from PIL import Image, ImageChops

        columns = width_of(line)
        ink = Image.new("1", (columns * COLUMN_DOTS, GLYPH_DOTS), 0)
        left = 0
        for character in line:
            own = columns_of(character)
            if own == 0:
                place = max(0, left - 2 * COLUMN_DOTS)
                mark = self._font.glyph(character, 2)
                ink.paste(255, (place, 0), mark)
            else:
                ink.paste(self._font.glyph(character, own), (left, 0))
            left += own * COLUMN_DOTS
        ink = ink.resize((ink.width * scale, ink.height * scale))
        if bold:
            shifted = Image.new("1", ink.size, 0)
            shifted.paste(ink, (scale, 0))
            ink = ImageChops.logical_or(ink, shifted)
        spare = self._profile.dots - ink.width
        offset = {Align.LEFT: 0, Align.CENTRE: spare // 2, Align.RIGHT: spare}[align]
        page = Image.new("1", (offset + ink.width, max(LINE_DOTS, ink.height)), 255)
        page.paste(0, (offset, 0), ink)
        return commands.raster(page)
