"""The UI thread's loop: it sleeps until the X server or another thread has something, where Kivy sleeps out the frame.

Kivy's own loop polls, then sleeps up to a frame before it looks at what it polled: half of the time from a touch to its
answer. This loop waits on the X connection and a wake-up descriptor instead, and draws at once.
"""

from __future__ import annotations

import ctypes
import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any

LONGEST_WAIT = 1.0
"""Seconds; also how late a lost wake-up could be noticed."""


class XConnection:
    """The window's connection to the X server, as something to wait on."""

    def __init__(self, display: int) -> None:
        library = ctypes.CDLL("libX11.so.6")
        library.XConnectionNumber.argtypes = [ctypes.c_void_p]
        library.XPending.argtypes = [ctypes.c_void_p]
        self._pending = library.XPending
        self._display = display
        self.descriptor: int = library.XConnectionNumber(display)

    def has_events(self) -> bool:
        """Whether events were read from the socket already: then the socket itself would stay silent."""
        return bool(self._pending(self._display))


class Loop:
    """Runs Kivy frame by frame on the calling thread; ``call`` and ``stop`` may come from any thread."""

    def __init__(self, max_fps: int, poll_input: bool = False) -> None:
        """``poll_input``: an input provider of Kivy's reads a device by itself and wakes nobody, so look every frame."""
        self._frame = 1 / max_fps
        self._poll_input = poll_input
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._calls: deque[Callable[[], None]] = deque()
        self._stopped = False

    def call(self, action: Callable[[], None]) -> None:
        """Run ``action`` on the UI thread before the next frame."""
        self._calls.append(action)
        os.eventfd_write(self._wake, 1)

    def stop(self) -> None:
        """Leave ``run`` after the present frame."""
        self._stopped = True
        os.eventfd_write(self._wake, 1)

    def run(self, after_frame: Callable[[], None]) -> None:
        """Block until stopped or the window is closed. ``after_frame`` is called when a frame's work is done.

        What a call, a touch or a frame raises goes to the caller: a terminal whose screen is broken starts anew.
        """
        from kivy.base import EventLoop
        from kivy.clock import Clock
        from kivy.core.window import Window

        window: Any = Window
        display = getattr(window.get_window_info(), "display", None)
        connection = XConnection(display) if display else None
        waited = [self._wake, *([connection.descriptor] if connection else [])]
        started = time.monotonic()
        while not (self._stopped or EventLoop.quit):
            limit = self._time_left(Clock, started, polled=connection is None or self._poll_input)
            if not (connection and connection.has_events()):
                readable, _, _ = select.select(waited, [], [], limit)
                if self._wake in readable:
                    os.eventfd_read(self._wake)
            started = time.monotonic()
            for _ in range(len(self._calls)):
                self._calls.popleft()()
            window.mainloop()
            EventLoop.idle()
            after_frame()

    def close(self) -> None:
        """Give the descriptor back; nobody calls any more."""
        os.close(self._wake)

    def _time_left(self, clock: Any, started: float, polled: bool) -> float:
        """Seconds until Kivy's clock has something to do: the rest of a frame while something moves."""
        if self._calls:
            return 0.0
        rest_of_frame = max(0.0, started + self._frame - time.monotonic())
        due = clock.get_min_timeout()
        if due <= 0:
            return rest_of_frame
        wait = min(max(0.0, due - clock.time()), LONGEST_WAIT)
        return min(wait, rest_of_frame) if polled else wait
