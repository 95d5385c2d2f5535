from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from Xlib import X, display
from Xlib.ext import xtest

HERE = Path(__file__).parent
DEADLINE = 20.0


@contextmanager
def x_server() -> Iterator[str]:
    """An X server for one window; its name."""
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1920x1920x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        name = f":{pipe.readline().strip()}"
    try:
        yield name
    finally:
        server.terminate()
        server.wait(DEADLINE)


class WindowProcess:
    """The real window, asked and touched from here."""

    def __init__(self, display_name: str, width: int, height: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "window_process.py"), str(width), str(height)],
            env={**os.environ, "DISPLAY": display_name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._size = (width, height)
        assert self._read() == "ready"
        self._x = display.Display(display_name)

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the window process ended"
        return json.loads(line)

    def ask(self, do: str, **values: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def show(self, name: str, language: str = "zh", **change: Any) -> list[str]:
        """Draw a sample view; what is wrong with it."""
        return self.ask("show", name=name, language=language, change=change)

    def touchables(self) -> dict[str, dict[str, Any]]:
        found = self.ask("read")["touchables"]
        assert len({one["id"] for one in found}) == len(found), "an id is there twice"
        return {one["id"]: one for one in found}

    def texts(self) -> list[str]:
        return self.ask("read")["texts"]

    def settled(self, touch_id: str) -> dict[str, Any]:
        """The touchable, once touches count."""
        end = time.monotonic() + DEADLINE
        while not (found := self.touchables().get(touch_id, {"enabled": False}))["enabled"]:
            assert time.monotonic() < end, f"{touch_id} never became touchable"
        return found

    def gone(self, touch_id: str) -> None:
        """Wait until there is no such touchable."""
        end = time.monotonic() + DEADLINE
        while touch_id in self.touchables():
            assert time.monotonic() < end, f"{touch_id} never went"

    def drag(self, *points: tuple[float, float]) -> None:
        """A finger on the glass, as the X server sends it."""
        self.press(*points)
        self.release()

    def press(self, *points: tuple[float, float]) -> None:
        """A finger that comes down at the first point, moves, and stays."""
        for place, (x, y) in enumerate(points):
            xtest.fake_input(self._x, X.MotionNotify, x=round(x), y=round(y))
            if place == 0:
                xtest.fake_input(self._x, X.ButtonPress, 1)
            self._x.sync()

    def release(self) -> None:
        """The finger leaves the glass."""
        xtest.fake_input(self._x, X.ButtonRelease, 1)
        self._x.sync()

    def touch(self, touch_id: str) -> None:
        """Touch a widget in its middle, when it can be."""
        found = self.settled(touch_id)
        self.drag((found["x"] + found["width"] / 2, found["y"] + found["height"] / 2))

    def picture(self) -> Image.Image:
        """What the X server shows of the window."""
        root = self._x.screen().root
        width, height = self._size
        raw = root.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (width, height), raw.data, "raw", "BGRX")

    def intents(self, count: int = 1, within: float = DEADLINE) -> list[tuple[str, dict[str, Any], int | None]]:
        """The intents since the last time, when there are so many."""
        return [tuple(one) for one in self.ask("intents", count=count, within=within)]

    def dark_part(self, box: dict[str, Any]) -> int:
        """How many pixels of the widget's place are as dark as ink, once the window has been drawn anew."""
        shown = self.ask("redraw")
        end = time.monotonic() + DEADLINE
        while self.ask("counts")["flips"] < shown:
            assert time.monotonic() < end, "nothing was drawn"
        x, y, width, height = (round(box[key]) for key in ("x", "y", "width", "height"))
        place = self.picture().crop((x + 10, y + 10, x + width - 10, y + round(height * 0.7)))
        return sum(place.convert("L").histogram()[:60])

    def close(self) -> None:
        self._x.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(DEADLINE) == 0, "the window did not end cleanly"


@pytest.fixture(scope="module")
def portrait() -> Iterator[WindowProcess]:
    with x_server() as name:
        window = WindowProcess(name, 1080, 1920)
        yield window
        window.close()


@pytest.fixture(scope="module")
def landscape() -> Iterator[WindowProcess]:
    with x_server() as name:
        window = WindowProcess(name, 1920, 1080)
        yield window
        window.close()
