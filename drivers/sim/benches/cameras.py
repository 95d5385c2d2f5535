"""Cameras on the bench: unplugged, silent, frozen while they report success, late, or giving rubbish, from any frame on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from random import Random
from threading import Event

import numpy as np
from PIL import Image

from drivers.base import Deadline
from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.opencv import Capture, OpenCvSource
from drivers.camera.qr_scanner import CameraQrScanner
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.document_camera import CaptureRefused, Photograph
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.sim.camera import VirtualCamera, code_frame, number_on, paper_frame, sheet_of

_FROZEN_SECONDS = 0.25
_TROUBLES = {
    Disturbance.UNPLUG: "unplugged",
    Disturbance.MUTE: "mute",
    Disturbance.LATE: "late",
    Disturbance.GARBAGE: "broken",
    Disturbance.HANG: "frozen",
}
_OF_OPENING = frozenset({Disturbance.UNPLUG, Disturbance.MUTE, Disturbance.LATE})
"""What can happen before there is a frame."""


class _CameraBench(Bench):
    """A virtual camera below the OpenCV source."""

    def start(self) -> None:
        """Plug the camera in."""
        self._camera = VirtualCamera(paper_frame())
        self._camera.heard = self.steps.take
        self._number: int = 0

    def stop(self) -> None:
        """Nothing is left of it."""
        self._camera.calm()

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All but half a frame, which is a broken one."""
        return frozenset(_TROUBLES)

    def disturbances_of(self, operation: str) -> frozenset[Disturbance]:
        """To open a camera takes no frame."""
        return _OF_OPENING if operation == "open" else self.disturbances

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen from this frame on."""
        self._camera.delay = random.uniform(0.02, 0.4)
        self._camera.trouble(_TROUBLES[disturbance])

    def calm(self) -> None:
        """Plug the camera in again and let it live."""
        self._camera.calm()

    def _source(self) -> OpenCvSource:
        return OpenCvSource("bench", frozen_after=_FROZEN_SECONDS, opener=self._open)

    def _open(self) -> Capture:
        return self._camera.open()

    def _absent(self) -> OpenCvSource:
        camera = VirtualCamera(paper_frame())
        camera.trouble("unplugged")
        return OpenCvSource("absent", opener=lambda: camera.open())


class CameraScannerBench(_CameraBench):
    """A phone with a code, held to the camera; each code says which it is."""

    name = "camera_scanner"
    device_class = "code_scanner"
    personal = ("CK1:bench",)

    def make(self) -> CameraQrScanner:
        """Return a scanner for the camera."""
        return CameraQrScanner(self._source())

    def make_absent(self) -> CameraQrScanner:
        """Return one for a camera that is not there."""
        return CameraQrScanner(self._absent())

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Scan."""
        return {"scan": _scan}

    def prepare(self, operation: str) -> None:
        """Hold up a new code."""
        self._number += 1
        self._camera.show(code_frame(self._text))

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """Only the code that is held up may come back."""
        if isinstance(result, QrPayload):
            return "" if result.data == self._text else "another code than the one held up"
        if isinstance(result, QrRefused):
            return f"refused: {result.code}"
        return "" if disturbed and result is None else f"scan returned {result!r}"

    @property
    def _text(self) -> bytes:
        return b"CK1:bench%d" % self._number


class DocumentCameraBench(_CameraBench):
    """A sheet under the camera."""

    name = "document_camera"
    device_class = "document_camera"

    def make(self) -> FrameDocumentCamera:
        """Return a document camera that takes its picture quickly."""
        return FrameDocumentCamera(self._source(), capture_seconds=0.05)

    def make_absent(self) -> FrameDocumentCamera:
        """Return one for a camera that is not there."""
        return FrameDocumentCamera(self._absent())

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Look, and photograph."""
        return {"capture": _capture, "preview": _preview}

    def prepare(self, operation: str) -> None:
        """Lay another sheet under it."""
        self._number = (self._number + 1) % 256
        self._camera.show(paper_frame(self._number))

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """A photograph is the whole sheet that lies there, or there is none; a preview may also say what is wrong."""
        if isinstance(result, Photograph):
            if operation == "capture" and not 1.3 < result.height / max(1, result.width) < 1.5:
                return f"not the sheet: {result!r}"
            if disturbed and result.hint:
                return ""
            picture = np.asarray(Image.open(io.BytesIO(result.jpeg)).convert("RGB"), np.uint8)
            number = number_on(picture if operation == "capture" else sheet_of(picture))
            return "" if number == self._number else f"sheet {number}, and sheet {self._number} lies there"
        if disturbed and (result is None or isinstance(result, CaptureRefused)):
            return ""
        return f"{operation} returned {result!r}"


def _scan(device: CameraQrScanner, deadline: Deadline, cancel: Event) -> object:
    return device.scan(deadline, cancel)


def _capture(device: FrameDocumentCamera, deadline: Deadline, cancel: Event) -> object:
    return device.capture(deadline, cancel)


def _preview(device: FrameDocumentCamera, deadline: Deadline, cancel: Event) -> object:
    del cancel
    return device.preview(deadline)
