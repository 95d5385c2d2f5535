"""The interface of every code scanner, camera or serial, and what counts as an acceptable code."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline, Device, Fault
from drivers.operator import Operator


@dataclass(frozen=True, repr=False)
class QrPayload:
    """One accepted code: the raw bytes, the text they spell, the symbology, and seconds since the epoch.

    ``symbology``: ``qr_code`` | ``code_128`` | ``ean_13`` | ``pdf_417``, or ``unknown`` from a scanner that does not tell.
    """

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


def shown_code(scanner: QrScanner, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
    """Ask a person to show any code and wait for it: the guided test of every scanner. Its content is not kept."""
    given_up = operator.instruct("selftest.show_code")
    found = scanner.scan(deadline, given_up)
    if isinstance(found, QrPayload):
        return (Check("code", CheckOutcome.PASS, evidence=f"{found.symbology}, {len(found.data)} bytes"),)
    if isinstance(found, QrRefused):  # any code will do: that it is read is what is tested
        return (Check("code", CheckOutcome.PASS, evidence=f"{found.code}, {found.evidence}"),)
    if given_up.is_set():
        return (Check("code", CheckOutcome.SKIP),)
    return (Check("code", CheckOutcome.FAIL, Fault("code_scanner.no_code_seen")),)
