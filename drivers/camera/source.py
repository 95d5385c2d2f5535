"""What a camera driver needs of wherever its frames come from: a real camera, a video, a picture, a folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.base import Deadline


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One picture: BGR (height, width, 3), eight bits, read-only; ``sequence`` grows with every frame while open."""

    image: NDArray[np.uint8]
    sequence: int

    def __repr__(self) -> str:
        return f"Frame({self.image.shape[1]}x{self.image.shape[0]}, {self.sequence})"


class FrameSource(ABC):
    """Gives frames, one at a time, to one thread. ``close`` may be called twice and from any thread."""

    live: bool
    """Whether a sensor stands behind it, so that two frames are never the same."""

    @abstractmethod
    def describe(self) -> str:
        """Name the source for technicians, such as ``/dev/video0``."""

    @abstractmethod
    def open(self, deadline: Deadline) -> None:
        """Start. Raises ``DriverError("camera.not_found")``; may be called again after ``close``."""

    @abstractmethod
    def read(self, deadline: Deadline) -> Frame | None:
        """Return the next frame, newer than any returned before; None when none came in time.

        Raises ``DriverError``: ``camera.not_found`` when the source is gone, ``camera.frozen`` when it stands still.
        """

    @abstractmethod
    def skip(self) -> None:
        """Forget every frame taken so far: the next ``read`` returns one that was taken after this call."""

    @abstractmethod
    def close(self) -> None:
        """Stop and let go of the camera or file. Never raises."""
