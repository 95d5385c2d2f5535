"""The interface of the camera that photographs papers."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from threading import Event

from drivers.base import Deadline, Device
from drivers.card_reader import MrzKey


@dataclass(frozen=True, repr=False)
class Photograph:
    """One picture of a paper: JPEG bytes, size in pixels, and its sharpness (variance of the Laplacian).

    A capture is the page alone, straightened. ``hint`` is for a preview: the code of what is to be mended, or empty.
    """

    jpeg: bytes
    width: int
    height: int
    sharpness: float
    hint: str = ""

    def __repr__(self) -> str:
        return f"Photograph({self.width}x{self.height}, {len(self.jpeg)} bytes)"


@dataclass(frozen=True)
class CaptureRefused:
    """A picture that cannot serve, with the measured values.

    ``code``: ``photo.no_paper`` | ``photo.page_cut`` (not whole in the view) | ``photo.covered`` (a hand, or something else
    over its edge) | ``photo.glare`` | ``photo.too_dark`` | ``photo.blank`` (nothing written: face down) | ``photo.blurred``.
    """

    code: str
    evidence: str = ""


class DocumentCamera(Device):
    """Takes pictures of papers."""

    @abstractmethod
    def preview(self, deadline: Deadline) -> Photograph | None:
        """Return the present frame, at most 640 pixels wide, the page's outline drawn in it; None when none came in time."""

    @abstractmethod
    def capture(self, deadline: Deadline, cancel: Event) -> Photograph | CaptureRefused | None:
        """Take the best frame of the next second, check it, cut the page out; None when ``cancel`` is set."""

    @property
    def reads_text(self) -> bool:
        """Whether ``read_text`` can give anything."""
        return False

    def read_text(self, jpeg: bytes, deadline: Deadline, cancel: Event) -> tuple[str, ...] | None:
        """Return the lines on a photograph, top to bottom; None where this camera cannot, or could not in time."""
        del jpeg, deadline, cancel
        return None

    @property
    def reads_zone(self) -> bool:
        """Whether ``read_machine_readable_zone`` can give anything."""
        return False

    def read_machine_readable_zone(self, deadline: Deadline, cancel: Event) -> MrzKey | CaptureRefused | None:
        """Photograph a travel document's data page and return the key in its zone; the picture is not kept.

        None where no zone was read, in time, that passes its check digits, or when ``cancel`` is set.
        """
        del deadline, cancel
        return None
