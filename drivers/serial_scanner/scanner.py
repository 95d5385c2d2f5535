"""Reads codes from a scanner on a serial port that sends each code by itself, ended by a known mark."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from threading import Event

from drivers.base import Check, CheckOutcome, Deadline, DeviceIdentity, DeviceState, DriverError, Health
from drivers.code_text import accept
from drivers.operator import Operator
from drivers.qr_scanner import QrPayload, QrRefused, QrScanner, shown_code
from drivers.serial_line import SerialLine
from drivers.serial_scanner.framing import CodeSplitter, Framing
from drivers.wire import Direction, shown


class SerialQrScanner(QrScanner):
    """One scanner. It can only talk, so its health is that of its port.

    A scanner that keeps seeing a code keeps sending it: the same bytes are taken for the same sight until
    ``repeat_seconds`` have passed since they last came. ``gap_seconds``: a code that pauses for longer is dropped.
    The symbology is not sent, so it is given as ``unknown``.
    """

    def __init__(
        self,
        port: str,
        framing: Framing = "cr",
        baud: int = 9600,
        *,
        repeat_seconds: float = 2.0,
        gap_seconds: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._line = SerialLine(port, baud, "code_scanner")
        self._splitter = CodeSplitter(framing)
        self._repeat_seconds = repeat_seconds
        self._gap_seconds = gap_seconds
        self._clock = clock
        self._now = now
        self._last_code = b""
        self._last_seen = 0.0

    def identity(self) -> DeviceIdentity:
        """Say what this is; a scanner does not tell its model."""
        return DeviceIdentity("code_scanner", "serial_scanner")

    def open(self, deadline: Deadline) -> None:
        """Open the port; whether a scanner is behind it shows only when it scans."""
        self._splitter.clear()
        self._line.open()

    def close(self) -> None:
        """Let go of the port."""
        self._line.close()

    def poll(self, deadline: Deadline) -> Health:
        """Say whether the port is still there."""
        self._line.check()
        return Health(DeviceState.ONLINE, observed_at=self._now())

    def reset(self, deadline: Deadline) -> None:
        """Drop what has arrived, and forget which code came last."""
        self._line.discard()
        self._splitter.clear()
        self._last_code = b""

    def self_test(self, deadline: Deadline) -> tuple[Check, ...]:
        """Check the port."""
        try:
            self._line.check()
        except DriverError as error:
            return (Check("port", CheckOutcome.FAIL, error.fault),)
        return (Check("port", CheckOutcome.PASS),)

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Ask a person to show any code."""
        return shown_code(self, operator, deadline)

    def scan(self, deadline: Deadline, cancel: Event) -> QrPayload | QrRefused | None:
        """Wait for a code that begins after this call; what was scanned before is dropped."""
        for code in self._split(self._line.discard()):
            self._is_repetition(code)  # still in view, if it is the one returned last
        began_before = self._splitter.pending
        while not deadline.expired and not cancel.is_set():
            pending = self._splitter.pending
            data = self._line.read(deadline.within(self._gap_seconds) if pending else deadline, cancel)
            if not data and pending and not deadline.expired and not cancel.is_set():
                self._splitter.clear()
                began_before = False
            for code in self._split(data):
                tail, began_before = began_before, False
                if not self._is_repetition(code) and not tail:
                    self._last_code, self._last_seen = _fingerprint(code), self._clock()
                    return accept(code, "unknown", self._now())
        return None

    def _split(self, data: bytes) -> list[bytes]:
        codes = self._splitter.feed(data)
        for code in codes:
            self.saw(Direction.IN, len(code), shown(code, personal=slice(None)), f"code, {len(code)} bytes")
        return codes

    def _is_repetition(self, code: bytes) -> bool:
        if _fingerprint(code) != self._last_code or self._clock() - self._last_seen >= self._repeat_seconds:
            return False
        self._last_seen = self._clock()
        return True


def _fingerprint(code: bytes) -> bytes:
    """Stand for a code after its citizen has gone: the code itself is not kept."""
    return sha256(code).digest()
