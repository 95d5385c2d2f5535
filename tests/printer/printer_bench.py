"""A real driver on a virtual printer or on a scripted one, and the receipt that most tests print."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from drivers.base import Deadline, DriverError
from drivers.escpos.printer import EscPosPrinter
from drivers.escpos.transport import Transport
from drivers.receipt_printer import Align, Cut, PrintResult, QrCode, ReceiptDocument, Rule, Text
from drivers.sim.printer import VirtualPrinter

FONTS = Path(__file__).resolve().parents[2] / "assets" / "fonts"

RECEIPT = ReceiptDocument(
    (
        Text("受理回执", Align.CENTRE, scale=2, bold=True),
        Rule(),
        Text("申请人：张伟样"),
        Text("Applicant: ZHANG WEIYANG"),
        Text("曾用名：李𠮷㛃"),
        QrCode("11430600MB1234567X4000123456789202503140042"),
        Text("请妥善保管。"),
        Cut(),
    )
)


def within(seconds: float) -> Deadline:
    return Deadline.after(seconds)


@dataclass
class Bench:
    """A driver and the virtual printer that it talks to."""

    virtual: VirtualPrinter
    driver: EscPosPrinter
    address: str

    def print(self, seconds: float = 10.0, job_id: str = "A001", document: ReceiptDocument = RECEIPT) -> PrintResult:
        return self.driver.print(document, job_id, within(seconds))

    def sheets(self, count: int) -> bool:
        return self.virtual.wait_for(lambda: len(self.virtual.papers) >= count, 5.0)


MakeBench = Callable[..., Bench]


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")


class ScriptedPrinter(Transport):
    """A transport whose other end is a function; waiting lets its own clock run, so no test waits."""

    def __init__(self, react: Callable[[bytes], bytes]) -> None:
        self.react = react
        self.now = 0.0
        self.written: list[bytes] = []
        self.coming = b""
        self.later: list[tuple[float, bytes]] = []
        """What comes by itself, and when."""
        self.break_at: int | None = None

    def deadline(self, seconds: float) -> Deadline:
        return Deadline.after(seconds, lambda: self.now)

    def open(self, deadline: Deadline) -> None:
        self.coming = b""

    def close(self) -> None:
        self.coming = b""

    def write_some(self, data: bytes, deadline: Deadline) -> int:
        if self.break_at is not None and sum(map(len, self.written)) >= self.break_at:
            raise DriverError("printer.not_found")
        self.written.append(data)
        self.coming += self.react(data)
        return len(data)

    def read_some(self, deadline: Deadline) -> bytes:
        data, self.coming = self.coming, b""
        if not data:
            due = min((moment for moment, _ in self.later if moment <= deadline.at), default=None)
            self.now = max(self.now + 0.001, deadline.at if due is None else due)
        data += b"".join(answer for moment, answer in self.later if moment <= self.now)
        self.later = [(moment, answer) for moment, answer in self.later if moment > self.now]
        return data
