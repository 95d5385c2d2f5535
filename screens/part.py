"""The widget that all of ours are made of: placed once in a box, without Kivy's style rules and layouts."""

from __future__ import annotations

from typing import Any

from kivy.uix.widget import Widget

from screens.geometry import Box

NOWHERE = Box(0, 0, 0, 0)


class Part(Widget):
    """A widget in a box; without one it only holds others."""

    canvas: Any  # Kivy declares it as nothing at first

    def __init__(self, box: Box = NOWHERE) -> None:
        super().__init__(pos=(box.x, box.y), size=(box.width, box.height), size_hint=(None, None))

    def apply_class_lang_rules(self, *_args: Any, **_kwargs: Any) -> None:
        """None of Kivy's style rules is ours; those that share a class name with one of ours would break it."""

    def retire(self) -> None:
        """Taken off the glass for good: what moves in it stops, now and not when memory is tidied."""
        for child in self.children:
            if isinstance(child, Part):
                child.retire()
