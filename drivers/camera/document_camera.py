"""Photographs papers through a camera: the best frame of a second, checked before anyone hands it in."""

from __future__ import annotations

from threading import Event

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.base import Deadline, DriverError
from drivers.camera.device import FIRST_FRAME_SECONDS, CameraDevice
from drivers.camera.paper import Appearance, appearance
from drivers.camera.source import Frame
from drivers.document_camera import CaptureRefused, DocumentCamera, Photograph

PREVIEW_WIDTH = 640
CAPTURE_SECONDS = 1.0
LARGEST_JPEG = 400_000
"""Bytes of a photograph that still travel over a village's line in a few seconds."""

_PREVIEW_QUALITY = 70
_QUALITIES = (90, 80, 70, 60)
_SHRINK = 0.8
_CANCEL_SECONDS = 0.2


class FrameDocumentCamera(CameraDevice, DocumentCamera):
    """A document camera over any ``FrameSource``."""

    device_class = "document_camera"

    def preview(self, deadline: Deadline) -> Photograph | None:
        """Return the next frame, made small; its ``sharpness`` is that of the whole frame."""
        frame = self._source.read(deadline)
        if frame is None:
            return None
        image = frame.image
        if image.shape[1] > PREVIEW_WIDTH:
            image = _resized(image, PREVIEW_WIDTH / image.shape[1])
        return _photograph(image, _encoded(image, _PREVIEW_QUALITY), appearance(frame.image))

    def capture(self, deadline: Deadline, cancel: Event) -> Photograph | CaptureRefused | None:
        """Take the sharpest frame of the next second. Raises ``DriverError("camera.no_frames")`` when none came."""
        self._source.skip()
        first_by = deadline.within(FIRST_FRAME_SECONDS)
        until: Deadline | None = None
        best: tuple[Frame, Appearance] | None = None
        while until is None or not until.expired:
            if cancel.is_set():
                return None
            frame = self._source.read((until or first_by).within(_CANCEL_SECONDS))
            if frame is None:
                if until is None and first_by.expired:
                    break
                continue
            if until is None:
                until = deadline.within(CAPTURE_SECONDS)
            look = appearance(frame.image)
            if best is None or look.sharpness > best[1].sharpness:
                best = frame, look
        if best is None:
            raise DriverError("camera.no_frames", "no frame to photograph")
        frame, look = best
        if look.fault:
            return CaptureRefused(look.fault, look.evidence)
        return _compressed(frame.image, look)


def _compressed(image: NDArray[np.uint8], look: Appearance) -> Photograph:
    """Return the photograph at the best quality, then the greatest size, that stays below ``LARGEST_JPEG``."""
    while True:
        for quality in _QUALITIES:
            jpeg = _encoded(image, quality)
            if len(jpeg) < LARGEST_JPEG:
                return _photograph(image, jpeg, look)
        image = _resized(image, _SHRINK)


def _photograph(image: NDArray[np.uint8], jpeg: bytes, look: Appearance) -> Photograph:
    height, width = image.shape[:2]
    return Photograph(jpeg, width, height, look.sharpness)


def _resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(image: NDArray[np.uint8], quality: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if not done:
        raise RuntimeError("the JPEG encoder failed")
    return jpeg.tobytes()
