"""Frames from a camera or video file through OpenCV, whose word is not trusted: unplugged, it may go on reporting frames."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from drivers.base import Deadline, DriverError, Fault
from drivers.camera.source import Frame, FrameSource
from drivers.kept_from_us import code_of

NOT_FOUND = "camera.not_found"

FROZEN_AFTER_SECONDS = 5.0
"""A sensor's noise changes some byte of every frame: five seconds without a change are a dead camera, no calm scene."""

THAW_SECONDS = 1.5
"""A camera that was frozen and is opened again must give two different frames within this time, or it counts as frozen still:
otherwise it would be told as back, and as lost again, every few seconds."""

_CLOSE_SECONDS = 1.0
_FALLBACK_RATE = 25.0


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used here."""

    def grab(self) -> bool:
        """Wait for the next frame; False when there is none any more."""
        ...

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the frame grabbed last."""
        ...

    def release(self) -> None:
        """Let go of the device."""
        ...

    def restart(self) -> bool:
        """Go back to the first frame; False where there is no such thing."""
        ...

    @property
    def interval(self) -> float:
        """Seconds between two frames that the reader must keep by itself; 0 for a camera, which keeps them."""
        ...


class _OpenCvCapture:
    def __init__(self, device: int | str, width: int, height: int) -> None:
        import cv2  # a tenth of a second, needed only once the camera is

        self._cv2 = cv2
        is_file = isinstance(device, str) and Path(device).is_file()
        is_node = isinstance(device, int) or device.startswith("/dev/")
        self._capture = cv2.VideoCapture(device, cv2.CAP_V4L2 if is_node else cv2.CAP_ANY)
        if not self._capture.isOpened():
            raise DriverError(_why_not_opened(device) if is_node else NOT_FOUND, "cannot be opened")
        self.interval = 0.0
        self._restartable = is_file
        if is_file:
            rate = self._capture.get(cv2.CAP_PROP_FPS)
            self.interval = 1.0 / (rate if 1.0 <= rate <= 120.0 else _FALLBACK_RATE)
        else:
            # Uncompressed, most USB cameras manage five frames a second at this size.
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)

    def grab(self) -> bool:
        return self._capture.grab()

    def retrieve(self) -> tuple[bool, Any]:
        return self._capture.retrieve()

    def restart(self) -> bool:
        return self._restartable and self._capture.set(self._cv2.CAP_PROP_POS_FRAMES, 0)

    def release(self) -> None:
        self._capture.release()


def _why_not_opened(device: int | str) -> str:
    """Open a camera's node once more to learn the fault's code: OpenCV does not tell it."""
    node = f"/dev/video{device}" if isinstance(device, int) else device
    try:
        os.close(os.open(node, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return code_of(error, NOT_FOUND)
    return NOT_FOUND


def _is_picture(decoded: Any) -> bool:
    """Whether a capture gave what it should: a broken frame of a bad cable may come as anything."""
    if not isinstance(decoded, np.ndarray):
        return False
    picture = cast("NDArray[Any]", decoded)
    return picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and picture.size > 0


def _without_secrets(device: str) -> str:
    scheme, mark, rest = device.partition("://")
    if not mark:
        return device
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # An @ behind it may be a password's that holds a slash: then nobody can say where the host begins.
    host = authority.rpartition("@")[2] if "@" in authority or "@" not in rest else ""
    return f"{scheme}://{host}"


class _Grabber(threading.Thread):
    """Empties the camera's queue all the time, because OpenCV's calls know no deadline and queued frames grow stale.

    Only frames that someone waits for are decoded.
    """

    def __init__(self, opener: Callable[[], Capture]) -> None:
        super().__init__(name="camera", daemon=True)
        self._opener = opener
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.opened = False
        self.failure: Fault | None = None
        self.wanted = False
        self.started_grabs = 0
        self.alive_at = time.monotonic()
        self.frame: Frame | None = None

    def run(self) -> None:
        failure = "stopped"
        try:
            capture = self._opener()
        except DriverError as error:
            self._fail(error.fault)
            return
        try:
            with self.changed:
                self.opened = True
                self.alive_at = time.monotonic()
                self.changed.notify_all()
            failure = self._grab_all(capture)
        finally:
            capture.release()
            self._fail(Fault(NOT_FOUND, failure))

    def _grab_all(self, capture: Capture) -> str:
        due = time.monotonic()
        while not self.stopping.is_set():
            with self.changed:
                self.started_grabs += 1
            if not capture.grab() and not (capture.restart() and capture.grab()):
                return "no more frames"
            wanted = self.wanted
            image: NDArray[np.uint8] | None = None
            if wanted:
                done, decoded = capture.retrieve()
                image = decoded if done and _is_picture(decoded) else None
            with self.changed:
                if image is not None or not wanted:
                    self.alive_at = time.monotonic()
                if image is not None:
                    image.flags.writeable = False
                    self.frame = Frame(image, self.started_grabs)
                    self.wanted = False
                self.changed.notify_all()
            due = max(due + capture.interval, time.monotonic())
            self.stopping.wait(due - time.monotonic())
        return "stopped"

    def _fail(self, failure: Fault) -> None:
        with self.changed:
            self.failure = failure
            self.changed.notify_all()

    def next_after(self, sequence: int, deadline: Deadline) -> Frame | None:
        """Return a frame whose grab began after number ``sequence``; None at the deadline or after a failure."""
        with self.changed:
            while self.frame is None or self.frame.sequence <= sequence:
                self.wanted = True
                if self.failure is not None or not self.changed.wait(deadline.remaining()):
                    return None
            return self.frame


class OpenCvSource(FrameSource):
    """A camera by number or path, a stream's address, or a video file, which starts over at its end.

    ``opener`` makes the capture, for tests; it runs in a thread of its own and raises ``DriverError``.
    """

    def __init__(
        self,
        device: int | str,
        width: int = 1280,
        height: int = 720,
        frozen_after: float = FROZEN_AFTER_SECONDS,
        opener: Callable[[], Capture] | None = None,
    ) -> None:
        self.live = not (isinstance(device, str) and Path(device).is_file())
        self._device = device
        self._frozen_after = frozen_after
        self._stands_still: Fault | None = None
        self._missed = False
        self._opener = opener or (lambda: _OpenCvCapture(device, width, height))
        self._grabber: _Grabber | None = None
        self._latest: _Grabber | None = None
        """The thread that was started last, which may hang in the kernel long after it was told to stop."""
        self._seen = 0
        self._last: NDArray[np.uint8] | None = None
        self._unchanged_since = 0.0

    def describe(self) -> str:
        """Name the device, stream or file; of a stream's address its host alone, for all else may hold a password."""
        return f"/dev/video{self._device}" if isinstance(self._device, int) else _without_secrets(self._device)

    def open(self, deadline: Deadline) -> None:
        """Start the thread that opens the device and empties its queue; ``camera.frozen`` if it is so since last time."""
        self.close()
        if self._latest is not None:
            self._latest.join(deadline.remaining())
            if self._latest.is_alive():  # or each try would leave one more behind
                known = self._stands_still or Fault(NOT_FOUND, "no answer in time", self.describe())
                raise DriverError(known.code, known.detail, known.evidence)
        grabber = self._latest = _Grabber(self._opener)
        grabber.start()
        with grabber.changed:
            grabber.changed.wait_for(lambda: grabber.opened or grabber.failure is not None, deadline.remaining())
            failure = grabber.failure or (None if grabber.opened else Fault(NOT_FOUND, "no answer in time"))
        if failure is not None:
            grabber.stopping.set()
            raise DriverError(failure.code, failure.detail, self.describe())
        self._seen, self._last, self._missed = 0, None, False
        self._grabber = grabber
        if self._stands_still is not None:
            self._thaw(deadline.within(THAW_SECONDS))

    def read(self, deadline: Deadline) -> Frame | None:
        """Return the next frame; ``camera.frozen`` also when the device has stopped giving any."""
        grabber = self._grabber
        if grabber is None:
            raise DriverError(NOT_FOUND, "not open", self.describe())
        if self._missed:
            self.skip()  # what came after its reader had gone shows what lay there then
        frame = grabber.next_after(self._seen, deadline)
        self._missed = frame is None
        now = time.monotonic()
        if frame is None:
            if grabber.failure is not None:
                raise DriverError(grabber.failure.code, grabber.failure.detail, self.describe())
            if now - grabber.alive_at > self._frozen_after:
                raise self._frozen("no frames", now - grabber.alive_at)
            return None
        self._seen = frame.sequence
        if self._last is None or not np.array_equal(self._last, frame.image):
            self._last, self._unchanged_since = frame.image, now
        elif self.live and now - self._unchanged_since > self._frozen_after:
            raise self._frozen("frames do not change", now - self._unchanged_since)
        return frame

    def _frozen(self, detail: str, seconds: float) -> DriverError:
        # The same words as long as it lasts, however often it is opened: only what changes is told.
        self._stands_still = self._stands_still or Fault("camera.frozen", detail, f"{seconds:.1f} s")
        return DriverError(self._stands_still.code, self._stands_still.detail, self._stands_still.evidence)

    def _thaw(self, deadline: Deadline) -> None:
        """Read until two frames differ. Raises ``DriverError("camera.frozen")``, and lets go, when none do in time."""
        started = time.monotonic()
        first: Frame | None = None
        try:
            while (frame := self.read(deadline)) is not None:
                if first is not None and not np.array_equal(first.image, frame.image):
                    self._stands_still = None
                    return
                first = first or frame
                if deadline.expired:
                    break
        except DriverError:
            self.close()
            raise
        self.close()
        raise self._frozen("still frozen", time.monotonic() - started)

    def skip(self) -> None:
        """Forget every frame whose grab has begun."""
        if self._grabber is not None:
            with self._grabber.changed:
                self._seen = max(self._seen, self._grabber.started_grabs)

    def close(self) -> None:
        """Stop the thread; one that hangs in the kernel lets go of the device when it comes back."""
        grabber, self._grabber = self._grabber, None
        if grabber is not None:
            grabber.stopping.set()
            grabber.join(_CLOSE_SECONDS)
