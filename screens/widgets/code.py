"""A QR code on the glass, for a telephone's camera."""

from __future__ import annotations

from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from screens.geometry import Box
from screens.part import Part
from screens.widgets.shapes import Panel

QUIET = 4
"""Modules of white around a code, as ISO/IEC 18004 wants them."""


class Code(Part):
    """The code of ``text`` in black on white, each module a whole number of pixels."""

    def __init__(self, box: Box, text: str, radius: int) -> None:
        super().__init__(box)
        code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
        code.add_data(text)
        matrix = code.get_matrix()
        side = len(matrix)
        texture = Texture.create(size=(side, side), colorfmt="luminance")
        texture.mag_filter = texture.min_filter = "nearest"
        dots = bytes(0 if dark else 255 for row in reversed(matrix) for dark in row)
        texture.blit_buffer(dots, colorfmt="luminance", bufferfmt="ubyte")
        pixels = max(1, min(box.width, box.height) // side) * side
        place = box.centred(pixels, pixels)
        self.add_widget(
            Panel(box.centred(min(box.width, box.height), min(box.width, box.height)), (1, 1, 1, 1), radius)
        )
        with self.canvas.after:
            Color(1, 1, 1, 1)
            Rectangle(texture=texture, pos=(place.x, place.y), size=(place.width, place.height))
