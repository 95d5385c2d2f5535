"""The only crossing from other threads to the UI thread: new views, and pictures that were decoded off it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.view import View
from screens.loop import Loop


@dataclass(frozen=True, repr=False)
class Pixels:
    """A decoded picture: 8-bit RGB rows, top first. Empty ``rgb`` when the bytes were no picture."""

    width: int
    height: int
    rgb: bytes


class Bridge:
    """Draws the latest view whenever the source says that there is one; views in between are skipped."""

    def __init__(self, loop: Loop, latest: Callable[[], View | None], draw: Callable[[View], None]) -> None:
        self._loop = loop
        self._latest = latest
        self._draw = draw
        self._asked = threading.Event()

    def wake(self) -> None:
        """A new view may be there. Any thread; returns at once."""
        if not self._asked.is_set():
            self._asked.set()
            self._loop.call(self._draw_latest)

    def _draw_latest(self) -> None:
        self._asked.clear()
        view = self._latest()
        if view is not None:
            self._draw(view)


class PictureDecoder:
    """One thread that turns JPEGs into pixels of about the wanted size; only the newest request counts."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._condition = threading.Condition()
        self._request: tuple[bytes, int, int, Callable[[Pixels], None]] | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def decode(self, jpeg: bytes, width: int, height: int, show: Callable[[Pixels], None]) -> None:
        """Decode to fit ``width`` x ``height`` pixels, then call ``show`` on the UI thread."""
        with self._condition:
            self._request = (jpeg, width, height, show)
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="picture decoder", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread, waiting at most two seconds for the picture in hand."""
        with self._condition:
            self._closed = True
            self._request = None
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(2.0)

    def _work(self) -> None:
        while True:
            with self._condition:
                while self._request is None and not self._closed:
                    self._condition.wait()
                if self._closed or self._request is None:
                    return
                jpeg, width, height, show = self._request
                self._request = None
            pixels = decode_jpeg(jpeg, width, height)
            self._loop.call(lambda show=show, pixels=pixels: show(pixels))


def decode_jpeg(jpeg: bytes, width: int, height: int) -> Pixels:
    """Pixels that fit the box, in the picture's own proportions. Empty for bytes that are no picture."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            image.draft("RGB", (width, height))
            picture = image.convert("RGB")
    except (UnidentifiedImageError, OSError):
        return Pixels(0, 0, b"")
    picture.thumbnail((width, height))
    return Pixels(picture.width, picture.height, picture.tobytes())
