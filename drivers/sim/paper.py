"""The paper of the virtual printer: carries commands out as a printer does and draws what a citizen would hold."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import qrcode
from PIL import Image, ImageChops
from qrcode.exceptions import DataOverflowError

from drivers.escpos.dot_font import COLUMN_DOTS, GLYPH_DOTS, dot_font
from drivers.sim.printer_lexer import CUT, INITIALISE, RASTER, RASTER_ROW, TEXT, Command

PAPER_DOTS = 576
KNIFE_DOTS = 120
"""From the print head to the knife (15 mm): what was printed last is still inside when the paper is cut."""
DEFAULT_LINE_DOTS = 30
ROWS_PER_LINE = 24
"""Rows of an image that take the mechanism as long as one line of text."""

_BOX = "\uffff"
"""Drawn as a hollow box: no face has it."""
_QR_LEVELS = {48: 1, 49: 0, 50: 3, 51: 2}
"""Error correction L, M, Q, H: as ESC/POS counts them, and as the qrcode library does."""
_LEFT, _CENTRE, _RIGHT = range(3)


@dataclass(frozen=True, repr=False)
class Sheet:
    """One piece of paper: a PNG as wide as the paper, and its lines of text (``[image]`` and ``[qr]`` where those stand)."""

    png: bytes
    lines: tuple[str, ...]


@dataclass
class _Settings:
    align: int = _LEFT
    bold: bool = False
    width: int = 1
    height: int = 1
    line_dots: int = DEFAULT_LINE_DOTS
    chinese: bool = False
    qr_module: int = 3
    qr_level: int = 48
    qr_data: bytes = b""


@dataclass
class _Line:
    """The print buffer: what the next line feed puts on paper."""

    cells: list[Image.Image] = field(default_factory=list[Image.Image])
    text: str = ""
    lead: int | None = None

    @property
    def width(self) -> int:
        return sum(cell.width for cell in self.cells)


class Paper:
    """Executes commands. ``lines`` counts what the mechanism has printed or fed, ``sheets`` what was cut off."""

    def __init__(self, font_directory: Path, dots: int = PAPER_DOTS, gb2312_only: bool = False) -> None:
        self._dots = dots
        self._least = 0xA1 if gb2312_only else 0x40
        self._font = dot_font(font_directory)
        self._settings = _Settings()
        self._line = _Line()
        self._strips = [self._blank(KNIFE_DOTS)]
        self._texts: list[str] = []
        self._raster_width = 0
        self._rows: list[bytes] = []
        self._odd_rows = 0
        self.lines = 0
        self.sheets: list[Sheet] = []

    def forget(self) -> None:
        """Lose the memory, as in a power cut or a clearing of buffers; what is on paper stays."""
        self._end_image()
        self._settings = _Settings()
        self._line = _Line()

    def tear_off(self) -> None:
        """Let a person tear off what hangs between the last cut and the head."""
        self.forget()
        self._strips = [self._blank(KNIFE_DOTS)]
        self._texts = []

    def unfinished(self) -> bytes:
        """Return a PNG of what hangs between the last cut and the head."""
        return _png(self._joined())

    @property
    def unfinished_lines(self) -> tuple[str, ...]:
        """The lines of text since the last cut."""
        return tuple(self._texts)

    def execute(self, command: Command) -> None:
        """Carry out one command; what asks for an answer is not the paper's business and does nothing here."""
        code, parameters = command.code, command.parameters
        if code == TEXT:
            self._character(parameters[0])
            return
        if code == RASTER_ROW:
            self._row(parameters)
            return
        self._end_image()
        self._drop_lead()
        first = parameters[0] if parameters else 0
        settings = self._settings
        if code == INITIALISE:
            self._settings, self._line = _Settings(), _Line()
        elif code == b"\x1ba" and not self._line.cells:
            settings.align = first % 48
        elif code == b"\x1bE":
            settings.bold = bool(first & 1)
        elif code == b"\x1b!":
            settings.bold = bool(first & 0x08)
            settings.height, settings.width = 1 + (first >> 4 & 1), 1 + (first >> 5 & 1)
        elif code == b"\x1d!":
            settings.width, settings.height = 1 + (first >> 4 & 7), 1 + (first & 7)
        elif code == b"\x1c!":
            settings.width, settings.height = 1 + (first >> 2 & 1), 1 + (first >> 3 & 1)
        elif code in (b"\x1c&", b"\x1c."):
            settings.chinese = code == b"\x1c&"
        elif code == b"\x1b2":
            settings.line_dots = DEFAULT_LINE_DOTS
        elif code == b"\x1b3":
            settings.line_dots = first
        elif code == b"\x1bd":
            self._feed_line()
            self._advance(self._blank(settings.line_dots * first), first)
        elif code == b"\x1bJ":
            self._feed_line()
            self._advance(self._blank(first), 1)
        elif code == b"\x1b*":
            self._column_image(first, parameters[1:])
        elif code == RASTER:
            self._feed_line()
            self._raster_width = 8 * int.from_bytes(parameters, "little")
        elif code == b"\x1d(k":
            self._two_dimensional_code(parameters)
        elif code == CUT:
            self._feed_line()
            if len(parameters) == 2:
                self._advance(self._blank(KNIFE_DOTS + parameters[1]), 1)
            self._cut()

    # ---- text

    def _character(self, value: int) -> None:
        self._end_image()
        line, lead = self._line, self._line.lead
        if lead is not None:
            line.lead = None
            # Only the two-byte areas are in the font: a second byte outside of them shows that this was no pair.
            if self._least <= value <= 0xFE and value != 0x7F:
                self._put(_decoded(bytes((lead, value)), "gb18030"), 2)
                return
            self._put(_BOX, 1)
        if value == 0x0A:
            self._feed_line(blank=True)
        elif value == 0x09:
            for _ in range(8 - self._line.width // COLUMN_DOTS % 8):
                self._put(" ", 1)
        elif self._settings.chinese and max(0x81, self._least) <= value <= 0xFE:
            line.lead = value
        elif value >= 0x20:
            self._put(_decoded(bytes((value,)), "cp437"), 1)

    def _put(self, character: str, columns: int) -> None:
        settings = self._settings
        glyph = self._font.glyph(character, columns)
        if settings.bold:
            shifted = Image.new("1", glyph.size, 0)
            shifted.paste(glyph, (1, 0))
            glyph = ImageChops.logical_or(glyph, shifted)
        glyph = glyph.resize((glyph.width * settings.width, glyph.height * settings.height))
        if self._line.width + glyph.width > self._dots:
            self._feed_line()
        self._line.cells.append(glyph)
        self._line.text += character

    def _drop_lead(self) -> None:
        if self._line.lead is not None:
            self._line.lead = None
            self._put(_BOX, 1)

    def _feed_line(self, *, blank: bool = False) -> None:
        """Print the buffer, if there is something in it (or an empty line)."""
        line, self._line = self._line, _Line()
        if not line.cells and not blank:
            return
        tallest = max((cell.height for cell in line.cells), default=GLYPH_DOTS)
        strip = self._blank(max(tallest, self._settings.line_dots))
        left = self._left_of(line.width)
        for cell in line.cells:
            strip.paste(cell, (left, tallest - cell.height))
            left += cell.width
        self._texts.append(line.text)
        self._advance(strip, 1)

    # ---- images and codes

    def _row(self, row: bytes) -> None:
        self._rows.append(row)
        self._odd_rows += 1
        if self._odd_rows >= ROWS_PER_LINE:
            self._odd_rows = 0
            self.lines += 1

    def _end_image(self) -> None:
        if not self._rows:
            return
        rows, self._rows, self._odd_rows = self._rows, [], 0
        image = Image.frombytes("1", (self._raster_width, len(rows)), b"".join(rows))
        self._texts.append("[image]")
        self._draw(image, 0)

    def _column_image(self, mode: int, data: bytes) -> None:
        height = 24 if mode in (32, 33) else 8
        columns = len(data) * 8 // height
        if columns:
            turned = Image.frombytes("1", (height, columns), data)
            image = turned.transpose(Image.Transpose.TRANSPOSE)
            self._line.cells.append(image)
            self._line.text += "[image]"

    def _two_dimensional_code(self, parameters: bytes) -> None:
        settings = self._settings
        if len(parameters) < 3 or parameters[0] != 49:
            return
        function, value, rest = parameters[1], parameters[2], parameters[3:]
        if function == 67:
            settings.qr_module = value
        elif function == 69:
            settings.qr_level = value
        elif function == 80:
            settings.qr_data = rest
        elif function == 81 and settings.qr_data:
            self._feed_line()
            self._print_qr()

    def _print_qr(self) -> None:
        settings = self._settings
        code = qrcode.QRCode(error_correction=_QR_LEVELS.get(settings.qr_level, 1), box_size=1, border=0)
        code.add_data(settings.qr_data)
        try:
            code.make(fit=True)
        except (DataOverflowError, ValueError):
            return
        modules = code.modules
        side = len(modules)
        image = Image.new("1", (side, side), 0)
        image.putdata([255 if dark else 0 for row in modules for dark in row])
        image = image.resize((side * settings.qr_module, side * settings.qr_module))
        if image.width <= self._dots:
            self._texts.append("[qr]")
            self._draw(image, image.height // ROWS_PER_LINE)

    def _draw(self, image: Image.Image, lines: int) -> None:
        strip = self._blank(image.height)
        strip.paste(image, (self._left_of(image.width), 0))
        self._advance(strip, lines)

    # ---- paper

    def _left_of(self, width: int) -> int:
        spare = max(0, self._dots - width)
        return {_CENTRE: spare // 2, _RIGHT: spare}.get(self._settings.align, 0)

    def _advance(self, strip: Image.Image, lines: int) -> None:
        self._strips.append(strip)
        self.lines += lines

    def _blank(self, height: int) -> Image.Image:
        return Image.new("1", (self._dots, height), 0)

    def _joined(self) -> Image.Image:
        self._end_image()
        whole = self._blank(sum(strip.height for strip in self._strips))
        top = 0
        for strip in self._strips:
            whole.paste(strip, (0, top))
            top += strip.height
        return whole

    def _cut(self) -> None:
        whole = self._joined()
        knife = max(1, whole.height - KNIFE_DOTS)
        self.sheets.append(Sheet(_png(whole.crop((0, 0, self._dots, knife))), tuple(self._texts)))
        self._strips = [whole.crop((0, knife, self._dots, whole.height))]
        self._texts = []


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return _BOX


def _png(ink: Image.Image) -> bytes:
    file = io.BytesIO()
    ink.point([255, *[0] * 255]).save(file, "PNG")
    return file.getvalue()
