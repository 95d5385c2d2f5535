"""Cameras whose every frame a test decides: a source on a clock of its own, and a capture below the OpenCV source."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np

from drivers.base import Deadline, DriverError
from drivers.camera.source import Frame, FrameSource


class ScriptedSource(FrameSource):
    """Gives the queued pictures one a read, each 40 ms of its own clock later, then nothing until the deadline."""

    live = True

    def __init__(self, images: Iterable[np.ndarray] = (), stale: Iterable[np.ndarray] = ()) -> None:
        """``stale`` pictures come first unless they are skipped."""
        self.images = list(images)
        self.stale = list(stale)
        self.time = 0.0
        self.reads = 0
        self.gone = False

    def after(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, lambda: self.time)

    def describe(self) -> str:
        return "scripted"

    def open(self, deadline: Deadline) -> None:
        pass

    def read(self, deadline: Deadline) -> Frame | None:
        if self.gone:
            raise DriverError("camera.not_found", "unplugged")
        queue = self.stale or self.images
        if not queue or deadline.remaining() < 0.04:
            self.time = max(self.time, deadline.at)
            return None
        self.time += 0.04
        self.reads += 1
        return Frame(queue.pop(0), self.reads)

    def skip(self) -> None:
        self.stale.clear()

    def close(self) -> None:
        pass


class ScriptedCapture:
    """Stands where ``cv2.VideoCapture`` would: a test puts pictures in, one a grab, and says how the device misbehaves."""

    interval = 0.0

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[np.ndarray] = []
        self._present: np.ndarray | None = None
        self._unplugged = False
        self.released = threading.Event()
        self.grabs = 0
        self.waiting = 0

    def put(self, *images: np.ndarray) -> None:
        with self._changed:
            self._queue.extend(images)
            self._changed.notify_all()

    def put_and_wait(self, image: np.ndarray) -> None:
        """Return once the picture was grabbed and the next grab has begun."""
        with self._changed:
            self._queue.append(image)
            self._changed.notify_all()
            target = self.grabs + len(self._queue)
            assert self._changed.wait_for(lambda: self.grabs >= target and self.waiting > 0, 10)

    def unplug(self) -> None:
        with self._changed:
            self._unplugged = True
            self._changed.notify_all()

    def grab(self) -> bool:
        with self._changed:
            self.waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._queue or self._unplugged or self.released.is_set(), 10)
            self.waiting -= 1
            if self._unplugged or not self._queue:
                return False
            self._present = self._queue.pop(0)
            self.grabs += 1
            self._changed.notify_all()
            return True

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        return self._present is not None, None if self._present is None else self._present.copy()

    def restart(self) -> bool:
        return False

    def release(self) -> None:
        self.released.set()


class EndlessCapture(ScriptedCapture):
    """Gives frames for ever at a hundred a second, as ``draw`` makes them from their number."""

    interval = 0.01

    def __init__(self, draw: Callable[[int], np.ndarray | None]) -> None:
        super().__init__()
        self._draw = draw

    def grab(self) -> bool:
        self.grabs += 1
        return not self._unplugged

    def retrieve(self) -> tuple[bool, np.ndarray | None]:
        image = self._draw(self.grabs)
        return image is not None, image
