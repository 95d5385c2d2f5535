"""Draw assets/icons/*.png: our own icons as strokes on a 24-unit grid, and the coloured pictures of what the hands do."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw

OUT = Path(__file__).resolve().parent.parent / "assets" / "icons"
OVERSAMPLE = 4
Point = tuple[float, float]

PRIMARY, DEEP, PALE, TINT = "#0B5A7D", "#073F59", "#CFE6EF", "#E0EEF4"
INK, GREY, LIGHT, WHITE, GOLD, RED = "#12222E", "#8FA3B0", "#DDE6EB", "#FFFFFF", "#F2B63C", "#C8413A"


class Pen:
    """Strokes with round ends on a grid, drawn large and made small once at the end."""

    def __init__(
        self, width: float, height: float, pixels_a_unit: float, stroke: float = 1.7, colour: str = WHITE
    ) -> None:
        self.scale = pixels_a_unit * OVERSAMPLE
        self.size = (round(width * pixels_a_unit), round(height * pixels_a_unit))
        self.image = Image.new("RGBA", (self.size[0] * OVERSAMPLE, self.size[1] * OVERSAMPLE), (255, 255, 255, 0))
        self.draw = ImageDraw.Draw(self.image)
        self.stroke = stroke
        self.colour = colour

    def _at(self, point: Point) -> Point:
        return point[0] * self.scale, point[1] * self.scale

    def dot(self, centre: Point, radius: float, colour: str = "") -> None:
        x, y = self._at(centre)
        reach = radius * self.scale
        self.draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour or self.colour)

    def line(self, *points: Point, closed: bool = False, width: float = 0, colour: str = "") -> None:
        width = width or self.stroke
        path = [*points, points[0]] if closed else list(points)
        self.draw.line([self._at(point) for point in path], fill=colour or self.colour, width=round(width * self.scale))
        for point in path:
            self.dot(point, width / 2, colour)

    def arc(
        self,
        centre: Point,
        radius: float,
        start: float,
        end: float,
        width: float = 0,
        colour: str = "",
        squash: float = 1,
    ) -> None:
        """Degrees clockwise from three o'clock."""
        steps = max(8, int(abs(end - start) / 3))
        turns = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
        self.line(
            *[(centre[0] + radius * math.cos(turn), centre[1] + squash * radius * math.sin(turn)) for turn in turns],
            width=width,
            colour=colour,
        )

    def ring(self, centre: Point, radius: float, width: float = 0) -> None:
        self.arc(centre, radius, 0, 360, width)

    def fill(self, *points: Point, colour: str = "") -> None:
        self.draw.polygon([self._at(point) for point in points], fill=colour or self.colour)

    def card(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        radius: float,
        colour: str = "",
        edge: str = "",
        width: float = 0,
    ) -> None:
        self.draw.rounded_rectangle(
            (*self._at((left, top)), *self._at((right, bottom))),
            radius * self.scale,
            fill=colour or None,
            outline=edge or None,
            width=round(width * self.scale),
        )

    def frame(self, left: float, top: float, right: float, bottom: float, radius: float = 2) -> None:
        """A stroked rounded rectangle."""
        half = self.stroke / 2
        self.card(
            left - half, top - half, right + half, bottom + half, radius + half, edge=self.colour, width=self.stroke
        )

    def save(self, name: str) -> None:
        width, height = self.size
        self.image.resize(self.size, Image.Resampling.LANCZOS).save(OUT / f"{name}.png", optimize=True)
        # Half as large, for small places: the graphics card then never shrinks by more than two, and needs no mipmaps.
        half = self.image.resize((width // 2, height // 2), Image.Resampling.LANCZOS)
        half.save(OUT / "half" / f"{name}.png", optimize=True)


ICONS: dict[str, Callable[[Pen], None]] = {}


def icon(drawing: Callable[[Pen], None]) -> Callable[[Pen], None]:
    ICONS[drawing.__name__] = drawing
    return drawing


@icon
def back(pen: Pen) -> None:
    pen.line((20, 12), (4.5, 12))
    pen.line((11, 5.5), (4.5, 12), (11, 18.5))


@icon
def left(pen: Pen) -> None:
    pen.line((15, 5), (8, 12), (15, 19))


@icon
def right(pen: Pen) -> None:
    pen.line((9, 5), (16, 12), (9, 19))


@icon
def forward(pen: Pen) -> None:
    pen.line((4, 12), (19.5, 12))
    pen.line((13, 5.5), (19.5, 12), (13, 18.5))


@icon
def down(pen: Pen) -> None:
    pen.line((12, 4), (12, 19.5))
    pen.line((5.5, 13), (12, 19.5), (18.5, 13))


@icon
def close(pen: Pen) -> None:
    pen.line((6, 6), (18, 18))
    pen.line((18, 6), (6, 18))


@icon
def check(pen: Pen) -> None:
    pen.line((4.5, 12.5), (9.8, 17.8), (19.5, 6.8))


@icon
def done(pen: Pen) -> None:
    pen.ring((12, 12), 9.4)
    pen.line((7.6, 12.4), (10.9, 15.6), (16.6, 9))


@icon
def alert(pen: Pen) -> None:
    pen.line((12, 3.2), (21.6, 20), (2.4, 20), closed=True)
    pen.line((12, 9.6), (12, 14))
    pen.dot((12, 17), 1.05)


@icon
def info(pen: Pen) -> None:
    pen.ring((12, 12), 9.4)
    pen.line((12, 11), (12, 16.8))
    pen.dot((12, 7.5), 1.1)


@icon
def globe(pen: Pen) -> None:
    pen.ring((12, 12), 9.2)
    pen.line((2.8, 12), (21.2, 12))
    pen.arc((12, 12), 9.2, 0, 360, squash=1)
    steps = [math.radians(step * 5) for step in range(73)]
    pen.line(*[(12 + 4 * math.cos(step), 12 + 9.2 * math.sin(step)) for step in steps])


@icon
def clock(pen: Pen) -> None:
    pen.ring((12, 12), 9.2)
    pen.line((12, 6.8), (12, 12), (15.6, 14.2))


@icon
def camera(pen: Pen) -> None:
    pen.frame(2.6, 7, 21.4, 19.6, 2.4)
    pen.line((8, 7), (9.6, 4.4), (14.4, 4.4), (16, 7))
    pen.ring((12, 13), 3.7)


@icon
def again(pen: Pen) -> None:
    pen.arc((12, 12.4), 8, -40, 260)
    pen.line((18.4, 2.6), (18.3, 7.5), (13.4, 7.3))


@icon
def pencil(pen: Pen) -> None:
    pen.line((4, 20), (5.2, 15.2), (16.4, 4), (20, 7.6), (8.8, 18.8), closed=True)
    pen.line((13.6, 6.8), (17.2, 10.4))


@icon
def eraser(pen: Pen) -> None:
    pen.line((8.4, 19), (3.4, 14), (13.4, 4), (20.4, 11), (12.4, 19), closed=True)
    pen.line((8.4, 9), (15.4, 16))
    pen.line((8.4, 19.4), (20.6, 19.4))


@icon
def backspace(pen: Pen) -> None:
    pen.line((8.4, 5), (21, 5), (21, 19), (8.4, 19), (2.6, 12), closed=True)
    pen.line((11.4, 9.2), (17, 14.8))
    pen.line((17, 9.2), (11.4, 14.8))


@icon
def lock(pen: Pen) -> None:
    pen.frame(5, 10.6, 19, 20.4, 2.2)
    pen.line((8, 10.4), (8, 7.4))
    pen.arc((12, 7.4), 4, 180, 360)
    pen.line((16, 7.4), (16, 10.4))
    pen.dot((12, 15.4), 1.4)


@icon
def card(pen: Pen) -> None:
    pen.frame(2.4, 5, 21.6, 19, 2.2)
    pen.ring((8, 10.4), 2)
    pen.arc((8, 16.4), 3.4, 190, 350)
    pen.line((14, 9.6), (18.4, 9.6))
    pen.line((14, 14), (18.4, 14))


@icon
def receipt(pen: Pen) -> None:
    pen.line(
        (5, 3),
        (19, 3),
        (19, 20.6),
        (16.6, 18.6),
        (14.3, 20.6),
        (12, 18.6),
        (9.7, 20.6),
        (7.4, 18.6),
        (5, 20.6),
        closed=True,
    )
    pen.line((8.6, 8), (15.4, 8))
    pen.line((8.6, 12.6), (15.4, 12.6))


@icon
def home(pen: Pen) -> None:
    pen.line((3, 11.6), (12, 4), (21, 11.6))
    pen.line((5.4, 10), (5.4, 20), (18.6, 20), (18.6, 10))
    pen.line((10, 20), (10, 14.4), (14, 14.4), (14, 20))


@icon
def service(pen: Pen) -> None:
    pen.line((5, 3.4), (14.4, 3.4), (19, 8), (19, 20.6), (5, 20.6), closed=True)
    pen.line((14, 3.6), (14, 8.4), (18.8, 8.4))
    pen.line((8.4, 12.6), (15.6, 12.6))
    pen.line((8.4, 16.6), (13, 16.6))


@icon
def medical(pen: Pen) -> None:
    pen.line((12, 2.8), (20, 5.6), (20, 12))
    pen.line((12, 2.8), (4, 5.6), (4, 12))
    pen.line((20, 12), (19.2, 15.2), (17, 18.2), (12, 21.2), (7, 18.2), (4.8, 15.2), (4, 12))
    pen.line((12, 8), (12, 15.4))
    pen.line((8.3, 11.7), (15.7, 11.7))


@icon
def progress(pen: Pen) -> None:
    pen.line((16, 21), (4.4, 21), (4.4, 3), (17.4, 3), (17.4, 9))
    pen.line((8, 7.6), (13.6, 7.6))
    pen.line((8, 11.6), (10.4, 11.6))
    pen.ring((15.4, 14.6), 3.7)
    pen.line((18.2, 17.4), (21.4, 20.6))


@icon
def person(pen: Pen) -> None:
    pen.ring((12, 8), 4.2)
    pen.arc((12, 21), 7.8, 188, 352)


@icon
def people(pen: Pen) -> None:
    pen.ring((8.6, 8.6), 3.5)
    pen.arc((8.6, 20), 6.4, 188, 352)
    pen.arc((15.6, 8.6), 3.3, -100, 100)
    pen.arc((16.4, 20), 5.4, -78, -8)


@icon
def money(pen: Pen) -> None:
    pen.ring((12, 12), 9.3)
    pen.line((8.2, 6.8), (12, 11.4), (15.8, 6.8))
    pen.line((12, 11.4), (12, 18))
    pen.line((8.6, 12.2), (15.4, 12.2))
    pen.line((8.6, 15.2), (15.4, 15.2))


@icon
def phone(pen: Pen) -> None:
    pen.frame(6.6, 2.8, 17.4, 21.2, 2.2)
    pen.line((10.6, 18.2), (13.4, 18.2))


@icon
def resting(pen: Pen) -> None:
    pen.frame(4, 3.4, 20, 15.6, 2)
    pen.line((12, 16), (12, 20.4))
    pen.line((7.6, 20.6), (16.4, 20.6))
    pen.line((10, 7.4), (10, 11.6))
    pen.line((14, 7.4), (14, 11.6))


@icon
def hall(pen: Pen) -> None:
    pen.line((3, 9.4), (12, 3.4), (21, 9.4), closed=True)
    for x in (5.8, 9.9, 14.1, 18.2):
        pen.line((x, 11.6), (x, 17.4))
    pen.line((3.4, 20.4), (20.6, 20.4))


def _face(mouth: Callable[[Pen], None]) -> Callable[[Pen], None]:
    def drawing(pen: Pen) -> None:
        pen.ring((12, 12), 9.8, 1.5)
        pen.dot((8.5, 9.6), 1.25)
        pen.dot((15.5, 9.6), 1.25)
        mouth(pen)

    return drawing


def _laugh(pen: Pen) -> None:
    turns = [math.radians(step * 5) for step in range(37)]
    pen.fill(*[(12 + 5.4 * math.cos(turn), 13.2 + 5.4 * math.sin(turn)) for turn in turns])


ICONS |= {
    "face1": _face(_laugh),
    "face2": _face(lambda pen: pen.arc((12, 11.6), 5.2, 25, 155)),
    "face3": _face(lambda pen: pen.line((8.2, 15.6), (15.8, 15.6))),
    "face4": _face(lambda pen: pen.arc((12, 20), 4.8, 222, 318)),
    "face5": _face(
        lambda pen: (
            pen.arc((12, 20.4), 5.4, 212, 328),
            pen.line((6.6, 7.6), (9.6, 6.2), width=1.2),
            pen.line((17.4, 7.6), (14.4, 6.2), width=1.2),
        )
    ),
}


def draw_id_card() -> None:
    """A card as people know theirs, without anybody's data. 60 x 38 units."""
    pen = Pen(60, 38, 6)
    pen.card(0, 0, 60, 38, 3.4, colour="#9DB6C3")
    pen.card(0.5, 0.5, 59.5, 37.5, 3, colour="#F4FAFC")
    pen.card(0.5, 20, 59.5, 37.5, 3, colour="#E3F0F5")
    pen.card(41, 6, 55, 24, 1.6, colour="#C3DBE6")
    pen.dot((48, 12), 3.6, "#7FA3B5")
    pen.draw.pieslice((*pen._at((41.8, 16.6)), *pen._at((54.2, 31))), 180, 360, fill="#7FA3B5")
    pen.card(41, 24, 55, 31.5, 0, colour="#E3F0F5")
    for top, right in ((7, 24), (13, 31), (19, 36)):
        pen.line((6.4, top + 1), (right, top + 1), width=2.2, colour="#9DB9C7")
    pen.line((6.4, 30.6), (40, 30.6), width=2.6, colour="#6F93A5")
    pen.save("picture_id_card")


def draw_reader() -> None:
    """The place for the card: a raised pad with the sign of a card and waves. 120 x 64 units."""
    pen = Pen(120, 64, 6)
    pen.card(4, 22, 116, 64, 9, colour="#2A3C48")
    pen.card(4, 18, 116, 56, 9, colour="#40545F")
    pen.card(14, 24, 106, 50, 5, colour="#2C3F4A")
    for radius in (5, 9.5, 14):
        pen.arc((54, 37), radius, -42, 42, width=2, colour="#7FD0E8")
    pen.card(38, 30.5, 54, 43.5, 1.8, edge="#7FD0E8", width=1.7)
    pen.dot((98, 37), 2.2, "#6BD08A")
    pen.save("picture_reader")


def _squares(pen: Pen, left: float, top: float, side: float) -> None:
    """Something that looks like a QR code and says nothing."""
    cell = side / 21
    state = 7
    for row in range(21):
        for column in range(21):
            state = (state * 1103515245 + 12345) % 2147483648
            corner = (row < 8 and (column < 8 or column > 12)) or (row > 12 and column < 8)
            if not corner and state >> 16 & 1:
                x, y = left + column * cell, top + row * cell
                pen.draw.rectangle((*pen._at((x, y)), *pen._at((x + cell, y + cell))), fill=INK)
    for x, y in ((0, 0), (14, 0), (0, 14)):
        for inset, colour in ((0, INK), (1, WHITE), (2, INK)):
            start = (left + (x + inset) * cell, top + (y + inset) * cell)
            end = (left + (x + 7 - inset) * cell, top + (y + 7 - inset) * cell)
            pen.draw.rectangle((*pen._at(start), *pen._at(end)), fill=colour)


def draw_code() -> None:
    """A hand-held slip with a code. 44 x 60 units."""
    pen = Pen(44, 60, 6)
    pen.card(0, 0, 44, 60, 3.4, colour="#9DB6C3")
    pen.card(0.5, 0.5, 43.5, 59.5, 3, colour=WHITE)
    _squares(pen, 7, 8, 30)
    pen.line((8, 45), (36, 45), width=2.2, colour="#B9CCD6")
    pen.line((8, 52), (26, 52), width=2.2, colour="#B9CCD6")
    pen.save("picture_code")


def draw_scanner() -> None:
    """The scanning window with its light. 120 x 64 units."""
    pen = Pen(120, 64, 6)
    pen.card(10, 22, 110, 64, 9, colour="#2A3C48")
    pen.card(10, 18, 110, 56, 9, colour="#40545F")
    pen.card(24, 25, 96, 49, 4, colour="#18262E")
    pen.line((30, 37), (90, 37), width=2, colour="#F0645C")
    pen.arc((60, 37), 7, 0, 360, width=1.6, colour="#7FD0E8")
    pen.dot((60, 37), 3, "#7FD0E8")
    pen.save("picture_scanner")


def draw_printer() -> None:
    """The slot that the paper comes out of; the paper is a picture of its own. 120 x 46 units."""
    pen = Pen(120, 46, 6)
    pen.card(6, 0, 114, 46, 8, colour="#40545F")
    pen.card(6, 0, 114, 10, 5, colour="#52687A")
    pen.card(22, 22, 98, 33, 4, colour="#18262E")
    pen.dot((104, 15), 2.1, "#6BD08A")
    pen.save("picture_printer")


def draw_paper() -> None:
    """A receipt. 60 x 62 units."""
    pen = Pen(60, 62, 6)
    bottom = [(x, 60 if place % 2 else 57) for place, x in enumerate([0.5 + step * 59 / 16 for step in range(17)])]
    pen.fill((0, 0), (60, 0), *[(x * 60 / 59, y + 0.8) for x, y in reversed(bottom)], colour="#9DB6C3")
    pen.fill((0.5, 0), (59.5, 0), *reversed(bottom), colour="#FDFEFE")
    pen.line((18, 8), (42, 8), width=3, colour="#7F9CAB")
    for top, end in ((16, 52), (22, 46), (28, 50)):
        pen.line((8, top), (end, top), width=2, colour="#BACCD6")
    _squares(pen, 20, 33, 20)
    pen.save("picture_paper")


def draw_document_printer() -> None:
    """An office printer, seen from the front; the sheet is a picture of its own. 120 x 46 units."""
    pen = Pen(120, 46, 6)
    pen.card(18, 0, 102, 14, 5, colour="#52687A")
    pen.card(2, 8, 118, 46, 8, colour="#40545F")
    pen.card(12, 24, 108, 33, 3, colour="#18262E")
    pen.dot((108, 16), 2.1, "#6BD08A")
    pen.card(84, 13, 100, 19, 2, colour="#7FD0E8")
    pen.save("picture_document_printer")


def draw_document() -> None:
    """The upper part of a sheet with a heading and a red seal. 84 x 56 units."""
    pen = Pen(84, 56, 6)
    pen.fill((0, 0), (84, 0), (84, 56), (0, 56), colour="#9DB6C3")
    pen.fill((0.5, 0), (83.5, 0), (83.5, 55.2), (0.5, 55.2), colour="#FDFEFE")
    pen.line((27, 12), (57, 12), width=4, colour="#5F7C8B")
    for top, end in ((22, 74), (29, 70), (36, 74), (43, 40)):
        pen.line((10, top), (end, top), width=2, colour="#BACCD6")
    pen.line((54, 38), (74, 38), (74, 50), (54, 50), closed=True, width=1.8, colour="#C41E1E")
    pen.line((58, 44), (70, 44), width=2, colour="#C41E1E")
    pen.save("picture_document")


def draw_skyline() -> None:
    """Roofs of a town, hall in the middle, for the greeting; white, tinted where it is used. 200 x 60 units."""
    pen = Pen(200, 60, 5.4, stroke=0.9)
    pen.line((0, 59), (200, 59))
    for x, top, width in ((6, 30, 14), (24, 18, 16), (44, 36, 12), (138, 34, 14), (156, 14, 16), (176, 28, 18)):
        pen.line((x, 59), (x, top), (x + width, top), (x + width, 59))
        for row in range(int((54 - top) // 8)):
            for place in (0.3, 0.7):
                pen.line((x + width * place - 1, top + 6 + row * 8), (x + width * place + 1, top + 6 + row * 8))
    pen.line((64, 32), (97, 12), (130, 32), closed=True)
    pen.line((97, 12), (97, 3), (106, 5.5), (97, 8))
    for x in (70, 80, 90, 104, 114, 124):
        pen.line((x, 36), (x, 54))
    pen.line((62, 55), (132, 55))
    pen.save("picture_skyline")


def main() -> None:
    """Write all pictures."""
    (OUT / "half").mkdir(parents=True, exist_ok=True)
    for name, drawing in ICONS.items():
        pen = Pen(24, 24, 6)
        drawing(pen)
        pen.save(name)
    for draw in (
        draw_id_card,
        draw_reader,
        draw_code,
        draw_scanner,
        draw_printer,
        draw_paper,
        draw_document_printer,
        draw_document,
        draw_skyline,
    ):
        draw()


if __name__ == "__main__":
    main()
