"""Text on a grid of columns: what may stand on paper, how wide it is, and where a line may break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from drivers.receipt_printer import Align, Cell

MISSING = "〓"
"""What stands for a character that neither printer nor fonts have: the sign that Chinese typesetting uses for it."""

_NOT_AT_LINE_START = frozenset("，。、；：？！）》」』】〕〉”’…·％℃,.;:?!)]}%")
_NOT_AT_LINE_END = frozenset("（《「『【〔〈“‘￥([{")
_UNIT = re.compile(r" +|[!-~]+|.", re.DOTALL)
_REMOVED_CATEGORIES = frozenset(("Cc", "Cf", "Cs"))
_SPACE_CATEGORIES = frozenset(("Zs", "Zl", "Zp"))


@lru_cache(maxsize=8192)
def encoded_length(character: str) -> int:
    """Return the bytes of a character in GB 18030: 1, 2, or 4, which many printers do not know."""
    return len(character.encode("gb18030"))


@lru_cache(maxsize=8192)
def columns_of(character: str) -> int:
    """Return the columns that a character takes.

    One-byte characters print in one column and two-byte characters in two, whatever Unicode thinks of their width;
    four-byte ones are drawn by us, by their East Asian width; marks that sit on the character before them take none.
    """
    length = encoded_length(character)
    if length < 4:
        return length
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width_of(text: str) -> int:
    """Return the columns that a text takes."""
    return sum(map(columns_of, text))


def clean(text: str, drawable: Callable[[str], bool]) -> str:
    """Return the text without anything that a printer could take for a command; line breaks stay.

    ``drawable`` says whether we can draw a character that the printer lacks; otherwise ``MISSING`` takes its place.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for character in unicodedata.normalize("NFC", text.replace("\r\n", "\n")):
        kept.append(
            _cleaned(character) or (character if drawable(character) else MISSING) if _is_kept(character) else ""
        )
    return "".join(kept)


@lru_cache(maxsize=8192)
def _is_kept(character: str) -> bool:
    return character in "\n\r\t" or unicodedata.category(character) not in _REMOVED_CATEGORIES


@lru_cache(maxsize=8192)
def _cleaned(character: str) -> str:
    """Return what stands for a kept character, or nothing when the answer depends on the fonts."""
    if character in "\n\r":
        return "\n"
    category = unicodedata.category(character)
    if character == "\u3000":
        return character
    if character == "\t" or category in _SPACE_CATEGORIES:
        return " "
    if category in ("Co", "Cn"):
        return MISSING
    return character if encoded_length(character) < 4 else ""


def wrap(text: str, width: int) -> list[str]:
    """Break a clean text into lines of at most ``width`` (2 or more) columns; an empty text is one empty line.

    Words of Latin letters stay whole where they fit; no line begins with closing or ends with opening punctuation where
    that can be helped.
    """
    if width < 2:
        raise ValueError(f"a Chinese character does not fit into {width} column")
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_paragraph(paragraph, width))
    return lines


def _wrap_paragraph(paragraph: str, width: int) -> Iterator[str]:
    if width_of(paragraph) <= width:
        yield paragraph.rstrip(" ")
        return
    line: list[str] = []
    used = 0
    for unit in _units(paragraph, width):
        columns = width_of(unit)
        if used + columns > width:
            if unit[0] == " ":
                continue
            carried = _carried(line, unit)
            if width_of("".join(carried)) + columns > width:
                carried = []
            yield "".join(line[: len(line) - len(carried)]).rstrip(" ")
            line = carried
            used = width_of("".join(carried))
        if unit[0] == " " and not line:
            continue
        line.append(unit)
        used += columns
    if line:
        yield "".join(line).rstrip(" ")


def _units(paragraph: str, width: int) -> Iterator[str]:
    """Yield what a line is not broken inside: runs of spaces, words, single characters; longer words in pieces."""
    for match in _UNIT.finditer(paragraph):
        unit = match.group()
        for start in range(0, len(unit), width):
            yield unit[start : start + width]


def _carried(line: list[str], unit: str) -> list[str]:
    """Return the units at the end of ``line`` that must go to the next line together with ``unit``."""
    place = len(line)
    first = unit
    while place > 1 and (
        first[0] in _NOT_AT_LINE_START or columns_of(first[0]) == 0 or line[place - 1][-1] in _NOT_AT_LINE_END
    ):
        place -= 1
        first = line[place]
        if first[0] == " ":
            return line[place + 1 :]
    return line[place:] if place > 0 else []


def pad(text: str, width: int, align: Align) -> str:
    """Fill a text with spaces to ``width`` columns."""
    spare = max(0, width - width_of(text))
    before = {Align.LEFT: 0, Align.CENTRE: spare // 2, Align.RIGHT: spare}[align]
    return " " * before + text + " " * (spare - before)


def rows(cells: tuple[Cell, ...], width: int, drawable: Callable[[str], bool]) -> list[str]:
    """Lay out one row of cells; returns its lines without trailing spaces. Raises ``ValueError`` if it cannot fit."""
    fixed = sum(cell.width for cell in cells)
    sharing = sum(cell.width == 0 for cell in cells)
    share, rest = divmod(width - fixed, sharing) if sharing else (0, 0)
    if fixed > width or (sharing and share < 2):
        raise ValueError(f"a row of {len(cells)} cells does not fit into {width} columns")
    widths = [cell.width or share for cell in cells]
    if sharing:
        widths[max(place for place, cell in enumerate(cells) if cell.width == 0)] += rest
    columns = [wrap(clean(cell.text, drawable), own) for cell, own in zip(cells, widths, strict=True)]
    height = max(map(len, columns), default=0)
    lines: list[str] = []
    for place in range(height):
        parts = (
            pad(lines_of_cell[place] if place < len(lines_of_cell) else "", own, cell.align)
            for lines_of_cell, own, cell in zip(columns, widths, cells, strict=True)
        )
        lines.append("".join(parts).rstrip(" "))
    return lines
