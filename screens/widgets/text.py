"""Texts that wrap, then shrink, and are never cut; rare characters change the face inside a line."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from kivy.core.text import Label as PlainText
from kivy.core.text import LabelBase
from kivy.core.text.markup import MarkupLabel
from kivy.graphics import Color, Rectangle
from kivy.utils import escape_markup

from screens.fonts import FACE, RARE_FACES, Coverage
from screens.geometry import Box
from screens.part import Part
from screens.theme import Colour
from screens.typeset import longest_word, wrap

SMALLEST = 0.5
"""A text is never drawn smaller than this part of its size."""

WORDS_KEPT = 0.7
"""Down to this part of its size a text shrinks rather than break a word inside."""

_coverage: list[Coverage] = []


def register_fonts(directory: Any) -> None:
    """Make the Simplified Chinese face and the rare ones known to Kivy. ``directory``: where script/make_fonts.py put them."""
    regular, bold = str(directory / "NotoSansSC-Regular.otf"), str(directory / "NotoSansSC-Bold.otf")
    LabelBase.register(FACE, regular, fn_bold=bold)
    for face in RARE_FACES:
        LabelBase.register(face, str(directory / f"{face}.ttf"))
    _coverage[:] = [Coverage(directory)]


@lru_cache(maxsize=256)
def _face(name: str, size: int, bold: bool) -> Any:
    label = PlainText(font_name=name, font_size=size, bold=bold)
    label.resolve_font_name()
    return label


@lru_cache(maxsize=8192)
def _extent(name: str, size: int, bold: bool, text: str) -> tuple[int, int]:
    return _face(name, size, bold).get_extents(text)


def forget() -> None:
    """Drop every text that was measured: names and addresses of one visit are not kept into the next."""
    _extent.cache_clear()


def measure(size: int, bold: bool) -> Callable[[str], int]:
    """How many pixels wide a text is in that size."""

    def width(text: str) -> int:
        if _coverage[0].usual(text):
            return _extent(FACE, size, bold, text)[0]
        return sum(_extent(face, size, bold, run)[0] for face, run in _coverage[0].runs(text))

    return width


def line_height(size: int, bold: bool = False) -> int:
    """Pixels from line to line: the face's own 1.45, more than the 1.3 that public terminals need."""
    return _extent(FACE, size, bold, " ")[1]


def lines_of(text: str, size: int, bold: bool, width: int, balanced: bool = False) -> list[str]:
    """The text's lines in ``width`` pixels."""
    return wrap(text, measure(size, bold), width, balanced)


def height_of(text: str, size: int, width: int, bold: bool = False) -> int:
    """Pixels that the wrapped text needs."""
    return len(lines_of(text, size, bold, width)) * line_height(size, bold)


class Text(Part):
    """A text in a box: wrapped, and shrunk when that is not enough."""

    def __init__(
        self,
        box: Box,
        text: str,
        size: int,
        colour: Colour,
        *,
        bold: bool = False,
        align: str = "left",
        valign: str = "middle",
        balanced: bool = False,
    ) -> None:
        super().__init__(box)
        self.box = box
        self.text = text
        self.wanted_size = size
        self.drawn_size = size
        self._colour = colour
        self._bold = bold
        self._align = align
        self._valign = valign
        self._balanced = balanced
        self._texture: Any = None
        self._draw()

    @property
    def drawn(self) -> tuple[int, int]:
        """Width and height of what is drawn, to be held against the box."""
        return tuple(self._texture.size) if self._texture is not None else (0, 0)

    def say(self, text: str, colour: Colour | None = None) -> None:
        """Show another text in the same box."""
        if text != self.text or (colour is not None and colour != self._colour):
            self.text = text
            self._colour = colour or self._colour
            self._draw()

    def _fitted(self) -> tuple[list[str], int]:
        """Lines and size: smaller until all lines fit, and until no word is broken inside where that can be had."""
        size, width = self.wanted_size, self.box.width
        keep_words = longest_word(self.text, measure(size, self._bold)) * WORDS_KEPT <= width
        while True:
            lines = lines_of(self.text, size, self._bold, width, self._balanced)
            fits = len(lines) * line_height(size, self._bold) <= self.box.height
            whole = not keep_words or longest_word(self.text, measure(size, self._bold)) <= width
            if (fits and whole) or size <= self.wanted_size * SMALLEST:
                return lines, size
            size -= 2

    def _draw(self) -> None:
        self.canvas.clear()
        self._texture = None
        if not self.text.strip():
            return
        lines, self.drawn_size = self._fitted()
        options = {
            "font_name": FACE,
            "font_size": self.drawn_size,
            "bold": self._bold,
            "color": self._colour,
            "halign": self._align,
        }
        plain = "\n".join(lines)
        if _coverage[0].usual(plain.replace("\n", "")):
            label: Any = PlainText(text=plain, **options)
        else:
            runs = _coverage[0].runs(plain)
            label = MarkupLabel(
                text="".join(
                    escape_markup(run) if face == FACE else f"[font={face}]{escape_markup(run)}[/font]"
                    for face, run in runs
                ),
                **options,
            )
        label.refresh()
        self._texture = label.texture
        width, height = self._texture.size
        across = {"left": 0, "center": (self.box.width - width) // 2, "right": self.box.width - width}[self._align]
        up = {"bottom": 0, "middle": (self.box.height - height) // 2, "top": self.box.height - height}[self._valign]
        with self.canvas:
            Color(1, 1, 1, 1)
            Rectangle(texture=self._texture, pos=(self.box.x + across, self.box.y + up), size=(width, height))
