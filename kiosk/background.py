"""Work that takes longer than the terminal's thread may wait: done elsewhere, its result brought back to that thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from kiosk.bus import Bus

R = TypeVar("R")


class Background:
    """A few threads for queries and encoding. ``failed`` is called on the terminal's thread when the work raised."""

    def __init__(self, bus: Bus, on_bug: Callable[[str, BaseException], None]) -> None:
        self._bus = bus
        self._on_bug = on_bug
        self._pool = ThreadPoolExecutor(max_workers=3, thread_name_prefix="background")

    def run(self, about: str, work: Callable[[], R], done: Callable[[R], None], failed: Callable[[], None]) -> None:
        """Do ``work`` on another thread, then call ``done`` or ``failed`` on the terminal's thread."""

        def finished(future: Future[R]) -> None:
            if future.cancelled():
                return  # by stop, and then there is nobody left to be told
            error = future.exception()
            if error is not None:
                self._on_bug(about, error)
                self._bus.post(about, failed)
            else:
                result = future.result()
                self._bus.post(about, lambda: done(result))

        self._pool.submit(work).add_done_callback(finished)

    def stop(self) -> None:
        """Take no more work; what runs has deadlines of its own."""
        self._pool.shutdown(wait=False, cancel_futures=True)
