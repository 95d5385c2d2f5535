"""Our drawings: white shapes that take the colour of their place, and coloured pictures of what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kivy.core.image import Image
from kivy.graphics import Color, Rectangle

from screens.geometry import Box
from screens.part import Part
from screens.theme import Colour

FALLBACK = "service"


class Icons:
    """Textures of the PNG files in a folder, each read once and when first wanted.

    Every drawing is there in two sizes, the small one in ``half/``. Mipmaps would do as well, but the first one takes a
    software renderer a tenth of a second, before the home screen is there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._textures: dict[str, Any] = {}

    def texture(self, name: str, box: Box) -> Any:
        """The texture of ``name`` that suits the box; a service whose icon nobody drew gets the general one."""
        small = self._read(f"half/{name}")
        fits = box.width <= small.width or box.height <= small.height
        return small if fits else self._read(name)

    def _read(self, name: str) -> Any:
        if name not in self._textures:
            path = self._directory / f"{name}.png"
            if not path.is_file():
                path = path.with_stem(FALLBACK)
            self._textures[name] = Image(str(path)).texture
        return self._textures[name]


class Icon(Part):
    """One drawing, as large as fits into its box; white drawings take ``colour``."""

    def __init__(self, icons: Icons, box: Box, name: str, colour: Colour = (1, 1, 1, 1)) -> None:
        texture = icons.texture(name, box)
        scale = min(box.width / texture.width, box.height / texture.height)
        place = box.centred(round(texture.width * scale), round(texture.height * scale))
        super().__init__(place)
        with self.canvas:
            self.colour = Color(*colour)
            self.picture = Rectangle(texture=texture, pos=self.pos, size=self.size)
