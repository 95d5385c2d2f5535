"""The dark glass while nobody is there: dim enough to save the panel, light enough to be found; a touch only wakes it."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle

from screens.geometry import Box
from screens.part import Part

DARKNESS = (0.0, 0.0, 0.0, 0.88)


class Night(Part):
    """Covers the glass; what lies below shines through a little."""

    def __init__(self, box: Box) -> None:
        super().__init__(box)
        with self.canvas:
            Color(*DARKNESS)
            Rectangle(pos=(box.x, box.y), size=(box.width, box.height))

    def on_touch_down(self, touch: Any) -> bool:
        """Nothing below is reached."""
        del touch
        return True
