"""What a window needs to be given: its settings, where views come from, and where touches go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kiosk.view import Intent, View

Post = Callable[[Intent, int | None], None]


@dataclass(frozen=True, kw_only=True)
class WindowSettings:
    """The window and where its assets are. ``texts`` is screens.toml; icons are looked for beside its folder.

    ``touch_device``: a Linux input device for Kivy's mtdev provider (``/dev/input/event4``), for a screen without an X server
    that turns touches into pointer events; usually empty.
    """

    width: int = 1080
    height: int = 1920
    fullscreen: bool = False
    max_fps: int = 60
    font_directory: Path
    texts: Path
    touch_device: str = ""


class ViewSource(Protocol):
    """Where views come from. ``wake`` may be called on any thread, as often as there is a new view."""

    def latest(self) -> View | None:
        """The view to be on the glass now."""
        ...

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever ``latest`` changed."""
        ...
