"""The interface of the camera that photographs papers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from threading import Event

from drivers.base import Deadline, Device


@dataclass(frozen=True, repr=False)
class Photograph:
    """One picture of a paper: JPEG bytes, size in pixels, and its sharpness (variance of the Laplacian)."""

    jpeg: bytes
    width: int
    height: int
    sharpness: float

    def __repr__(self) -> str:
        return f"Photograph({self.width}x{self.height}, {len(self.jpeg)} bytes)"


@dataclass(frozen=True)
class CaptureRefused:
    """A picture that cannot serve: ``photo.blurred`` | ``photo.too_dark`` | ``photo.no_paper``, with the measured value."""

    code: str
    evidence: str = ""


class DocumentCamera(Device):
    """Takes pictures of papers."""

    @abstractmethod
    def preview(self, deadline: Deadline) -> Photograph | None:
        """Return the present frame, at most 640 pixels wide and unchecked; None when no new frame came in time."""

    @abstractmethod
    def capture(self, deadline: Deadline, cancel: Event) -> Photograph | CaptureRefused | None:
        """Take the best frame of the next second and check it; None when ``cancel`` is set."""
