"""Photographs papers through a camera: the best frame of a second, checked and straightened before anyone hands it in."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.base import Check, CheckOutcome, Deadline, DriverError, Fault
from drivers.camera.device import FIRST_FRAME_SECONDS, CameraDevice
from drivers.camera.ocr import TextReader
from drivers.camera.page import straighten
from drivers.camera.paper import Appearance, appearance
from drivers.camera.source import Frame, FrameSource
from drivers.card_reader import MrzKey
from drivers.document_camera import CaptureRefused, DocumentCamera, Photograph
from drivers.operator import Answer, Operator
from drivers.travel_document import mrz

PREVIEW_WIDTH = 640
CAPTURE_SECONDS = 1.0
LARGEST_JPEG = 400_000
"""Bytes of a photograph that still travel over a village's line in a few seconds."""

_PREVIEW_QUALITY = 70
_QUALITIES = (90, 80, 70, 60)
_SHRINK = 0.8
_CANCEL_SECONDS = 0.2
_SAMPLE = "SELFTEST 2468"
_SAMPLE_SECONDS = 15.0
"""Loading the models takes 2 s on a small processor and reading one line 1.5 s, when the machine has nothing else to do."""
_GOOD, _BAD = (80, 190, 60), (0, 150, 255)
"""BGR of the outline in the preview: green when the picture can be taken, amber while something is to be mended."""


class FrameDocumentCamera(CameraDevice, DocumentCamera):
    """A document camera over any ``FrameSource``; ``reader`` reads text, where that is wanted, and may not be installed."""

    device_class = "document_camera"

    def __init__(
        self,
        source: FrameSource,
        now: Callable[[], float] = time.time,
        reader: TextReader | None = None,
        capture_seconds: float = CAPTURE_SECONDS,
    ) -> None:
        super().__init__(source, now)
        self._reader = reader
        self._capture_seconds = capture_seconds

    @property
    def reads_text(self) -> bool:
        """Whether ``read_text`` can give anything."""
        return self._reader is not None and self._reader.installed

    def read_text(self, jpeg: bytes, deadline: Deadline, cancel: Event) -> tuple[str, ...] | None:
        """Return the lines on a photograph; None without a reader, after a failure of it, or at the deadline."""
        return self._reader.read(jpeg, deadline, cancel) if self._reader is not None else None

    @property
    def reads_zone(self) -> bool:
        """Whether there is a reader of text."""
        return self.reads_text

    def read_machine_readable_zone(self, deadline: Deadline, cancel: Event) -> MrzKey | CaptureRefused | None:
        """Read the zone on the best frame of the next second."""
        page = self.capture(deadline, cancel)
        if not isinstance(page, Photograph):
            return page
        return mrz.find(self.read_text(page.jpeg, deadline, cancel) or ())

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check what every camera is checked for, and, where text is to be read, that a line of it is.

        Papers are taken all the same where that cannot be, only not compared with what was asked for: hence no fault of
        the device when it is polled.
        """
        checks = super().self_test(deadline)
        return checks if self._reader is None else (*checks, _text_check(self._reader, deadline))

    def preview(self, deadline: Deadline) -> Photograph | None:
        """Return the next frame, made small, with the page's outline drawn and a hint what to mend."""
        frame = self._source.read(deadline)
        if frame is None:
            return None
        started = time.monotonic()
        look = appearance(frame.image)
        scale = min(1.0, PREVIEW_WIDTH / frame.image.shape[1])
        image = _resized(frame.image, scale) if scale < 1.0 else frame.image.copy()
        if look.outline is not None:
            corners = np.rint(look.outline.corners * scale).astype(np.int32)
            cv2.polylines(image, [corners], True, _BAD if look.fault else _GOOD, 3, cv2.LINE_AA)
        self._tell(frame, look.fault or "page found", started)
        return _photograph(image, _encoded(image, _PREVIEW_QUALITY), look)

    def capture(self, deadline: Deadline, cancel: Event) -> Photograph | CaptureRefused | None:
        """Take the best frame of the next second. Raises ``DriverError("camera.no_frames")`` when none came."""
        self._source.skip()
        first_by = deadline.within(FIRST_FRAME_SECONDS)
        until: Deadline | None = None
        best: tuple[Frame, Appearance] | None = None
        while until is None or not until.expired:
            if cancel.is_set():
                return None
            frame = self._source.read((until or first_by).within(_CANCEL_SECONDS))
            if frame is None:
                if (until or first_by).expired:
                    break
                continue
            if until is None:
                until = deadline.within(self._capture_seconds)
            started = time.monotonic()
            look = appearance(frame.image)
            self._tell(frame, look.fault or "page found", started)
            if best is None or _worth(look) > _worth(best[1]):
                best = frame, look
        if best is None:
            raise DriverError("camera.no_frames", "no frame to photograph")
        frame, look = best
        if look.fault or look.outline is None:
            return CaptureRefused(look.fault, look.evidence)
        return _compressed(straighten(frame.image, look.outline), look)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Have a test page laid, and ask whether the picture is clear; it is kept for the report.

        The page is asked for first: a paper that a citizen left under the camera must not come into a report.
        """
        if operator.confirm("selftest.is_test_page_laid") is not Answer.YES:
            return (Check("picture", CheckOutcome.SKIP),)
        frame = self._fresh_frame(deadline)
        if frame is None:
            return (Check("picture", CheckOutcome.FAIL, Fault("camera.no_frames")),)
        image = frame.image
        jpeg = _encoded(_resized(image, min(1.0, PREVIEW_WIDTH / image.shape[1])), _PREVIEW_QUALITY)
        answer = operator.confirm("selftest.is_picture_clear", jpeg)
        if answer is Answer.NO:
            return (Check("picture", CheckOutcome.FAIL, Fault("camera.unclear"), "operator", jpeg),)
        outcome = CheckOutcome.PASS if answer is Answer.YES else CheckOutcome.SKIP
        return (Check("picture", outcome, evidence="operator", picture=jpeg),)


def _text_check(reader: TextReader, deadline: Deadline) -> Check:
    if not reader.installed:
        return Check("text", CheckOutcome.WARN, Fault("document_camera.text_not_installed"))
    image = np.full((120, 640, 3), 255, np.uint8)
    cv2.putText(image, _SAMPLE, (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 2, cv2.LINE_AA)
    started = time.monotonic()
    lines = reader.read(_encoded(image, _QUALITIES[0]), deadline.within(_SAMPLE_SECONDS), Event())
    took = f"{time.monotonic() - started:.1f} s"
    if lines is None:
        fault = Fault("document_camera.text_not_read", evidence=reader.trouble or f"nothing after {took}")
        return Check("text", CheckOutcome.WARN, fault)
    if "".join(lines).replace(" ", "") != _SAMPLE.replace(" ", ""):
        fault = Fault("document_camera.text_not_read", evidence=f"{' '.join(lines)!r} for {_SAMPLE!r}")
        return Check("text", CheckOutcome.WARN, fault)
    return Check("text", CheckOutcome.PASS, evidence=took)


def _worth(look: Appearance) -> tuple[bool, bool, float]:
    return not look.fault, look.outline is not None, look.sharpness


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
    return Photograph(jpeg, width, height, look.sharpness, look.fault)


def _resized(image: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    width, height = (max(1, round(length * scale)) for length in image.shape[1::-1])
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _encoded(image: NDArray[np.uint8], quality: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if not done:
        raise RuntimeError("the JPEG encoder failed")
    return jpeg.tobytes()
