"""The part of a camera driver that does not depend on what the pictures are for: opening, health, self-test."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from drivers.base import Check, CheckOutcome, Deadline, Device, DeviceIdentity, DeviceState, DriverError, Fault, Health
from drivers.camera.source import Frame, FrameSource
from drivers.wire import Direction

FIRST_FRAME_SECONDS = 3.0
"""Longest wait for a frame outside of scanning: USB cameras take up to two seconds to set their exposure."""

SMALLEST_WIDTH, SMALLEST_HEIGHT = 640, 480
DARK = 8.0
"""Mean brightness (0..255) below which nothing can be made out; a hall with its night lights on gives 20 and more."""


class CameraDevice(Device):
    """A device that looks through a ``FrameSource``. ``now`` gives seconds since the epoch."""

    device_class: str

    def __init__(self, source: FrameSource, now: Callable[[], float] = time.time) -> None:
        self._source = source
        self._now = now
        self._told: Frame | None = None

    def identity(self) -> DeviceIdentity:
        """Name the source of the frames as the model."""
        return DeviceIdentity(self.device_class, "camera", model=self._source.describe())

    def open(self, deadline: Deadline) -> None:
        """Start the source. Raises ``DriverError``: ``camera.not_found``, or ``camera.frozen`` while it stays so."""
        self._source.open(deadline)

    def close(self) -> None:
        """Stop the source."""
        self._source.close()

    def reset(self, deadline: Deadline) -> None:
        """Stop the source and start it again."""
        self._source.close()
        self._source.open(deadline)

    def poll(self, deadline: Deadline) -> Health:
        """Look at a new frame: none is a fault, a dark one degrades.

        Raises ``DriverError`` when the camera is gone, and when poll after poll gets the same frame.
        """
        frame = self._fresh_frame(deadline)
        if frame is None:
            return Health(DeviceState.FAULT, (Fault("camera.no_frames"),), observed_at=self._now())
        self._tell(frame, "poll")
        brightness = _brightness(frame)
        if brightness < DARK:
            fault = Fault("camera.dark", evidence=f"brightness {brightness:.0f}")
            return Health(DeviceState.DEGRADED, (fault,), observed_at=self._now())
        return Health(DeviceState.ONLINE, observed_at=self._now())

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check that a frame arrives, its size and brightness, and that the picture lives."""
        started = time.monotonic()
        try:
            first = self._fresh_frame(deadline)
            waited = time.monotonic() - started
            second = self._source.read(deadline.within(FIRST_FRAME_SECONDS)) if first is not None else None
        except DriverError as error:
            return (Check("frame", CheckOutcome.FAIL, error.fault),)
        if first is None or second is None:
            return (Check("frame", CheckOutcome.FAIL, Fault("camera.no_frames")),)
        return (
            Check("frame", CheckOutcome.PASS, evidence=f"{waited * 1000:.0f} ms"),
            _size_check(first),
            _brightness_check(first),
            self._alive_check(first, second),
        )

    def _fresh_frame(self, deadline: Deadline) -> Frame | None:
        self._source.skip()
        return self._source.read(deadline.within(FIRST_FRAME_SECONDS))

    def _tell(self, frame: Frame, meaning: str, started: float | None = None) -> None:
        """Tell the watcher of a frame: its size, whether it changed, and what was done with it; never what it shows.

        ``started``: since when the frame was worked on, on the monotonic clock.
        """
        if self.watcher is None:
            self._told = None
            return
        height, width = frame.image.shape[:2]
        changed = self._told is None or not np.array_equal(self._told.image, frame.image)
        self._told = frame
        took = "" if started is None else f", {(time.monotonic() - started) * 1000:.0f} ms"
        life = "changed" if changed else "unchanged"
        self.saw(Direction.IN, frame.image.nbytes, "", f"frame {width}x{height}, {life}{took}, {meaning}")

    def _alive_check(self, first: Frame, second: Frame) -> Check:
        if not self._source.live:
            return Check("alive", CheckOutcome.SKIP)
        if np.array_equal(first.image, second.image):
            return Check("alive", CheckOutcome.FAIL, Fault("camera.frozen", "two frames are the same"))
        return Check("alive", CheckOutcome.PASS)


def _brightness(frame: Frame) -> float:
    return float(frame.image[::4, ::4].mean())


def _size_check(frame: Frame) -> Check:
    height, width = frame.image.shape[:2]
    evidence = f"{width}x{height}"
    if width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT:
        return Check("size", CheckOutcome.WARN, Fault("camera.small_frames", evidence=evidence), evidence)
    return Check("size", CheckOutcome.PASS, evidence=evidence)


def _brightness_check(frame: Frame) -> Check:
    brightness = _brightness(frame)
    evidence = f"{brightness:.0f} of 255"
    if brightness < DARK:
        return Check("brightness", CheckOutcome.WARN, Fault("camera.dark", evidence=evidence), evidence)
    return Check("brightness", CheckOutcome.PASS, evidence=evidence)
