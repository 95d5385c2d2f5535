"""The SDT card reader on a bench: a virtual reader on a pseudo terminal, or behind a fake USB backend."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from threading import Event

from drivers.base import Deadline
from drivers.card_reader import CardRefused, IdentityDocument
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.sdt.frame import PREAMBLE
from drivers.sdt.line import Line
from drivers.sdt.reader import SdtCardReader
from drivers.sdt.usb_line import UsbLine
from drivers.serial_line import SerialLine
from drivers.sim.babble import Babble
from drivers.sim.benches.people import PERSONAL, RESIDENTS, wrong_with_read
from drivers.sim.sdt import AnswerFault, VirtualSdtReader
from drivers.sim.usb import VirtualUsbPort

_LONGEST_LATENESS = 0.4


class SdtBench(Bench):
    """One serial reader; a new holder's card for each read, so that a late answer would be another's."""

    name = "sdt_serial"
    device_class = "card_reader"
    personal = PERSONAL

    def start(self) -> None:
        """Plug the reader in."""
        self._directory = Path(tempfile.mkdtemp(prefix="sdt-"))
        self._virtual = self._make_virtual()
        self._virtual.heard = self.steps.take
        self._virtual.start()
        self._turn = 0
        self._stuck = False
        self._babble = Babble()

    def stop(self) -> None:
        """Unplug it for good."""
        self._virtual.stop()
        shutil.rmtree(self._directory)

    def make(self) -> SdtCardReader:
        """Return a driver that asks often and is patient."""
        return self._reader(self._line())

    def make_absent(self) -> SdtCardReader:
        """Return a driver for a port that is not there."""
        return self._reader(self._absent_line())

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Read a card; notice that one was taken."""
        return {"read": self._read, "wait_removed": self._wait_removed}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All of them."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Lay the next holder's card on the reader."""
        self._turn += 1
        self._virtual.insert(self._document)

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Spoil this answer, or all from now on."""
        noise = random.randbytes(random.randrange(1, 40))
        match disturbance:
            case Disturbance.UNPLUG if random.random() < 0.3:
                self._virtual.unplug()
            case Disturbance.UNPLUG:
                self._virtual.fail_at(0, AnswerFault(share=random.random(), unplug=True))
            case Disturbance.MUTE:
                self._virtual.fail_always(AnswerFault(keep=0))
            case Disturbance.HANG:
                self._stuck = True
                self._virtual.fail_at(0, AnswerFault(delay=60.0))
            case Disturbance.LATE:
                self._virtual.fail_at(0, AnswerFault(delay=random.uniform(0.01, _LONGEST_LATENESS)))
            case Disturbance.PARTIAL:
                self._virtual.fail_at(0, AnswerFault(share=random.random()))
            case Disturbance.GARBAGE:
                head = random.choice((b"", PREAMBLE[: random.randrange(1, 6)]))
                self._virtual.fail_at(0, AnswerFault(garbage=head + noise, wrong_checksum=random.random() < 0.5))
            case Disturbance.BABBLE:
                self._babble.start(self._virtual.babble, noise)

    def calm(self) -> None:
        """Answer rightly again; a reader that hangs is switched off and on."""
        self._babble.stop()
        self._virtual.clear()
        if self._stuck:
            self._virtual.unplug()
            self._stuck = False
        self._virtual.plug()

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """An identity is exactly the card's; a card that was taken is noticed."""
        if operation == "read":
            return wrong_with_read(self._document, result, disturbed)
        return "" if result is True or (disturbed and result in (False, None)) else f"wait_removed gave {result!r}"

    @property
    def _document(self) -> IdentityDocument:
        return RESIDENTS[self._turn % len(RESIDENTS)]

    def _make_virtual(self) -> VirtualSdtReader:
        return VirtualSdtReader(self._directory / "reader")

    def _line(self) -> Line:
        return SerialLine(str(self._directory / "reader"), 115200, "card_reader")

    def _absent_line(self) -> Line:
        return SerialLine(str(self._directory / "absent"), 115200, "card_reader")

    def _reader(self, line: Line) -> SdtCardReader:
        return SdtCardReader(line, added_address=True, answer_timeout=3.0, byte_timeout=0.5, find_interval=0.01)

    def _read(self, reader: SdtCardReader, deadline: Deadline, cancel: Event) -> IdentityDocument | CardRefused | None:
        handle = reader.wait_card(deadline, cancel)
        return reader.read_identity(handle, deadline) if handle is not None else None

    def _wait_removed(self, reader: SdtCardReader, deadline: Deadline, cancel: Event) -> bool | None:
        # Only a card that was found can be proven to be gone: see the driver.
        if reader.wait_card(deadline, cancel) is None:
            return None
        self._virtual.remove()
        return reader.wait_removed(deadline, cancel)


class SdtUsbBench(SdtBench):
    """The same reader over USB bulk endpoints."""

    name = "sdt_usb"

    def start(self) -> None:
        """Plug the reader in."""
        self._port = VirtualUsbPort()
        super().start()

    def _make_virtual(self) -> VirtualSdtReader:
        return VirtualSdtReader(Path(), port=self._port)

    def _line(self) -> Line:
        return UsbLine(backend=self._port.backend)

    def _absent_line(self) -> Line:
        return UsbLine(product=0x0001, backend=self._port.backend)
