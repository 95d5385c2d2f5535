"""A driver as a vendor would ship it: the document camera on frames that a file tells how to misbehave."""

from pathlib import Path
from threading import Event

import numpy as np

from drivers.base import Check, CheckOutcome, DriverError
from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.source import Frame, FrameSource
from drivers.registry import Driver

NOT_FOUND = "camera.not_found"


class ActedSource(FrameSource):
    """``mode``: live, frozen, dark, small, mute or absent."""

    live = True

    def __init__(self, path):
        self._path = path
        self._sequence = 0
        self._closed = Event()

    @property
    def mode(self):
        return self._path.read_text().strip()

    def describe(self):
        return "acted camera"

    def open(self, deadline):
        self._closed.clear()
        if self.mode == "absent":
            raise DriverError(NOT_FOUND, "no such camera")

    def read(self, deadline):
        mode = self.mode
        if mode == "mute":
            return None
        self._sequence += 1
        height, width = (240, 320) if mode == "small" else (720, 1280)
        noise = np.random.default_rng(0 if mode == "frozen" else self._sequence)
        level = 4 if mode == "dark" else 200
        return Frame(noise.integers(0, level, (height, width, 3), dtype=np.uint8), self._sequence)

    def skip(self):
        pass

    def close(self):
        self._closed.set()


class ActedCamera(FrameDocumentCamera):
    def guided_test(self, operator, deadline):
        operator.instruct("selftest.is_light_on")
        answer = operator.confirm("selftest.is_light_on", b"\x89PNG not a real one")
        outcome = {"yes": CheckOutcome.PASS, "no": CheckOutcome.FAIL}.get(answer.value, CheckOutcome.SKIP)
        return (Check("light", outcome),)


DRIVER = Driver(
    "document_camera",
    frozenset({"mode"}),
    lambda name, options, resources: ActedCamera(ActedSource(Path(str(options["mode"])))),
)
