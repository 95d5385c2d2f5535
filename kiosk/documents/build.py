"""Draws a document on A4 from a template and one citizen's values, in the Simplified Chinese face."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.documents.template import Block, DocumentTemplate, DocumentTemplateError, Words, fill

if TYPE_CHECKING:
    from fpdf import FPDF

_LEFT, _TOP, _WIDTH, _HEIGHT = 25.0, 20.0, 160.0, 297.0
"""The type area in mm: A4 with side margins of 25."""
_BOTTOM = 15.0
_BODY, _SMALL, _TINY = 12.0, 8.5, 7.5
_LINE, _SMALL_LINE = 7.5, 4.6
_GREY, _RULE = 95, 150
_QR_MM, _SEAL_WIDTH, _SEAL_HEIGHT = 30.0, 66.0, 30.0
_POINTS = 72 / 25.4
_PIECE = re.compile(r"[!-~]+|.", re.DOTALL)
_NOT_FIRST = "，。、；：？！）》」』”’…％"
"""Marks that must not begin a line (GB/T 15834): the character before them goes down with them."""
_SPARE = {"HanaMinA": "HanaMinA.ttf", "HanaMinB": "HanaMinB.ttf"}
"""Faces for characters that the Simplified one lacks, by their names in coverage.json."""


@dataclass(frozen=True, repr=False)
class BuiltDocument:
    """A PDF, not sealed yet; ``seal_box`` is left, bottom, right, top in points on the last page, where the seal goes.

    ``sheets``: how many it needs, printed on one side.
    """

    pdf: bytes
    seal_box: tuple[int, int, int, int]
    sheets: int


def build(template: DocumentTemplate, values: dict[str, str], fonts: Path, created: datetime) -> BuiltDocument:
    """Draw a document. Raises ``DocumentTemplateError``, also for a character that none of the faces has.

    A name must never come out with a box in it; the message does not tell the character.
    """
    blocks = template.shown(values)
    texts = "".join(values.values())
    spare = spare_faces(texts, fonts)
    page = new_page(fonts, spare, (210.0, _HEIGHT), template.title, created)
    drawing = _Drawing(page, values)
    for block in blocks:
        drawing.draw(block)
    return BuiltDocument(bytes(page.output()), drawing.seal_box, page.pages_count)


@lru_cache(maxsize=1)
def _coverage(fonts: Path) -> dict[str, list[list[int]]]:
    return json.loads((fonts / "coverage.json").read_text())


def spare_faces(text: str, fonts: Path) -> tuple[str, ...]:
    """Return the faces that ``text`` needs beside the Simplified one: each costs time to open."""
    needed: set[str] = set()
    for character in {character for character in text if character not in "\n\t"}:
        point = ord(character)
        face = next(
            (
                name
                for name, ranges in _coverage(fonts).items()
                if any(first <= point <= last for first, last in ranges)
            ),
            "",
        )
        if not face:
            raise DocumentTemplateError("a character that no face has")
        needed.add(face)
    return tuple(sorted(needed & _SPARE.keys()))


def new_page(fonts: Path, spare: tuple[str, ...], size: tuple[float, float], title: str, created: datetime) -> FPDF:
    """Return an empty document with the faces ``sc`` (regular and bold) and the spare ones as fallback; ``size`` in mm."""
    from fpdf import FPDF

    page = FPDF(format=size)
    page.set_title(title)
    page.set_lang("zh-CN")
    page.set_creation_date(created)
    page.set_producer("civic-kiosk")
    page.c_margin = 0
    page.set_margins(_LEFT, _TOP, 210.0 - _LEFT - _WIDTH)
    page.set_auto_page_break(True, _BOTTOM)
    page.add_font("sc", "", fonts / "NotoSansSC-Regular.otf")
    page.add_font("sc", "B", fonts / "NotoSansSC-Bold.otf")
    for name in spare:
        page.add_font(name, "", fonts / _SPARE[name])
    page.set_fallback_fonts(list(spare), exact_match=False)
    page.add_page()
    return page


class _Drawing:
    def __init__(self, page: FPDF, values: dict[str, str]) -> None:
        self._page = page
        self._values = values
        self.seal_box = (0, 0, 0, 0)
        self._kinds: dict[str, Callable[[Block], None]] = {
            "heading": self._heading,
            "reference": self._reference,
            "paragraph": self._paragraph,
            "banner": self._banner,
            "table": self._table,
            "list": self._list,
            "closing": self._closing,
            "note": self._note,
        }

    def draw(self, block: Block) -> None:
        self._page.set_draw_color(_RULE)
        self._page.set_line_width(0.2)
        self._kinds[block.kind](block)

    def _heading(self, block: Block) -> None:
        words = self._filled(block.words)
        self._lines(words.zh, 24, 13, "C", bold=True)
        self._lines(words.en, 10, 6, "C", grey=True)
        self._page.ln(5)

    def _reference(self, block: Block) -> None:
        self._lines(f"{block.words.zh}{fill(block.value, self._values)}", 10.5, 6, "R")
        self._page.ln(3)

    def _paragraph(self, block: Block) -> None:
        words = self._filled(block.words)
        # Two ideographic spaces: a Chinese paragraph begins two characters in.
        self._lines(("\u3000\u3000" if block.indent else "") + words.zh, _BODY, _LINE, "L")
        self._lines(words.en, _SMALL, _SMALL_LINE, "L", grey=True)
        self._page.ln(3)

    def _banner(self, block: Block) -> None:
        words = self._filled(block.words)
        self._page.set_draw_color(0)
        self._page.set_line_width(0.5)
        self._page.set_font("sc", "B", 12)
        self._page.cell(_WIDTH, 9, f"{words.zh}  {words.en}", border=1, align="C", new_x="LMARGIN", new_y="NEXT")
        self._page.ln(5)

    def _note(self, block: Block) -> None:
        words = self._filled(block.words)
        self._lines(words.zh, _SMALL, _SMALL_LINE, "L", grey=True)
        self._lines(words.en, _TINY, 4, "L", grey=True)
        self._page.ln(1.5)

    def _table(self, block: Block) -> None:
        label_width = 27.0
        for row in block.rows:
            width = _WIDTH / len(row) - label_width
            values = [fill(cell.value, self._values) for cell in row]
            height = max(11.0, *(5.6 * self._count(value, width - 4, 10.5) + 5.4 for value in values))
            self._keep(height)
            top = self._page.get_y()
            for number, (cell, value) in enumerate(zip(row, values, strict=True)):
                left = _LEFT + number * (_WIDTH / len(row))
                self._page.set_fill_color(244)
                self._page.rect(left, top, label_width, height, style="DF")
                self._page.rect(left + label_width, top, width, height)
                self._inside(cell.label.zh, cell.label.en, left, top, label_width, height)
                self._inside(value, "", left + label_width, top, width, height)
            self._page.set_y(top + height)
        self._page.ln(5)

    def _list(self, block: Block) -> None:
        taken = sum(column.width for column in block.columns)
        free = sum(1 for column in block.columns if not column.width)
        widths = [column.width or (_WIDTH - taken) / free for column in block.columns]
        lines = [[f"{column.label.zh}\n{column.label.en}" for column in block.columns]]
        lines += [row.split("\t") for row in fill(block.value, self._values).split("\n")]
        for number, cells in enumerate(lines):
            head = number == 0
            if len(cells) != len(widths):
                raise DocumentTemplateError(f"a list of {len(widths)} columns got a row of {len(cells)}")
            heights = [
                5.4 * self._count(text, width - 4, 10.5) + 3.6 for text, width in zip(cells, widths, strict=True)
            ]
            height = 10.5 if head else max(9.0, *heights)
            self._keep(height)
            top, left = self._page.get_y(), _LEFT
            for text, width in zip(cells, widths, strict=True):
                self._page.set_fill_color(244 if head else 255)
                self._page.rect(left, top, width, height, style="DF")
                main, _, below = text.partition("\n") if head else (text, "", "")
                self._inside(main, below, left, top, width, height)
                left += width
            self._page.set_y(top + height)
        self._page.ln(5)

    def _closing(self, block: Block) -> None:
        import qrcode

        self._keep(_QR_MM + 14)
        top = self._page.get_y() + 2
        code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
        code.add_data(fill(block.value, self._values))
        picture = io.BytesIO()
        code.make_image().save(picture, "PNG")
        self._page.image(picture, _LEFT, top, _QR_MM, _QR_MM)
        words = self._filled(block.words)
        self._page.set_xy(_LEFT, top + _QR_MM + 1.5)
        self._lines(words.zh, _SMALL, _SMALL_LINE, "L")
        self._lines(words.en, _TINY, 4, "L", grey=True)
        right = _LEFT + _WIDTH
        self.seal_box = (
            round((right - _SEAL_WIDTH) * _POINTS),
            round((_HEIGHT - top - _SEAL_HEIGHT) * _POINTS),
            round(right * _POINTS),
            round((_HEIGHT - top) * _POINTS),
        )
        self._page.ln(5)

    def _inside(self, text: str, below: str, left: float, top: float, width: float, height: float) -> None:
        """Write a text, and a smaller one below it, in the middle of a cell's height."""
        text = self._wrapped(text, width - 4, 10.5)
        count = text.count("\n") + 1
        start = top + (height - 5.4 * count - (3.6 if below else 0)) / 2
        self._page.set_xy(left + 2, start)
        self._page.set_font("sc", "", 10.5)
        self._page.set_text_color(0)
        self._page.multi_cell(width - 2, 5.4, text, align="L")
        if below:
            self._page.set_xy(left + 2, start + 5.4 * count)
            self._page.set_font("sc", "", 6.5)
            self._page.set_text_color(_GREY)
            self._page.cell(width - 4, 3.2, below)
            self._page.set_text_color(0)

    def _lines(self, text: str, size: float, height: float, align: str, bold: bool = False, grey: bool = False) -> None:
        if text:
            self._page.set_font("sc", "B" if bold else "", size)
            self._page.set_text_color(_GREY if grey else 0)
            for line in self._wrapped(text, _WIDTH, size, bold).split("\n"):
                self._page.cell(_WIDTH, height, line, align=align, new_x="LMARGIN", new_y="NEXT")
            self._page.set_text_color(0)

    def _count(self, text: str, width: float, size: float) -> int:
        return self._wrapped(text, width, size).count("\n") + 1

    def _wrapped(self, text: str, width: float, size: float, bold: bool = False) -> str:
        """Break a text into lines of ``width`` mm: between any two Chinese characters, but not inside a word or number."""
        self._page.set_font("sc", "B" if bold else "", size)
        lines: list[list[str]] = [[]]
        for piece in _PIECE.findall(text):
            for part in self._parts(piece, width):
                line = lines[-1]
                if line and (part == "\n" or self._page.get_string_width("".join(line) + part) > width):
                    goes_down = [line.pop()] if part in _NOT_FIRST and len(line) > 1 else []
                    lines.append(goes_down)
                if part not in ("\n", " ") or lines[-1]:
                    lines[-1].append(part)
        return "\n".join("".join(line).strip("\n ") for line in lines)

    def _parts(self, piece: str, width: float) -> list[str]:
        """A word that fills more than a line by itself is broken anywhere."""
        return [piece] if self._page.get_string_width(piece) <= width else list(piece)

    def _keep(self, height: float) -> None:
        """Begin a new page when this much does not fit any more."""
        if self._page.get_y() + height > _HEIGHT - _BOTTOM:
            self._page.add_page()

    def _filled(self, words: Words) -> Words:
        return Words(zh=fill(words.zh, self._values), en=fill(words.en, self._values))
