"""The screen of a training terminal: a virtual one, seen and touched from a browser, or the machine's own."""

from __future__ import annotations

import io
import os
import select
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Protocol

import Xlib.display
from PIL import Image
from Xlib import X
from Xlib.ext import xtest

from drivers.base import Deadline
from kiosk.training.framebuffer import Framebuffer

_STOP_SECONDS = 5.0
TAP_SECONDS = 0.06
_LEFT_BUTTON = 1


class DisplayError(Exception):
    """The screen is not there; the text says why."""


class Display(Protocol):
    """What the dock, the shell and the scripted citizen do with a screen.

    Coordinates are pixels from the top left corner. All calls may come from any thread. ``live`` says whether the
    picture may be taken many times a second.
    """

    name: str
    width: int
    height: int
    live: bool

    def frame_number(self) -> int:
        """Return a number that grows whenever the picture has changed since the last call."""
        ...

    def screenshot(self) -> Image.Image:
        """Return the present picture (RGB)."""
        ...

    def press(self, x: int, y: int) -> None:
        """Put the finger down."""
        ...

    def move(self, x: int, y: int) -> None:
        """Move the finger."""
        ...

    def release(self) -> None:
        """Lift the finger where it is."""
        ...

    def touch(self, x: int, y: int, hold: float = TAP_SECONDS) -> None:
        """Touch for ``hold`` seconds."""
        ...

    def stop(self) -> None:
        """Let go of the screen; a virtual one ends."""
        ...


class _Finger:
    """Touches on an X display through the XTEST extension, on a connection of its own."""

    def __init__(self, name: str) -> None:
        try:
            self._connection: Any = Xlib.display.Display(name)
        except Exception as error:  # noqa: BLE001 - python-xlib has no common base for "cannot connect"
            raise DisplayError(f"cannot connect to the display {name}: {error}") from None
        if not self._connection.has_extension("XTEST"):
            self._connection.close()
            raise DisplayError(f"the display {name} has no XTEST extension")
        self._lock = threading.Lock()
        self._never = threading.Event()

    def press(self, x: int, y: int) -> None:
        """Put the finger down."""
        with self._lock:
            xtest.fake_input(self._connection, X.MotionNotify, x=x, y=y)
            xtest.fake_input(self._connection, X.ButtonPress, _LEFT_BUTTON)
            self._connection.sync()

    def move(self, x: int, y: int) -> None:
        """Move the finger."""
        with self._lock:
            xtest.fake_input(self._connection, X.MotionNotify, x=x, y=y)
            self._connection.sync()

    def release(self) -> None:
        """Lift the finger where it is."""
        with self._lock:
            xtest.fake_input(self._connection, X.ButtonRelease, _LEFT_BUTTON)
            self._connection.sync()

    def touch(self, x: int, y: int, hold: float = TAP_SECONDS) -> None:
        """Touch for ``hold`` seconds."""
        self.press(x, y)
        self._never.wait(hold)  # how long the finger rests is part of what is simulated
        self.release()

    def size(self) -> tuple[int, int]:
        """Return the screen's width and height."""
        screen = self._connection.screen()
        return int(screen.width_in_pixels), int(screen.height_in_pixels)

    def grab(self) -> Image.Image:
        """Ask the X server for the whole picture (slow: a round trip with megabytes)."""
        width, height = self.size()
        with self._lock:
            root = self._connection.screen().root
            reply = root.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        return Image.frombytes("RGB", (width, height), bytes(reply.data), "raw", "BGRX")

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._connection.close()


class VirtualDisplay:
    """An X server without a screen.

    Start it from a thread that lives as long as it: Linux ends the server with that thread. That is also why a killed
    training terminal leaves no X server behind.
    """

    live = True

    def __init__(self, width: int, height: int) -> None:
        self.name = ""
        self.width = width
        self.height = height
        self._server: subprocess.Popen[bytes] | None = None
        self._finger: _Finger | None = None
        self._framebuffer: Framebuffer | None = None

    def start(self, deadline: Deadline) -> None:
        """Start the X server on a free number. Raises ``DisplayError``."""
        if shutil.which("Xvfb") is None:
            raise DisplayError("Xvfb is not installed")
        directory = Path(tempfile.mkdtemp(prefix="display-"))
        reading, writing = os.pipe()
        try:
            with (directory / "xvfb.log").open("wb") as log:
                self._server = subprocess.Popen(
                    [
                        *("setpriv", "--pdeathsig", "TERM", "Xvfb"),
                        *("-displayfd", str(writing), "-screen", "0", f"{self.width}x{self.height}x24"),
                        *("-fbdir", str(directory), "-nolisten", "tcp", "-s", "0", "-noreset"),
                    ],
                    pass_fds=(writing,),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C reaches the shell's whole process group; whoever started the display ends it.
                    start_new_session=True,
                )
            os.close(writing)
            self.name = ":" + _display_number(reading, deadline, directory / "xvfb.log")
            self._framebuffer = Framebuffer(directory / "Xvfb_screen0")
            self._finger = _Finger(self.name)
        except BaseException:
            self.stop()
            raise
        finally:
            os.close(reading)
            # The picture stays mapped without its name, and so a killed process leaves no file behind either.
            shutil.rmtree(directory, ignore_errors=True)

    def stop(self) -> None:
        """End the X server; nothing of it is left. May be called twice."""
        if self._finger is not None:
            self._finger.close()
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait(_STOP_SECONDS)
        self._finger = self._server = None

    def frame_number(self) -> int:
        """Return a number that grows whenever the picture has changed since the last call."""
        return self._screen().frame_number()

    def screenshot(self) -> Image.Image:
        """Return the present picture (RGB)."""
        return self._screen().picture()

    def press(self, x: int, y: int) -> None:
        """Put the finger down."""
        self._touching().press(x, y)

    def move(self, x: int, y: int) -> None:
        """Move the finger."""
        self._touching().move(x, y)

    def release(self) -> None:
        """Lift the finger where it is."""
        self._touching().release()

    def touch(self, x: int, y: int, hold: float = TAP_SECONDS) -> None:
        """Touch for ``hold`` seconds."""
        self._touching().touch(x, y, hold)

    def _screen(self) -> Framebuffer:
        if self._framebuffer is None:
            raise DisplayError("the virtual screen was not started")
        return self._framebuffer

    def _touching(self) -> _Finger:
        if self._finger is None:
            raise DisplayError("the virtual screen is not running")
        return self._finger


def _display_number(reading: int, deadline: Deadline, log: Path) -> str:
    """Wait until the server says which number it took: a line, once it is ready for connections."""
    text = b""
    while not text.endswith(b"\n"):
        if not select.select([reading], [], [], deadline.remaining())[0]:
            raise DisplayError("Xvfb did not start in time")
        block = os.read(reading, 64)
        if not block:
            last_words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())
            raise DisplayError(f"Xvfb ended at once: {last_words}")
        text += block
    return text.decode("ascii").strip()


class ExistingDisplay:
    """The machine's own screen, with the terminal's window on it. Raises ``DisplayError`` when it cannot be reached."""

    live = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._finger = _Finger(name)
        self.width, self.height = self._finger.size()
        self.press = self._finger.press
        self.move = self._finger.move
        self.release = self._finger.release
        self.touch = self._finger.touch
        self.screenshot = self._finger.grab
        self.stop = self._finger.close
        self._number = 0

    def frame_number(self) -> int:
        """Return a new number at every call: nothing cheap is known about changes of a real screen."""
        self._number += 1
        return self._number


def png(picture: Image.Image) -> bytes:
    """Encode without loss."""
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=1)
    return target.getvalue()


def jpeg(picture: Image.Image, quality: int = 80, width: int | None = None) -> bytes:
    """Encode small, scaled down to ``width`` pixels when the picture is wider."""
    if width is not None and width < picture.width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    return target.getvalue()
