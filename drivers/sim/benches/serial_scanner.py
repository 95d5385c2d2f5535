"""The serial scanner on the bench: a virtual one on a pseudo terminal, unplugged, silent, late, cut short or amid noise."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from threading import Event, Thread

from drivers.base import Deadline
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.conformance.case import COMMON_OPERATIONS
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.serial_scanner.framing import enclose
from drivers.serial_scanner.scanner import SerialQrScanner
from drivers.sim.babble import Babble
from drivers.sim.serial_scanner import VirtualSerialScanner

_FRAMING = "stx_etx"  # the only framing in which noise between two codes is no part of one
_AGAIN_SECONDS = 0.01
_UNASKED = frozenset({Disturbance.UNPLUG, Disturbance.PARTIAL, Disturbance.GARBAGE, Disturbance.BABBLE})


class SerialScannerBench(Bench):
    """A code is held to the scanner while a scan runs, and sent again and again as scanners do; each says which it is."""

    name = "serial_scanner"
    device_class = "code_scanner"
    stepless = frozenset(COMMON_OPERATIONS)
    personal = ("CK1:bench",)

    def start(self) -> None:
        """Plug the scanner in."""
        self._directory = Path(tempfile.mkdtemp(prefix="bench"))
        self._virtual = VirtualSerialScanner(self._directory / "scanner", _FRAMING)
        self._virtual.start()
        self._number = 0
        self._trouble: Disturbance | None = None
        self._random = Random(0)  # noqa: S311 - moments, not secrets
        self._scanning = False
        self._babble = Babble()

    def stop(self) -> None:
        """Take it away."""
        self._virtual.stop()
        shutil.rmtree(self._directory)

    def make(self) -> SerialQrScanner:
        """Return a driver for the scanner's port."""
        return SerialQrScanner(str(self._virtual.path), _FRAMING, gap_seconds=0.1)

    def make_absent(self) -> SerialQrScanner:
        """Return a driver for a port that is not there."""
        return SerialQrScanner(str(self._directory / "absent"), _FRAMING)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Scan."""
        return {"scan": self._scan}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All but a hang: a scanner takes nothing from the host that could hang."""
        return frozenset(Disturbance) - {Disturbance.HANG}

    def disturbances_of(self, operation: str) -> frozenset[Disturbance]:
        """A scanner is asked nothing: beside a scan it can only be gone, or talk."""
        return self.disturbances if operation == "scan" else _UNASKED

    def prepare(self, operation: str) -> None:
        """Take a new code into the hand."""
        self._number += 1

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to the code that is being sent; where none is, a part of one, noise, or nothing more comes at once."""
        self._random = random
        if disturbance is Disturbance.BABBLE:
            self._babble.start(self._virtual.send, _noise(random))
        elif self._scanning:
            self._trouble = disturbance
        elif disturbance is Disturbance.UNPLUG:
            self._virtual.unplug()
        else:
            self._virtual.send(_noise(random) if disturbance is Disturbance.GARBAGE else self._part())

    def calm(self) -> None:
        """Plug it in again."""
        self._trouble = None
        self._babble.stop()
        self._virtual.plug()

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

    def _scan(self, device: SerialQrScanner, deadline: Deadline, cancel: Event) -> object:
        ended = Event()
        holder = Thread(target=self._hold, args=(ended,), name="holder", daemon=True)
        self._scanning = True
        holder.start()
        try:
            return device.scan(deadline, cancel)
        finally:
            ended.set()
            holder.join()
            self._scanning = False

    def _hold(self, ended: Event) -> None:
        while not ended.wait(_AGAIN_SECONDS):
            self.steps.take()
            match self._trouble:
                case None:
                    self._virtual.send(self._frame)
                case Disturbance.UNPLUG:
                    self._virtual.send(self._part())
                    self._virtual.unplug()
                case Disturbance.LATE:
                    ended.wait(self._random.uniform(0.05, 0.3))
                    self._virtual.send(self._frame)
                case Disturbance.PARTIAL:
                    self._virtual.send(self._part())
                case Disturbance.GARBAGE:
                    self._virtual.send(_noise(self._random) + self._random.choice((b"", self._frame)))
                case _:
                    pass

    @property
    def _frame(self) -> bytes:
        return enclose(self._text, _FRAMING)

    def _part(self) -> bytes:
        return self._frame[: self._random.randrange(len(self._frame))]


def _noise(random: Random) -> bytes:
    return bytes(random.choice(range(4, 256)) for _ in range(random.randrange(1, 40)))
