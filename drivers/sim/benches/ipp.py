"""The document printer's bench: a real ippeveprinter behind a cable that can be disturbed."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from drivers.base import Deadline, Device
from drivers.conformance.bench import Bench, Disturbance, Operation
from drivers.document_printer import DocumentPrintResult, JobStanding
from drivers.ipp.printer import IppPrinter
from drivers.print_outcome import PrintOutcome
from drivers.sim.benches.people import RESIDENTS
from drivers.sim.ipp_printer import VirtualIppPrinter
from drivers.sim.ipp_wire import Order, Trouble

_ANSWER_BYTES = 300
_LATE_SECONDS = 0.3
_FONTS = Path(__file__).resolve().parents[3] / "assets" / "fonts"
_PAPERS_KEPT = 50
_PRINT_SECONDS = 5.0


class IppBench(Bench):
    """One printer with A4 in its tray."""

    name = "ipp"
    device_class = "document_printer"
    personal = (RESIDENTS[0].name, RESIDENTS[0].number)

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._directory = tempfile.mkdtemp(prefix="kiosk-ipp-")
        self._printer = VirtualIppPrinter(Path(self._directory))
        self._printer.start()
        self._printer.wire.heard = self.steps.take
        self._number = 0
        self._sought = "bench-never"
        self._standing = JobStanding.NOT_LISTED

    def stop(self) -> None:
        """Take it down."""
        self._printer.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def make(self) -> Device:
        """Return a new device for this hardware."""
        return IppPrinter(self._printer.uri, font_directory=_FONTS)

    def make_absent(self) -> Device:
        """Return a device for an address where nobody is (port 1 of this machine: tcpmux, which nobody runs)."""
        return IppPrinter("ipp://127.0.0.1:1/ipp/print")

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The calls of a document printer."""
        return {"print": self._print, "find": self._find, "withdraw": self._withdraw}

    @property
    def disturbances(self) -> frozenset[Disturbance]:
        """All of them."""
        return frozenset(Disturbance)

    def prepare(self, operation: str) -> None:
        """Load nothing: the tray is full. Every other job that is looked for has been printed, the others never were."""
        if self._printer.paper_count > _PAPERS_KEPT:
            self._printer.clear_papers()
        if operation == "print":
            return
        self._number += 1
        self._sought, self._standing = self._job, JobStanding.NOT_LISTED
        if self._number % 2:
            limit, printer = Deadline.after(_PRINT_SECONDS), IppPrinter(self._printer.uri)
            printer.open(limit)
            self._print_now(printer, limit)
            self._standing = JobStanding.PRINTED

    def disturb(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen to this request and those that follow."""
        at, noise = random.randrange(_ANSWER_BYTES), random.randbytes(random.randrange(1, 60))
        orders = {
            Disturbance.UNPLUG: Order(Trouble.UNPLUGGED),
            Disturbance.MUTE: Order(Trouble.MUTE),
            Disturbance.LATE: Order(Trouble.LATE, seconds=random.uniform(0.01, _LATE_SECONDS)),
            Disturbance.PARTIAL: Order(random.choice((Trouble.CUT_ANSWER, Trouble.CUT_REQUEST)), at=at),
            Disturbance.GARBAGE: Order(Trouble.GARBAGE, at=at, noise=noise),
            Disturbance.BABBLE: Order(Trouble.BABBLE, noise=noise),
            Disturbance.HANG: Order(Trouble.HANG),
        }
        self._printer.wire.order(orders[disturbance])

    def happened(self) -> bool:
        """Whether a connection has suffered it: an answer may be shorter than the byte that it was to end at."""
        return self._printer.wire.met.is_set()

    def calm(self) -> None:
        """End every disturbance; a job that it left in the printer is done first."""
        self._printer.wire.clear()
        self._printer.wait_idle(Deadline.after(5.0))

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """A document that is said to be printed lies there once; one said not to be printed does not; none lies there twice."""
        if operation == "print":
            return self._judge_print(result, disturbed)
        return "" if result is self._standing else f"the job is {self._standing}, not {result}"

    def _judge_print(self, result: object, disturbed: bool) -> str:
        if not isinstance(result, DocumentPrintResult):
            return f"not a result: {result!r}"
        if not disturbed and result.outcome is not PrintOutcome.PRINTED:
            return f"undisturbed, but {result}"
        lying = self._printer.papers().count(self._document)
        if lying > 1:
            return f"it came out {lying} times"
        if result.outcome is PrintOutcome.PRINTED and not lying:
            return "said to be printed, but nothing came out"
        if result.outcome is PrintOutcome.NOT_PRINTED and lying:
            return "said not to be printed, but it came out"
        return ""

    def _print(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        self._number += 1
        return self._print_now(device, deadline)

    def _print_now(self, device: Any, deadline: Deadline) -> object:
        return device.print(self._document, self._job, deadline)

    def _find(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        return device.find(self._sought, deadline)

    def _withdraw(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        return device.withdraw(self._sought, deadline)

    @property
    def _job(self) -> str:
        return f"bench-{self._number}"

    @property
    def _document(self) -> bytes:
        return f"%PDF-1.4 document {self._number} of {' '.join(self.personal)}".encode()
