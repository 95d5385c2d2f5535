"""The interface of every code scanner, camera or serial, and what counts as an acceptable code."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from threading import Event

from drivers.base import Deadline, Device


@dataclass(frozen=True, repr=False)
class QrPayload:
    """One accepted code: the raw bytes, the text they spell, the symbology, and seconds since the epoch."""

    data: bytes
    text: str
    symbology: str
    scanned_at: float

    def __repr__(self) -> str:
        return f"QrPayload({self.symbology}, {len(self.data)} bytes)"


@dataclass(frozen=True)
class QrRefused:
    """A code that was read but is not acceptable.

    ``code``: ``code.too_long`` | ``code.not_text`` | ``code.control_characters``; ``evidence`` gives sizes, never content.
    """

    code: str
    evidence: str = ""


class QrScanner(Device):
    """Reads one code when asked."""

    @abstractmethod
    def scan(self, deadline: Deadline, cancel: Event) -> QrPayload | QrRefused | None:
        """Wait for a code; None at the deadline or when ``cancel`` is set.

        A code that was returned once is not returned again until it has left the view.
        """
