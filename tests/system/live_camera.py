"""A driver as a vendor would ship it: the document camera on a capture that a file tells to live, freeze or vanish."""

from pathlib import Path

import numpy as np

from drivers.camera.document_camera import FrameDocumentCamera
from drivers.camera.opencv import OpenCvSource
from drivers.registry import Driver


class ToldCapture:
    """Stands where ``cv2.VideoCapture`` would; frozen it still gives a frame for every grab, always the same one."""

    interval = 0.05

    def __init__(self, told):
        self._told = told
        self._number = 0

    def grab(self):
        told = self._told.read_text().strip()
        if told == "live":
            self._number += 1
        return told != "gone"

    def retrieve(self):
        noise = np.random.default_rng(self._number)
        return True, noise.integers(0, 200, (480, 640, 3), dtype=np.uint8)

    def restart(self):
        return False

    def release(self):
        pass


def make(name, options, resources):
    told = Path(str(options["told"]))
    return FrameDocumentCamera(OpenCvSource(0, frozen_after=1.0, opener=lambda: ToldCapture(told)))


DRIVER = Driver("document_camera", frozenset({"told"}), make)
