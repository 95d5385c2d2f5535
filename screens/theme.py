"""The one place for colours and sizes, so that every screen keeps the same calm look and the same readable contrast."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[float, float, float, float]


def _colour(value: str, alpha: float = 1.0) -> Colour:
    red, green, blue = (int(value[place : place + 2], 16) / 255 for place in (0, 2, 4))
    return (red, green, blue, alpha)


GROUND = _colour("F1F4F6")
SURFACE = _colour("FFFFFF")
INK = _colour("12222E")
SOFT = _colour("465966")
LINE = _colour("CFD9E0")
PRIMARY = _colour("0B5A7D")
PRIMARY_PRESSED = _colour("073F59")
PRIMARY_TINT = _colour("E0EEF4")
TINT_PRESSED = _colour("C4DDE8")
PRIMARY_PALE = _colour("CFE6EF")
ON_PRIMARY = _colour("FFFFFF")
HERO_TOP = _colour("083F5A")
HERO_BOTTOM = _colour("0F6A8C")
ERROR = _colour("A8201A")
ERROR_TINT = _colour("FCEBE9")
GOOD = _colour("14673A")
GOOD_TINT = _colour("E3F3E9")
CAUTION = _colour("744600")
CAUTION_TINT = _colour("FFF1D0")
BANNER = _colour("FFD45C")
DISABLED = _colour("E2E8EC")
ON_DISABLED = _colour("54646F")
SHADE = _colour("06151F", 0.66)
SHADOW = _colour("12222E", 0.10)
PREVIEW = _colour("1B2A34")

TEXT_PAIRS: tuple[tuple[Colour, Colour], ...] = (
    (INK, GROUND),
    (INK, SURFACE),
    (SOFT, GROUND),
    (SOFT, SURFACE),
    (PRIMARY, SURFACE),
    (PRIMARY, GROUND),
    (PRIMARY, PRIMARY_TINT),
    (PRIMARY, TINT_PRESSED),
    (INK, PRIMARY_TINT),
    (ON_PRIMARY, PRIMARY),
    (ON_PRIMARY, PRIMARY_PRESSED),
    (ON_PRIMARY, HERO_TOP),
    (ON_PRIMARY, HERO_BOTTOM),
    (PRIMARY_PALE, HERO_TOP),
    (PRIMARY_PALE, HERO_BOTTOM),
    (ERROR, SURFACE),
    (ERROR, GROUND),
    (ERROR, ERROR_TINT),
    (GOOD, SURFACE),
    (GOOD, GROUND),
    (GOOD, GOOD_TINT),
    (CAUTION, SURFACE),
    (CAUTION, GROUND),
    (CAUTION, CAUTION_TINT),
    (CAUTION, DISABLED),
    (INK, BANNER),
    (ON_DISABLED, DISABLED),
    (ON_PRIMARY, PREVIEW),
    (ON_PRIMARY, ERROR),
)
"""Every (text, ground) pair that a screen may use; a test holds each to 4.5:1."""


@dataclass(frozen=True)
class Metrics:
    """Sizes for a window of ``width`` x ``height`` pixels; all lengths are given in units of the two reference layouts.

    One unit is one pixel at 1080x1920 (portrait) or 1920x1080 (landscape).
    """

    width: int
    height: int

    @property
    def portrait(self) -> bool:
        """Whether the upright layout is used."""
        return self.height >= self.width

    @property
    def unit(self) -> float:
        """Pixels a unit."""
        across, down = (1080, 1920) if self.portrait else (1920, 1080)
        return min(self.width / across, self.height / down)

    def px(self, portrait: float, landscape: float | None = None) -> int:
        """Pixels of a length in units; ``landscape`` where the wide layout needs another one."""
        length = portrait if self.portrait or landscape is None else landscape
        return round(length * self.unit)

    @property
    def display(self) -> int:
        """The greeting."""
        return self.px(88, 72)

    @property
    def title(self) -> int:
        """A screen's title."""
        return self.px(62, 52)

    @property
    def heading(self) -> int:
        """A card's title, a big button."""
        return self.px(46, 42)

    @property
    def body(self) -> int:
        """What is read."""
        return self.px(40, 36)

    @property
    def small(self) -> int:
        """The smallest text there is."""
        return self.px(34, 30)

    @property
    def margin(self) -> int:
        """From the edge of the glass to the content."""
        return self.px(56, 64)

    @property
    def gap(self) -> int:
        """Between neighbours."""
        return self.px(28, 24)

    @property
    def button(self) -> int:
        """Height of a button."""
        return self.px(128, 108)

    @property
    def radius(self) -> int:
        """Corners of cards and buttons."""
        return self.px(28, 26)
