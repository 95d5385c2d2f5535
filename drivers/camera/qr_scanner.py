"""Reads codes that a citizen holds to a camera, each once."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

from drivers.base import Check, Deadline
from drivers.camera.device import CameraDevice
from drivers.camera.ladder import CYCLE, Code, Ladder
from drivers.camera.source import FrameSource
from drivers.code_text import accept
from drivers.operator import Operator
from drivers.qr_scanner import QrPayload, QrRefused, QrScanner, shown_code

LEFT_AFTER_FRAMES = 3 * CYCLE
"""Frames in a row without a code after which it has left the view: a hard one may be missed for two cycles of rungs."""

FORGET_SECONDS = 2.0
"""Nobody looked for this long: whoever holds the same code up now is a new visit and is not to be ignored."""

_CANCEL_SECONDS = 0.2


class CameraQrScanner(CameraDevice, QrScanner):
    """Scans codes in a frame source. ``now`` gives seconds since the epoch, for ``scanned_at``; ``clock`` monotonic ones."""

    device_class = "code_scanner"

    def __init__(
        self, source: FrameSource, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(source, now)
        self._ladder = Ladder()
        # Codes already returned that are still in view, with the frames since they were last seen. Hashes only: what a
        # citizen showed must not stay in memory.
        self._in_view: dict[int, int] = {}
        self._clock = clock
        self._looked_at = clock()

    def scan(self, deadline: Deadline, cancel: Event) -> QrPayload | QrRefused | None:
        """Wait for a code in frames taken from now on; one that is already known must leave the view first."""
        if self._clock() - self._looked_at > FORGET_SECONDS:
            self._in_view.clear()
        self._source.skip()
        while not cancel.is_set():
            frame = self._source.read(deadline.within(_CANCEL_SECONDS))
            self._looked_at = self._clock()
            if frame is not None:
                started = time.monotonic()
                codes = self._ladder.offer(frame.image)
                self._tell(frame, f"rung {codes[0].rung if codes else self._ladder.last}", started)
                fresh = self._first_new(codes)
                if fresh is not None:
                    return accept(fresh.data, fresh.symbology, self._now())
            if deadline.expired:
                return None
        return None

    def guided_test(self, operator: Operator, deadline: Deadline) -> tuple[Check, ...]:
        """Ask a person to show any code."""
        return shown_code(self, operator, deadline)

    def _first_new(self, codes: tuple[Code, ...]) -> Code | None:
        """Note what is in view and return the first code that was not."""
        seen = {hash(code.data) for code in codes}
        self._in_view = {
            known: 0 if known in seen else absent + 1
            for known, absent in self._in_view.items()
            if known in seen or absent + 1 < LEFT_AFTER_FRAMES
        }
        for code in codes:
            if hash(code.data) not in self._in_view:
                self._in_view[hash(code.data)] = 0
                return code
        return None
