"""Rounded cards and shadows with soft edges from small nine-part pictures, because the window runs without multisampling."""

from __future__ import annotations

from functools import cache
from math import hypot
from typing import Any

from kivy.graphics import BorderImage, Color
from kivy.graphics.texture import Texture

from screens.geometry import Box
from screens.part import Part
from screens.theme import SHADOW, Colour


def _texture(corner: int, alpha: list[list[int]]) -> Any:
    """Mirror one quarter (rows from the bottom left corner inwards) to a white texture with that transparency."""
    side = 2 * corner + 2
    rows = [[*row, row[-1], row[-1], *row[::-1]] for row in alpha]
    rows = [*rows, rows[-1], rows[-1], *rows[::-1]]
    data = bytearray(b"\xff" * (side * side * 4))
    data[3::4] = bytes(value for row in rows for value in row)
    texture = Texture.create(size=(side, side), colorfmt="rgba")
    texture.blit_buffer(bytes(data), colorfmt="rgba", bufferfmt="ubyte")
    texture.mag_filter = texture.min_filter = "nearest"
    return texture


@cache
def rounded(radius: int) -> Any:
    """A filled rectangle's texture with corners of ``radius`` pixels."""
    quarter = [
        [
            round(255 * min(1.0, max(0.0, radius - hypot(radius - column - 0.5, radius - row - 0.5) + 0.5)))
            for column in range(radius)
        ]
        for row in range(radius)
    ]
    return _texture(radius, quarter)


@cache
def shadow(radius: int, blur: int) -> Any:
    """A soft shadow's texture: full inside, gone ``blur`` pixels outside."""
    corner = radius + blur

    def strength(column: int, row: int) -> int:
        distance = max(0.0, 1 - max(0.0, hypot(corner - column - 0.5, corner - row - 0.5) - radius) / blur)
        return round(255 * distance * distance * (3 - 2 * distance))

    return _texture(corner, [[strength(column, row) for column in range(corner)] for row in range(corner)])


@cache
def gradient(bottom: Colour, top: Colour) -> Any:
    """A texture that goes from ``bottom`` to ``top``."""
    steps = 64
    texture = Texture.create(size=(1, steps), colorfmt="rgba")
    data = bytes(
        round(255 * (low + (high - low) * step / (steps - 1)))
        for step in range(steps)
        for low, high in zip(bottom, top, strict=True)
    )
    texture.blit_buffer(data, colorfmt="rgba", bufferfmt="ubyte")
    return texture


def fill(box: Box, colour: Colour, radius: int) -> Color:
    """Draw a rounded rectangle into the present canvas; returns the colour instruction, to be changed later."""
    radius = max(1, min(radius, box.width // 2, box.height // 2))
    instruction = Color(*colour)
    edge = radius + 1
    BorderImage(
        texture=rounded(radius), pos=(box.x, box.y), size=(box.width, box.height), border=(edge, edge, edge, edge)
    )
    return instruction


def cast(box: Box, radius: int, blur: int) -> None:
    """Draw the soft shadow of a rounded rectangle, a little below it."""
    Color(*SHADOW)
    radius = max(1, min(radius, box.width // 2, box.height // 2))
    edge = radius + blur + 1
    BorderImage(
        texture=shadow(radius, blur),
        pos=(box.x - blur, box.y - blur - blur // 4),
        size=(box.width + 2 * blur, box.height + 2 * blur),
        border=(edge, edge, edge, edge),
    )


class Panel(Part):
    """A coloured rounded rectangle that other widgets lie on."""

    def __init__(
        self, box: Box, colour: Colour, radius: int, border: Colour | None = None, line: int = 2, blur: int = 0
    ) -> None:
        super().__init__(box)
        with self.canvas:
            if blur:
                cast(box, radius, blur)
            if border is not None:
                fill(box, border, radius)
                self.colour = fill(box.inset(line), colour, radius - line)
            else:
                self.colour = fill(box, colour, radius)
