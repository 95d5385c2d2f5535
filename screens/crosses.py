"""``python -m screens.crosses FOLDER``: five crosses, one after the other; where they were touched, as JSON and picture.

A process of its own, so that it also runs while the terminal's program is stopped or broken. ``crosses.json`` holds ``width``,
``height`` and ``touches``: for each cross that was touched its ``x``, ``y`` and the touch's ``distance`` in pixels.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from screens.app import prepare
from screens.settings import WindowSettings

ROOT = Path(__file__).resolve().parent.parent
PLACES = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.1, 0.9), (0.9, 0.9))
"""Of width and height, from the top left corner: where panels are worst, and the middle."""
ARM = 60
_BACKGROUND, _INK, _DONE, _MARK = (
    (0.96, 0.97, 0.98, 1),
    (0.11, 0.31, 0.57, 1),
    (0.75, 0.79, 0.84, 1),
    (0.7, 0.15, 0.12, 1),
)


@dataclass
class Touches:
    """The crosses of one glass and where they were touched, in pixels from the top left corner."""

    width: int
    height: int
    made: list[tuple[float, float]] = field(default_factory=list)

    @property
    def crosses(self) -> list[tuple[float, float]]:
        """The middles of all crosses."""
        return [(x * self.width, y * self.height) for x, y in PLACES]

    @property
    def complete(self) -> bool:
        """Whether every cross was touched."""
        return len(self.made) >= len(PLACES)

    def touch(self, x: float, y: float) -> None:
        """Take a touch for the cross that is shown now."""
        if not self.complete:
            self.made.append((x, y))

    def as_json(self) -> dict[str, Any]:
        """Return the result."""
        touches = [
            {"x": x, "y": y, "distance": round(math.dist((x, y), cross), 1)}
            for (x, y), cross in zip(self.made, self.crosses, strict=False)
        ]
        return {"width": self.width, "height": self.height, "touches": touches}


def write(folder: Path, touches: Touches) -> None:
    """Write the result and its picture; ``crosses.json`` comes last, whole."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (touches.width, touches.height), "white")
    draw = ImageDraw.Draw(picture)
    for x, y in touches.crosses:
        draw.line((x - ARM, y, x + ARM, y), "#1d4f91", 4)
        draw.line((x, y - ARM, x, y + ARM), "#1d4f91", 4)
    for x, y in touches.made:
        draw.ellipse((x - 14, y - 14, x + 14, y + 14), outline="#b3261e", width=5)
    draw.rectangle((0, 0, touches.width - 1, touches.height - 1), outline="#8b97a6", width=3)
    picture.thumbnail((720, 720))
    picture.save(folder / "crosses.png")
    unfinished = folder / "crosses.json.new"
    unfinished.write_text(json.dumps(touches.as_json()), encoding="ascii")
    unfinished.replace(folder / "crosses.json")


def show(folder: Path, settings: WindowSettings, seconds: float) -> None:
    """Show the crosses until all were touched, ``seconds`` are over or SIGTERM comes; write what was touched in any case."""
    prepare(settings)
    from kivy.config import Config

    Config.set("graphics", "maxfps", "30")  # Kivy's own loop runs here, and must not spin
    from kivy.base import runTouchApp, stopTouchApp
    from kivy.clock import Clock
    from kivy.core.window import Window
    from kivy.graphics import Color, Ellipse, Line
    from kivy.uix.widget import Widget

    window: Any = Window
    window.clearcolor = _BACKGROUND
    touches = Touches(int(window.width), int(window.height))

    def draw(glass: Any) -> None:
        glass.canvas.clear()
        with glass.canvas:
            for number, (x, y) in enumerate(touches.crosses[: len(touches.made) + 1]):
                bottom = touches.height - y
                Color(*(_DONE if number < len(touches.made) else _INK))
                Line(points=(x - ARM, bottom, x + ARM, bottom), width=4)
                Line(points=(x, bottom - ARM, x, bottom + ARM), width=4)
            Color(*_MARK)
            for x, y in touches.made:
                Ellipse(pos=(x - 9, touches.height - y - 9), size=(18, 18))

    def touched(x: float, y: float) -> None:
        touches.touch(x, y)
        draw(glass)
        if touches.complete:
            Clock.schedule_once(lambda _seconds: stopTouchApp(), 0.3)

    class Glass(Widget):
        def on_touch_down(self, touch: Any) -> bool:
            if touch.device != "mouse":  # those come by ``on_mouse_down``, each with the place where it was made
                touched(float(touch.x), touches.height - float(touch.y))
            return True

    glass = Glass(size=window.size)
    draw(glass)
    Clock.schedule_once(lambda _seconds: stopTouchApp(), seconds)
    Clock.schedule_interval(lambda _seconds: None, 0.2)  # or a signal would wait for the next touch
    signal.signal(signal.SIGTERM, lambda *_: stopTouchApp())
    window.bind(on_flip=lambda *_: _ready(folder), on_mouse_down=lambda _window, x, y, *_: touched(float(x), float(y)))
    runTouchApp(glass)
    write(folder, touches)


def _ready(folder: Path) -> None:
    (folder / "ready").touch()


def main() -> None:
    """Read the command line and show the crosses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--width", type=int, default=1080)
    parser.add_argument("--height", type=int, default=1920)
    parser.add_argument("--fullscreen", action="store_true")
    parser.add_argument("--touch-device", default="")
    given = parser.parse_args()
    settings = WindowSettings(
        width=given.width,
        height=given.height,
        fullscreen=given.fullscreen,
        touch_device=given.touch_device,
        font_directory=ROOT / "assets" / "fonts",
        texts=ROOT / "assets" / "texts" / "screens.toml",
    )
    show(given.folder, settings, given.seconds)
    os._exit(0)  # graphics libraries' own exit hooks may hang (as in kiosk.app)


if __name__ == "__main__":
    main()
