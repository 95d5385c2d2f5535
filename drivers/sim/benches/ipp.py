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
from drivers.document_printer import DocumentOutcome, DocumentPrintResult, JobStanding
from drivers.ipp.printer import IppPrinter
from drivers.sim.ipp_printer import VirtualIppPrinter
from drivers.sim.ipp_wire import Order, Trouble

_CONNECTIONS = 4
"""Requests of one print: condition, job, and one or two looks at it."""
_ANSWER_BYTES = 300
_LATE_SECONDS = 0.3
_PAPERS_KEPT = 50


class IppBench(Bench):
    """One printer with A4 in its tray."""

    name = "ipp"
    device_class = "document_printer"

    def start(self) -> None:
        """Bring the hardware up, in its good state."""
        self._directory = tempfile.mkdtemp(prefix="kiosk-ipp-")
        self._printer = VirtualIppPrinter(Path(self._directory))
        self._printer.start()
        self._number = 0
        self._document = b""

    def stop(self) -> None:
        """Take it down."""
        self._printer.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def make(self) -> Device:
        """Return a new device for this hardware."""
        return IppPrinter(self._printer.uri)

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
        """Load nothing: the tray is full. What came out long ago is cleared away."""
        papers = self._printer.papers()
        if len(papers) > _PAPERS_KEPT:
            self._printer.clear_papers()
        self._number += 1
        self._document = f"%PDF-1.4 document {self._number} of the bench".encode()

    def arm(self, disturbance: Disturbance, random: Random) -> None:
        """Let it happen in one of the next requests."""
        connection, at = random.randrange(_CONNECTIONS), random.randrange(_ANSWER_BYTES)
        noise = random.randbytes(random.randrange(1, 60))
        orders = {
            Disturbance.UNPLUG: Order(Trouble.UNPLUGGED, connection=connection),
            Disturbance.MUTE: Order(Trouble.MUTE, connection=connection),
            Disturbance.LATE: Order(Trouble.LATE, seconds=random.uniform(0, _LATE_SECONDS), connection=connection),
            Disturbance.PARTIAL: Order(
                random.choice((Trouble.CUT_ANSWER, Trouble.CUT_REQUEST)), at=at, connection=connection
            ),
            Disturbance.GARBAGE: Order(
                random.choice((Trouble.GARBAGE, Trouble.GARBAGE, Trouble.BABBLE)),
                at=at,
                noise=noise,
                connection=connection,
            ),
            Disturbance.HANG: Order(Trouble.HANG, connection=connection),
        }
        self._printer.wire.order(orders[disturbance])

    def calm(self) -> None:
        """End every disturbance; a job that it left in the printer is done first."""
        self._printer.wire.clear()
        self._printer.wait_idle(Deadline.after(5.0))

    def judge(self, operation: str, result: object, disturbed: bool) -> str:
        """A document that is said to be printed lies there once; one said not to be printed does not; none lies there twice."""
        if operation == "print":
            return self._judge_print(result, disturbed)
        if not disturbed and result is not JobStanding.NOT_LISTED:
            return f"a job that never was is {result}"
        if disturbed and result is not JobStanding.NOT_LISTED:
            return f"a disturbed answer was read as {result}"
        return ""

    def _judge_print(self, result: object, disturbed: bool) -> str:
        if not isinstance(result, DocumentPrintResult):
            return f"not a result: {result!r}"
        if not disturbed and result.outcome is not DocumentOutcome.PRINTED:
            return f"undisturbed, but {result}"
        lying = self._printer.papers().count(self._document)
        if lying > 1:
            return f"it came out {lying} times"
        if result.outcome is DocumentOutcome.PRINTED and not lying:
            return "said to be printed, but nothing came out"
        if result.outcome is DocumentOutcome.NOT_PRINTED and lying:
            return "said not to be printed, but it came out"
        return ""

    def _print(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        return device.print(self._document, f"bench-{self._number}", deadline)

    def _find(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        return device.find(f"bench-never-{self._number}", deadline)

    def _withdraw(self, device: Any, deadline: Deadline, cancel: threading.Event) -> object:
        return device.withdraw(f"bench-never-{self._number}", deadline)
