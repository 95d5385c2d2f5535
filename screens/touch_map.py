"""What can be touched and read on the glass right now, for the scripted citizen, the dock and the tests; no Kivy to import it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from screens.loop import Loop


@dataclass(frozen=True)
class Touchable:
    """One interactive widget: its stable id and its rectangle in window pixels from the top left corner.

    ``enabled`` is False while a touch would have no effect, also for the quarter of a second after a change of screen, in
    which a second tap of the same finger is not taken for an answer to the new question.
    """

    id: str
    role: str
    text: str
    x: float
    y: float
    width: float
    height: float
    enabled: bool


Snapshot = tuple[tuple[Touchable, ...], tuple[str, ...], int]
"""The interactive widgets, all texts in reading order, and the revision of the view that is drawn (-1 before the first)."""


class Readable(Protocol):
    """The glass, as far as this module needs it."""

    def read(self) -> Snapshot:
        """What is on it; on the UI thread."""
        ...


glass: Readable | None = None
loop: Loop | None = None


def touchables() -> Snapshot:
    """What is on the glass. Call on the UI thread only. Without a window: nothing, revision -1."""
    return glass.read() if glass is not None else ((), (), -1)


def snapshot(timeout: float = 5.0) -> Snapshot:
    """The same from any other thread: the UI thread looks between two frames.

    Raises TimeoutError when there is no window or it does not answer within ``timeout`` seconds.
    """
    running = loop
    if running is None:
        raise TimeoutError("there is no window")
    done = threading.Event()
    seen: list[Snapshot] = []

    def look() -> None:
        seen.append(touchables())
        done.set()

    running.call(look)
    if not done.wait(timeout):
        raise TimeoutError(f"the window did not answer within {timeout} s")
    return seen[0]
