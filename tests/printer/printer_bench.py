"""A real driver on a virtual printer, and the receipt that most tests print."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from drivers.base import Deadline
from drivers.escpos.printer import EscPosPrinter
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
