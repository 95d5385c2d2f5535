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
from drivers.qr_scanner import QrPayload, QrRefused
from drivers.serial_scanner.framing import enclose
from drivers.serial_scanner.scanner import SerialQrScanner
from drivers.sim.serial_scanner import VirtualSerialScanner

_FRAMING = "stx_etx"  # the only framing in which noise between two codes is no part of one
_AGAIN_SECONDS = 0.01


class SerialScannerBench(Bench):
    """A code is held to the scanner while a scan runs, and sent again and again as scanners do; each says which it is."""

    name = "serial_scanner"
    device_class = "code_scanner"

    def start(self) -> None:
        """Plug the scanner in."""
        self._directory = Path(tempfile.mkdtemp(prefix="bench"))
        self._virtual = VirtualSerialScanner(self._directory / "scanner", _FRAMING)
        self._virtual.start()
        self._number = 0
        self._trouble: Disturbance | None = None
        self._random = Random(0)  # noqa: S311 - moments, not secrets

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

    def prepare(self, operation: str) -> None:
        """Take a new code into the hand."""
        self._number += 1

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to the next code that is sent; the cable is pulled at once, or with the code."""
        self._random = Random(random.random())  # noqa: S311 - as above
        self._trouble = disturbance
        if disturbance is Disturbance.UNPLUG and random.random() < 0.5:
            self._virtual.unplug()

    def calm(self) -> None:
        """Plug it in again."""
        self._trouble = None
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
        holder = Thread(target=self._hold, args=(enclose(self._text, _FRAMING), ended), name="holder", daemon=True)
        holder.start()
        try:
            return device.scan(deadline, cancel)
        finally:
            ended.set()
            holder.join()

    def _hold(self, frame: bytes, ended: Event) -> None:
        random = self._random
        while not ended.wait(_AGAIN_SECONDS):
            match self._trouble:
                case None:
                    self._virtual.send(frame)
                case Disturbance.UNPLUG:
                    self._virtual.send(frame[: random.randrange(len(frame))])
                    self._virtual.unplug()
                case Disturbance.LATE:
                    ended.wait(random.uniform(0.0, 0.3))
                    self._virtual.send(frame)
                case Disturbance.PARTIAL:
                    self._virtual.send(frame[: random.randrange(len(frame))])
                case Disturbance.GARBAGE:
                    noise = bytes(random.choice(range(4, 256)) for _ in range(random.randrange(1, 40)))
                    self._virtual.send(noise + random.choice((b"", frame)))
                case _:
                    pass
